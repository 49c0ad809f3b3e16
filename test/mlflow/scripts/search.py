"""All searches: the filters, the orders, the pages, and the data frame."""

import os

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType

from checks import fresh, refused, same

client = MlflowClient()
prefix = fresh("search")
experiment_id = mlflow.create_experiment(prefix)
other_id = mlflow.create_experiment(prefix + " other", tags={"kind": "other"})
for index in range(12):
    run = client.create_run(experiment_id, start_time=1000 + index, run_name=f"run {index}", tags={"mlflow.user": "ada"})
    client.log_batch(
        run.info.run_id,
        [Metric("score", float(index % 5), 1, 0), Metric("odd key/1.x", index, 1, 0)],
        [Param("depth", str(index)), Param("kind", "Tree" if index % 2 else "linear")],
        [RunTag("parity", "odd")] if index % 2 else [],
    )
    client.set_terminated(run.info.run_id, "FAILED" if index == 3 else "FINISHED", end_time=2000 + index)
empty = client.create_run(other_id, run_name="empty")


def names(filter_string="", order_by=None, **more):
    found = client.search_runs([experiment_id, other_id], filter_string, order_by=order_by, **more)
    return [run.info.run_name.removeprefix("run ") for run in found]


def numbers(filter_string, **more):
    return sorted(int(name) for name in names(filter_string, **more))


same(numbers("metrics.score >= 3"), [3, 4, 8, 9])
same(numbers("metric.score = 4 and params.depth != '4'"), [9])
same(numbers('metrics.`odd key/1.x` < 2'), [0, 1])
same(numbers("params.kind = 'Tree' AND metrics.score > 1 AND tags.parity = 'odd'"), [3, 7, 9])
same(numbers("params.kind LIKE 'Tr%'"), [1, 3, 5, 7, 9, 11])
same(numbers("params.kind ILIKE 'tr%'"), [1, 3, 5, 7, 9, 11])
same(numbers("params.kind LIKE 'tr%'"), [])
same(numbers("tags.parity IS NULL AND params.depth IS NOT NULL"), [0, 2, 4, 6, 8, 10])
same(numbers("attributes.status = 'FAILED'"), [3])
same(numbers("run_name = 'run 5'"), [5])
same(numbers("attributes.`Run name` = 'run 5'"), [5])
same(numbers("start_time > 1009 AND end_time <= 2010"), [10])
same(numbers("user_id = 'ada' AND start_time < 1002"), [0, 1])
chosen = [run.info.run_id for run in client.search_runs([experiment_id], "run_name = 'run 7'")][0]
same(numbers(f"run_id = '{chosen}'"), [7])
same(numbers(f"attributes.run_id IN ('{chosen}', 'none')"), [7])
same(names("attributes.run_name = 'empty'"), ["empty"])

# Orders: newest first without one; what is missing comes last.
same(names()[:3], ["empty", "11", "10"])
same(names(order_by=["metrics.score DESC", "params.depth ASC"])[:3], ["4", "9", "3"])
same(names(order_by=["metrics.score"])[-1], "empty")
same(names(order_by=["attributes.start_time ASC"])[:2], ["0", "1"])
same(names(order_by=["tags.parity DESC", "start_time"])[:2], ["1", "3"])

# Pages.
page = client.search_runs([experiment_id], max_results=5, order_by=["start_time ASC"])
pages = [[run.info.run_name for run in page]]
while page.token:
    page = client.search_runs([experiment_id], max_results=5, order_by=["start_time ASC"], page_token=page.token)
    pages.append([run.info.run_name for run in page])
same([len(page) for page in pages], [5, 5, 2])
same(sum(pages, []), [f"run {index}" for index in range(12)])

# The data frame.
frame = mlflow.search_runs([experiment_id], "params.kind = 'Tree'", order_by=["metrics.score DESC"], max_results=4)
same(list(frame["metrics.score"]), [4.0, 3.0, 2.0, 1.0])
same(list(frame["params.depth"])[0], "9")
same(str(frame["start_time"].dtype).startswith("datetime64"), True)
same(len(mlflow.search_runs(experiment_names=[prefix, prefix + " other"])), 13)
same(len(mlflow.search_runs(search_all_experiments=True, filter_string="run_name = 'empty'")) >= 1, True)
same(len(mlflow.search_runs([experiment_id], run_view_type=ViewType.DELETED_ONLY)), 0)
same(len(mlflow.search_runs([experiment_id], output_format="list")), 12)

# Experiments.
found = mlflow.search_experiments(filter_string=f"name LIKE '{prefix}%'", order_by=["name DESC"])
same([experiment.name for experiment in found], [prefix + " other", prefix])
same([e.experiment_id for e in mlflow.search_experiments(filter_string=f"name = '{prefix}'")], [experiment_id])
found = mlflow.search_experiments(filter_string=f"tags.kind = 'other' AND name ILIKE '{prefix.upper()}%'")
same([experiment.experiment_id for experiment in found], [other_id])
page = client.search_experiments(max_results=1, filter_string=f"name LIKE '{prefix}%'", order_by=["experiment_id ASC"])
same([experiment.experiment_id for experiment in page], [experiment_id])
page = client.search_experiments(
    max_results=1, filter_string=f"name LIKE '{prefix}%'", order_by=["experiment_id ASC"], page_token=page.token
)
same([experiment.experiment_id for experiment in page], [other_id])

# What cannot be understood is refused at once.
for bad in (
    "metrics.score",
    "metrics.score = 'text'",
    "params.depth = 3",
    "nonsense.key = 'a'",
    "attributes.nonsense = 'a'",
    "params.depth LIKE",
    "metrics.score LIKE 'a%'",
    "'",
):
    refused("INVALID_PARAMETER_VALUE", lambda bad=bad: client.search_runs([experiment_id], bad))
refused("INVALID_PARAMETER_VALUE", lambda: client.search_runs([experiment_id], order_by=["nonsense.key"]))
refused("INVALID_PARAMETER_VALUE", lambda: client.search_runs([experiment_id], max_results=60_000))
refused("INVALID_PARAMETER_VALUE", lambda: client.search_runs([experiment_id], page_token="nonsense"))

# What DevMLOps understands besides.
if os.environ.get("DEVMLOPS"):
    same(numbers("params.depth = '1' OR params.depth = '2'"), [1, 2])
    same(numbers("NOT (params.kind = 'Tree') AND metrics.score IN (0, 1)"), [0, 6, 10])
    same(numbers("params.depth IN ('3', '4') AND (tags.parity = 'odd' OR metrics.score > 100)"), [3])
    same(numbers("params.depth NOT IN ('3', '4') AND metrics.score >= 3"), [8, 9])
