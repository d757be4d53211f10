"""A view of the panels in a notebook cell."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any, Final

import traitlets
from anywidget import AnyWidget

from workbench.errors import InputError
from workbench.ui.handlers import find_view
from workbench.ui.protocol import Buffers
from workbench.ui.session import Session
from workbench.ui.workspace import kernel_workspace

STATIC: Final = Path(__file__).with_name("static")


class WorkbenchWidget(AnyWidget):
    """One view; it talks to the kernel with the messages of the panels.

    Args:
        view: name of the view, such as `patching`.
        run: id of the run to open; none unless given.
    """

    view = traitlets.Unicode().tag(sync=True)
    run = traitlets.Unicode(None, allow_none=True).tag(sync=True)

    _session: Session | None = None

    def __init__(self, view: str, run: str | None = None) -> None:
        self._esm, self._css = _built("widget.js"), _built("widget.css")
        super().__init__(view=view, run=run)
        self._session = Session(kernel_workspace(), self.send)
        self.on_msg(self._received)

    def _received(self, _: Any, content: Any, buffers: Buffers) -> None:
        assert self._session is not None
        self._session.receive(content, buffers)

    def close(self) -> None:
        """Close the connection to the browser; jobs go on."""
        # Also called for a widget whose making failed.
        if self._session is not None:
            self._session.close()
        super().close()

    def __repr__(self) -> str:
        of_run = "" if self.run is None else f" of run {self.run}"
        return f"The view {self.view!r}{of_run}; open the notebook in JupyterLab to see it"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        shown: Any = super()._repr_mimebundle_(**options)
        bundle, metadata = shown
        return {**bundle, "text/html": f"<p>{escape(repr(self))}</p>"}, metadata


def panel(view: str = "patching", run: str | None = None) -> WorkbenchWidget:
    """Show a view in the cell below.

    Args:
        view: `patching`, `runs`, or another view that the panels have.
        run: id of a run in the store `workbench-runs`, to open it.

    Returns:
        The widget; what it shows is not saved with the notebook.

    Raises:
        InputError: an unknown view or run, or an installation without the built front end.
    """
    known = find_view(view).name
    if run is not None:
        kernel_workspace().run(run)
    return WorkbenchWidget(known, run)


def _built(name: str) -> str:
    try:
        return (STATIC / name).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(
            "the built front end of the panels", f"no {STATIC / name}", "install the package with `pip install .`"
        ) from error
