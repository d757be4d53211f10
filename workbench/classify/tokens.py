"""Classifiers that read tokens: from raw text to padded ids that know their characters, and decisions in batches."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import torch
from torch import nn
from transformers import ByT5Tokenizer

from workbench.classify.card import Card
from workbench.classify.classifier import Encoded, NeuralClassifier, Prediction
from workbench.classify.clean import cleaning_of
from workbench.classify.kind import StoredClassifier
from workbench.errors import InputError, RefusedError

if TYPE_CHECKING:
    from workbench.classify.lesson import Lesson
    from workbench.classify.loop import Epochs

BATCH: Final = 64
Span = tuple[int, int]
NOWHERE: Final[Span] = (0, 0)


@dataclass(frozen=True)
class Tokens:
    """One text's tokens, as in `Encoded` but unpadded."""

    ids: tuple[int, ...]
    content: tuple[bool, ...]
    spans: tuple[Span, ...]


class TokenClassifier(NeuralClassifier, StoredClassifier):
    """A network behind a tokeniser of transformers.

    Args:
        name: as it was opened.
        card: labels, cleaning and so on.
        module: the network; it is put into float32 and eval mode.
        tokenizer: one that tells the characters of each token.
        pad_id: id of the padding token; the tokeniser's own unless given.
    """

    def __init__(self, name: str, card: Card, module: nn.Module, tokenizer: Any, pad_id: int | None = None) -> None:
        super().__init__(name, card)
        if not tokenizer.is_fast and not isinstance(tokenizer, ByT5Tokenizer):
            raise RefusedError(
                "a tokeniser that tells the characters of each token",
                type(tokenizer).__name__,
                "save the checkpoint with its fast tokeniser (tokenizer.json)",
            )
        self.module, self.tokenizer = module.float().eval(), tokenizer
        self.max_tokens = min(card.max_tokens, tokenizer.model_max_length)
        self.pad_id = tokenizer.pad_token_id if pad_id is None else pad_id

    @abstractmethod
    def loss(
        self, embedded: torch.Tensor, mask: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        """Return the training loss of a batch, a scalar.

        Args:
            embedded: embeddings of the tokens, float32 [row, token, width].
            mask: int64 [row, token].
            targets: probability of each label, float32 [row, label]; 0 and 1 unless a teacher gave them.
            weights: of each row, float32 [row].
        """

    def fit(self, lesson: Lesson) -> Epochs:
        """Train by gradient descent, from the lesson's checkpoint if there is one."""
        from workbench.classify.fit import fit_network

        return fit_network(self, lesson)

    def pretrain(self, texts: Sequence[str], lesson: Lesson) -> None:
        """Learn from texts without labels.

        Raises:
            RefusedError: this kind does not.
        """
        raise RefusedError(
            "a text-to-text model or one over words to pre-train",
            f"one of the kind {self.kind}",
            "set pretraining to 0",
        )

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return self.embedding.weight.device

    def tokens(self, text: str) -> Tokens:
        """Tokenise one raw text, however long it is."""
        cleaned = cleaning_of(self.card.cleaning)(text)
        prefix = self.card.prefix
        ids, offsets = self._offsets(prefix + cleaned.text)
        content = tuple(stop > max(start, len(prefix)) for start, stop in offsets)
        return Tokens(
            tuple(ids),
            content,
            tuple(
                cleaned.raw_span(max(start - len(prefix), 0), stop - len(prefix)) if inside else NOWHERE
                for (start, stop), inside in zip(offsets, content, strict=True)
            ),
        )

    def refusal(self, text: str) -> InputError | None:
        """Say why a text cannot be decided; None if it can."""
        return self.refusal_of(text, self.tokens(text))

    def refusal_of(self, text: str, tokens: Tokens) -> InputError | None:
        """Say why a text of these tokens cannot be decided; None if it can."""
        if not text.strip() or not any(tokens.content):
            cleaned = f" after the cleaning {self.card.cleaning!r}" if text.strip() else ""
            return InputError("a text with words", f"an empty text{cleaned}", "leave it out")
        if len(tokens.ids) > self.max_tokens:
            return InputError(
                f"a text of at most {self.max_tokens} tokens, prefix and end mark included",
                f"{len(tokens.ids)} tokens",
                "shorten it",
            )
        return None

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Tokenise raw texts; spans are characters of the raw texts.

        Raises:
            InputError: no text, an empty text, or one with more tokens than the model takes.
        """
        return self.padded(self._readable(texts))

    def _readable(self, texts: Sequence[str]) -> list[Tokens]:
        if not texts:
            raise InputError("at least one text", "none", "give one")
        rows = [self.tokens(text) for text in texts]
        for text, row in zip(texts, rows, strict=True):
            if (refusal := self.refusal_of(text, row)) is not None:
                raise refusal
        return rows

    def padded(self, rows: Sequence[Tokens]) -> Encoded:
        """Put tokenised texts into one batch, padded on the right, on the network's device."""
        width = max(len(row.ids) for row in rows)
        gaps = [width - len(row.ids) for row in rows]
        pairs = list(zip(rows, gaps, strict=True))
        ids = torch.tensor([[*row.ids, *[self.pad_id] * gap] for row, gap in pairs], device=self.device)
        mask = torch.tensor([[1] * len(row.ids) + [0] * gap for row, gap in pairs], device=self.device)
        content = torch.tensor([[*row.content, *[False] * gap] for row, gap in pairs], device=self.device)
        spans = tuple((*row.spans, *[NOWHERE] * gap) for row, gap in pairs)
        pieces = tuple(tuple(self.tokenizer.convert_ids_to_tokens(row)) for row in ids.tolist())
        return Encoded(ids, mask, content, spans, pieces)

    @torch.no_grad()
    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Decide each text; a text's decision does not depend on the batch it is in.

        Raises:
            InputError: no text, an empty text, or one with more tokens than the model takes.
        """
        rows = self._readable(texts)
        self.module.eval()
        decided: dict[int, Prediction] = {}
        for places in batches_by_length([len(row.ids) for row in rows], BATCH):
            encoded = self.padded([rows[place] for place in places])
            decided.update(zip(places, self._decide(encoded), strict=True))
        return [decided[place] for place in range(len(texts))]

    def _decide(self, encoded: Encoded) -> list[Prediction]:
        scores = self.logits(self.embedding(encoded.ids), encoded.mask).softmax(dim=-1)
        return [Prediction(self.labels[int(row.argmax())], tuple(row.tolist())) for row in scores]

    def _offsets(self, text: str) -> tuple[list[int], list[Span]]:
        """Return the token ids of a text, with the [start, stop) characters of each; (0, 0) for special tokens."""
        if isinstance(self.tokenizer, ByT5Tokenizer):
            spans = [(place, place + 1) for place, character in enumerate(text) for _ in character.encode()]
            return self.tokenizer(text, split_special_tokens=True).input_ids, [*spans, NOWHERE]
        # A post that holds "</s>" or "[SEP]" is text: it must not become an end mark.
        encoding = self.tokenizer(
            text, return_offsets_mapping=True, return_special_tokens_mask=True, split_special_tokens=True
        )
        spans = [
            NOWHERE if special else trimmed(text, start, stop)
            for (start, stop), special in zip(encoding.offset_mapping, encoding.special_tokens_mask, strict=True)
        ]
        return encoding.input_ids, spans


def trimmed(text: str, start: int, stop: int) -> Span:
    """Return a span without the white space before its word; one of white space alone stays as it is."""
    blanks = len(text[start:stop]) - len(text[start:stop].lstrip())
    return (start + blanks, stop) if start + blanks < stop else (start, stop)


def batches_by_length(lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    """Yield places in batches of similar length, shortest first, so that little is padded."""
    order = sorted(range(len(lengths)), key=lambda place: lengths[place])
    for start in range(0, len(order), size):
        yield order[start : start + size]


def soft_cross_entropy(logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return the weighted mean cross-entropy against probabilities; shapes as in `TokenClassifier.loss`."""
    rows = -(targets * logits.log_softmax(dim=-1)).sum(dim=-1)
    return (rows * weights).sum() / weights.sum()
