"""The browser's side of a session without a browser: sends requests, keeps what comes back, checks every message."""

from __future__ import annotations

from threading import Condition
from typing import Any

from workbench.ui.protocol import VERSION, read_message
from workbench.ui.session import Session
from workbench.ui.workspace import Workspace

PATIENCE = 240
ENDED = ("done", "cancelled", "failed")


class Browser:
    """One panel; `received` holds every message that came, all valid."""

    def __init__(self, workspace: Workspace) -> None:
        self.received: list[tuple[dict[str, Any], list[Any]]] = []
        self._news = Condition()
        self._asked = 0
        self.session = Session(workspace, self._receive)

    def _receive(self, content: dict[str, Any], buffers: list[Any]) -> None:
        with self._news:
            self.received.append((content, buffers))
            self._news.notify_all()

    def send(self, content: Any) -> None:
        self.session.receive(content)

    def wait(self, wanted) -> tuple[dict[str, Any], list[Any]]:
        """Return the first message that is wanted, as soon as it is there."""

        def found():
            return next((message for message in self.received if wanted(message[0])), None)

        with self._news:
            assert self._news.wait_for(found, PATIENCE), [content for content, _ in self.received][-3:]
            return found()

    def ask(self, request: str, **payload: Any) -> dict[str, Any]:
        """Return the payload of the reply, or its error."""
        return self.ask_for_files(request, **payload)[0]

    def ask_for_files(self, request: str, **payload: Any) -> tuple[dict[str, Any], list[Any]]:
        self._asked += 1
        name = str(self._asked)
        self.send({"v": VERSION, "kind": "request", "id": name, "name": request, "payload": payload})
        content, buffers = self.wait(lambda content: content["kind"] == "reply" and content["id"] == name)
        read_message(content)
        return content.get("error") or content["payload"], buffers

    def events(self, name: str, job: str) -> list[dict[str, Any]]:
        """Return the payloads of all events of that name so far, checked."""
        found = [content for content, _ in list(self.received) if content["name"] == name]
        for content in found:
            read_message(content)
        return [content["payload"] for content in found if content["payload"]["job"] == job]

    def end_of(self, job: str) -> dict[str, Any]:
        """Wait until a job has ended and return its last state."""

        def ended(content: dict[str, Any]) -> bool:
            state = content["payload"]
            return content["name"] == "job" and state["job"] == job and state["status"] in ENDED

        return self.wait(ended)[0]["payload"]

    def first_partial(self, job: str) -> dict[str, Any]:
        """Wait for the first result so far of a job."""
        wanted = self.wait(lambda content: content["name"] == "job.partial" and content["payload"]["job"] == job)
        return wanted[0]["payload"]["data"]
