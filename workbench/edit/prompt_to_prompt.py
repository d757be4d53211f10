"""Prompt-to-Prompt as a baseline: the target prompt's values under the source prompt's attention maps.

Hertz et al., "Prompt-to-Prompt Image Editing with Cross Attention Control", arXiv 2208.01626, replacement of a
word. A row that gets the queries and keys of another row has that row's attention maps, whichever way attention is
computed, so hooks on the projections suffice and no attention processor is touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import torch
from torch import nn

from workbench.hooks.clock import StepClock, timed
from workbench.hooks.forward import ForwardHook, forward_hooks
from workbench.localize.pairs import Pair
from workbench.models.model import Model
from workbench.sites.site import Site

# Shares of the steps that public code of the method often uses for refining and reweighting; recalled for replacing.
CROSS_SHARE: Final = 0.8
SELF_SHARE: Final = 0.4


def why_not(model: Model, sites: Sequence[Site]) -> str:
    """Return why the baseline does not exist for this model; empty where it does."""
    if model.component == "unet" and all(site.kind == "cross" for site in sites):
        return ""
    return "it replaces the cross-attention maps of a U-Net, and this model has none"


def equally_long(model: Model, pair: Pair) -> bool:
    """Tell whether both prompts have the same number of tokens, without which their maps do not correspond."""
    from transformers import PreTrainedTokenizerBase

    components: dict[str, Any] = {} if model.pipeline is None else model.pipeline.components
    tokenizers = [item for item in components.values() if isinstance(item, PreTrainedTokenizerBase)]
    return all(len(item(pair.source).input_ids) == len(item(pair.target).input_ids) for item in tokenizers)


@contextmanager
def attention_from(
    model: Model, sites: Sequence[Site], sources: Mapping[int, int], *, batch: int, steps: int
) -> Iterator[None]:
    """Give rows the attention maps of other rows while the block generates one batch.

    Cross-attention maps are replaced in the first 80 % of the steps and self-attention maps in the first 40 %, in the
    conditional half of the batch, as in the authors' code.

    Args:
        model: a U-Net model for which `why_not` is empty.
        sites: its cross-attention sites.
        sources: for each row the row whose maps it gets.
        batch: prompts per pipeline call.
        steps: denoising steps.
    """
    if not sources:
        yield
        return
    with timed(model) as clock:
        cross = _copying(clock, sources, batch, round(CROSS_SHARE * steps))
        own = _copying(clock, sources, batch, round(SELF_SHARE * steps))
        hooks: list[tuple[nn.Module, ForwardHook]] = []
        for site in sites:
            block = model.denoiser.get_submodule(site.name.rpartition(".")[0])
            hooks += [(block.get_submodule(f"attn2.{name}"), cross) for name in ("to_q", "to_k")]
            hooks += [(block.get_submodule(f"attn1.{name}"), own) for name in ("to_q", "to_k")]
        with forward_hooks(hooks):
            yield


def _copying(clock: StepClock, sources: Mapping[int, int], batch: int, end: int) -> ForwardHook:
    """Return the hook that copies a projection's output between rows in the steps before `end`."""

    def hook(_: nn.Module, __: Any, output: torch.Tensor) -> torch.Tensor | None:
        if clock.step >= end:
            return None
        changed, conditional = output.clone(), len(output) - batch
        for row, source in sources.items():
            changed[conditional + row] = output[conditional + source]
        return changed

    return hook
