"""One decision as a scalar function of token embeddings, between a baseline and a text, with every pass counted."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Final

import torch
from torch import nn

from workbench.attribute.settings import Settings
from workbench.classify.classifier import NeuralClassifier
from workbench.errors import RefusedError

Value = Callable[[torch.Tensor], torch.Tensor]
FLOOR: Final = 0.1


def margin(logits: torch.Tensor, label: int) -> torch.Tensor:
    """Return how far a label is ahead of all others together: its logit minus their logsumexp, float32 [row].

    With two labels that is the difference of their logits. It is the log odds of the label, so it does not saturate
    as a probability does.
    """
    others = torch.cat([logits[:, :label], logits[:, label + 1 :]], dim=1)
    return logits[:, label] - torch.logsumexp(others, dim=1)


@dataclass
class Passes:
    """Rows that went through the network: forward, and backward again."""

    forward: int = 0
    backward: int = 0

    def taken(self) -> Passes:
        """Return what was counted since the last call, and begin anew."""
        counted = Passes(self.forward, self.backward)
        self.forward, self.backward = 0, 0
        return counted


@dataclass(frozen=True)
class Decision:
    """The margin of one label as a function of the embeddings of one text's tokens.

    Args:
        classifier: it decides.
        label: index of the label.
        mask: attention mask of the text, int64 [1, token]; the same at every point of a path.
        passes: the count, shared by everything that asks about this text.
        sequence: whether the labels' whole strings decide, instead of their first pieces' logits.
    """

    classifier: NeuralClassifier
    label: int
    mask: torch.Tensor
    passes: Passes
    sequence: bool = False

    def logits(self, points: torch.Tensor) -> torch.Tensor:
        """Return the labels' logits at points [row, token, width]; with gradients on, a backward pass counts too."""
        self.passes.forward += len(points)
        self.passes.backward += len(points) if torch.is_grad_enabled() else 0
        with _differentiable(self.classifier.module):
            score = self.classifier.string_scores if self.sequence else self.classifier.logits
            return score(points, self.mask.expand(len(points), -1))

    def __call__(self, points: torch.Tensor) -> torch.Tensor:
        """Return the margin at points [row, token, width], float32 [row]."""
        return margin(self.logits(points), self.label)


@dataclass(frozen=True)
class Problem:
    """What a method gets: a function and the two ends of a path.

    Args:
        value: from points [row, token, width] to the margin, float32 [row].
        start: the baseline, [token, width].
        end: the text, [token, width].
        content: which tokens are the text itself, bool [token]; start and end are equal elsewhere in the input.
        at_start, at_end: the margin at both ends.
        settings: numbers that methods read.
        decision: the decision behind `value`.
    """

    value: Value
    start: torch.Tensor
    end: torch.Tensor
    content: torch.Tensor
    at_start: float
    at_end: float
    settings: Settings
    decision: Decision

    @property
    def change(self) -> float:
        """What the scores of a complete method add up to."""
        return self.at_end - self.at_start

    def gap(self, scores: torch.Tensor) -> float:
        """Return the completeness gap as a share of the change; of `FLOOR` where the change is smaller than that."""
        return abs(float(scores.sum()) - self.change) / max(abs(self.change), FLOOR)

    def values(self, points: torch.Tensor) -> torch.Tensor:
        """Return the margin at many points, without gradients and in parts that fit the memory."""
        with torch.no_grad():
            return torch.cat([self.value(part) for part in points.split(self.settings.rows)])

    def gradients(self, points: torch.Tensor) -> torch.Tensor:
        """Return the margin's gradients at many points, of the same shape."""
        found = []
        with torch.enable_grad():
            for part in points.split(self.settings.rows):
                part = part.detach().requires_grad_()
                found += torch.autograd.grad(self.value(part).sum(), part)
        return torch.cat(found)

    def along(self, shares: torch.Tensor) -> torch.Tensor:
        """Return points [share, token, width] on the straight path; 0 is the baseline and 1 the text."""
        return self.start + shares.to(self.start)[:, None, None] * (self.end - self.start)


def check_precision(classifier: NeuralClassifier) -> None:
    """Refuse a classifier whose weights are not all float32.

    Raises:
        RefusedError: some are not. In bfloat16 the completeness gap of 50 nodes grows about fivefold, and no number of
            nodes brings it down, so such weights are refused instead of being cast without a word.
    """
    kinds = {str(weight.dtype).removeprefix("torch.") for weight in classifier.module.parameters()} - {"float32"}
    if kinds:
        raise RefusedError(
            "weights in float32, in which a completeness gap can be certified",
            f"weights in {', '.join(sorted(kinds))}",
            "convert the classifier first: classifier.module.float()",
        )


def _differentiable(module: nn.Module) -> AbstractContextManager[None]:
    """Keep cuDNN away from recurrent layers: in eval mode it has no backward pass, and train mode would drop units."""
    if any(isinstance(part, nn.RNNBase) for part in module.modules()):
        return torch.backends.cudnn.flags(enabled=False)
    return nullcontext()
