"""The widget of a notebook cell: its messages, its fallback text, and what it refuses."""

from __future__ import annotations

import pytest

from workbench.errors import InputError
from workbench.ui import widget as widgets
from workbench.ui.protocol import VERSION
from workbench.ui.workspace import Workspace


@pytest.fixture
def workspace(tmp_path, monkeypatch) -> Workspace:
    workspace = Workspace(tmp_path / "store")
    monkeypatch.setattr(widgets, "kernel_workspace", lambda: workspace)
    return workspace


@pytest.fixture
def built(tmp_path, monkeypatch) -> None:
    (tmp_path / "widget.js").write_text("export default {}")
    (tmp_path / "widget.css").write_text("")
    monkeypatch.setattr(widgets, "STATIC", tmp_path)


@pytest.mark.usefixtures("built")
def test_a_widget_answers_the_messages_of_a_panel(workspace, monkeypatch):
    widget = widgets.panel("runs")
    sent = []
    monkeypatch.setattr(widget.comm, "send", lambda data, buffers=None, **_: sent.append((data, buffers)))
    request = {"v": VERSION, "kind": "request", "id": "1", "name": "hello", "payload": {"version": 1}}
    widget._handle_custom_msg(request, [])
    ((data, _),) = sent
    assert data["method"] == "custom"
    assert data["content"]["payload"]["store"] == str(workspace.folder)
    widget.close()
    workspace.tell("job", {})
    assert len(sent) <= 2
    assert all(message["method"] == "custom" and message["content"]["name"] == "hello" for message, _ in sent)


@pytest.mark.usefixtures("built", "workspace")
def test_without_a_front_end_a_widget_is_a_line_of_text():
    widget = widgets.WorkbenchWidget("runs", "<script>")
    data, _ = widget._repr_mimebundle_()
    assert "<script>" in data["text/plain"]
    assert "<script>" not in data["text/html"]
    assert (widget.view, widget.run) == ("runs", "<script>")
    widget.close()


@pytest.mark.usefixtures("built", "workspace")
def test_unknown_views_and_runs_are_refused():
    with pytest.raises(InputError, match="patching"):
        widgets.panel("nothing")
    with pytest.raises(InputError, match="a run of this store"):
        widgets.panel("patching", "20260101-000000-0000")


@pytest.mark.usefixtures("workspace")
def test_without_the_built_front_end_the_message_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(widgets, "STATIC", tmp_path / "none")
    with pytest.raises(InputError, match="pip install"):
        widgets.panel()
