"""Prompts, which are registered models of a kind of their own."""

import mlflow
from mlflow import MlflowClient

from checks import fresh, refused, same

client = MlflowClient()
name = fresh("greeting")
first = mlflow.genai.register_prompt(name, "Hello {{who}}", commit_message="first", tags={"language": "en"})
second = mlflow.genai.register_prompt(name, "Good day {{who}}", commit_message="politer")
same((first.version, second.version), (1, 2))
same(mlflow.genai.load_prompt(f"prompts:/{name}/1").format(who="Ada"), "Hello Ada")
same(mlflow.genai.load_prompt(name, version=2).template, "Good day {{who}}")
mlflow.genai.set_prompt_alias(name, "live", 2)
same(mlflow.genai.load_prompt(f"prompts:/{name}@live").version, 2)
mlflow.genai.delete_prompt_alias(name, "live")
mlflow.genai.set_prompt_tag(name, "team", "crm")
same(client.get_prompt(name).tags["team"], "crm")
same([prompt.name for prompt in mlflow.genai.search_prompts(f"name = '{name}'")], [name])
same([version.version for version in client.search_prompt_versions(name)], [2, 1])

# A prompt is no model, and a model no prompt.
same(list(client.search_registered_models(f"name = '{name}'")), [])
refused("INVALID_PARAMETER_VALUE", lambda: mlflow.genai.register_prompt(fresh("a b/c"), "text"))
model = fresh("model")
client.create_registered_model(model)
same([prompt.name for prompt in mlflow.genai.search_prompts(f"name = '{model}'")], [])
client.delete_prompt_version(name, "1")
client.delete_prompt_version(name, "2")
client.delete_prompt(name)
same([prompt.name for prompt in mlflow.genai.search_prompts(f"name = '{name}'")], [])
