"""Open the model of a stored run again."""

from __future__ import annotations

from workbench.errors import InputError
from workbench.models.model import Model
from workbench.models.open import open_model
from workbench.runs.store import Run


def reopen_model(run: Run, verb: str, model: Model | None = None) -> Model:
    """Return the model that a run was made with.

    Args:
        run: the run.
        verb: what it must be a run of, such as `localize`.
        model: the model, needed only if it was a live pipeline.

    Raises:
        InputError: a run of another verb, or other weights than those the run began with.
    """
    if run.verb != verb:
        raise InputError(f"a run of `{verb}`", f"{run.id} of `{run.verb}`", "give another run")
    opened = model or open_model(run.config["model"])
    opened.require_fingerprint(run.config["fingerprint"])
    return opened
