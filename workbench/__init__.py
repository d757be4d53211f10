"""Attention workbench: find the layers of an image model that write the text, change only those, prove it.

Every public verb can be imported from here; submodules load on first use, so `import workbench` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.ablate.ablate import ablate
    from workbench.ablate.conversion import Conversion
    from workbench.ablate.convert import convert
    from workbench.ablate.result import AblationMatrix
    from workbench.adapt.adapter import Adapter, stack_adapters
    from workbench.adapt.attach import adapter_on
    from workbench.adapt.export import AdapterExport, export_adapter
    from workbench.adapt.header import AdapterFile, inspect_adapter
    from workbench.adapt.load import load_adapter
    from workbench.adapt.merge import merge_adapter, save_merged
    from workbench.adapt.result import AdapterTraining
    from workbench.adapt.settings import AdapterSettings
    from workbench.adapt.targets import Target, resolve_targets
    from workbench.adapt.train import train_adapter
    from workbench.attribute.attribute import attribute
    from workbench.attribute.baselines import register_baseline
    from workbench.attribute.compare import compare_methods
    from workbench.attribute.comparison import MethodComparison
    from workbench.attribute.registry import register_method
    from workbench.attribute.result import Attribution
    from workbench.classify.bridge import label_question, open_bridge
    from workbench.classify.classifier import Classifier, NeuralClassifier, Prediction
    from workbench.classify.data import LabelledTexts
    from workbench.classify.evaluate import evaluate_classifier
    from workbench.classify.open import list_classifiers, open_classifier
    from workbench.classify.read import read_texts
    from workbench.classify.result import ClassifierTraining
    from workbench.classify.scores import ClassifierScores
    from workbench.classify.settings import ClassifierSettings
    from workbench.classify.train import train_classifier, usual_settings
    from workbench.edit.edit import edit_benchmark, edit_text
    from workbench.edit.result import EditResult
    from workbench.errors import InputError, RefusedError
    from workbench.guard.changes import Guard
    from workbench.guard.compare import compare_guards
    from workbench.guard.comparison import GuardComparison
    from workbench.guard.detector import register_detector
    from workbench.guard.guard import guard
    from workbench.localize.localize import localize, plan, resume, score_set
    from workbench.localize.pairs import Pair, make_pairs, read_pairs
    from workbench.localize.replay import replay
    from workbench.localize.result import FoundSet, Localization, Ranking
    from workbench.models.model import Model
    from workbench.models.open import list_models, open_model
    from workbench.patch.arms import Arm
    from workbench.patch.bridge import HookPatch
    from workbench.patch.generate import Sampling, generate
    from workbench.patch.hook_result import HookSweep
    from workbench.patch.hook_sweep import Question, ReadText
    from workbench.patch.inject import injected
    from workbench.patch.patch import Patch, patched
    from workbench.patch.sweep import SweepResult, sweep
    from workbench.record.record import Record, record
    from workbench.report.page import write_report
    from workbench.runs.store import Run, RunStore
    from workbench.sites.find import find_sites
    from workbench.sites.site import Part, Site, SiteMap
    from workbench.ui.widget import WorkbenchWidget, panel
    from workbench.zoo.check import check_system
    from workbench.zoo.checks import SystemCheck
    from workbench.zoo.registry import build_system, list_systems, register_system
    from workbench.zoo.table import verification_table

_WHERE = {
    "AblationMatrix": "ablate.result",
    "Conversion": "ablate.conversion",
    "SystemCheck": "zoo.checks",
    "ablate": "ablate.ablate",
    "build_system": "zoo.registry",
    "check_system": "zoo.check",
    "convert": "ablate.convert",
    "list_systems": "zoo.registry",
    "register_system": "zoo.registry",
    "verification_table": "zoo.table",
    "Adapter": "adapt.adapter",
    "AdapterExport": "adapt.export",
    "AdapterFile": "adapt.header",
    "AdapterSettings": "adapt.settings",
    "AdapterTraining": "adapt.result",
    "Arm": "patch.arms",
    "Attribution": "attribute.result",
    "Classifier": "classify.classifier",
    "ClassifierScores": "classify.scores",
    "ClassifierSettings": "classify.settings",
    "ClassifierTraining": "classify.result",
    "EditResult": "edit.result",
    "FoundSet": "localize.result",
    "Guard": "guard.changes",
    "GuardComparison": "guard.comparison",
    "HookPatch": "patch.bridge",
    "HookSweep": "patch.hook_result",
    "InputError": "errors",
    "LabelledTexts": "classify.data",
    "Localization": "localize.result",
    "MethodComparison": "attribute.comparison",
    "Model": "models.model",
    "NeuralClassifier": "classify.classifier",
    "Pair": "localize.pairs",
    "Part": "sites.site",
    "Patch": "patch.patch",
    "Prediction": "classify.classifier",
    "Question": "patch.hook_sweep",
    "Ranking": "localize.result",
    "ReadText": "patch.hook_sweep",
    "Record": "record.record",
    "RefusedError": "errors",
    "Run": "runs.store",
    "RunStore": "runs.store",
    "Sampling": "patch.generate",
    "Site": "sites.site",
    "SiteMap": "sites.site",
    "SweepResult": "patch.sweep",
    "WorkbenchWidget": "ui.widget",
    "Target": "adapt.targets",
    "adapter_on": "adapt.attach",
    "attribute": "attribute.attribute",
    "compare_guards": "guard.compare",
    "compare_methods": "attribute.compare",
    "evaluate_classifier": "classify.evaluate",
    "export_adapter": "adapt.export",
    "edit_benchmark": "edit.edit",
    "edit_text": "edit.edit",
    "find_sites": "sites.find",
    "generate": "patch.generate",
    "guard": "guard.guard",
    "injected": "patch.inject",
    "inspect_adapter": "adapt.header",
    "label_question": "classify.bridge",
    "list_classifiers": "classify.open",
    "list_models": "models.open",
    "load_adapter": "adapt.load",
    "localize": "localize.localize",
    "make_pairs": "localize.pairs",
    "merge_adapter": "adapt.merge",
    "open_bridge": "classify.bridge",
    "open_classifier": "classify.open",
    "open_model": "models.open",
    "panel": "ui.widget",
    "patched": "patch.patch",
    "plan": "localize.localize",
    "read_pairs": "localize.pairs",
    "read_texts": "classify.read",
    "record": "record.record",
    "register_baseline": "attribute.baselines",
    "register_detector": "guard.detector",
    "register_method": "attribute.registry",
    "replay": "localize.replay",
    "resolve_targets": "adapt.targets",
    "resume": "localize.localize",
    "save_merged": "adapt.merge",
    "score_set": "localize.localize",
    "stack_adapters": "adapt.adapter",
    "sweep": "patch.sweep",
    "train_adapter": "adapt.train",
    "train_classifier": "classify.train",
    "usual_settings": "classify.train",
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
