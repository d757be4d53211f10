"""What all panels and widgets of one kernel share: variables, opened models, the run store and the jobs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

from workbench.errors import InputError
from workbench.runs.images import inside
from workbench.runs.store import Run, RunStore
from workbench.ui.jobs import JobQueue
from workbench.ui.protocol import Buffers

if TYPE_CHECKING:
    from workbench.localize.result import FoundSet
    from workbench.models.model import Model

STORE: Final = "workbench-runs"
OPENED_MODELS: Final = 2
Listener = Callable[[str, dict[str, Any], Buffers], None]


class Workspace:
    """Everything that outlives a single connection.

    Args:
        folder: of the run store; it is made when something is first written. `workbench-runs` in the working
            directory unless given, as on the command line.
        variables: those of the notebook, by name; none outside a kernel.
    """

    def __init__(self, folder: str | Path = STORE, variables: Mapping[str, Any] | None = None) -> None:
        self.folder = Path(folder).resolve()
        self.variables = {} if variables is None else variables
        self.jobs = JobQueue(self.tell)
        self._listeners: list[Listener] = []
        self._models: dict[tuple[str, str], Model] = {}
        self._pinned: set[tuple[str, str]] = set()
        self._opening = RLock()
        self._short_work = ThreadPoolExecutor(max_workers=1, thread_name_prefix="workbench-short")

    def add_listener(self, listener: Listener) -> None:
        """Call this with every event: name, payload, buffers."""
        self._listeners.append(listener)

    def remove_listener(self, listener: Listener) -> None:
        """Do not call it any more."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def tell(self, name: str, payload: dict[str, Any], buffers: Buffers = ()) -> None:
        """Send an event to every session."""
        for listener in list(self._listeners):
            listener(name, payload, buffers)

    def soon(self, work: Callable[[], None]) -> None:
        """Do short work on a thread of its own, so that the kernel's thread stays free."""
        self._short_work.submit(work)

    @property
    def has_store(self) -> bool:
        """Whether anything was ever run here."""
        return (self.folder / "runs.sqlite").is_file()

    def store(self) -> RunStore:
        """Open the store, which makes its folder; ask `has_store` first where nothing may be written."""
        return RunStore(self.folder)

    def run(self, name: str, *, verb: str | None = None) -> tuple[RunStore, Run]:
        """Return the store and a run of it by its whole id.

        Raises:
            InputError: no such run, or one of another verb than that.
        """
        run = next((run for run in self.store().list() if run.id == name), None) if self.has_store else None
        if run is None:
            raise InputError("a run of this store", f"{name!r} in {self.folder}", "reload the list of runs")
        if verb is not None and run.verb != verb:
            raise InputError(f"a run of `{verb}`", f"{name} of `{run.verb}`", "open it in its own panel")
        return self.store(), run

    def model(self, reference: Mapping[str, str]) -> Model:
        """Open the model of a `model_ref`; the two opened last are kept, and those that are pinned.

        Raises:
            InputError: nothing of that name.
            RefusedError: a model whose text attention cannot be patched.
        """
        from workbench.ui.models import open_reference

        source, name = reference["source"], reference["name"]
        with self._opening:
            if source == "variable":
                return open_reference(source, name, self.variables)
            model = self._models.pop((source, name), None) or open_reference(source, name, self.variables)
            self._models[source, name] = model
            free = [key for key in self._models if key not in self._pinned]
            for key in free[:-OPENED_MODELS]:
                del self._models[key]
            return model

    def pin(self, reference: Mapping[str, str]) -> None:
        """Keep an opened model: what was done to it would be lost if it were opened anew."""
        with self._opening:
            self._pinned.add((reference["source"], reference["name"]))

    def unpin(self, reference: Mapping[str, str]) -> None:
        """Let a model be given up again when others are opened."""
        with self._opening:
            self._pinned.discard((reference["source"], reference["name"]))

    def model_of(self, run: Run) -> Model:
        """Return the model that a run was made with: a variable of the notebook if one is called so, else by name."""
        from workbench.ui.models import reference_of

        return self.model(reference_of(run, self.variables))

    def found_file(self, name: str) -> Path:
        """Return where a kept found set of that name lies."""
        return inside(self.folder / "found", f"{name}.json")

    def found(self, name: str) -> FoundSet:
        """Return a found set by the `name` of its `found_entry`: a kept one, or that of a finished run.

        Raises:
            InputError: neither.
        """
        from workbench.localize.open_found import open_found

        file = self.found_file(name)
        return open_found(file if file.is_file() else name, runs=self.folder)


@cache
def kernel_workspace() -> Workspace:
    """Return the workspace of this kernel, made at its first use."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return Workspace(variables=None if shell is None else shell.user_ns)
