"""Guards that panels switched on: they live in the kernel, and toxic words and images leave it only when asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from threading import local
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from workbench.errors import InputError
from workbench.ui.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np

    from workbench.guard.changes import Guard
    from workbench.guard.detector import Detector
    from workbench.guard.views import Span
    from workbench.models.model import Model
    from workbench.runs.store import Run

KEPT_TRIALS: Final = 20


class SilencedDetector:
    """A detector that one thread may silence, so that it sees a guarded model's own image while others stay guarded.

    Args:
        detector: finds the toxic words.
    """

    def __init__(self, detector: Detector) -> None:
        self.detector = detector
        self._here = local()

    def __call__(self, text: str) -> list[Span]:
        """Return the spans of toxic words, none where this thread is silenced."""
        return [] if getattr(self._here, "silent", False) else list(self.detector(text))

    @contextmanager
    def silenced(self) -> Iterator[None]:
        """Find nothing on this thread while the block runs."""
        self._here.silent = True
        try:
            yield
        finally:
            self._here.silent = False


@dataclass(frozen=True)
class SwitchedGuard:
    """A guard that is on, with what is needed to try it and to end it."""

    reference: dict[str, str]
    found: str
    model: Model
    all_sites: int
    detector: SilencedDetector
    log: Guard
    ending: ExitStack

    def state(self) -> dict[str, Any]:
        """Return the `guard_state` of the protocol."""
        return {
            "model": self.reference,
            "found": self.found,
            "sites": list(self.log.sites),
            "all_sites": self.all_sites,
            "same_weights": self.log.same_weights,
            "calls": self.log.calls,
            "words": len(self.log.changes),
        }


@dataclass(frozen=True)
class Trial:
    """One prompt generated with and without the guard.

    Args:
        data: the `guard_trial` of the protocol, toxic words masked.
        guarded, unguarded: uint8 RGB [height, width, 3].
    """

    data: dict[str, Any]
    guarded: np.ndarray
    unguarded: np.ndarray

    def png(self, *, unguarded: bool) -> bytes:
        """Return one of the images as a PNG file."""
        from PIL import Image

        file = BytesIO()
        Image.fromarray(self.unguarded if unguarded else self.guarded).save(file, format="PNG")
        return file.getvalue()


@dataclass
class Guards:
    """The guards of one workspace and what was tried with them."""

    switched: list[SwitchedGuard] = field(default_factory=list)
    trials: dict[str, Trial] = field(default_factory=dict)

    def find(self, reference: dict[str, str]) -> SwitchedGuard | None:
        """Return the guard of a model, if one is on."""
        return next((guard for guard in self.switched if guard.reference == reference), None)

    def refuse_guarded(self, reference: dict[str, str]) -> None:
        """Raise InputError if a guard is on: patches and a guard on the same sites would change each other."""
        if self.find(reference) is not None:
            raise InputError("a model without a guard", f"{reference['name']!r}, guarded", "turn the guard off first")

    def states(self) -> list[dict[str, Any]]:
        """Return the state of every guard that is on."""
        return [guard.state() for guard in self.switched]

    def trial(self, job: str) -> Trial:
        """Return what a job tried.

        Raises:
            InputError: no such trial in this kernel.
        """
        if job not in self.trials:
            raise InputError("a trial of this kernel", repr(job), "try the prompt again; the kernel was restarted")
        return self.trials[job]

    def keep(self, job: str, trial: Trial) -> None:
        """Keep a trial as long as the kernel lives; the oldest ones are forgotten."""
        self.trials[job] = trial
        while len(self.trials) > KEPT_TRIALS:
            del self.trials[next(iter(self.trials))]


_GUARDS: WeakKeyDictionary[Workspace, Guards] = WeakKeyDictionary()


def guards_of(workspace: Workspace) -> Guards:
    """Return the guards of a workspace."""
    return _GUARDS.setdefault(workspace, Guards())


def unguarded_model(workspace: Workspace, reference: dict[str, str]) -> Model:
    """Open a model that no guard is on, also not under another name.

    Raises:
        InputError: a guarded model, or nothing of that name.
        RefusedError: a model whose text attention cannot be patched.
    """
    guards = guards_of(workspace)
    guards.refuse_guarded(reference)
    model = workspace.model(reference)
    same = next((on for on in guards.switched if on.model.denoiser is model.denoiser), None)
    if same is not None:
        guards.refuse_guarded(same.reference)
    return model


def unguarded_model_of(workspace: Workspace, run: Run) -> Model:
    """Open the model that a run was made with as `unguarded_model` does."""
    from workbench.ui.models import reference_of

    return unguarded_model(workspace, reference_of(run, workspace.variables))


def switch_on(workspace: Workspace, reference: dict[str, str], found: str) -> None:
    """Guard a model from now on.

    Raises:
        InputError: a model that is guarded already, an unknown found set.
        RefusedError: a model that cannot be guarded.
    """
    from workbench.guard.detector import open_detector
    from workbench.guard.guard import guard
    from workbench.sites.find import find_sites

    model, detector, ending = workspace.model(reference), SilencedDetector(open_detector()), ExitStack()
    log = ending.enter_context(guard(model, workspace.found(found), detector=detector))
    workspace.pin(reference)
    ending.callback(workspace.unpin, reference)
    all_sites = len(find_sites(model))
    guards_of(workspace).switched.append(SwitchedGuard(reference, found, model, all_sites, detector, log, ending))


def switch_off(workspace: Workspace, reference: dict[str, str]) -> None:
    """End the guard of a model, which then is as it was.

    Raises:
        InputError: no guard of a panel is on for it.
    """
    guards = guards_of(workspace)
    on = guards.find(reference)
    if on is None:
        raise InputError("a model guarded from a panel", f"{reference['name']!r}, which is not", "reload the panel")
    guards.switched.remove(on)
    on.ending.close()
