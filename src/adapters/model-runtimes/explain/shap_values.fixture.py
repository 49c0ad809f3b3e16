"""Reads trees, rows and perhaps a background as JSON; writes what the package `shap` says of them."""

import json
import sys

import numpy
import shap

given = json.load(sys.stdin)
trees = []
for tree in given["trees"]:
    trees.append(
        {
            "children_left": numpy.array(tree["yes"], dtype=numpy.int32),
            "children_right": numpy.array(tree["no"], dtype=numpy.int32),
            "children_default": numpy.array(tree["no"], dtype=numpy.int32),
            "features": numpy.array(tree["feature"], dtype=numpy.int32),
            "thresholds": numpy.array(tree["threshold"], dtype=numpy.float64),
            "values": numpy.array(tree["value"], dtype=numpy.float64).reshape(-1, 1),
            "node_sample_weight": numpy.array(tree["cover"], dtype=numpy.float64),
        }
    )
model = {"trees": trees, "internal_dtype": numpy.float64, "input_dtype": numpy.float64, "base_offset": 0.25}
rows = numpy.array(given["rows"], dtype=numpy.float64)
if given["background"] is None:
    explainer = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent")
else:
    background = numpy.array(given["background"], dtype=numpy.float64)
    explainer = shap.TreeExplainer(model, background, feature_perturbation="interventional")
values = numpy.asarray(explainer.shap_values(rows, check_additivity=False))
json.dump({"values": values.reshape(rows.shape).tolist()}, sys.stdout)
