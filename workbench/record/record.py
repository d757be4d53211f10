"""Record text keys and values of chosen sites while a model generates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import pandas as pd
import torch
from torch import nn

from workbench.hooks.bridge import is_bridge
from workbench.hooks.clock import StepClock, timed
from workbench.hooks.forward import forward_hooks
from workbench.models.family import Span
from workbench.models.model import Model
from workbench.sites.site import Part, Site

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge


def text_slice(span: Span, text_tokens: int, total: int) -> slice:
    """Return where the text lies among the tokens of a projection's output."""
    if span == "all":
        return slice(0, total)
    return slice(0, text_tokens) if span == "text_first" else slice(total - text_tokens, total)


@dataclass
class Record:
    """Text keys and values by (site name, part name, denoiser call), on the CPU.

    Each tensor has shape [batch, token, heads * head_dim], the batch as the denoiser saw it: with batched
    guidance the negative rows come first. Of a TransformerLens bridge it holds (hook name, `activation`, call), each
    tensor in the shape that TransformerLens shows, such as [batch, token, width] or [batch, token, head, head_dim].
    """

    tensors: dict[tuple[str, str, int], torch.Tensor] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(tensor.nbytes for tensor in self.tensors.values())

    def rows(self, rows: Sequence[int], batch: int) -> Record:
        """Return the record of some rows out of a generation of `batch` images, all guidance halves kept."""
        kept = {key: value.unflatten(0, (-1, batch))[:, list(rows)] for key, value in self.tensors.items()}
        return Record({key: value.flatten(0, 1) for key, value in kept.items()})

    def to_dataframe(self) -> pd.DataFrame:
        """Return one line per tensor: site, part, call, shape, norm."""
        lines = [
            {"site": site, "part": part, "call": call, "shape": tuple(value.shape), "norm": float(value.norm())}
            for (site, part, call), value in self.tensors.items()
        ]
        return pd.DataFrame(lines, columns=["site", "part", "call", "shape", "norm"])

    def save(self, path: str | Path) -> None:
        """Write the record as safetensors."""
        from safetensors.torch import save_file

        save_file({"|".join(map(str, key)): value.contiguous() for key, value in self.tensors.items()}, str(path))

    @classmethod
    def load(cls, path: str | Path) -> Record:
        """Read a record that `save` wrote."""
        from safetensors.torch import load_file

        tensors = {}
        for key, value in load_file(str(path)).items():
            site, part, call = key.split("|")
            tensors[site, part, int(call)] = value
        return cls(tensors)

    def __repr__(self) -> str:
        sites = {site for site, _, _ in self.tensors}
        return f"Record({len(self.tensors)} tensors of {len(sites)} sites, {self.nbytes / 2**20:.1f} MiB)"

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self))}</p>" + self.to_dataframe().to_html(index=False, escape=True)


@overload
def record(model: Model, sites: Sequence[Site], *, calls_per_step: int = 1) -> AbstractContextManager[Record]: ...
@overload
def record(model: TransformerBridge, hooks: Sequence[str], /) -> AbstractContextManager[Record]: ...
def record(model: Model | TransformerBridge, sites: Sequence[Any], **options: Any) -> AbstractContextManager[Record]:
    """Record text keys and values of sites, or activations of a language model, while the block runs.

    Args:
        model: an opened model with weights, or a TransformerLens bridge.
        sites: sites of that model, or names of the bridge's hooks, such as `encoder_blocks.0.hook_out`.
        calls_per_step: of a diffusion model, see `Model.calls_per_step`.

    Yields:
        The record, filled while the block runs. Afterwards the model is as it was, also on error.

    Raises:
        InputError: the bridge has no hook of a name, or it is switched off.
    """
    if is_bridge(model):
        from workbench.record.bridge import record_hooks

        return record_hooks(model, sites, **options)
    return _record_sites(model, sites, **options)


@contextmanager
def _record_sites(model: Model, sites: Sequence[Site], *, calls_per_step: int = 1) -> Iterator[Record]:
    kept = Record()
    with ExitStack() as stack:
        clock = stack.enter_context(timed(model, calls_per_step=calls_per_step))
        hooks = [
            (model.denoiser.get_submodule(part.module), _store(kept, clock, site, part))
            for site in sites
            for part in site.parts
        ]
        stack.enter_context(forward_hooks(hooks))
        yield kept


def _store(kept: Record, clock: StepClock, site: Site, part: Part) -> Any:
    def hook(_: nn.Module, __: Any, output: torch.Tensor) -> None:
        where = text_slice(part.span, clock.text_tokens, output.shape[1])
        # Outputs that are already on the CPU must be copied: the model may write into them later.
        kept.tensors[site.name, part.name, clock.call] = output[:, where].detach().to("cpu", copy=True)

    return hook
