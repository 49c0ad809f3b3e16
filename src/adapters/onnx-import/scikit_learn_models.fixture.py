"""Writes pipelines of scikit-learn as ONNX, each with the scores of its trainer, into the folder that it is given."""

import sys

import numpy as np
import pandas as pd
from skl2onnx import to_onnx
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

folder = sys.argv[1]
rng = np.random.default_rng(7)
# Values that single precision holds exactly: a difference is then the graph's, not the file's.
matrix = rng.normal(size=(300, 4)).astype(np.float32)
positive = (matrix[:, 0] + matrix[:, 1] > 0).astype(int)
names = np.array(["low", "middle", "high"])[np.digitize(matrix[:, 0], [-0.5, 0.5])]
target = {"": 18, "ai.onnx.ml": 3}


def write(name, model, inputs, label, outputs):
    model.fit(inputs, label)
    onnx = to_onnx(model, inputs[:1], target_opset=target)
    with open(f"{folder}/{name}.onnx", "wb") as file:
        file.write(onnx.SerializeToString())
    table = inputs.copy() if isinstance(inputs, pd.DataFrame) else pd.DataFrame(inputs, columns=["f0", "f1", "f2", "f3"])
    for column, values in outputs(model).items():
        table[column] = values
    table.to_csv(f"{folder}/{name}.csv", index=False)


def binary(inputs):
    return lambda model: {"probability": model.predict_proba(inputs)[:, 1], "label": model.predict(inputs)}


write("forest", RandomForestClassifier(20, max_depth=5, random_state=1), matrix, positive, binary(matrix))
write(
    "classes",
    GradientBoostingClassifier(n_estimators=5, random_state=1),
    matrix,
    names,
    lambda model: {
        "output_label": model.predict(matrix),
        **{f"output_probability_{c}": model.predict_proba(matrix)[:, i] for i, c in enumerate(model.classes_)},
    },
)
write(
    "regression",
    RandomForestRegressor(10, max_depth=4, random_state=1),
    matrix,
    matrix[:, 0] * 2,
    lambda model: {"prediction": model.predict(matrix)},
)
table = pd.DataFrame({"age": matrix[:, 0], "load": matrix[:, 1], "city": rng.choice(["x", "y", "z"], 300)})
columns = ColumnTransformer(
    [
        ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["age", "load"]),
        ("city", OneHotEncoder(handle_unknown="ignore"), ["city"]),
    ]
)
write("pipeline", make_pipeline(columns, LogisticRegression()), table, positive, binary(table))
