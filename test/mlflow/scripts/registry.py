"""The registry: models, versions, stages, aliases, tags, search, rename, delete."""

import mlflow
from mlflow import MlflowClient

from checks import fresh, refused, same

client = MlflowClient()
mlflow.set_experiment(fresh("registry"))
name = fresh("churn")
with mlflow.start_run() as run:
    mlflow.log_text("weights", "model/weights.txt")
run_id = run.info.run_id
source = f"{run.info.artifact_uri}/model"

# Models.
made = client.create_registered_model(name, tags={"team": "crm"}, description="who leaves")
same((made.name, made.description, made.tags), (name, "who leaves", {"team": "crm"}))
refused("RESOURCE_ALREADY_EXISTS", lambda: client.create_registered_model(name))
refused("INVALID_PARAMETER_VALUE", lambda: client.create_registered_model(""))
refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_registered_model(fresh("none")))
client.update_registered_model(name, "who will leave")
client.set_registered_model_tag(name, "tier", "1")
client.delete_registered_model_tag(name, "team")
client.delete_registered_model_tag(name, "never was")
found = client.get_registered_model(name)
same((found.description, found.tags, found.latest_versions), ("who will leave", {"tier": "1"}, []))

# Versions.
first = client.create_model_version(name, source, run_id, tags={"data": "may"}, description="first")
same((str(first.version), first.status, first.current_stage, first.run_id), ("1", "READY", "None", run_id))
second = client.create_model_version(name, source, run_id)
same(str(second.version), "2")
client.update_model_version(name, "2", description="second")
client.set_model_version_tag(name, "2", "data", "june")
client.delete_model_version_tag(name, "1", "data")
same(client.get_model_version(name, "1").tags, {})
found = client.get_model_version(name, "2")
same((found.description, found.tags, found.source), ("second", {"data": "june"}, source))
downloaded = mlflow.artifacts.download_artifacts(f"models:/{name}/2")
same(open(f"{downloaded}/weights.txt").read(), "weights")
refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_model_version(name, "99"))
refused("INVALID_PARAMETER_VALUE", lambda: client.get_model_version(name, "one"))

# Aliases.
client.set_registered_model_alias(name, "champion", "1")
client.set_registered_model_alias(name, "challenger", "2")
client.set_registered_model_alias(name, "champion", "2")
same(str(client.get_model_version_by_alias(name, "champion").version), "2")
same(sorted(client.get_model_version(name, "2").aliases), ["challenger", "champion"])
client.delete_registered_model_alias(name, "challenger")
client.delete_registered_model_alias(name, "never-was")
refused("INVALID_PARAMETER_VALUE", lambda: client.get_model_version_by_alias(name, "challenger"), "challenger")
refused("RESOURCE_DOES_NOT_EXIST", lambda: client.set_registered_model_alias(name, "champion", "99"))
for alias in ("latest", "v3", "a b", ""):
    refused("INVALID_PARAMETER_VALUE", lambda alias=alias: client.set_registered_model_alias(name, alias, "1"))

# Stages.
moved = client.transition_model_version_stage(name, "1", "production")
same(moved.current_stage, "Production")
client.transition_model_version_stage(name, "2", "Production", archive_existing_versions=True)
same(client.get_model_version(name, "1").current_stage, "Archived")
same([str(version.version) for version in client.get_latest_versions(name, ["Production"])], ["2"])
stages = {version.current_stage: str(version.version) for version in client.get_latest_versions(name)}
same(stages, {"Archived": "1", "Production": "2"})
refused("INVALID_PARAMETER_VALUE", lambda: client.transition_model_version_stage(name, "1", "Nowhere"))

# Searches.
found = client.search_registered_models(f"name = '{name}'")
same([(model.name, {alias: str(v) for alias, v in model.aliases.items()}) for model in found], [(name, {"champion": "2"})])
same([model.name for model in client.search_registered_models(f"name ILIKE '{name.upper()}%' AND tags.tier = '1'")], [name])
same([str(v.version) for v in client.search_model_versions(f"name = '{name}'", order_by=["version_number ASC"])], ["1", "2"])
same([str(v.version) for v in client.search_model_versions(f"name = '{name}' AND tags.data = 'june'")], ["2"])
same(len(client.search_model_versions(f"run_id = '{run_id}'")), 2)
same(len(client.search_model_versions(f"source_path = '{source}'")), 2)
page = client.search_model_versions(f"name = '{name}'", max_results=1, order_by=["version_number DESC"])
same([str(version.version) for version in page], ["2"])
page = client.search_model_versions(f"name = '{name}'", max_results=1, order_by=["version_number DESC"], page_token=page.token)
same([str(version.version) for version in page], ["1"])
refused("INVALID_PARAMETER_VALUE", lambda: client.search_registered_models("nonsense = 'a'"))
refused("INVALID_PARAMETER_VALUE", lambda: client.search_model_versions("version_number = 'x'"))

# Copied, renamed, deleted.
copied = client.copy_model_version(f"models:/{name}/2", name + "-copy")
same((copied.name, str(copied.version)), (name + "-copy", "1"))
client.rename_registered_model(name, name + "-renamed")
same(str(client.get_model_version_by_alias(name + "-renamed", "champion").version), "2")
refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_registered_model(name))
refused("RESOURCE_ALREADY_EXISTS", lambda: client.rename_registered_model(name + "-renamed", name + "-copy"))
client.delete_model_version(name + "-renamed", "2")
refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_model_version(name + "-renamed", "2"))
third = client.create_model_version(name + "-renamed", source, run_id)
assert int(third.version) >= 2
client.delete_registered_model(name + "-renamed")
refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_registered_model(name + "-renamed"))
same(client.search_model_versions(f"name = '{name}-renamed'"), [])
client.create_registered_model(name + "-renamed")
