"""Moving in and out. `write` makes a store with the client alone, `read` finds all of it, whoever serves it by then."""

import json
import sys

import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.models import infer_signature
from sklearn.linear_model import LinearRegression

from checks import same

action, notes = sys.argv[1:3]
client = MlflowClient()
rows = pd.DataFrame({"hour": np.arange(10.0)})


def write():
    mlflow.set_experiment("moving")
    model = LinearRegression().fit(rows, rows["hour"] * 2)
    with mlflow.start_run(run_name="moved", tags={"team": "crm"}) as run:
        mlflow.log_params({"depth": 6})
        for step in range(20):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metric("nan", float("nan"))
        mlflow.log_text("grün", "notes/notes.txt")
        signature = infer_signature(rows, model.predict(rows))
        # Without them the client starts a process that finds them out, which takes many seconds.
        needs = ["scikit-learn"]
        mlflow.sklearn.log_model(
            model, name="model", signature=signature, registered_model_name="moving", pip_requirements=needs
        )
    client.set_registered_model_alias("moving", "champion", 1)
    json.dump({"run_id": run.info.run_id}, open(notes, "w"))


def read(with_registry=True):
    run_id = json.load(open(notes))["run_id"]
    run = client.get_run(run_id)
    same((run.info.run_name, run.info.status, run.data.params), ("moved", "FINISHED", {"depth": "6"}))
    same((run.data.tags["team"], run.data.metrics["loss"]), ("crm", 0.05))
    same([point.step for point in client.get_metric_history(run_id, "loss")], list(range(20)))
    same(mlflow.artifacts.load_text(f"runs:/{run_id}/notes/notes.txt"), "grün")
    expected = [round(hour * 2, 6) for hour in rows["hour"]]
    for uri in [f"runs:/{run_id}/model"] + ["models:/moving@champion"] * with_registry:
        same([round(float(value), 6) for value in mlflow.pyfunc.load_model(uri).predict(rows)], expected)


if action == "write":
    write()
elif action == "read":
    read()
elif action == "read-run":
    read(with_registry=False)
else:
    loaded = mlflow.pyfunc.load_model(sys.argv[3])
    same([round(float(value), 6) for value in loaded.predict(rows)], [hour * 2 for hour in rows["hour"]])
