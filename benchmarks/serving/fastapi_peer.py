"""FastAPI with onnxruntime, as one writes it: pydantic checks the request, one process, uvloop and httptools."""

import sys

import numpy as np
import onnxruntime
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

folder, port = sys.argv[1], int(sys.argv[2])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(f"{folder}/forest.onnx", options)
name = session.get_inputs()[0].name
app = FastAPI()


class Request(BaseModel):
    rows: list[list[float]]


@app.post("/predict")
async def predict(request: Request):
    labels, chances = session.run(None, {name: np.asarray(request.rows, dtype=np.float32)})
    return {"labels": labels.tolist(), "probabilities": chances.tolist()}


uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)
