"""Attention workbench: find the layers of an image model that write the text, change only those, prove it.

Every public verb can be imported from here; submodules load on first use, so `import workbench` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.errors import InputError, RefusedError
    from workbench.localize.localize import localize, plan, resume
    from workbench.localize.pairs import Pair, make_pairs, read_pairs
    from workbench.localize.replay import replay
    from workbench.localize.result import FoundSet, Localization, Ranking
    from workbench.models.model import Model
    from workbench.models.open import list_models, open_model
    from workbench.patch.arms import Arm
    from workbench.patch.generate import Sampling, generate
    from workbench.patch.inject import injected
    from workbench.patch.patch import Patch, patched
    from workbench.patch.sweep import SweepResult, sweep
    from workbench.record.record import Record, record
    from workbench.report.page import write_report
    from workbench.runs.store import Run, RunStore
    from workbench.sites.find import find_sites
    from workbench.sites.site import Part, Site, SiteMap

_WHERE = {
    "Arm": "patch.arms",
    "FoundSet": "localize.result",
    "InputError": "errors",
    "Localization": "localize.result",
    "Model": "models.model",
    "Pair": "localize.pairs",
    "Part": "sites.site",
    "Patch": "patch.patch",
    "Ranking": "localize.result",
    "Record": "record.record",
    "RefusedError": "errors",
    "Run": "runs.store",
    "RunStore": "runs.store",
    "Sampling": "patch.generate",
    "Site": "sites.site",
    "SiteMap": "sites.site",
    "SweepResult": "patch.sweep",
    "find_sites": "sites.find",
    "generate": "patch.generate",
    "injected": "patch.inject",
    "list_models": "models.open",
    "localize": "localize.localize",
    "make_pairs": "localize.pairs",
    "open_model": "models.open",
    "patched": "patch.patch",
    "plan": "localize.localize",
    "read_pairs": "localize.pairs",
    "record": "record.record",
    "replay": "localize.replay",
    "resume": "localize.localize",
    "sweep": "patch.sweep",
    "write_report": "report.page",
}
__all__ = sorted(_WHERE)
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'workbench' has no attribute {name!r}")
    found = getattr(import_module(f"workbench.{_WHERE[name]}"), name)
    # A verb that is called like its room stays reachable as the room itself, which can be called.
    return globals().get(name, found)
