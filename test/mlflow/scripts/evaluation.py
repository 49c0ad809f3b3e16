"""mlflow.models.evaluate and mlflow.evaluate of a classifier and a regressor, with thresholds."""

import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.models import MetricThreshold, infer_signature
from sklearn.linear_model import LinearRegression, LogisticRegression

from checks import fresh, same

client = MlflowClient()
mlflow.set_experiment(fresh("evaluation"))
random = np.random.default_rng(1)
rows = pd.DataFrame({"hour": random.uniform(0, 24, 300), "distance": random.uniform(100, 3000, 300)})
rows["late"] = (rows["hour"] + random.normal(0, 3, 300) > 12).astype(int)
rows["delay"] = rows["hour"] * 2 + random.normal(0, 1, 300)
features = rows[["hour", "distance"]]

with mlflow.start_run() as run:
    model = LogisticRegression(max_iter=1000).fit(features, rows["late"])
    signature = infer_signature(features, model.predict(features))
    logged = mlflow.sklearn.log_model(model, name="late", signature=signature, pip_requirements=["scikit-learn"])
    result = mlflow.models.evaluate(
        logged.model_uri,
        rows[["hour", "distance", "late"]],
        targets="late",
        model_type="classifier",
        evaluator_config={"log_explainer": False},
    )
assert result.metrics["roc_auc"] > 0.9
found = client.get_run(run.info.run_id)
same(round(found.data.metrics["roc_auc"], 9), round(result.metrics["roc_auc"], 9))
assert "confusion_matrix.png" in [file.path for file in client.list_artifacts(run.info.run_id)]
assert found.inputs.dataset_inputs, "the dataset that it was evaluated on"
on_model = {metric.key for metric in mlflow.get_logged_model(logged.model_id).metrics}
assert "roc_auc" in on_model, on_model
mlflow.validate_evaluation_results(
    candidate_result=result,
    validation_thresholds={"roc_auc": MetricThreshold(threshold=0.8, greater_is_better=True)},
)

with mlflow.start_run() as run:
    regressor = LinearRegression().fit(features, rows["delay"])
    logged = mlflow.sklearn.log_model(regressor, name="delay", pip_requirements=["scikit-learn"])
    evaluate = getattr(mlflow, "evaluate", mlflow.models.evaluate)
    result = evaluate(
        logged.model_uri,
        rows[["hour", "distance", "delay"]],
        targets="delay",
        model_type="regressor",
        evaluator_config={"log_explainer": False},
    )
assert client.get_run(run.info.run_id).data.metrics["r2_score"] > 0.9
