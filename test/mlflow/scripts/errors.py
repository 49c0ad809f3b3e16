"""Errors: the codes and words that clients show, and that none of them is tried again for minutes."""

import os

import mlflow
import requests
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

from checks import fresh, refused, same

client = MlflowClient()
experiment_id = mlflow.create_experiment(fresh("errors"))
run_id = client.create_run(experiment_id).info.run_id
none = "f" * 32

refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_run(none), none)
refused("RESOURCE_DOES_NOT_EXIST", lambda: client.log_metric(none, "m", 1))
refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_experiment("987654321"))
refused("RESOURCE_DOES_NOT_EXIST", lambda: client.delete_tag(run_id, "never was"))
refused("RESOURCE_DOES_NOT_EXIST", lambda: mlflow.get_logged_model("m-" + none))
refused("RESOURCE_ALREADY_EXISTS", lambda: client.create_experiment(client.get_experiment(experiment_id).name))
refused("INVALID_PARAMETER_VALUE", lambda: client.create_experiment("x" * 501))
refused("INVALID_PARAMETER_VALUE", lambda: client.log_metric(run_id, "../up", 1))
refused("INVALID_PARAMETER_VALUE", lambda: client.log_metric(run_id, "a//b", 1))
refused("INVALID_PARAMETER_VALUE", lambda: client.log_param(run_id, "x" * 251, 1))
refused("INVALID_PARAMETER_VALUE", lambda: client.set_tag(run_id, "semi;colon", 1))
refused("INVALID_PARAMETER_VALUE", lambda: client.set_experiment_tag(experiment_id, "t", "x" * 200_000))
refused("INVALID_PARAMETER_VALUE", lambda: client.log_batch(run_id, params=[Param("a", "1"), Param("a", "2")]))
refused("INVALID_PARAMETER_VALUE", lambda: client.log_batch(run_id, [Metric("m", 1, -1, 0)]))

# Refused wholly: the good part of a bad batch is not written.
bad = {"metrics": [Metric("good", 1, 1, 0)], "params": [Param("good", "1")], "tags": [RunTag("../up", "1")]}
refused("INVALID_PARAMETER_VALUE", lambda: client.log_batch(run_id, **bad))
same(client.get_run(run_id).data.params, {})

# What only a client of one's own would send.
base = os.environ["MLFLOW_TRACKING_URI"]


def answer(method, path, **more):
    response = requests.request(method, f"{base}/api/2.0/mlflow/{path}", timeout=10, **more)
    assert 400 <= response.status_code < 500, f"{path}: {response.status_code} {response.text}"
    return response.status_code, response.json()["error_code"], response.json()["message"]


invalid = (400, "INVALID_PARAMETER_VALUE")
same(answer("POST", "runs/create", data="{", headers={"content-type": "application/json"})[:1], (400,))
same(answer("POST", "runs/log-metric", json={"run_id": run_id, "key": "m", "value": 1})[2][:30], "Missing value for required par")
same(answer("POST", "runs/log-batch", json={"run_id": run_id, "metrics": "none"})[:2], invalid)
same(answer("POST", "runs/log-batch", json={"run_id": run_id, "metrics": [{"key": "m"}]})[:2], invalid)
same(answer("POST", "experiments/search", json={})[:2], invalid)
same(answer("POST", "experiments/search", json={"max_results": 0})[:2], invalid)
same(answer("GET", "runs/get")[:2], invalid)
same(answer("GET", "experiments/get", params={"experiment_id": "one"})[:2], invalid)
same(answer("POST", "runs/create", data="a=1", headers={"content-type": "text/plain"})[:2], invalid)
same(answer("GET", "no/such/call")[0], 404)
