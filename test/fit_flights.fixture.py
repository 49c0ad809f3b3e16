"""A step that trains with scikit-learn and logs with MLflow's client, as the guide shows it."""

import json
import os

import mlflow
import pandas
from mlflow.models import infer_signature
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

table = pandas.read_parquet(os.environ["DEVMLOPS_INPUT_TRAINING"])
rows, late = table[["distance", "delay", "origin"]], table["late"]
prepare = ColumnTransformer(
    [
        ("numbers", SimpleImputer(), ["distance", "delay"]),
        ("texts", OneHotEncoder(handle_unknown="ignore"), ["origin"]),
    ]
)
model = Pipeline([("prepare", prepare), ("fit", LogisticRegression(max_iter=1000))]).fit(rows, late)
signature = infer_signature(rows, model.predict(rows))
logged = {"signature": signature, "serialization_format": "cloudpickle", "pip_requirements": []}
with mlflow.start_run(run_name="fit"):
    info = mlflow.sklearn.log_model(model, name="model", registered_model_name="strict", **logged)
with open(os.environ["DEVMLOPS_OUTPUT_MODEL"], "w") as file:
    json.dump({"model_uri": info.model_uri}, file)
weak = Pipeline([("prepare", prepare), ("fit", LogisticRegression(C=1e-9))]).fit(rows, late)
mlflow.sklearn.save_model(weak, os.environ["DEVMLOPS_OUTPUT_FOLDER"], **logged)
