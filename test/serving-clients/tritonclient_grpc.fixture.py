"""What tritonclient's gRPC client gets from the server whose address is the first argument, as JSON."""

import json
import queue
import sys

import numpy as np
import tritonclient.grpc as triton

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


def inputs():
    tensors = []
    for name, datatype, values in columns:
        tensor = triton.InferInput(name, [2], datatype)
        tensor.set_data_from_numpy(values)
        tensors.append(tensor)
    return tensors


def answer(result):
    return {"id": result.get_response().id, **{n: result.as_numpy(n).tolist() for n in ("probability", "label")}}


def asynchronous():
    answers = queue.Queue()
    client.async_infer("flights", inputs(), lambda result, error: answers.put((result, error)), request_id="async")
    result, error = answers.get(timeout=10)
    return answer(result) if error is None else str(error)


def stream():
    answers = queue.Queue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    for name in ("one", "two", "three"):
        client.async_stream_infer("flights", inputs(), request_id=name)
    client.async_stream_infer("nothing", inputs(), request_id="bad")
    client.async_stream_infer("flights", inputs(), request_id="four")
    got = [answers.get(timeout=10) for _ in range(5)]
    client.stop_stream()
    return [result.get_response().id if error is None else error.message() for result, error in got]


halves = triton.InferInput("x", [2, 1], "FP16")
halves.set_data_from_numpy(np.array([[0.5], [1.5]], np.float16))
floats = triton.InferInput("y", [2, 1], "FP32")
floats.set_data_from_numpy(np.array([[1], [2]], np.float32))
error = None
try:
    client.infer("nothing", inputs())
except triton.InferenceServerException as raised:
    error = [raised.status(), raised.message()]
facts = {
    "live": client.is_server_live(),
    "ready": client.is_server_ready(),
    "model_ready": client.is_model_ready("flights", "1"),
    "extensions": list(client.get_server_metadata().extensions),
    "inputs": [tensor.datatype for tensor in client.get_model_metadata("flights").inputs],
    "config": client.get_model_config("flights").config.name,
    "infer": answer(client.infer("flights", inputs(), request_id="raw")),
    "gzip": answer(client.infer("flights", inputs(), request_id="gzip", compression_algorithm="gzip", client_timeout=10)),
    "async": asynchronous(),
    "one_output": [
        o.name for o in client.infer("flights", inputs(), outputs=[triton.InferRequestedOutput("label")]).get_response().outputs
    ],
    "fp16": client.infer("sums", [halves, floats]).as_numpy("total").tolist(),
    "error": error,
    "stream": stream(),
    "statistics": client.get_inference_statistics("flights").model_stats[0].inference_count,
    "index": [(m.name, m.state) for m in client.get_model_repository_index().models],
}
client.unload_model("sums", headers=control)
facts["unloaded"] = [m.state for m in client.get_model_repository_index().models if m.name == "sums"]
client.load_model("sums", headers=control)
facts["loaded"] = client.is_model_ready("sums")
print(json.dumps(facts))
