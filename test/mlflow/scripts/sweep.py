"""A sweep: a parent with children that run at the same time, found again by their parent."""

from concurrent.futures import ThreadPoolExecutor

import mlflow
from mlflow import MlflowClient

from checks import fresh, same

client = MlflowClient()
experiment_id = mlflow.set_experiment(fresh("sweep")).experiment_id

with mlflow.start_run(run_name="parent") as parent:
    for depth in (2, 4):
        with mlflow.start_run(nested=True, run_name=f"depth {depth}") as child:
            mlflow.log_param("depth", depth)
            mlflow.log_metric("score", depth / 10)
            with mlflow.start_run(nested=True) as grandchild:
                mlflow.log_metric("fold", depth)
            same(mlflow.get_parent_run(grandchild.info.run_id).info.run_id, child.info.run_id)
    same(mlflow.get_parent_run(child.info.run_id).info.run_id, parent.info.run_id)


def trial(depth):
    tags = {"mlflow.parentRunId": parent.info.run_id}
    run = client.create_run(experiment_id, tags=tags, run_name=f"depth {depth}")
    client.log_param(run.info.run_id, "depth", depth)
    for step in range(10):
        client.log_metric(run.info.run_id, "score", depth / 10 + step / 1000, step=step)
    client.set_terminated(run.info.run_id)


with ThreadPoolExecutor(8) as pool:
    list(pool.map(trial, range(5, 25)))

children = mlflow.search_runs(
    [experiment_id],
    filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'",
    order_by=["metrics.score DESC"],
)
same(len(children), 22)
same(children["params.depth"][0], "24")
same(round(children["metrics.score"][0], 3), 2.409)
same(set(children["status"]), {"FINISHED"})
