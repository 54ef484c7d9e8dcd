"""Sets up a server with objects of every kind, and prints their ids as environment variables.

What is only read or changed is found under `CONTRACT_…`; what deletions may have is found under
`CONTRACT_SPARE_…`, so that they do not take the rest away.
"""

import os
import pathlib
import sys
import time

import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
OFFER = (ROOT / "crates/bellpush-call/tests/fixtures/chromium-offer.sdp").read_text()
DESIGN = ROOT / "crates/bellpush-core/schemas/design.example.json"
ORIGIN = "https://shop.example"
SOON = 20


class Server:
    """The server, asked with a token."""

    def __init__(self, url, token):
        self.url = url
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    def ask(self, method, path, body=None, **options):
        if isinstance(body, str):
            options["data"] = body
        elif body is not None:
            options["json"] = body
        answer = self.session.request(method, self.url + path, timeout=SOON, **options)
        if not answer.ok:
            sys.exit(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer

    def post(self, path, body=None, **options):
        return self.ask("POST", path, body, **options).json()

    def get(self, path):
        return self.ask("GET", path).json()


def wait_for(what, look):
    """Looks until there is something; an end in time is an error of the test's set-up."""
    end = time.monotonic() + SOON
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    sys.exit(f"there is no {what} after {SOON} s")


def new_app(api, name):
    app = api.post("/v1/apps", {"name": name, "allowedOrigins": [ORIGIN]})["id"]
    path = f"/v1/apps/{app}"
    integration = api.post(
        f"{path}/integrations",
        {
            "name": "Nobody",
            # It takes no POST, so that deliveries fail, and can be replayed.
            "url": f"{api.url}/healthz",
            "events": ["call_started", "call_ended", "call_error", "widget_loaded"],
            "secrets": {"token": "secret", "spare": "secret"},
            "headers": {"X-Token": "{secret.token}"},
        },
    )["id"]
    destination = api.post(f"{path}/destinations", {"name": "Sales", "kind": "demo"})["id"]
    key = api.post(f"{path}/widget-keys")
    return app, integration, destination, key


def place(widget):
    """A call, which lives as long as the server lets it without media."""
    placed = widget.ask("POST", "/v1/calls", OFFER, headers={"Content-Type": "application/sdp"})
    return placed.headers["Location"].rsplit("/", 1)[1]


def seed(url, key):
    api = Server(url, key)
    trunk = {"name": "Nowhere", "domain": "trunk.invalid", "active": False}
    trunks = [api.post("/v1/trunks", trunk)["id"] for _ in range(2)]
    app, integration, destination, widget_key = new_app(api, "Shop")
    spare_app, spare_integration, spare_destination, spare_key = new_app(api, "Spare")
    last_app, *_ = new_app(api, "Last")
    path = f"/v1/apps/{app}"
    draft = {"Content-Type": "application/json", "If-Match": "*"}
    api.ask("PUT", f"{path}/design/draft", DESIGN.read_text(), headers=draft)

    rules = [
        api.post(f"/v1/apps/{of}/alert-rules", {"name": "Queue", "kind": "backlog"})["id"]
        for of in (app, spare_app)
    ]
    rehearsals = [
        api.post(
            f"/v1/apps/{of}/rehearsals",
            {"destinationId": profile, "fault": "trunk_busy", "seconds": 600},
        )["id"]
        for of, profile in ((app, destination), (spare_app, spare_destination))
    ]
    session = {"appId": app, "origin": ORIGIN, "context": {"orderId": "A-1"}}
    token = api.post("/v1/sessions", session)["token"]
    widget = Server(url, token)
    live, spare_call = place(widget), place(widget)
    deliveries = f"{path}/integrations/{integration}/deliveries"
    dead = wait_for("dead delivery", lambda: api.get(f"{deliveries}?status=dead")["items"])
    replay = api.post(f"{path}/integrations/{integration}/replays", {})["id"]
    return {
        "API_KEY": key,
        "SESSION": token,
        "APP": app,
        "CALL": live,
        "DESTINATION": destination,
        "EVENT": dead[0]["eventId"],
        "INTEGRATION": integration,
        "KEY": widget_key["id"],
        "REHEARSAL": rehearsals[0],
        "REPLAY": replay,
        "RULE": rules[0],
        "SECRET": "token",
        "TRUNK": trunks[0],
        "SPARE_APP": spare_app,
        "SPARE_CALL": spare_call,
        "SPARE_DESTINATION": spare_destination,
        "SPARE_INTEGRATION": spare_integration,
        "SPARE_KEY": spare_key["id"],
        "SPARE_REHEARSAL": rehearsals[1],
        "SPARE_RULE": rules[1],
        "SPARE_SECRET": "spare",
        "SPARE_TRUNK": trunks[1],
        "LAST_APP": last_app,
    }
