"""Times Pandera on the checks of the benchmark: python pandera_checks.py TABLE.parquet -> one line of JSON."""
import json
import sys
import time

import pandas as pd
import pandera.pandas as pa

started = time.perf_counter()
frame = pd.read_parquet(sys.argv[1])
loaded = time.perf_counter()

schema = pa.DataFrameSchema(
    {
        "id": pa.Column(nullable=False),
        "customer": pa.Column(nullable=False),
        "amount": pa.Column(
            nullable=False,
            checks=[
                pa.Check.in_range(0, 1000),
                pa.Check(lambda values: 400 <= values.mean() <= 600),
                pa.Check(lambda values: 200 <= values.std() <= 400),
            ],
        ),
        "quantity": pa.Column(checks=pa.Check.in_range(1, 100)),
        "discount": pa.Column(nullable=True, checks=pa.Check.in_range(0, 1)),
        "country": pa.Column(
            checks=[
                pa.Check.isin(["DE", "FR", "IT", "ES", "NL", "PL", "AT", "BE"]),
                pa.Check(lambda values: 5 <= values.nunique() <= 20),
            ]
        ),
        "status": pa.Column(checks=pa.Check.isin(["new", "paid", "sent", "returned"])),
        "code": pa.Column(checks=[pa.Check.str_matches(r"^[A-Z]{2}-\d{6}$"), pa.Check.str_length(9, 9)]),
    }
)
schema.validate(frame, lazy=True)
finished = time.perf_counter()
print(json.dumps({"load": loaded - started, "checks": finished - loaded, "total": finished - started}))
