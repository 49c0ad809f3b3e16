"""Saves the models that the tests load, as people do with MLflow's client."""

import os
import sys

import mlflow
import numpy
import pandas
from mlflow.models import ModelSignature, infer_signature
from mlflow.types import ColSpec, Schema, TensorSpec
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

folder = sys.argv[1]
rows = pandas.DataFrame({"distance": [100, 200, 2000, 3000], "origin": ["ATL", "JFK", "ATL", "JFK"]})
late = numpy.array([0, 0, 1, 1])
encode = ColumnTransformer([("origin", OneHotEncoder(handle_unknown="ignore"), ["origin"])], remainder="passthrough")
pipeline = Pipeline([("encode", encode), ("fit", LogisticRegression(C=1e-6))]).fit(rows, late)
mlflow.sklearn.save_model(
    pipeline,
    os.path.join(folder, "pipeline"),
    signature=infer_signature(rows, pipeline.predict(rows)),
    serialization_format="cloudpickle",
    pip_requirements=[],
)
expected = pandas.DataFrame({"label": pipeline.predict(rows), "probability": pipeline.predict_proba(rows)[:, 1]})
expected.to_json(os.path.join(folder, "expected.json"), orient="split")


kept = []


class Odd(mlflow.pyfunc.PythonModel):
    """Answers by what it is asked for: prints, dies, hangs, raises, or tells what it sees."""

    def predict(self, context, model_input, params=None):
        import os as system
        import time

        [wish] = set(model_input["wish"])
        print("printed by the model")
        system.write(1, b"raw bytes")
        if wish == "die":
            system._exit(3)
        if wish == "leak":
            kept.append(bytearray(os.urandom(1)) * 50_000_000)
        if wish == "hang":
            time.sleep(600)
        if wish == "raise":
            raise ValueError("not like this")
        told = system.environ.get(wish, "unset")
        return pandas.DataFrame({"told": [told] * len(model_input), "half": model_input["number"] / 2})


schema = Schema([ColSpec("string", "wish"), ColSpec("double", "number", required=False)])
mlflow.pyfunc.save_model(
    os.path.join(folder, "odd"), python_model=Odd(), signature=ModelSignature(schema), pip_requirements=[]
)


class Pixels(mlflow.pyfunc.PythonModel):
    """Takes tensors of three dimensions and whole numbers of 64 bits, and answers with both."""

    def predict(self, context, model_input, params=None):
        pixels, ids = model_input["pixels"], model_input["id"]
        assert pixels.ndim == 3 and pixels.dtype == numpy.float32 and ids.dtype == numpy.int64
        return {"corner": pixels[:, 1, 2], "id": ids.reshape(-1), "shape": numpy.full(len(pixels), str(pixels.shape[1:]))}


tensors = Schema(
    [
        TensorSpec(numpy.dtype("float32"), (-1, 2, 3), "pixels"),
        TensorSpec(numpy.dtype("int64"), (-1, 1), "id"),
    ]
)
mlflow.pyfunc.save_model(
    os.path.join(folder, "pixels"), python_model=Pixels(), signature=ModelSignature(tensors), pip_requirements=[]
)
