"""Patches: interventions as data, and the context that carries them out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, overload

import torch
from torch import nn

from workbench.errors import InputError
from workbench.hooks.bridge import is_bridge
from workbench.hooks.clock import StepClock, timed
from workbench.hooks.forward import forward_hooks, forward_pre_hooks
from workbench.models.model import Model
from workbench.record.record import Record, text_slice
from workbench.sites.site import PartName, Site

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

    from workbench.patch.bridge import HookPatch

Source = int | Literal["zero"] | Record


@dataclass(frozen=True, eq=False)
class Patch:
    """Replace the text keys and values that one row of a batch sees at one site.

    Args:
        site: where.
        source: another row of the same batch, `zero`, or a `Record` of the same prompt layout; a record
            holds one row per guidance half.
        heads: heads to replace; all of them by default.
        steps: loop indices (first, end) of the denoising steps; end None means to the last one.
        parts: keys, values or both.
    """

    site: Site
    source: Source
    heads: tuple[int, ...] | None = None
    steps: tuple[int, int | None] = (0, None)
    parts: tuple[PartName, ...] = ("key", "value")

    def __post_init__(self) -> None:
        if self.heads is not None and not all(0 <= head < self.site.heads for head in self.heads):
            raise InputError(
                f"heads from 0 to {self.site.heads - 1} at {self.site.name}", f"{self.heads}", "give existing heads"
            )

    def active(self, step: int) -> bool:
        """Whether the patch applies at a loop index."""
        first, end = self.steps
        return step >= first and (end is None or step < end)


@overload
def patched(
    model: Model,
    patches: Mapping[int, Sequence[Patch]],
    *,
    batch: int,
    calls_per_step: int = 1,
    condition_only: bool = False,
    on_call: Callable[[StepClock], None] | None = None,
) -> AbstractContextManager[StepClock]: ...
@overload
def patched(
    model: TransformerBridge, patches: Mapping[int, Sequence[HookPatch]], *, batch: int
) -> AbstractContextManager[Counter[str]]: ...
def patched(
    model: Model | TransformerBridge, patches: Mapping[int, Sequence[Any]], *, batch: int, **options: Any
) -> AbstractContextManager[Any]:
    """Carry out patches while the block runs one batch.

    Args:
        model: an opened model with weights, or a TransformerLens bridge.
        patches: for each row, from 0 to `batch` - 1, its patches, a bridge's being `HookPatch`; rows without any stay
            untouched, bit for bit.
        batch: prompts per pipeline call, or texts per call of the bridge. With batched guidance the denoiser sees
            [negative, positive] rows.
        calls_per_step: of a diffusion model, see `Model.calls_per_step`.
        condition_only: of a diffusion model, leave the negative half alone; the published procedure patches both.
        on_call: of a diffusion model, called at each denoiser call; it may raise to cancel.

    Yields:
        The clock of the generation, which also counts denoiser rows; for a bridge how often each hook has run, since
        transformers never calls some modules that a bridge has hooks for.

    Raises:
        InputError: rows outside the batch, or hooks, positions or heads that do not exist.
        RefusedError: a hook of a bridge where a change is discarded or also reaches other rows.

    The context works for one generation. Hooks come off when it ends, whatever ends it.
    """
    if is_bridge(model):
        from workbench.patch.bridge import patched_hooks

        return patched_hooks(model, patches, batch=batch, **options)
    return _patched_sites(model, patches, batch=batch, **options)


@contextmanager
def _patched_sites(
    model: Model,
    patches: Mapping[int, Sequence[Patch]],
    *,
    batch: int,
    calls_per_step: int = 1,
    condition_only: bool = False,
    on_call: Callable[[StepClock], None] | None = None,
) -> Iterator[StepClock]:
    check_rows(patches, batch)
    by_site: dict[Site, list[tuple[int, Patch]]] = {}
    for row, row_patches in patches.items():
        for patch in row_patches:
            by_site.setdefault(patch.site, []).append((row, patch))
    with ExitStack() as stack:
        clock = stack.enter_context(timed(model, calls_per_step=calls_per_step, on_call=on_call))
        plan = _Plan(clock, batch, condition_only)
        masks = [
            (model.denoiser.get_submodule(site.name), plan.mask_hook(site.mask_argument, wanted))
            for site, wanted in by_site.items()
            if site.mask_argument is not None
        ]
        stack.enter_context(forward_pre_hooks(masks))
        hooks = [
            (model.denoiser.get_submodule(part.module), plan.part_hook(site, part.name, part.span, wanted))
            for site, wanted in by_site.items()
            for part in site.parts
        ]
        stack.enter_context(forward_hooks(hooks))
        yield clock


class _Sourced(Protocol):
    @property
    def source(self) -> Source: ...


def check_rows(patches: Mapping[int, Sequence[_Sourced]], batch: int) -> None:
    """Fail unless every row is in the batch and no row reads from one that has patches of its own.

    Raises:
        InputError: otherwise.
    """
    for row, row_patches in patches.items():
        sources = [patch.source for patch in row_patches if isinstance(patch.source, int)]
        if not all(0 <= index < batch for index in (row, *sources)):
            raise InputError(f"rows from 0 to {batch - 1}", f"row {row} from {sources}", "give rows of the batch")
        if any(patches.get(source) for source in sources):
            raise InputError("source rows without patches of their own", f"row {row} from {sources}", "reorder rows")


@dataclass
class _Plan:
    clock: StepClock
    batch: int
    condition_only: bool

    def halves(self, rows: int) -> range:
        """Return which guidance halves of the running call are patched."""
        count, rest = divmod(rows, self.batch)
        if rest or count not in (1, 2):
            raise InputError(
                f"one image for each of {self.batch} prompts", f"{rows} denoiser rows", "generate that batch"
            )
        if not self.condition_only:
            return range(count)
        return range(0) if self.clock.in_negative_call else range(count - 1, count)

    def part_hook(self, site: Site, part: PartName, span: Any, wanted: list[tuple[int, Patch]]) -> Any:
        """Return the forward hook that replaces one part of one site in the wanted rows."""

        def hook(_: nn.Module, __: Any, output: torch.Tensor) -> torch.Tensor | None:
            due = [(row, patch) for row, patch in wanted if part in patch.parts and patch.active(self.clock.step)]
            if not due:
                return None
            where = text_slice(span, self.clock.text_tokens, output.shape[1])
            changed = output.clone()
            for half in self.halves(len(output)):
                for row, patch in due:
                    target = changed[half * self.batch + row, where].unflatten(-1, (site.heads, -1))
                    new = self._source(output[:, where], site, part, patch, half).unflatten(-1, (site.heads, -1))
                    heads = slice(None) if patch.heads is None else list(patch.heads)
                    target[:, heads] = new[:, heads]
            return changed

        return hook

    def _source(self, text: torch.Tensor, site: Site, part: str, patch: Patch, half: int) -> torch.Tensor:
        if isinstance(patch.source, int):
            return text[half * self.batch + patch.source]
        if isinstance(patch.source, Record):
            recorded = patch.source.tensors.get((site.name, part, self.clock.call))
            if recorded is None or half >= len(recorded) or recorded.shape[1:] != text.shape[1:]:
                raise InputError(
                    f"a record of {site.name} with {tuple(text.shape[1:])} tokens and widths at call {self.clock.call}",
                    "none" if recorded is None else f"{tuple(recorded.shape)}",
                    "record the same sites, steps, guidance and text length",
                )
            return recorded[half].to(text.device, text.dtype)
        return torch.zeros_like(text[0])

    def mask_hook(self, argument: str, wanted: list[tuple[int, Patch]]) -> Any:
        """Return the pre-hook that gives the wanted rows the text mask of their source row."""

        def hook(_: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, dict[str, Any]] | None:
            mask = named.get(argument)
            due = [
                (row, patch.source)
                for row, patch in wanted
                if isinstance(patch.source, int) and patch.active(self.clock.step)
            ]
            if mask is None or not due:
                return None
            changed = mask.clone()
            for half in self.halves(len(mask)):
                for row, source in due:
                    changed[half * self.batch + row] = mask[half * self.batch + source]
            return inputs, {**named, argument: changed}

        return hook
