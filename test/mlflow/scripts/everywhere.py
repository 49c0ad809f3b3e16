"""Logs a run, in a step of a pipeline or by itself, and prints every run that MLflow finds."""

import json

import mlflow

with mlflow.start_run(run_name="by MLflow"):
    mlflow.log_metric("score", 3)
runs = mlflow.search_runs(search_all_experiments=True, output_format="list")
print("runs:", json.dumps([[run.info.run_id, run.info.run_name] for run in runs]))
