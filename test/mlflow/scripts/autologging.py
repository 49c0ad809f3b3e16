"""Automatic logging of scikit-learn and LightGBM: params, metrics, models and datasets without a line of code."""

import lightgbm
import mlflow
from mlflow import MlflowClient
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from checks import fresh, same

client = MlflowClient()
experiment_id = mlflow.set_experiment(fresh("autolog")).experiment_id
mlflow.autolog(log_input_examples=True)
columns, labels = load_breast_cancer(return_X_y=True, as_frame=True)
train, test, train_labels, test_labels = train_test_split(columns.iloc[:, :6], labels, random_state=0)

with mlflow.start_run(run_name="scikit-learn") as run:
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=0.5)).fit(train, train_labels)
    pipeline.score(test, test_labels)
found = client.get_run(run.info.run_id)
same(found.data.params["logisticregression__C"], "0.5")
assert found.data.metrics["training_roc_auc"] > 0.9
assert any(key.endswith("_score_test") or "score" in key for key in found.data.metrics), found.data.metrics
same(found.inputs.dataset_inputs[0].tags[0].value, "train")
[output] = found.outputs.model_outputs
model = mlflow.get_logged_model(output.model_id)
same((model.status, model.source_run_id), ("READY", run.info.run_id))
same(model.params["logisticregression__C"], "0.5")
loaded = mlflow.sklearn.load_model(f"models:/{output.model_id}")
same(list(loaded.predict(test)), list(pipeline.predict(test)))
assert "estimator.html" in [file.path for file in client.list_artifacts(run.info.run_id)]

with mlflow.start_run(run_name="grid") as run:
    GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [1, 2, 3]}, cv=2).fit(train, train_labels)
children = client.search_runs([experiment_id], f"tags.`mlflow.parentRunId` = '{run.info.run_id}'")
same({child.data.params["max_depth"] for child in children}, {"1", "2", "3"})
assert "best_cv_score" in client.get_run(run.info.run_id).data.metrics

with mlflow.start_run(run_name="lightgbm") as run:
    data = lightgbm.Dataset(train, train_labels)
    settings = {"objective": "binary", "metric": "auc", "num_leaves": 7, "verbose": -1, "num_threads": 1}
    booster = lightgbm.train(settings, data, 20, valid_sets=[data], valid_names=["train"])
found = client.get_run(run.info.run_id)
same(found.data.params["num_leaves"], "7")
same(len(client.get_metric_history(run.info.run_id, "train-auc")), 20)
assert "feature_importance_gain.json" in [file.path for file in client.list_artifacts(run.info.run_id)]
[output] = found.outputs.model_outputs
predicted = mlflow.pyfunc.load_model(f"models:/{output.model_id}").predict(test)
same(list(predicted), list(booster.predict(test)))
