"""Saves the forest as MLflow's client does, for `mlflow models serve`."""

import sys

import joblib
import mlflow
import numpy as np
import pandas as pd
from mlflow.models import infer_signature

folder = sys.argv[1]
forest = joblib.load(f"{folder}/forest.joblib")
rows = pd.DataFrame(np.zeros((2, 20), dtype=np.float32), columns=[f"f{i}" for i in range(20)])
mlflow.sklearn.save_model(
    forest,
    f"{folder}/mlflow",
    signature=infer_signature(rows, forest.predict(rows.to_numpy())),
    serialization_format="cloudpickle",
)
