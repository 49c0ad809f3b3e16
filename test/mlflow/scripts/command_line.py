"""The `mlflow` command line against the server. In one process, since importing mlflow costs seconds."""

import csv
import io
import json
import os
import tempfile

import mlflow
import pandas as pd
from click.testing import CliRunner
from mlflow.cli import cli
from mlflow.models import infer_signature
from sklearn.linear_model import LinearRegression

from checks import fresh, same

runner = CliRunner()
name = fresh("command line")


def run(*words, succeeds=True):
    result = runner.invoke(cli, words, catch_exceptions=True)
    problem = f"mlflow {' '.join(words)}: {result.output} {result.exception!r}"
    assert (result.exit_code == 0) == succeeds, problem
    return result.output


# Experiments.
assert "Created experiment" in run("experiments", "create", "--experiment-name", name)
experiment_id = mlflow.get_experiment_by_name(name).experiment_id
assert name in run("experiments", "search")
assert name in run("experiments", "get", "--experiment-id", experiment_id)
run("experiments", "rename", "--experiment-id", experiment_id, "--new-name", name + " renamed")
run("experiments", "delete", "--experiment-id", experiment_id)
assert name not in run("experiments", "search")
assert name in run("experiments", "search", "--view", "deleted_only")
run("experiments", "restore", "--experiment-id", experiment_id)
run("experiments", "create", "--experiment-name", name + " renamed", succeeds=False)

# Runs.
with mlflow.start_run(experiment_id=experiment_id, run_name="walk") as active:
    mlflow.log_param("depth", 6)
    mlflow.log_metric("loss", 0.25)
run_id = active.info.run_id
assert run_id in run("runs", "list", "--experiment-id", experiment_id)
described = json.loads(run("runs", "describe", "--run-id", run_id))
same((described["info"]["run_name"], described["data"]["params"]), ("walk", {"depth": "6"}))
run("runs", "delete", "--run-id", run_id)
assert run_id not in run("runs", "list", "--experiment-id", experiment_id)
assert run_id in run("runs", "list", "--experiment-id", experiment_id, "--view", "deleted_only")
run("runs", "restore", "--run-id", run_id)
rows = list(csv.DictReader(io.StringIO(run("experiments", "csv", "--experiment-id", experiment_id))))
same([row["metrics.loss"] for row in rows], ["0.25"])
run("runs", "describe", "--run-id", "f" * 32, succeeds=False)

# Artifacts.
folder = tempfile.mkdtemp()
with open(f"{folder}/notes.txt", "w") as file:
    file.write("by hand")
run("artifacts", "log-artifact", "--local-file", f"{folder}/notes.txt", "--run-id", run_id)
run("artifacts", "log-artifacts", "--local-dir", folder, "--run-id", run_id, "--artifact-path", "all")
same({entry["path"] for entry in json.loads(run("artifacts", "list", "--run-id", run_id))}, {"notes.txt", "all"})
target = tempfile.mkdtemp()
run("artifacts", "download", "--run-id", run_id, "--artifact-path", "all", "--dst-path", target)
same(open(os.path.join(target, "all", "notes.txt")).read(), "by hand")

# A model of the registry, scored from the command line.
rows = pd.DataFrame({"hour": [1.0, 2.0, 3.0]})
model = LinearRegression().fit(rows, [2.0, 4.0, 6.0])
with mlflow.start_run(experiment_id=experiment_id):
    signature = infer_signature(rows, model.predict(rows))
    more = {"registered_model_name": fresh("line"), "pip_requirements": ["scikit-learn"]}
    mlflow.sklearn.log_model(model, name="model", signature=signature, **more)
uri = f"models:/{mlflow.search_model_versions(order_by=['creation_timestamp DESC'], max_results=1)[0].name}/1"
rows.to_csv(f"{folder}/rows.csv", index=False)
predict = ["models", "predict", "--model-uri", uri, "--input-path", f"{folder}/rows.csv", "--content-type", "csv"]
run(*predict, "--output-path", f"{folder}/scores.json", "--env-manager", "local")
scores = json.load(open(f"{folder}/scores.json"))["predictions"]
same([round(score if isinstance(score, float) else list(score.values())[0], 6) for score in scores], [2.0, 4.0, 6.0])
