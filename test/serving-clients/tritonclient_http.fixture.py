"""What tritonclient's HTTP client gets from the server whose address is the first argument, as JSON."""

import json
import sys

import numpy as np
import tritonclient.http as triton

client = triton.InferenceServerClient(sys.argv[1])
control = {"authorization": f"Bearer {sys.argv[2]}"}
columns = [
    ("distance", "INT64", np.array([500, 600], np.int64)),
    ("hour", "INT32", np.array([9, 10], np.int32)),
    ("load", "FP64", np.array([0.5, 0.25])),
    ("weekend", "BOOL", np.array([False, True])),
    ("origin", "BYTES", np.array(["ATL", "JFK"], object)),
    ("gate", "BYTES", np.array(["B3", ""], object)),
]


def inputs(binary):
    tensors = []
    for name, datatype, values in columns:
        tensor = triton.InferInput(name, [2], datatype)
        tensor.set_data_from_numpy(values, binary_data=binary)
        tensors.append(tensor)
    return tensors


def answer(result):
    return {"id": result.get_response().get("id"), **{n: result.as_numpy(n).tolist() for n in ("probability", "label")}}


def outputs(binary):
    return [triton.InferRequestedOutput(name, binary_data=binary) for name in ("probability", "label")]


halves = triton.InferInput("x", [2, 1], "FP16")
halves.set_data_from_numpy(np.array([[0.5], [1.5]], np.float16))
floats = triton.InferInput("y", [2, 1], "FP32")
floats.set_data_from_numpy(np.array([[1], [2]], np.float32))
error = None
try:
    client.infer("nothing", inputs(True))
except triton.InferenceServerException as raised:
    error = str(raised)
facts = {
    "live": client.is_server_live(),
    "ready": client.is_server_ready(),
    "model_ready": client.is_model_ready("flights", "1"),
    "unknown_ready": client.is_model_ready("nothing"),
    "extensions": client.get_server_metadata()["extensions"],
    "inputs": [tensor["datatype"] for tensor in client.get_model_metadata("flights")["inputs"]],
    "config": client.get_model_config("flights")["name"],
    "json": answer(client.infer("flights", inputs(False), outputs=outputs(False), request_id="json")),
    "binary": answer(client.infer("flights", inputs(True), outputs=outputs(True), request_id="binary")),
    "gzip": answer(client.infer("flights", inputs(True), request_id="version", model_version="1", priority=1, timeout=5_000_000)),
    "async": answer(client.async_infer("flights", inputs(True), request_id="async").get_result()),
    "one_output": [o["name"] for o in client.infer("flights", inputs(True), outputs=outputs(True)[:1]).get_response()["outputs"]],
    "fp16": client.infer("sums", [halves, floats]).as_numpy("total").tolist(),
    "error": error,
    "statistics": client.get_inference_statistics("flights")["model_stats"][0]["inference_count"],
    "index": [(m["name"], m["state"]) for m in client.get_model_repository_index()],
}
client.unload_model("sums", headers=control)
facts["unloaded"] = client.is_model_ready("sums")
client.load_model("sums", headers=control)
facts["loaded"] = client.is_model_ready("sums")
print(json.dumps(facts))
