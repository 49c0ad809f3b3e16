"""BentoML with the pickled forest. Started with `bentoml serve`, one worker; the folder comes by FOREST."""

import os

import bentoml
import joblib
import numpy as np


@bentoml.service(workers=1, traffic={"timeout": 60})
class Forest:
    def __init__(self) -> None:
        self.forest = joblib.load(os.environ["FOREST"] + "/forest.joblib")

    @bentoml.api
    def predict(self, rows: list[list[float]]) -> list[list[float]]:
        return self.forest.predict_proba(np.asarray(rows, dtype=np.float32)).tolist()
