"""One connection of a panel or a widget: requests come in, replies and events go out."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

from workbench.ui.failures import describe_failure
from workbench.ui.handlers import Handler, Reply, find_handler
from workbench.ui.heavy import load_heavy_modules
from workbench.ui.protocol import Buffers, Message, ProtocolError, read_message
from workbench.ui.workspace import Workspace

Send = Callable[[dict[str, Any], list[Any]], None]


class Session:
    """Answers the requests of one connection and passes on the events of the workspace.

    Args:
        workspace: what all sessions of the kernel share.
        send: sends an envelope and its buffers to the other side; called from several threads, one at a time.
    """

    def __init__(self, workspace: Workspace, send: Send) -> None:
        self.workspace = workspace
        self._send_now, self._sending = send, Lock()
        workspace.add_listener(self._event)

    def close(self) -> None:
        """Stop passing events on; jobs go on."""
        self.workspace.remove_listener(self._event)

    def receive(self, content: Any, buffers: Buffers = ()) -> None:
        """Answer one request, now or later; whatever goes wrong becomes the error of its reply."""
        try:
            message = read_message(content, buffers)
            if message.kind != "request":
                raise ProtocolError(f"expected a request; got a message of kind {message.kind!r}")
            handler = find_handler(message.name)
        except Exception as error:
            self._send(_failed(content, error))
            return
        if handler.slow:
            self.workspace.soon(lambda: self._answer(handler, message))
        else:
            self._answer(handler, message)

    def _answer(self, handler: Handler, message: Message) -> None:
        try:
            if handler.slow:
                load_heavy_modules()
            answer = handler.answer(self, message.payload)
            reply = answer if isinstance(answer, Reply) else Reply(answer)
            answered = Message("reply", message.name, reply.payload, message.id, reply.buffers)
            answered.check()
        except Exception as error:
            answered = _failed(message.envelope(), error)
        self._send(answered)

    def _event(self, name: str, payload: dict[str, Any], buffers: Buffers) -> None:
        self._send(Message("event", name, payload, buffers=buffers))

    def _send(self, message: Message) -> None:
        with self._sending:
            self._send_now(message.envelope(), list(message.buffers))


def _failed(content: Any, error: Exception) -> Message:
    """Return the reply to a request that failed, even to one that is no envelope."""
    known = content if isinstance(content, dict) else {}
    name, request = (known.get(key) for key in ("name", "id"))
    texts = [text[:64] if isinstance(text, str) else "" for text in (name, request)]
    return Message("reply", texts[0], {}, texts[1], error=describe_failure(error))
