"""Trains the forest that every server of the benchmark answers with, and keeps it in the form that each of them loads."""

import sys
from pathlib import Path

import joblib
import numpy as np
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier

folder = Path(sys.argv[1])
features, trees, depth = 20, 100, 6
random = np.random.default_rng(7)
rows = random.random((20_000, features), dtype=np.float32)
chance = 1 / (1 + np.exp(-(rows @ random.normal(size=features) * 2 - 1)))
labels = (random.random(len(rows)) < chance).astype(np.int64)
forest = RandomForestClassifier(n_estimators=trees, max_depth=depth, n_jobs=1, random_state=7).fit(rows, labels)

folder.mkdir(parents=True, exist_ok=True)
joblib.dump(forest, folder / "forest.joblib")
graph = to_onnx(forest, rows[:1], options={id(forest): {"zipmap": False}})
(folder / "forest.onnx").write_bytes(graph.SerializeToString())
print('{"rows": %d}' % len(rows))
