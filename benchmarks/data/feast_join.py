"""Times Feast's point-in-time join on files: python feast_join.py ENTITIES.parquet FEATURES.parquet FOLDER.

Both tables have `customer` and `at`; the second has `amount` and `created` too. Prints one line of JSON.
"""
import json
import sys
import time
from datetime import timedelta
from pathlib import Path

import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig
from feast.types import Float64

entities, features, folder = sys.argv[1:4]
Path(folder).mkdir(parents=True, exist_ok=True)
store = FeatureStore(
    config=RepoConfig(
        project="bench",
        provider="local",
        registry=str(Path(folder) / "registry.db"),
        offline_store={"type": "file"},
        online_store={"type": "sqlite", "path": str(Path(folder) / "online.db")},
        entity_key_serialization_version=3,
    )
)
customer = Entity(name="customer", join_keys=["customer"])
view = FeatureView(
    name="orders",
    entities=[customer],
    ttl=timedelta(days=30),
    schema=[Field(name="amount", dtype=Float64)],
    source=FileSource(path=features, timestamp_field="at", created_timestamp_column="created"),
)
store.apply([customer, view])

started = time.perf_counter()
frame = pd.read_parquet(entities).rename(columns={"at": "event_timestamp"})
joined = store.get_historical_features(entity_df=frame, features=["orders:amount"]).to_df()
print(json.dumps({"total": time.perf_counter() - started, "rows": len(joined)}))
