"""Negative controls: attention that learns nothing of where to look. A result that these reach shows nothing."""

from __future__ import annotations

import torch

from workbench.attention.attention import Attention, Rotate, Scores
from workbench.attention.form import DIAGONAL_LOGIT, Request, like, not_bilinear, not_square, register_form
from workbench.attention.weights import score_weights


class UniformScores(Scores):
    """Equal logits: each query sees all that it may see alike."""

    def forward(self, x: torch.Tensor, context: torch.Tensor, rotate: Rotate | None) -> torch.Tensor:
        return x.new_zeros(len(x), self.heads, x.shape[1], context.shape[1])


class IdentityScores(Scores):
    """Logits that let each token see itself alone."""

    def forward(self, x: torch.Tensor, context: torch.Tensor, rotate: Rotate | None) -> torch.Tensor:
        tokens = x.shape[1]
        others = 1 - torch.eye(tokens, dtype=x.dtype, device=x.device)
        return (others * torch.finfo(x.dtype).min / 2).expand(len(x), self.heads, tokens, tokens)


class FixedScores(Scores):
    """Logits of a form that is not trained.

    Args:
        form: [head, width, width], the scale folded in.
    """

    form: torch.Tensor

    def __init__(self, form: torch.Tensor) -> None:
        super().__init__(len(form))
        self.register_buffer("form", form)

    def forward(self, x: torch.Tensor, context: torch.Tensor, rotate: Rotate | None) -> torch.Tensor:
        return torch.einsum("bnd,hde->bhne", x, self.form) @ context[:, None].transpose(-1, -2)


def _never(attention: Attention) -> str | None:
    return None


def _cross(attention: Attention) -> str | None:
    return "a query has no token of its own in another stream" if attention.cross else None


@register_form("uniform", "scores", "control: every token alike", _never, control=True)
def uniform(attention: Attention, request: Request) -> UniformScores:
    """Return equal logits."""
    return UniformScores(attention.heads)


@register_form("identity", "scores", "control: itself alone", _cross, control=True)
def identity(attention: Attention, request: Request) -> IdentityScores:
    """Return logits of a token for itself."""
    return IdentityScores(attention.heads)


def _not_square_form(attention: Attention) -> str | None:
    return not_square(attention) or not_bilinear(attention)


@register_form("random_symmetric", "scores", "control: a random symmetric form", _not_square_form, control=True)
def random_symmetric(attention: Attention, request: Request) -> FixedScores:
    """Draw a symmetric form, fixed, as large as the attention's own, or as its fresh symmetric form would be."""
    weights = score_weights(attention)
    drawn = torch.randn(weights.form.shape, dtype=torch.float64)
    drawn = drawn + drawn.transpose(-1, -2)
    size = weights.form.norm(dim=(-2, -1), keepdim=True)
    if request.mode == "scratch":
        size = torch.full_like(size, DIAGONAL_LOGIT)
    return FixedScores(like(drawn / drawn.norm(dim=(-2, -1), keepdim=True) * size, attention))
