"""Webhooks: made, tested and delivered to a receiver that checks the signature."""

import base64
import hashlib
import hmac
import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from mlflow import MlflowClient

from checks import fresh, refused, same

client = MlflowClient()
secret = "a secret of the receiver"
received = queue.Queue()


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        delivery, timestamp = self.headers["X-MLflow-Delivery-Id"], self.headers["X-MLflow-Timestamp"]
        signed = hmac.new(secret.encode(), f"{delivery}.{timestamp}.{body}".encode(), hashlib.sha256).digest()
        received.put((self.headers["X-MLflow-Signature"] == f"v1,{base64.b64encode(signed).decode()}", json.loads(body)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words):
        pass


server = HTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/hook"


def next_event():
    signed, event = received.get(timeout=20)
    assert signed, event
    return event["entity"], event["action"], event["data"]


events = [
    "registered_model.created",
    "model_version.created",
    "model_version_tag.set",
    "model_version_tag.deleted",
    "model_version_alias.created",
    "model_version_alias.deleted",
]
webhook = client.create_webhook(fresh("hook"), url, events, description="for a test", secret=secret)
same((webhook.url, str(webhook.status), webhook.description), (url, "ACTIVE", "for a test"))
same(len(client.get_webhook(webhook.webhook_id).events), 6)
assert webhook.webhook_id in [found.webhook_id for found in client.list_webhooks()]
outcome = client.test_webhook(webhook.webhook_id, event="registered_model.created")
same((outcome.success, outcome.response_status), (True, 200))
same(next_event()[:2], ("registered_model", "created"))

name = fresh("hooked")
client.create_registered_model(name)
entity, action, data = next_event()
same((entity, action, data["name"]), ("registered_model", "created", name))
client.create_model_version(name, "s3://bucket/model")
entity, action, data = next_event()
same((entity, action, data["name"], str(data["version"])), ("model_version", "created", name, "1"))
client.set_model_version_tag(name, "1", "data", "may")
entity, action, data = next_event()
same((entity, action, data["key"], data["value"]), ("model_version_tag", "set", "data", "may"))
client.delete_model_version_tag(name, "1", "data")
same(next_event()[:2], ("model_version_tag", "deleted"))
client.set_registered_model_alias(name, "champion", "1")
entity, action, data = next_event()
same((entity, action, data["alias"], str(data["version"])), ("model_version_alias", "created", "champion", "1"))
client.delete_registered_model_alias(name, "champion")
same(next_event()[:2], ("model_version_alias", "deleted"))

changed = client.update_webhook(webhook.webhook_id, events=["registered_model.created"], status="DISABLED")
same(str(changed.status), "DISABLED")
client.create_registered_model(fresh("silent"))
client.update_webhook(webhook.webhook_id, status="ACTIVE")
loud = fresh("loud")
client.create_registered_model(loud)
same(next_event()[2]["name"], loud)

refused("INVALID_PARAMETER_VALUE", lambda: client.create_webhook("bad name!", url, events))
refused("INVALID_PARAMETER_VALUE", lambda: client.create_webhook(fresh("hook"), "ftp://host/path", events))
client.delete_webhook(webhook.webhook_id)
refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_webhook(webhook.webhook_id))
client.create_registered_model(fresh("unheard"))
assert received.empty()
