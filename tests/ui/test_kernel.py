"""A real kernel: the comm target, a tiny sweep, cancellation, a restart, and what is known after it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty
from time import monotonic
from typing import Any

import pytest
from jupyter_client.manager import KernelManager

from workbench.ui.comm import TARGET
from workbench.ui.protocol import VERSION, read_message

ROOT = Path(__file__).parents[2]
REGISTER = "import workbench.ui.comm; workbench.ui.comm.register()"
SETUP = {"model": {"source": "embedded", "name": "glyph-unet"}, "pairs": 2, "seeds": 1, "steps": 2}
PATIENCE = 240


class Panel:
    """The browser's half of one comm."""

    def __init__(self, manager: KernelManager, name: str) -> None:
        self.client = manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=PATIENCE)
        self.name = name
        self.received: list[dict[str, Any]] = []
        self.client.execute(REGISTER, silent=True)
        self._send("comm_open", target_name=TARGET, data={})

    def _send(self, kind: str, **content: Any) -> None:
        self.client.shell_channel.send(self.client.session.msg(kind, {"comm_id": self.name, **content}))

    def ask(self, request: str, **payload: Any) -> dict[str, Any]:
        name = str(len(self.received))
        data = {"v": VERSION, "kind": "request", "id": name, "name": request, "payload": payload}
        self._send("comm_msg", data=data)
        return self.wait(lambda content: content["kind"] == "reply" and content["id"] == name)

    def wait(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the payload of the next message that is wanted, with its buffers under `buffers`."""
        end = monotonic() + PATIENCE
        while monotonic() < end:
            try:
                message = self.client.get_iopub_msg(timeout=1)
            except Empty:
                continue
            if message["msg_type"] == "comm_msg" and message["content"]["comm_id"] == self.name:
                content = message["content"]["data"]
                self.received.append(content)
                read_message(content)
                if wanted(content):
                    return {**content["payload"], "buffers": message["buffers"]}
        raise AssertionError(self.received[-3:])

    def wait_for_status(self, job: str, *statuses: str) -> dict[str, Any]:
        return self.wait(
            lambda content: (
                content["name"] == "job"
                and content["payload"]["job"] == job
                and content["payload"]["status"] in statuses
            )
        )

    def close(self) -> None:
        self._send("comm_close", data={})
        self.client.stop_channels()


@pytest.fixture
def kernel(tmp_path) -> Iterator[KernelManager]:
    manager = KernelManager()
    manager.start_kernel(cwd=str(tmp_path), env={**os.environ, "PYTHONPATH": str(ROOT)})
    yield manager
    manager.shutdown_kernel(now=True)


def test_a_panel_lives_through_a_sweep_a_cancellation_and_a_restart(kernel, tmp_path):
    panel = Panel(kernel, "first")
    assert panel.ask("hello", version=1)["store"] == str(tmp_path / "workbench-runs")
    job = panel.ask("patching.start", **SETUP)["job"]
    done = panel.wait_for_status(job, "done", "failed")
    assert done["error"] is None
    images = panel.ask("images.get", run=done["run"], items=[{"pair": 0, "seed": 0, "arm": "source"}])
    assert bytes(images["buffers"][0][:4]) == b"\x89PNG"
    longer = panel.ask("patching.start", **{**SETUP, "pairs": 8, "steps": 16})["job"]
    panel.wait(lambda content: content["name"] == "job.partial" and content["payload"]["job"] == longer)

    again = Panel(kernel, "second")
    running = again.ask("hello", version=1)["jobs"][-1]
    assert (running["job"], running["status"]) == (longer, "running")
    assert again.ask("jobs.cancel", job=longer)["cancelled"]
    assert again.wait_for_status(longer, "cancelled", "failed", "done")["status"] == "cancelled"
    panel.close()
    assert [run["status"] for run in again.ask("runs.list")["runs"]] == ["interrupted", "done"]
    again.close()

    kernel.restart_kernel(now=True)
    reopened = Panel(kernel, "third")
    assert reopened.ask("hello", version=1)["jobs"] == []
    result = reopened.ask("patching.result", run=done["run"])
    assert result["status"] == "done"
    assert result["found"]["sites"]
    reopened.close()


def test_a_kernel_that_dies_leaves_a_run_that_can_go_on(kernel):
    panel = Panel(kernel, "first")
    job = panel.ask("patching.start", **{**SETUP, "pairs": 3})["job"]
    run = panel.wait(lambda content: content["name"] == "job.partial" and content["payload"]["job"] == job)["data"]
    kernel.restart_kernel(now=True)
    reopened = Panel(kernel, "second")
    assert reopened.ask("runs.list")["runs"][0]["status"] == "interrupted"
    resumed = reopened.ask("runs.resume", run=run["run"])["job"]
    assert reopened.wait_for_status(resumed, "done", "failed")["status"] == "done"
    reopened.close()
