"""Scores a Parquet file with pandas and onnxruntime on all cores. Arguments: the folder of the forest, the file, the result."""

import json
import resource
import sys
import time

import numpy as np
import onnxruntime
import pandas as pd

folder, source, target = sys.argv[1:4]
began = time.perf_counter()
session = onnxruntime.InferenceSession(f"{folder}/forest.onnx")
name = session.get_inputs()[0].name
rows = pd.read_parquet(source)
matrix = rows[[f"f{i}" for i in range(20)]].to_numpy(np.float32)
labels, chances = session.run(None, {name: matrix})
rows["label"], rows["probability"] = labels, chances[:, 1]
rows.to_parquet(target)
seconds = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
print(json.dumps({"seconds": seconds, "rows": len(rows), "peakMb": peak}))
