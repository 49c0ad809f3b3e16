"""From log_model to a model by its alias: logged models, signature, example, registry, loading."""


import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.models import infer_signature
from mlflow.pyfunc import PythonModel
from sklearn.linear_model import LogisticRegression

from checks import fresh, refused, same

client = MlflowClient()
experiment_id = mlflow.set_experiment(fresh("models")).experiment_id
random = np.random.default_rng(0)
rows = pd.DataFrame({"hour": random.uniform(0, 24, 200), "distance": random.uniform(100, 3000, 200)})
late = (rows["hour"] > 12).astype(int)
fitted = LogisticRegression().fit(rows, late)
name = fresh("delays")

with mlflow.start_run() as run:
    mlflow.log_metrics({"auc": 0.9, "loss": 0.3}, step=5)
    logged = mlflow.sklearn.log_model(
        fitted,
        name="model",
        signature=infer_signature(rows, fitted.predict(rows)),
        input_example=rows.head(2),
        registered_model_name=name,
        params={"C": 1.0},
        tags={"owner": "ada"},
        step=5,
    )
same(str(logged.registered_model_version), "1")

# The logged model.
model = mlflow.get_logged_model(logged.model_id)
same((model.name, model.status, model.source_run_id), ("model", "READY", run.info.run_id))
same((model.tags["owner"], model.params["C"]), ("ada", "1.0"))
same({metric.key: metric.value for metric in model.metrics}, {"auc": 0.9, "loss": 0.3})
found = client.get_run(run.info.run_id)
same([(output.model_id, output.step) for output in found.outputs.model_outputs], [(logged.model_id, 5)])
mlflow.set_logged_model_tags(logged.model_id, {"reviewed": "yes"})
mlflow.delete_logged_model_tag(logged.model_id, "owner")
same(mlflow.get_logged_model(logged.model_id).tags["reviewed"], "yes")
assert "owner" not in mlflow.get_logged_model(logged.model_id).tags
files = {file.path for file in mlflow.MlflowClient().list_logged_model_artifacts(logged.model_id)}
assert {"MLmodel", "model.pkl", "requirements.txt", "input_example.json"} <= files or "model.skops" in files, files

# Registered, named by an alias, loaded in every way that there is.
version = client.get_model_version(name, 1)
same((version.status, version.run_id, version.current_stage), ("READY", run.info.run_id, "None"))
client.set_registered_model_alias(name, "champion", 1)
expected = list(fitted.predict(rows))
for uri in (
    f"models:/{name}@champion",
    f"models:/{name}/1",
    f"models:/{name}/latest",
    f"models:/{logged.model_id}",
    f"runs:/{run.info.run_id}/model",
):
    loaded = mlflow.pyfunc.load_model(uri)
    same(list(loaded.predict(rows)), expected)
same(loaded.metadata.signature.inputs.input_names(), ["hour", "distance"])
same(list(mlflow.sklearn.load_model(f"models:/{name}@champion").predict(rows)), expected)
same(mlflow.models.get_model_info(f"models:/{name}@champion").model_id, logged.model_id)
refused("INVALID_PARAMETER_VALUE", lambda: mlflow.pyfunc.load_model(f"models:/{name}@nobody"), "nobody")


# A model in plain Python, with code of its own, registered afterwards.
class Doubled(PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input["hour"] * (params or {}).get("factor", 2)


with mlflow.start_run() as run:
    signature = infer_signature(rows[["hour"]], rows["hour"], params={"factor": 2})
    doubled = mlflow.pyfunc.log_model(name="doubled", python_model=Doubled(), signature=signature, pip_requirements=[])
second = mlflow.register_model(doubled.model_uri, name)
same((str(second.version), second.name), ("2", name))
same(list(mlflow.pyfunc.load_model(f"models:/{name}/2").predict(rows[["hour"]], {"factor": 3})), list(rows["hour"] * 3))
same(str(client.get_model_version_by_alias(name, "champion").version), "1")
same({alias: str(version) for alias, version in client.get_registered_model(name).aliases.items()}, {"champion": "1"})

# Searched, and deleted.
order = [{"field_name": "creation_time", "ascending": False}]
found = mlflow.search_logged_models([experiment_id], order_by=order, output_format="list")
same([model.name for model in found], ["doubled", "model"])
frame = mlflow.search_logged_models([experiment_id], filter_string="name = 'model' AND metrics.auc >= 0.9")
same(list(frame["model_id"]), [logged.model_id])
client.delete_logged_model(doubled.model_id)
refused("RESOURCE_DOES_NOT_EXIST", lambda: mlflow.get_logged_model(doubled.model_id))
same(len(mlflow.search_logged_models([experiment_id])), 1)
