#!/usr/bin/env bash
# What the R client and older clients send: every scalar a string, "TRUE", POST to searches, bodies of DELETE, JSON in JSON.
set -euo pipefail
base=$MLFLOW_TRACKING_URI/api/2.0/mlflow
unique=$RANDOM$RANDOM
# MLflow's own server takes neither "TRUE" nor a POST to registered-models/search, which the R client sends.
yes=${DEVMLOPS:+TRUE} yes=${yes:-true}

send() { # METHOD PATH BODY
  curl -sS --fail-with-body -X "$1" "$base/$2" -H 'Content-Type: application/json; charset=utf-8' --data-binary "$3"
}
field() { # NAME: the first value of it in what comes in
  sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p" | head -1
}
expect() { # WHAT FOUND EXPECTED
  [ "$2" = "$3" ] || { echo "$1: found '$2', expected '$3'" >&2; exit 1; }
}

# Every scalar a string.
experiment=$(send POST experiments/create "{\"name\":\"r-$unique\"}" | field experiment_id)
run=$(send POST runs/create "{\"experiment_id\":\"$experiment\",\"user_id\":\"ada\",\"start_time\":\"1700000000000\",\"tags\":[]}" | tr -d '\n' | sed 's/.*"run_id": *"\([0-9a-f]*\)".*/\1/')
expect 'the id of a run' "${#run}" 32
send POST runs/log-metric "{\"run_id\":\"$run\",\"run_uuid\":\"$run\",\"key\":\"loss\",\"value\":\"0.25\",\"timestamp\":\"1700000000001\",\"step\":\"3\"}" >/dev/null
send POST runs/log-metric "{\"run_uuid\":\"$run\",\"key\":\"gone\",\"value\":\"NaN\",\"timestamp\":\"1700000000001\",\"step\":\"0\"}" >/dev/null
send POST runs/log-batch "{\"run_id\":\"$run\",\"metrics\":[{\"key\":\"auc\",\"value\":\"0.5\",\"timestamp\":\"1\",\"step\":\"1\"}],\"params\":[{\"key\":\"depth\",\"value\":\"6\"}],\"tags\":[{\"key\":\"flag\",\"value\":\"TRUE\"}]}" >/dev/null
found=$(curl -sS --fail-with-body "$base/runs/get?run_id=$run&run_uuid=$run" | tr -d ' \n')
for part in '"key":"loss","value":0.25' '"step":3' '"value":"NaN"' '"key":"depth","value":"6"' '"value":"TRUE"' '"start_time":1700000000000'; do
  case $found in *"$part"*) ;; *) echo "runs/get has no $part: $found" >&2; exit 1 ;; esac
done
expect 'runs/search' "$(send POST runs/search "{\"experiment_ids\":[\"$experiment\"],\"max_results\":\"5\",\"run_view_type\":\"ACTIVE_ONLY\"}" | tr -d ' \n' | grep -o '"run_uuid"' | wc -l | tr -d ' ')" 1
expect 'metrics/get-history' "$(curl -sS --fail-with-body "$base/metrics/get-history?run_id=$run&metric_key=loss&max_results=25000" | field step)" 3

# Searches by POST, bodies of DELETE and PATCH, "TRUE" for true.
model=r-model-$unique
send POST registered-models/create "{\"name\":\"$model\",\"tags\":[{\"key\":\"a\",\"value\":\"1\"}]}" >/dev/null
[ -z "${DEVMLOPS:-}" ] || send POST registered-models/search "{\"filter\":\"name = '$model'\",\"max_results\":\"10\"}" | grep -q "$model"
send PATCH registered-models/update "{\"name\":\"$model\",\"description\":\"from R\"}" >/dev/null
send DELETE registered-models/delete-tag "{\"name\":\"$model\",\"key\":\"a\"}" >/dev/null
send POST model-versions/create "{\"name\":\"$model\",\"source\":\"mlflow-artifacts:/$experiment/$run/artifacts/model\",\"run_id\":\"$run\"}" >/dev/null
stage=$(send POST model-versions/transition-stage "{\"name\":\"$model\",\"version\":\"1\",\"stage\":\"Production\",\"archive_existing_versions\":\"$yes\"}" | field current_stage)
expect 'the stage' "$stage" Production
expect 'the latest versions' "$(send POST registered-models/get-latest-versions "{\"name\":\"$model\",\"stages\":[\"Production\"]}" | field version)" 1
send DELETE model-versions/delete "{\"name\":\"$model\",\"version\":\"1\"}" >/dev/null
send DELETE registered-models/delete "{\"name\":\"$model\"}" >/dev/null

# JSON in JSON, parameters of a GET in its body, an empty body, the other prefix.
send POST runs/set-tag "\"{\\\"run_id\\\":\\\"$run\\\",\\\"key\\\":\\\"twice\\\",\\\"value\\\":\\\"yes\\\"}\"" >/dev/null
send GET runs/get "{\"run_id\":\"$run\"}" | grep -q twice
curl -sS --fail-with-body "$MLFLOW_TRACKING_URI/ajax-api/2.0/mlflow/runs/get?run_id=$run" | grep -q twice
status=$(curl -sS -o /dev/null -w '%{http_code}' -X POST "$base/runs/set-tag" -H 'Content-Type: application/json')
expect 'an empty body' "$status" 400
expect 'the version' "$(curl -sS "$MLFLOW_TRACKING_URI/version" | cut -d. -f1)" 3
expect 'the health' "$(curl -sS "$MLFLOW_TRACKING_URI/health")" OK
send POST runs/delete "{\"run_id\":\"$run\"}" >/dev/null
send POST experiments/delete "{\"experiment_id\":\"$experiment\"}" >/dev/null
