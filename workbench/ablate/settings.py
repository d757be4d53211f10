"""What an ablation over the zoo is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from workbench.attention.variant import parse_variant
from workbench.errors import InputError
from workbench.zoo.registry import find_system, list_systems
from workbench.zoo.task import find_task
from workbench.zoo.train import Training

MINIMUM: Final = "collapsed_qk+no_vo+no_mlp"
CONTROLS: Final = ("identity", "uniform", "random_symmetric")
VARIANTS: Final = (
    "baseline",
    "symmetric",
    "symmetric_signed",
    "collapsed_qk",
    "collapsed_vo",
    "no_vo",
    "shared_kv",
    "no_mlp",
    MINIMUM,
    *CONTROLS,
)
# Rows of the independent reproduction of arXiv 2410.13732, for `vision/minimal` and `vision/minimal_4_heads`.
REPRODUCTION: Final = (
    "baseline",
    "collapsed_qk",
    "collapsed_qk+no_vo",
    "no_mlp",
    "symmetric_cholesky+no_mlp",
    "collapsed_qk+no_mlp",
    MINIMUM,
)
NAMED: Final = {"standard": VARIANTS, "reproduction": REPRODUCTION}


@dataclass(frozen=True)
class AblationSettings:
    """A matrix of systems and variants.

    Args:
        systems: names.
        variants: names; the baseline is always among them, as the first.
        task: what all systems learn; each its own unless given.
        seeds: number of seeds.
        steps: of each training from scratch.
        finetune: steps of training after a conversion; none unless given.
        batch: examples a step.
        learning_rate: the highest of its cycle.
    """

    systems: tuple[str, ...]
    variants: tuple[str, ...] = VARIANTS
    task: str | None = None
    seeds: int = 3
    steps: int = 300
    finetune: int = 0
    batch: int = 64
    learning_rate: float = 2e-3

    def __post_init__(self) -> None:
        """Refuse what cannot run, before anything does."""
        for variant in self.variants:
            parse_variant(variant)
        for name in self.systems:
            self.task_of(name)
        if self.seeds < 1 or self.steps < 1 or self.finetune < 0 or self.batch < 1 or self.learning_rate <= 0:
            raise InputError("seeds, steps, batch and learning rate above 0", str(vars(self)), "change them")
        if self.variants[:1] != ("baseline",) or len(set(self.variants)) < len(self.variants):
            raise InputError("variants that begin with `baseline`, none twice", str(self.variants), "change them")

    def task_of(self, system: str) -> str:
        """Return the task that a system learns.

        Raises:
            InputError: no such task, or one whose inputs the system does not take.
        """
        entry = find_system(system)
        if self.task is None:
            return entry.task
        shape = find_task(self.task).shape
        if (shape.inputs, shape.each) != (entry.shape.inputs, entry.shape.each):
            raise InputError(
                f"a task with the inputs and outputs of {system}, such as {entry.task}", self.task, "choose another"
            )
        return self.task

    def training(self, steps: int) -> Training:
        """Return a training of a number of steps."""
        return Training(steps, self.batch, self.learning_rate)


def settings_for(
    systems: str | tuple[str, ...], variants: tuple[str, ...] = VARIANTS, **others: Any
) -> AblationSettings:
    """Return settings for names or patterns of systems and names or named lists of variants, the baseline first.

    Raises:
        InputError: no such system, variant or task, or numbers out of range.
    """
    variants = tuple(dict.fromkeys(name for word in variants for name in NAMED.get(word, (word,))))
    patterns = (systems,) if isinstance(systems, str) else systems
    names = tuple(dict.fromkeys(name for pattern in patterns for name in list_systems(pattern)))
    wanted = ("baseline", *(variant for variant in variants if variant != "baseline"))
    return AblationSettings(names, wanted, **others)
