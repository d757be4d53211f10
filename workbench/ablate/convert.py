"""The verb `convert`: a trained model's attention in another form, with the change of its function."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from workbench.ablate.conversion import Conversion, SiteChange
from workbench.attention.algebra import symmetry_score, variation_bound
from workbench.attention.attention import Attention
from workbench.attention.factored import FactoredScores
from workbench.attention.form import Request, not_square
from workbench.attention.host import attention_at, find_attention
from workbench.attention.surgery import Operated, operate
from workbench.attention.variant import BASELINE
from workbench.attention.weights import score_weights
from workbench.errors import InputError
from workbench.hooks.forward import forward_hooks, forward_pre_hooks

# Masks of other libraries hide with the lowest number of their type, not with -inf.
HIDDEN = -1e30
Call = tuple[tuple[Any, ...], dict[str, Any]]


def convert(
    model: nn.Module,
    variant: str,
    inputs: Sequence[torch.Tensor],
    *,
    sites: Iterable[str] | None = None,
    mlps: Sequence[str] = (),
    cross: Iterable[str] = (),
    rank: int | None = None,
    data_aware: bool = False,
) -> Conversion:
    """Convert the attention of a trained model, and measure how far its function moves.

    Args:
        model: stays as it is.
        variant: such as `collapsed_qk+collapsed_vo`, exact where attention is bilinear, or `symmetric_signed`.
        inputs: calibration inputs; the model is called with them.
        sites: module paths of attention sites; all that can be converted unless given.
        mlps: module paths of MLP branches, for `no_mlp`.
        cross: those of the sites whose context is another stream.
        rank: head width of a symmetric or truncated form.
        data_aware: give up what matters least for the calibration inputs, not what is smallest.

    Returns:
        The converted copy, in the type of the model, with figures from float64.

    Raises:
        InputError: no such variant, a rank below 1, or a model without attention that can be converted.
        RefusedError: no site can take the form.
    """
    paths = list(find_attention(model)) if sites is None else list(sites)
    if not paths or (rank is not None and rank < 1):
        raise InputError(
            "attention of a known class and a rank of 1 or more", f"{len(paths)} sites, rank {rank}", "change them"
        )
    exact = [part.double() if part.is_floating_point() else part for part in inputs]
    before = copy.deepcopy(model).double().eval()
    operate(before, BASELINE, paths, cross=cross)
    calls, outputs = _recorded(before, paths, exact)
    after = copy.deepcopy(before)
    requests = {path: Request("convert", rank, _states(calls[path]) if data_aware else None) for path in calls}
    done = operate(after, variant, list(calls), mlps, cross, requests)
    with torch.no_grad():
        moved = _tensor(after(*exact))
    return Conversion(
        variant,
        tuple(_change(before, after, one, calls[one.site]) for one in done),
        float((moved - outputs).norm() / outputs.norm()),
        sum(weight.numel() for weight in model.parameters()),
        sum(weight.numel() for weight in after.parameters()),
        after.to(next(model.parameters()).dtype).train(model.training),
    )


def _recorded(
    model: nn.Module, paths: Sequence[str], inputs: Sequence[torch.Tensor]
) -> tuple[dict[str, Call], torch.Tensor]:
    """Run a model and return what each site is called with the first time, and the outputs."""
    calls: dict[str, Call] = {}

    def keep(path: str) -> Any:
        return lambda module, positional, keywords: calls.setdefault(path, (positional, keywords)) and None

    modules = [(attention_at(model, path) or model.get_submodule(path), keep(path)) for path in paths]
    with torch.no_grad(), forward_pre_hooks(modules):
        outputs = model(*inputs)
    return {path: calls[path] for path in paths if path in calls}, _tensor(outputs)


def _tensor(outputs: Any) -> torch.Tensor:
    """Return the tensor that a model gives, the first of several."""
    return outputs if isinstance(outputs, torch.Tensor) else outputs[0]


def _states(call: Call) -> torch.Tensor:
    """Return the inputs that a site was called with, [token, width]."""
    return call[0][0].flatten(0, -2)


def _change(before: nn.Module, after: nn.Module, one: Operated, call: Call) -> SiteChange:
    """Call a site before and after with the same inputs."""
    old, new = attention_at(before, one.site), attention_at(after, one.site)
    if one.reason is not None or old is None or new is None:
        return SiteChange(one.site, one.reason)
    (logits, pattern, output), (logits_after, pattern_after, output_after) = _seen(old, call), _seen(new, call)
    visible = logits > HIDDEN
    change = (logits_after - logits).where(visible, 0)
    variation = (pattern_after - pattern).abs().sum(-1) / 2
    return replace(
        _character(old, pattern),
        site=one.site,
        logit_error=float(_centred(change, visible).norm() / _centred(logits.where(visible, 0), visible).norm()),
        variation=float(variation.mean()),
        variation_max=float(variation.max()),
        variation_bound=float(_bound(change, visible)),
        output_error=float((output_after - output).norm() / output.norm()),
    )


def _seen(attention: Attention, call: Call) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return logits with their bias, pattern and output of one call."""
    seen: list[torch.Tensor] = []

    def keep(module: nn.Module, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
        seen.extend((inputs[0], output))

    with torch.no_grad(), forward_hooks([(attention.pattern, keep)]):
        output = attention(*call[0], **call[1])
    return seen[0], seen[1], output


def _centred(logits: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
    """Take the mean of what is visible out of each row: softmax does not see it."""
    mean = logits.sum(-1, keepdim=True) / visible.sum(-1, keepdim=True)
    return (logits - mean).where(visible, 0)


def _bound(change: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
    """Return the largest bound on a row's total variation; what is hidden stays hidden."""
    mean = change.sum(-1, keepdim=True) / visible.sum(-1, keepdim=True)
    return variation_bound(torch.where(visible, change, mean)).max()


def _character(attention: Attention, pattern: torch.Tensor) -> SiteChange:
    """Return what characterises a site before it is changed: symmetry of its forms, weight of a token on itself."""
    symmetry = self_weight = None
    if isinstance(attention.scores, FactoredScores) and not_square(attention) is None:
        weights = score_weights(attention)
        symmetry = float(symmetry_score(weights.query, weights.key).mean())
    if not attention.cross:
        self_weight = float(pattern.diagonal(dim1=-2, dim2=-1).mean())
    return SiteChange("", symmetry=symmetry, self_weight=self_weight)
