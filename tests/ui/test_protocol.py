"""The messages: golden samples, envelopes that are none, and what a session says to bad ones."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.ui import protocol, session
from workbench.ui.failures import describe_failure
from workbench.ui.handlers import Handler, Reply, handles, list_views
from workbench.ui.protocol import SCHEMA, VERSION, ProtocolError, read_message

SAMPLES = json.loads(Path(protocol.__file__).with_name("samples.json").read_text(encoding="utf-8"))
HELLO = {"v": VERSION, "kind": "request", "id": "1", "name": "hello", "payload": {"version": 1}}
GREETING = """
import sys
from workbench.ui.session import Session
from workbench.ui.workspace import Workspace
session = Session(Workspace(sys.argv[1]), lambda content, _: print(content["name"], "error" in content))
for name, payload in (("hello", {"version": 1}), ("models.list", {}), ("runs.list", {}), ("found.list", {})):
    session.receive({"v": 1, "kind": "request", "id": "1", "name": name, "payload": payload})
print({"torch", "diffusers", "pandas", "IPython", "ipywidgets", "jsonschema"} & set(sys.modules))
"""


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["message"]["name"])
def test_golden_samples_follow_the_schema(sample):
    message = read_message(sample["message"])
    assert message.envelope() == sample["message"]
    assert (message.kind == "request") == (sample["direction"] == "to_kernel")


def test_every_message_of_the_schema_has_a_sample():
    seen = {(sample["message"]["kind"], sample["message"]["name"]) for sample in SAMPLES}
    requests = {(kind, name) for kind in ("request", "reply") for name in SCHEMA["requests"]}
    assert requests | {("event", name) for name in SCHEMA["events"]} <= seen


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["message"]["name"])
def test_a_sample_without_one_of_its_required_fields_is_refused(sample):
    message = sample["message"]
    path = {"request": ("requests", "payload"), "reply": ("requests", "reply"), "event": ("events",)}[message["kind"]]
    shape = SCHEMA[path[0]][message["name"]]
    shape = shape[path[1]] if len(path) > 1 else shape
    shape = SCHEMA["$defs"][shape["$ref"].rpartition("/")[2]] if "$ref" in shape else shape
    for field in shape.get("required", []) if "error" not in message else []:
        payload = {name: value for name, value in message["payload"].items() if name != field}
        with pytest.raises(ProtocolError, match=field):
            read_message({**message, "payload": payload})


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        "hello",
        {},
        {**HELLO, "v": VERSION + 1},
        {**HELLO, "v": "1"},
        {**HELLO, "kind": "reply"},
        {**HELLO, "kind": "event"},
        {**HELLO, "name": "__import__"},
        {**HELLO, "payload": None},
        {**HELLO, "payload": {}},
        {**HELLO, "more": 1},
        {**HELLO, "id": 3},
        {**HELLO, "id": "x" * 65},
    ],
    ids=str,
)
def test_what_is_no_request_is_answered_with_an_error(browser, content):
    browser.send(content)
    ((reply, buffers),) = browser.received
    assert reply["kind"] == "reply"
    assert reply["error"]["type"] == "protocol"
    assert buffers == []
    assert set(reply) == {"v", "kind", "id", "name", "payload", "error"}


def test_hello_lists_the_views_and_loads_nothing(browser):
    hello = browser.ask("hello", version=1)
    assert {"patching", "runs"} <= set(hello["views"]) == {view.name for view in list_views()}
    assert hello["version"] == VERSION
    assert hello["jobs"] == []


def test_a_kernel_greets_without_torch(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", GREETING, str(tmp_path / "store")], capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[:5] == [
        "hello False",
        "models.list False",
        "runs.list False",
        "found.list False",
        "set()",
    ]


def test_an_answer_that_breaks_the_schema_never_leaves_the_kernel(browser, monkeypatch):
    monkeypatch.setattr(session, "find_handler", lambda name: Handler(lambda *_: Reply({"version": "one"}), False))
    assert browser.ask("hello", version=1)["type"] == "protocol"


def test_a_closed_session_hears_nothing_more(browser, workspace):
    browser.session.close()
    workspace.tell("job", {})
    assert browser.received == []


def test_a_request_has_one_handler():
    with pytest.raises(ValueError, match="request name"):
        handles("hello")(lambda *_: {})


def test_a_failure_names_its_cause_and_keeps_the_trace():
    try:
        raise KeyError("weights")
    except KeyError as error:
        failure = describe_failure(error)
    assert failure["type"] == "failed"
    assert "weights" in failure["message"]
    assert "test_protocol" in failure["details"]
