"""The fluent API and the client of classic tracking: experiments, runs, metrics, params, tags."""

import math
import time

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunStatus, RunTag, ViewType

from checks import fresh, refused, same

client = MlflowClient()

# Experiments.
same(mlflow.get_experiment("0").name, "Default")
name = fresh("tracking")
experiment_id = mlflow.create_experiment(name, tags={"team": "forecast"})
experiment = mlflow.set_experiment(name)
same(experiment.experiment_id, experiment_id)
same(experiment.tags["team"], "forecast")
assert experiment.creation_time <= time.time() * 1000 + 60_000
client.set_experiment_tag(experiment_id, "team", "demand")
same(client.get_experiment(experiment_id).tags["team"], "demand")
client.delete_experiment_tag(experiment_id, "team")
assert "team" not in client.get_experiment(experiment_id).tags
same(mlflow.get_experiment_by_name(fresh("none")), None)

# A run by the fluent API.
with mlflow.start_run(run_name="first", description="the *first* one", tags={"stage": "dev"}) as run:
    mlflow.log_param("depth", 6)
    mlflow.log_params({"rate": 0.1, "loss": "log", "empty": ""})
    for step in range(5):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.log_metrics({"auc": 0.9, "nan": math.nan, "inf": math.inf, "minus": -math.inf}, step=3)
    mlflow.set_tags({"released": True, "ünïcode/key 1": "grün"})
    mlflow.set_tag("gone", "soon")
    mlflow.delete_tag("gone")
    same(mlflow.active_run().info.run_id, run.info.run_id)
run_id = run.info.run_id

found = mlflow.get_run(run_id)
same(found.info.status, "FINISHED")
same(found.info.run_name, "first")
same(found.info.experiment_id, experiment_id)
same(found.info.lifecycle_stage, "active")
assert found.info.end_time >= found.info.start_time > 1_600_000_000_000
same(found.data.params, {"depth": "6", "rate": "0.1", "loss": "log", "empty": ""})
same(found.data.metrics["loss"], 0.2)
same(found.data.metrics["auc"], 0.9)
assert math.isnan(found.data.metrics["nan"])
same(found.data.metrics["inf"], 1.7976931348623157e308)
same(found.data.metrics["minus"], -1.7976931348623157e308)
same(found.data.tags["stage"], "dev")
same(found.data.tags["released"], "True")
same(found.data.tags["ünïcode/key 1"], "grün")
same(found.data.tags["mlflow.note.content"], "the *first* one")
same(found.data.tags["mlflow.runName"], "first")
assert "gone" not in found.data.tags
same([(m.step, m.value) for m in client.get_metric_history(run_id, "loss")], [(s, 1 / (s + 1)) for s in range(5)])
same(client.get_metric_history(run_id, "none"), [])

# A run by the client, with everything in batches, and the latest point by step, then time, then value.
other = client.create_run(experiment_id, start_time=1234, tags={"mlflow.user": "ada"}, run_name="second")
same((other.info.start_time, other.info.user_id), (1234, "ada"))
points = [Metric("m", 5.0, 100, 2), Metric("m", 7.0, 200, 1), Metric("m", 6.0, 100, 2), Metric("m", 6.0, 100, 2)]
params = [Param(f"p{index}", str(index)) for index in range(150)]
tags = [RunTag(f"t{index}", str(index)) for index in range(100)]
client.log_batch(other.info.run_id, metrics=points, params=params[:100], tags=tags)
client.log_batch(other.info.run_id, params=params[100:])
read = client.get_run(other.info.run_id)
same(read.data.metrics["m"], 6.0)
same(len(read.data.params), 150)
same(read.data.tags["t99"], "99")
same(len(client.get_metric_history(other.info.run_id, "m")), 3)
client.update_run(other.info.run_id, status="SCHEDULED", name="renamed")
same(client.get_run(other.info.run_id).info.run_name, "renamed")
same(client.get_run(other.info.run_id).data.tags["mlflow.runName"], "renamed")
client.set_tag(other.info.run_id, "mlflow.runName", "by tag")
same(client.get_run(other.info.run_id).info.run_name, "by tag")
client.set_terminated(other.info.run_id, "KILLED", end_time=2345)
same(RunStatus.to_string(RunStatus.from_string(client.get_run(other.info.run_id).info.status)), "KILLED")
same(client.get_run(other.info.run_id).info.end_time, 2345)

# Params are written once, and the same again is fine.
client.log_param(other.info.run_id, "p1", "1")
refused("INVALID_PARAMETER_VALUE", lambda: client.log_param(other.info.run_id, "p1", "2"), "p1")

# Long values: cut, as the client expects.
client.log_param(other.info.run_id, "long", "x" * 6000)
client.set_tag(other.info.run_id, "long", "y" * 8000)
same(len(client.get_run(other.info.run_id).data.params["long"]), 6000)

# A run that ends by an error, and a run that is resumed.
try:
    with mlflow.start_run() as broken:
        raise ValueError("no data")
except ValueError:
    same(mlflow.get_run(broken.info.run_id).info.status, "FAILED")
with mlflow.start_run(run_id=broken.info.run_id):
    same(mlflow.get_run(broken.info.run_id).info.status, "RUNNING")
    mlflow.log_metric("again", 1)

# Deleted and restored: runs, and experiments with their runs.
client.delete_run(run_id)
same(client.get_run(run_id).info.lifecycle_stage, "deleted")
refused("INVALID_PARAMETER_VALUE", lambda: client.log_metric(run_id, "loss", 1), "active")
active = {run.info.run_id for run in client.search_runs([experiment_id])}
same(active, {other.info.run_id, broken.info.run_id})
same([run.info.run_id for run in client.search_runs([experiment_id], run_view_type=ViewType.DELETED_ONLY)], [run_id])
client.restore_run(run_id)
client.rename_experiment(experiment_id, name + " renamed")
client.delete_experiment(experiment_id)
same(client.get_experiment(experiment_id).lifecycle_stage, "deleted")
same(client.get_run(run_id).info.lifecycle_stage, "deleted")
refused("INVALID_PARAMETER_VALUE", lambda: client.create_run(experiment_id), "active")
refused("RESOURCE_ALREADY_EXISTS", lambda: client.create_experiment(name + " renamed"))
client.restore_experiment(experiment_id)
same(client.get_run(run_id).info.lifecycle_stage, "active")
same(client.get_experiment_by_name(name + " renamed").experiment_id, experiment_id)
