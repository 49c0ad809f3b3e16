"""The datasets that a run used."""

import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient

from checks import fresh, same

client = MlflowClient()
experiment_id = mlflow.set_experiment(fresh("datasets")).experiment_id
frame = pd.DataFrame({"hour": [7, 8, 9], "delay": [0.5, 3.0, 12.5], "origin": ["ORD", "MDW", "ORD"]})
flights = mlflow.data.from_pandas(frame, source="s3://bucket/flights.csv", name="flights", targets="delay")
numbers = mlflow.data.from_numpy(np.arange(12).reshape(4, 3), name="numbers")

with mlflow.start_run(run_name="used") as run:
    mlflow.log_input(flights, context="training")
    mlflow.log_input(flights, context="training")
    mlflow.log_input(numbers, context="testing", tags={"fold": "3"})
used = {entry.dataset.name: entry for entry in client.get_run(run.info.run_id).inputs.dataset_inputs}
same(set(used), {"flights", "numbers"})
found = used["flights"]
same(found.dataset.digest, flights.digest)
same([(tag.key, tag.value) for tag in found.tags], [("mlflow.data.context", "training")])
same({tag.key: tag.value for tag in used["numbers"].tags}, {"mlflow.data.context": "testing", "fold": "3"})
assert '"hour"' in found.dataset.schema and "num_rows" in found.dataset.profile
same(mlflow.data.get_source(found.dataset).uri, "s3://bucket/flights.csv")

with mlflow.start_run(run_name="without"):
    mlflow.log_metric("m", 1)
names = lambda filter_string: [run.info.run_name for run in client.search_runs([experiment_id], filter_string)]
same(names("dataset.name = 'flights'"), ["used"])
same(names(f"datasets.digest = '{flights.digest}' AND dataset.context = 'training'"), ["used"])
same(names("dataset.name LIKE 'fl%'"), ["used"])
same(names("dataset.name IN ('numbers', 'none')"), ["used"])
same(names("dataset.name = 'none'"), [])

# Metrics of a model on a dataset.
with mlflow.start_run() as run:
    model = mlflow.create_external_model(name="external", source_run_id=run.info.run_id)
    mlflow.log_metric("auc", 0.8, model_id=model.model_id, dataset=flights)
[metric] = mlflow.get_logged_model(model.model_id).metrics
same((metric.key, metric.value, metric.dataset_name), ("auc", 0.8, "flights"))
models = mlflow.search_logged_models(
    [experiment_id], "metrics.auc > 0.7", datasets=[{"dataset_name": "flights", "dataset_digest": flights.digest}], output_format="list"
)
same([found.model_id for found in models], [model.model_id])
