/**
 * The Python that loads an exported model. MLflow's own loader of ONNX hands a column of text to the runtime as pandas
 * keeps it, which pandas 3 does in a type that the runtime does not take, and has no word for a missing text.
 */
export const loaderModule = 'devmlops_onnx'

export const loaderSource = `"""Runs an ONNX graph whose inputs are the columns of a data frame."""

import numpy as np
import onnxruntime
import pandas as pd

NUMBERS = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
}


class OnnxModel:
    def __init__(self, path):
        self.session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def predict(self, data, params=None):
        frame = data if isinstance(data, pd.DataFrame) else pd.DataFrame(data)
        feeds = {}
        for column in self.session.get_inputs():
            values = values_of(frame, column.name, column.type)
            feeds[column.name] = values.reshape([-1] + [1] * (len(column.shape) - 1))
        names = [output.name for output in self.session.get_outputs()]
        answers = self.session.run(names, feeds)
        return pd.DataFrame(
            {name: np.asarray(answer).reshape(-1) for name, answer in zip(names, answers)}, index=frame.index
        )


def values_of(frame, name, kind):
    """A missing number is NaN and a missing text is empty, as where the model was trained."""
    if kind == "tensor(string)":
        if name not in frame.columns:
            return np.full(len(frame), "", dtype=object)
        series = frame[name].astype(object)
        return np.array(["" if pd.isna(text) else str(text) for text in series], dtype=object)
    if name not in frame.columns:
        return np.full(len(frame), np.nan, dtype=NUMBERS[kind])
    return frame[name].to_numpy(dtype=NUMBERS[kind], na_value=np.nan) if frame[name].isna().any() else (
        frame[name].to_numpy(dtype=NUMBERS[kind])
    )


def _load_pyfunc(path):
    return OnnxModel(path)
`
