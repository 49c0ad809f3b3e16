"""What KServe's two clients get from the servers whose addresses are the arguments, as JSON."""

import asyncio
import json
import sys

import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest
from kserve.inference_client import RESTConfig

url, address = sys.argv[1:3]
columns = [
    ("distance", "INT64", np.array([500, 600], np.int64)),
    ("hour", "INT32", np.array([9, 10], np.int32)),
    ("load", "FP64", np.array([0.5, 0.25])),
    ("weekend", "BOOL", np.array([False, True])),
    ("origin", "BYTES", np.array(["ATL", "JFK"], object)),
    ("gate", "BYTES", np.array(["B3", ""], object)),
]


def request(name, binary):
    tensors = []
    for column, datatype, values in columns:
        tensor = InferInput(column, [2], datatype)
        tensor.set_data_from_numpy(values, binary_data=binary)
        tensors.append(tensor)
    return InferRequest(model_name="flights", infer_inputs=tensors, request_id=name)


def answer(response):
    return {"id": response.id, **{output.name: output.as_numpy().tolist() for output in response.outputs}}


async def main():
    second = InferenceRESTClient(RESTConfig(protocol="v2"))
    first = InferenceRESTClient(RESTConfig(protocol="v1"))
    grpc = InferenceGRPCClient(address)
    row = {"distance": 500, "hour": 9, "load": 0.5, "weekend": False, "origin": "ATL", "gate": "B3"}
    print(
        json.dumps(
            {
                "live": await second.is_server_live(url),
                "ready": await second.is_server_ready(url),
                "model_ready": await second.is_model_ready(url, "flights"),
                "json": answer(await second.infer(url, request("json", False), model_name="flights")),
                "binary": answer(await second.infer(url, request("binary", True), model_name="flights")),
                "v1": await first.infer(url, {"instances": [row]}, model_name="flights"),
                "grpc_live": await grpc.is_server_live(),
                "grpc_ready": await grpc.is_server_ready(),
                "grpc_model_ready": await grpc.is_model_ready("flights"),
                "grpc_raw": answer(await grpc.infer(request("raw", True))),
                "grpc_typed": answer(await grpc.infer(request("typed", False))),
            }
        )
    )


asyncio.run(main())
