"""Artifacts through the server: written, listed, downloaded, in parts, with odd names."""

import hashlib
import os
import tempfile
from pathlib import Path

import mlflow
import numpy as np
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from requests import HTTPError

from checks import fresh, refused, same

client = MlflowClient()
mlflow.set_experiment(fresh("artifacts"))
folder = Path(tempfile.mkdtemp())
(folder / "report" / "plots").mkdir(parents=True)
(folder / "report" / "plots" / "roc.svg").write_text("<svg/>")
(folder / "report" / "empty.txt").write_text("")
(folder / "notes.txt").write_text("grün\n")
odd_names = ["a b.txt", "100%.txt", "ünï.txt", "a+b.txt", "[1].txt", "q&a=1.txt", "tilde~.txt"]
for name in odd_names:
    (folder / "report" / name).write_text(name)

with mlflow.start_run() as run:
    mlflow.log_artifact(str(folder / "notes.txt"))
    mlflow.log_artifact(str(folder / "notes.txt"), "deep/er")
    mlflow.log_artifacts(str(folder / "report"), "report")
    mlflow.log_text("text", "made/text.txt")
    mlflow.log_dict({"depth": 6}, "made/settings.json")
    mlflow.log_table({"row": [1, 2]}, "made/table.json")
    mlflow.log_table({"row": [3]}, "made/table.json")
    mlflow.log_image(np.zeros((4, 4, 3), dtype=np.uint8), "made/image.png")
    mlflow.log_image(np.zeros((4, 4, 3), dtype=np.uint8), key="sample", step=1)
run_id = run.info.run_id

# Listed.
listed = {file.path: (file.is_dir, file.file_size) for file in client.list_artifacts(run_id)}
same(listed["notes.txt"], (False, 6))
same(listed["report"], (True, None))
assert {"deep", "made", "images"} <= set(listed)
inside = {file.path: file.file_size for file in client.list_artifacts(run_id, "report")}
assert not inside["report/empty.txt"]
same({f"report/{name}" for name in odd_names} - set(inside), set())
same([file.path for file in client.list_artifacts(run_id, "report/plots")], ["report/plots/roc.svg"])
same(client.list_artifacts(run_id, "notes.txt"), [])
same(client.list_artifacts(run_id, "none"), [])

# Downloaded: a file, a folder, all of it.
same(mlflow.artifacts.load_text(f"runs:/{run_id}/notes.txt"), "grün\n")
same(mlflow.artifacts.load_dict(f"runs:/{run_id}/made/settings.json"), {"depth": 6})
same(mlflow.artifacts.load_image(f"runs:/{run_id}/made/image.png").size, (4, 4))
same(list(mlflow.load_table("made/table.json", run_ids=[run_id])["row"]), [1, 2, 3])
report = Path(mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="report"))
same({name: (report / name).read_text() for name in odd_names}, {name: name for name in odd_names})
same((report / "empty.txt").read_text(), "")
everything = Path(client.download_artifacts(run_id, ""))
same((everything / "deep" / "er" / "notes.txt").read_text(), "grün\n")
uri = mlflow.get_run(run_id).info.artifact_uri
assert uri.startswith("mlflow-artifacts:/"), uri
same(Path(mlflow.artifacts.download_artifacts(uri + "/notes.txt")).read_text(), "grün\n")

# Replaced, and refused.
(folder / "notes.txt").write_text("new")
client.log_artifact(run_id, str(folder / "notes.txt"))
same(mlflow.artifacts.load_text(f"runs:/{run_id}/notes.txt"), "new")
for path in ("../up", "a/../../up", "/etc/passwd", "%2e%2e/up"):
    try:
        found = client.list_artifacts(run_id, path)
    except MlflowException as error:
        same(error.error_code, "INVALID_PARAMETER_VALUE")
    except HTTPError as error:
        same(error.response.status_code, 400)
    else:
        raise AssertionError(f"{path} was listed: {found}")
refused("RESOURCE_DOES_NOT_EXIST", lambda: client.list_artifacts("f" * 32))

# A large file in parts, sent by several threads.
os.environ["MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD"] = "true"
os.environ["MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE"] = str(6 << 20)
os.environ["MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE"] = str(5 << 20)
large = folder / "large.bin"
large.write_bytes(os.urandom(23 << 20))
client.log_artifact(run_id, str(large), "in parts")
client.log_artifact(run_id, str(large))
digest = hashlib.sha256(large.read_bytes()).hexdigest()
for path in ("in parts/large.bin", "large.bin"):
    found = Path(client.download_artifacts(run_id, path))
    same(hashlib.sha256(found.read_bytes()).hexdigest(), digest)
