"""Saves the model that python-model.bench.ts serves: a pipeline of scikit-learn on mixed columns."""

import sys

import mlflow
import numpy
import pandas
from mlflow.models import infer_signature
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

random = numpy.random.default_rng(0)
rows = pandas.DataFrame(
    {
        "distance": random.integers(50, 3000, 2000),
        "delay": random.normal(0, 20, 2000),
        "origin": random.choice(["ATL", "JFK", "SFO"], 2000),
    }
)
late = (rows.distance / 1000 + rows.delay / 20 + random.normal(0, 1, 2000) > 1.5).astype(int)
prepare = ColumnTransformer(
    [
        ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["distance", "delay"]),
        ("texts", OneHotEncoder(handle_unknown="ignore"), ["origin"]),
    ]
)
model = Pipeline([("prepare", prepare), ("fit", LogisticRegression())]).fit(rows, late)
signature = infer_signature(rows, model.predict(rows))
mlflow.sklearn.save_model(model, sys.argv[1], signature=signature, serialization_format="cloudpickle")
