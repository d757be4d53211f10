"""Settings of a classifier's training, checked when they are made and stored with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from workbench.classify.augment import METHODS
from workbench.classify.clean import cleaning_of
from workbench.errors import InputError


@dataclass(frozen=True)
class ClassifierSettings:
    """Everything that decides a classifier, besides its kind and its data.

    Each kind has usual values of its own (`usual_settings`); those of text-to-text models follow HaT5.

    Args:
        cleaning: `hat5` or `none`.
        vocabulary: most words or pieces of a vocabulary that is made from the texts.
        max_tokens: longest text, prefix and end mark included; longer ones are left out and counted.
        width: of embeddings, for networks that start from scratch.
        hidden: of one direction's state, or number of filters of each width.
        heads, layers: of the encoder; `layers` of a recurrent network too.
        dropout: share of values.
        epochs: passes over the training split; the weights with the lowest validation loss are kept.
        batch: texts of one step.
        learning_rate: highest rate of Adam (AdamW, no decay); it falls linearly to 0 after the warm-up.
        warm_up: share of all steps in which it rises.
        balance: power p of class weights (texts / (labels x texts of the label)) ** p; 0 none, 1 fully balanced.
        teacher: share of the targets that are the linear model's probabilities, each predicted by a linear model that
            did not see the text; 0 none.
        pretraining: passes over all texts at hand, labelled or not, before: span corruption for a text-to-text model;
            networks over words get word vectors from them if it is not 0.
        augmentations: out of `drop`, `replace` and `generate`; each adds at most as many texts as there are.
        held_out: share of the data that is kept for the figures.
        validation: share of the rest that chooses the weights.
        split_seed: decides both splits, the same for every seed.
        seeds: one training each; they decide first weights, order and dropout.
        half: store weights as float16, half the size; they are computed with in float32 again.
    """

    cleaning: str = "hat5"
    vocabulary: int = 8000
    max_tokens: int = 256
    width: int = 128
    hidden: int = 64
    heads: int = 4
    layers: int = 2
    dropout: float = 0.1
    epochs: int = 6
    batch: int = 16
    learning_rate: float = 2e-4
    warm_up: float = 0.1
    balance: float = 0.0
    teacher: float = 0.0
    pretraining: int = 0
    augmentations: Sequence[str] = ()
    held_out: float = 0.2
    validation: float = 0.1
    split_seed: int = 0
    seeds: Sequence[int] = (0,)
    half: bool = False

    def __post_init__(self) -> None:
        cleaning_of(self.cleaning)
        counts = ("vocabulary", "max_tokens", "width", "hidden", "heads", "layers", "epochs", "batch")
        shares = ("dropout", "warm_up", "balance", "teacher", "held_out", "validation")
        for name in counts:
            self._check(getattr(self, name) >= 1, f"{name} of at least 1", name)
        for name in shares:
            self._check(0 <= getattr(self, name) <= 1, f"{name} between 0 and 1", name)
        for name in ("held_out", "validation"):
            self._check(0 < getattr(self, name) < 0.9, f"{name} above 0 and below 0.9", name)
        self._check(0 < self.learning_rate < 1, "a learning rate between 0 and 1", "learning_rate")
        self._check(self.pretraining >= 0, "pretraining of at least 0", "pretraining")
        self._check(self.width % (2 * self.heads) == 0, f"a width divisible by {2 * self.heads}", "width")
        self._check(set(self.augmentations) <= set(METHODS), f"augmentations out of {sorted(METHODS)}", "augmentations")
        self._check(0 < len(set(self.seeds)) == len(self.seeds), "seeds that differ, at least one", "seeds")

    def _check(self, holds: bool, expected: str, name: str) -> None:
        if not holds:
            raise InputError(expected, str(getattr(self, name)), f"change {name}")

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {**asdict(self), "augmentations": list(self.augmentations), "seeds": list(self.seeds)}
