"""Show the found sites the text of a harmless prompt, without another row in the denoiser.

Cross attention (U-Nets) reads the text embedding itself, so the found sites are given that of the harmless prompt:
exact, and no more work than before.

In joint attention (SD3, FLUX) the text has a stream of its own that changes with image and step. Its exact states
for the harmless prompt would take a row of the denoiser. Instead the text streams of both prompts, the harmless and
the toxic one, run through the stock blocks with no image tokens, up to the last found site, and the difference of
their keys and values is added to the live ones. What the image does to the text is in the live ones already; the
difference carries the word. (The harmless stream's own keys and values, put in without the difference, miss the
image's part: on the tiny and the embedded models their error is 2 to 7 times as large.) Without an image the
difference depends on the step's time alone, and little, so it is renewed when the time has moved by a tenth of where
it began. The cost is two rows of text tokens for each toxic prompt, in those blocks and at those steps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import torch
from torch import nn

from workbench.errors import InputError, RefusedError
from workbench.hooks.forward import ForwardHook, PreHook, forward_hooks, forward_pre_hooks
from workbench.models.model import Model
from workbench.record.record import text_slice
from workbench.sites.site import Part, Site

Route = Literal["cross", "joint"]
ROUTES: Final[dict[str, Route]] = {
    "StableDiffusionPipeline": "cross",
    "StableDiffusionXLPipeline": "cross",
    "StableDiffusion3Pipeline": "joint",
    "FluxPipeline": "joint",
}
# In the order in which they run, which in these transformers is that of registration.
BLOCK: Final = re.compile(r"(single_)?transformer_blocks\.\d+")
# Share of the starting time by which a step may lie from the one whose differences it uses.
HELD: Final = 0.1
_PROJECTED: Final = "projects the text inside the denoiser before the sites see it"
REFUSED: Final = {
    "IFPipeline": _PROJECTED,
    "PixArtAlphaPipeline": _PROJECTED,
    "PixArtSigmaPipeline": _PROJECTED,
    "SanaPipeline": _PROJECTED,
    "HunyuanDiTPipeline": "joins two texts inside the denoiser before the sites see them",
    "AuraFlowPipeline": "puts tokens of its own before the text inside the denoiser",
    "QwenImagePipeline": "gives each prompt a text of its own length",
}


def route_of(model: Model) -> Route:
    """Return how the found sites of a model are reached.

    Raises:
        RefusedError: a pipeline that cannot be guarded, or one without weights, with the reason.
    """
    model.require_weights()
    kind = type(model.pipeline).__name__
    if kind not in ROUTES:
        raise RefusedError(
            f"a pipeline that can be guarded ({', '.join(ROUTES)})",
            f"{kind}: {REFUSED.get(kind, 'how it reads prompts is not described')}",
            "use one of these, or patch it with a row of the harmless prompt (`workbench.patched`)",
        )
    if any(getattr(model.denoiser, name, None) is not None for name in ("encoder_hid_proj", "image_proj")):
        raise RefusedError("text alone at the sites", f"{kind} with an image adapter", "unload the adapter first")
    return ROUTES[kind]


@dataclass
class TextSwap:
    """The texts to swap in the running pipeline call, and the denoiser rows that hold them.

    Args:
        toxic: embeddings of the toxic prompts, [prompt, token, width], one of each; empty where there are none.
        harmless: those of the same prompts with their words replaced.
        rows: (row, prompt) for each row of the running denoiser call that holds a toxic prompt.
        uses: denoiser calls of the pipeline call so far that held toxic prompts.
    """

    toxic: torch.Tensor = field(default_factory=lambda: torch.empty(0))
    harmless: torch.Tensor = field(default_factory=lambda: torch.empty(0))
    rows: list[tuple[int, int]] = field(default_factory=list)
    uses: int = 0

    def expect(self, toxic: torch.Tensor, harmless: torch.Tensor) -> None:
        """Swap these texts from now on, each of them once; the next denoiser call must hold them."""
        same = [any(torch.equal(toxic[i], toxic[j]) for j in range(i)) for i in range(len(toxic))]
        once = [i for i, repeated in enumerate(same) if not repeated]
        self.toxic, self.harmless, self.uses = toxic[once], harmless[once], 0

    def find_rows(self, text: torch.Tensor) -> None:
        """Find the rows of a denoiser call whose text is that of a toxic prompt, whatever the batch looks like.

        Raises:
            InputError: the pipeline announced a toxic prompt but calls its denoiser with other texts.
        """
        self.rows = []
        if not len(self.toxic):
            return
        # One transfer from the device a call.
        same = torch.stack([(text == one).flatten(1).all(dim=1) for one in self.toxic.to(text.device)]).tolist()
        self.rows = [(row, prompt) for prompt, rows in enumerate(same) for row, held in enumerate(rows) if held]
        # The second call of two-call guidance holds the negative prompts alone.
        missing = len({prompt for _, prompt in self.rows}) < len(self.toxic)
        if missing and (self.rows or not self.uses):
            raise InputError(
                "the text embeddings that the pipeline made of its prompts",
                "others in the denoiser, so that a toxic word would pass",
                "call the pipeline without changing its embeddings on the way",
            )
        self.uses += bool(self.rows)


@contextmanager
def swapping(model: Model, sites: Sequence[Site], swap: TextSwap) -> Iterator[None]:
    """Keep the hooks of a swap on a model while the block runs."""

    def find_rows(_: nn.Module, __: tuple[Any, ...], named: dict[str, Any]) -> None:
        swap.find_rows(named["encoder_hidden_states"])

    with ExitStack() as stack:
        stack.enter_context(forward_pre_hooks([(model.denoiser, find_rows)]))
        if route_of(model) == "cross":
            stack.enter_context(forward_pre_hooks((_module(model, site.name), _inject(swap)) for site in sites))
        else:
            texts = _TextStreams(model, swap)
            stack.enter_context(forward_pre_hooks(texts.block_hooks(sites)))
            stack.enter_context(forward_hooks(texts.part_hooks(sites)))
        yield


def _module(model: Model, name: str) -> nn.Module:
    return model.denoiser.get_submodule(name)


def _inject(swap: TextSwap) -> PreHook:
    """Give an attention the harmless text in the rows of toxic prompts."""

    def hook(_: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, dict[str, Any]] | None:
        if not swap.rows:
            return None
        text = named["encoder_hidden_states"].clone()
        for row, prompt in swap.rows:
            text[row] = swap.harmless[prompt]
        return inputs, {**named, "encoder_hidden_states": text}

    return hook


class _TextStreams:
    """The text streams of harmless and toxic prompts, without an image, beside those of a joint denoiser call."""

    def __init__(self, model: Model, swap: TextSwap) -> None:
        self._model, self._swap = model, swap
        self._stream: torch.Tensor | None = None
        self._running = False
        self._start = self._renewed = 0.0
        self._differences: dict[str, torch.Tensor] = {}

    def block_hooks(self, sites: Sequence[Site]) -> list[tuple[nn.Module, PreHook]]:
        """Return the pre-hooks that move the streams through every block up to the last of the sites."""
        names = [name for name, _ in self._model.denoiser.named_modules() if BLOCK.fullmatch(name)]
        last = max(names.index(site.name.removesuffix(".attn")) for site in sites)
        blocks = [(_module(self._model, name), self._advance) for name in names[: last + 1]]
        return [(self._model.denoiser, self._begin), *blocks]

    def part_hooks(self, sites: Sequence[Site]) -> list[tuple[nn.Module, ForwardHook]]:
        """Return the hooks that note the difference of the streams' keys and values, and add it to the live ones."""
        return [(_module(self._model, part.module), self._add(part)) for site in sites for part in site.parts]

    def _begin(self, denoiser: Any, _: tuple[Any, ...], named: dict[str, Any]) -> None:
        """Start the streams of a denoiser call, or none where the differences at hand are of about the same time."""
        self._stream, self._running = None, False
        if not self._swap.rows:
            return
        time = float(named["timestep"].flatten()[0])
        if self._swap.uses == 1:
            self._start = time
        elif abs(time - self._renewed) < HELD * abs(self._start):
            return
        self._renewed = time
        self._stream = denoiser.context_embedder(torch.cat([self._swap.harmless, self._swap.toxic]))

    def _advance(self, block: nn.Module, _: tuple[Any, ...], named: dict[str, Any]) -> None:
        if self._stream is None:
            return
        row_of = {prompt: row for row, prompt in self._swap.rows}
        rows = [row_of[prompt] for prompt in range(len(self._swap.toxic))] * 2
        given = {"hidden_states": named["hidden_states"][rows, :0], "temb": named["temb"][rows]}
        if named.get("image_rotary_emb") is not None:
            given["image_rotary_emb"] = tuple(table[: self._stream.shape[1]] for table in named["image_rotary_emb"])
        self._running = True
        # Not through the block's hooks, of which this is one.
        self._stream, _ = block.forward(encoder_hidden_states=self._stream, **given)
        self._running = False

    def _add(self, part: Part) -> ForwardHook:
        def hook(_: nn.Module, __: tuple[Any, ...], output: torch.Tensor) -> torch.Tensor | None:
            if self._running:
                harmless, toxic = output.chunk(2)
                self._differences[part.module] = harmless - toxic
            elif self._swap.rows:
                difference = self._differences[part.module]
                changed = output.clone()
                where = text_slice(part.span, difference.shape[1], output.shape[1])
                for row, prompt in self._swap.rows:
                    changed[row, where] += difference[prompt]
                return changed
            return None

        return hook
