"""A training loop as PyTorch users write it: 100,000 points, in batches, without waiting, and one by one."""

import time

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric

from checks import fresh, same

client = MlflowClient()
experiment_id = mlflow.set_experiment(fresh("many points")).experiment_id
speeds = {}


def timed(what, points, log):
    began = time.monotonic()
    run_id = log()
    speeds[what] = points / (time.monotonic() - began)
    history = client.get_metric_history(run_id, "loss")
    same([point.step for point in history], list(range(points)))
    same(history[-1].value, 1 / points)
    same(client.get_run(run_id).data.metrics["loss"], 1 / points)


def in_batches():
    """Of 1,000, which is the most that a request may hold."""
    run_id = client.create_run(experiment_id).info.run_id
    now = int(time.time() * 1000)
    for start in range(0, 98_000, 1000):
        points = [Metric("loss", 1 / (step + 1), now + step, step) for step in range(start, start + 1000)]
        client.log_batch(run_id, points)
    return run_id


def without_waiting():
    """A queue and a pool of threads in the client send what is logged; most of the time is theirs."""
    with mlflow.start_run() as run:
        for step in range(1800):
            mlflow.log_metric("loss", 1 / (step + 1), step=step, synchronous=False)
        mlflow.flush_async_logging()
    return run.info.run_id


def one_by_one():
    with mlflow.start_run() as run:
        for step in range(200):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
    return run.info.run_id


timed("in batches", 98_000, in_batches)
timed("without waiting", 1800, without_waiting)
timed("one by one", 200, one_by_one)
print("points per second:", ", ".join(f"{speed:,.0f} {what}" for what, speed in speeds.items()))
