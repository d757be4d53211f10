"""Handlers of requests and the views they belong to, by name; each file of `workbench/ui/views` adds its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.registry import Registry
from workbench.ui.protocol import Buffers

if TYPE_CHECKING:
    from workbench.runs.store import Run
    from workbench.ui.session import Session


@dataclass(frozen=True)
class Reply:
    """The payload of a reply with its binary data."""

    payload: dict[str, Any]
    buffers: Buffers = ()


Answer = Callable[["Session", dict[str, Any]], dict[str, Any] | Reply]


@dataclass(frozen=True)
class Handler:
    """A function that answers one request; a slow one is called on the session's short-work thread."""

    answer: Answer
    slow: bool


@dataclass(frozen=True)
class View:
    """One kind of panel, and what the table of runs must know about it.

    Args:
        name: its name in the protocol and in the browser.
        verb: runs of this public verb open in it.
        answer: one line about a finished run, from the result that the store keeps with it.
        resume: goes on with a run as a job and returns the job's id.
        replay: runs finished runs again as one job, compares what they make, and returns the job's id.
        code: the shortest script that does what its settings say.
    """

    name: str
    verb: str | None = None
    answer: Callable[[Mapping[str, Any]], str] | None = None
    resume: Callable[[Session, Run], str] | None = None
    replay: Callable[[Session, Sequence[Run]], str] | None = None
    code: Callable[[dict[str, Any]], str] | None = None


_HANDLERS: Registry[Handler] = Registry("request", "workbench.ui.views")
_VIEWS: Registry[View] = Registry("view", "workbench.ui.views")
find_handler = _HANDLERS.__getitem__
find_view = _VIEWS.__getitem__


def handles(name: str, *, slow: bool = False) -> Callable[[Answer], Answer]:
    """Return a decorator for the function that answers a request.

    Args:
        name: of the request in `protocol.json`.
        slow: it imports torch, opens a model or reads much; the answer then comes from another thread.
    """

    def keep(answer: Answer) -> Answer:
        _HANDLERS.register(name)(Handler(answer, slow))
        return answer

    return keep


def add_view(view: View) -> None:
    """Add a view; called once in its file."""
    _VIEWS.register(view.name)(view)


def list_views() -> list[View]:
    """Return all views, by name."""
    return [_VIEWS[name] for name in _VIEWS.names()]


def view_of_verb(verb: str) -> View | None:
    """Return the view that opens runs of a public verb."""
    return next((view for view in list_views() if view.verb == verb), None)
