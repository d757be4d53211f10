"""Sweep a TransformerLens bridge: which hook and position carries what sets two texts apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from workbench.errors import InputError
from workbench.hooks.bridge import hook_point
from workbench.patch.bridge import HookPatch, check_hook, patched_hooks, token_axis
from workbench.patch.hook_result import HookSweep, SweptPair
from workbench.record.bridge import ACTIVATION, record_hooks
from workbench.record.record import Record

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge


@dataclass(frozen=True)
class ReadText:
    """A text as token ids, and its tokens as they may be shown."""

    ids: tuple[int, ...]
    pieces: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """What a bridge is asked about a text: by how much its next token prefers one label.

    Args:
        labels: names of the possible answers.
        answers: id of the vocabulary that speaks for each label.
        target: the label whose margin is measured.
        read: turns a text into tokens.
        start: first token of the decoder, which encoder-decoders need.

    Raises:
        InputError: a target that is no label, or answers that are not one different id for each label.
    """

    labels: tuple[str, ...]
    answers: tuple[int, ...]
    target: str
    read: Callable[[str], ReadText]
    start: int | None = None

    def __post_init__(self) -> None:
        if self.target not in self.labels:
            raise InputError(f"a label out of {list(self.labels)}", repr(self.target), "choose one of these")
        if len(self.labels) < 2 or len(self.labels) != len(self.answers) or len(set(self.answers)) < len(self.answers):
            raise InputError(
                "two or more labels, each with an id of its own",
                f"ids {list(self.answers)} for {list(self.labels)}",
                "give one id for each label",
            )

    def margins(self, bridge: TransformerBridge, texts: Sequence[ReadText]) -> torch.Tensor:
        """Ask about texts of equally many tokens in one forward pass.

        Returns:
            The margin of each, float32 [row], in logits: the target's at the last position, minus the logsumexp of
            the other labels'.
        """
        device = next(bridge.parameters()).device
        ids = torch.tensor([text.ids for text in texts], device=device)
        decoder = {} if self.start is None else {"decoder_input_ids": torch.full_like(ids[:, :1], self.start)}
        logits = bridge(ids, **decoder)[:, -1, list(self.answers)].float()
        target = self.labels.index(self.target)
        others = [index for index in range(len(self.labels)) if index != target]
        return logits[:, target] - logits[:, others].logsumexp(dim=1)


@torch.no_grad()
def sweep_hooks(
    bridge: TransformerBridge,
    pairs: Sequence[tuple[str, str]],
    hooks: Sequence[str],
    question: Question,
    *,
    positions: Sequence[int] | None = None,
    max_rows: int = 32,
) -> HookSweep:
    """Patch each hook and position of corrupted texts from clean ones; see `workbench.patch.sweep.sweep`."""
    if not pairs or not hooks:
        raise InputError("at least one pair and one hook", f"{len(pairs)} and {len(hooks)}", "give both")
    if max_rows < 2:
        raise InputError("at least two rows, the clean text and one patch", f"{max_rows}", "raise `max_rows`")
    if bridge.training:
        raise InputError(
            "a bridge in eval mode", "one in training mode", "call `bridge.eval()`, for dropout would count"
        )
    encoder_decoder = bool(getattr(bridge.original_model.config, "is_encoder_decoder", False))
    if encoder_decoder != (question.start is not None):
        raise InputError(
            "a question with the decoder's first token for an encoder-decoder, and for no other model",
            f"start {question.start}",
            "give the question another `start`",
        )
    for hook in hooks:
        check_hook(bridge, hook)
    read = [_read(question, *pair) for pair in pairs]
    swept = [_sweep_pair(bridge, pair, list(dict.fromkeys(hooks)), question, positions, max_rows) for pair in read]
    return HookSweep(question.target, question.labels, tuple(swept))


def _read(question: Question, clean: str, corrupted: str) -> tuple[ReadText, ReadText]:
    one, other = question.read(clean), question.read(corrupted)
    if len(one.ids) != len(other.ids):
        raise InputError(
            "a clean and a corrupted text with equally many tokens",
            f"{len(one.ids)} and {len(other.ids)}: {' '.join(one.pieces)} | {' '.join(other.pieces)}",
            "exchange words for others of as many tokens",
        )
    if one.ids == other.ids:
        raise InputError(
            "a clean and a corrupted text that differ", f"the tokens {' '.join(one.pieces)} twice", "change a word"
        )
    return one, other


def _sweep_pair(
    bridge: TransformerBridge,
    pair: tuple[ReadText, ReadText],
    hooks: Sequence[str],
    question: Question,
    positions: Sequence[int] | None,
    max_rows: int,
) -> SweptPair:
    clean, corrupted = pair
    with record_hooks(bridge, hooks) as kept:
        at_clean, at_corrupted = question.margins(bridge, pair).tolist()
    lengths = {hook: _length(bridge, kept, hook) for hook in hooks}
    cells = [(hook, place) for hook in hooks for place in (range(lengths[hook]) if positions is None else positions)]
    margins: dict[str, dict[int, float]] = {hook: {} for hook in hooks}
    for start in range(0, len(cells), max_rows - 1):
        chunk = cells[start : start + max_rows - 1]
        patches = {row: [HookPatch(hook, 0, (place,))] for row, (hook, place) in enumerate(chunk, start=1)}
        with patched_hooks(bridge, patches, batch=1 + len(chunk)):
            values = question.margins(bridge, [clean, *[corrupted] * len(chunk)]).tolist()
        for (hook, place), margin in zip(chunk, values[1:], strict=True):
            margins[hook][place] = margin
    batches = -(-len(cells) // (max_rows - 1))
    rows = 2 + len(cells) + batches
    return SweptPair(clean.pieces, corrupted.pieces, at_clean, at_corrupted, lengths, margins, rows)


def _length(bridge: TransformerBridge, kept: Record, hook: str) -> int:
    """Return how many positions a hook has, given a record of the two unpatched runs."""
    activation = kept.tensors.get((hook, ACTIVATION, 0))
    if activation is None or len(activation) != 2:
        reason = "transformers never calls it" if activation is None else "its first axis is not the batch"
        raise InputError("hooks that run on every text", f"{hook!r}: {reason}", "choose another, such as of a block")
    return activation.shape[token_axis(hook_point(bridge, hook), activation.ndim)]
