"""Times Great Expectations on the checks of the benchmark: python great_expectations_checks.py TABLE.parquet."""
import json
import os
import sys
import time

os.environ["GX_ANALYTICS_ENABLED"] = "false"

import great_expectations as gx  # noqa: E402
import great_expectations.expectations as gxe  # noqa: E402
import pandas as pd  # noqa: E402

started = time.perf_counter()
frame = pd.read_parquet(sys.argv[1])
loaded = time.perf_counter()

context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
batch = (
    context.data_sources.add_pandas("bench")
    .add_dataframe_asset("orders")
    .add_batch_definition_whole_dataframe("all")
    .get_batch(batch_parameters={"dataframe": frame})
)
suite = gx.ExpectationSuite(
    name="orders",
    expectations=[
        gxe.ExpectColumnValuesToNotBeNull(column="id"),
        gxe.ExpectColumnValuesToNotBeNull(column="customer"),
        gxe.ExpectColumnValuesToNotBeNull(column="amount"),
        gxe.ExpectColumnValuesToBeBetween(column="amount", min_value=0, max_value=1000),
        gxe.ExpectColumnMeanToBeBetween(column="amount", min_value=400, max_value=600),
        gxe.ExpectColumnStdevToBeBetween(column="amount", min_value=200, max_value=400),
        gxe.ExpectColumnValuesToBeBetween(column="quantity", min_value=1, max_value=100),
        gxe.ExpectColumnValuesToBeBetween(column="discount", min_value=0, max_value=1),
        gxe.ExpectColumnValuesToBeInSet(
            column="country", value_set=["DE", "FR", "IT", "ES", "NL", "PL", "AT", "BE"]
        ),
        gxe.ExpectColumnUniqueValueCountToBeBetween(column="country", min_value=5, max_value=20),
        gxe.ExpectColumnValuesToBeInSet(column="status", value_set=["new", "paid", "sent", "returned"]),
        gxe.ExpectColumnValuesToMatchRegex(column="code", regex=r"^[A-Z]{2}-\d{6}$"),
        gxe.ExpectColumnValueLengthsToEqual(column="code", value=9),
    ],
)
result = batch.validate(suite)
assert result.success, result
finished = time.perf_counter()
print(json.dumps({"load": loaded - started, "checks": finished - loaded, "total": finished - started}))
