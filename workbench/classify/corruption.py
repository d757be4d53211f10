"""Span corruption (Raffel et al. 2020, arXiv 1910.10683): a T5 learns a language by restoring left-out spans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import torch

from workbench.classify.kinds.text_to_text import IGNORED, TextToTextClassifier
from workbench.classify.loop import shuffled_batches
from workbench.classify.tokens import Tokens
from workbench.errors import RefusedError

NOISE: Final = 0.15
SPAN: Final = 2
HELD_OUT: Final = 0.02
Pair = tuple[list[int], list[int]]


class SpanCorruption:
    """The loss of restoring spans.

    Args:
        classifier: a text-to-text model whose tokeniser has sentinels `<extra_id_0>`, `<extra_id_1>`, ...
        texts: raw texts; one in fifty is held out.
        batch: texts of one step.
        seed: decides the order and the spans.

    Raises:
        RefusedError: the tokeniser has no sentinels.
    """

    def __init__(self, classifier: TextToTextClassifier, texts: Sequence[str], batch: int, seed: int) -> None:
        self.classifier, self.batch, self.seed = classifier, batch, seed
        vocabulary = classifier.tokenizer.get_vocab()
        self.sentinels: list[int] = []
        while (piece := f"<extra_id_{len(self.sentinels)}>") in vocabulary:
            self.sentinels.append(vocabulary[piece])
        if not self.sentinels:
            raise RefusedError("a tokeniser with sentinels <extra_id_0> ...", "one without", "set pretraining to 0")
        # What is restored is the text itself: neither the prefix nor the end mark.
        rows = [_content(classifier.tokens(text), classifier.max_tokens) for text in texts]
        rows = [row for row in rows if len(row) > SPAN]
        held = max(1, round(HELD_OUT * len(rows)))
        self.held, self.rows = rows[:held], rows[held:]

    def steps(self) -> int:
        """Return the number of batches of an epoch."""
        return -(-len(self.rows) // self.batch)

    def losses(self, epoch: int) -> Iterator[torch.Tensor]:
        """Yield the loss of each batch of an epoch; other spans are left out in each."""
        rng = np.random.default_rng((self.seed, epoch, 1))
        for places in shuffled_batches([len(row) for row in self.rows], self.batch, self.seed, epoch):
            yield self._loss([self._corrupt(self.rows[place], rng) for place in places])

    def validation(self) -> float:
        """Return the loss on the held-out texts, with the same spans each time."""
        rng = np.random.default_rng(self.seed)
        return float(self._loss([self._corrupt(row, rng) for row in self.held]))

    def _corrupt(self, row: list[int], rng: np.random.Generator) -> Pair:
        """Return the text with sentinels for its left-out spans, and the sentinels with these spans."""
        spans = min(len(self.sentinels), max(1, round(NOISE * len(row) / SPAN)))
        starts = np.sort(rng.choice(max(1, len(row) // SPAN), size=min(spans, len(row) // SPAN), replace=False)) * SPAN
        source: list[int] = []
        target: list[int] = []
        last = 0
        for sentinel, start in zip(self.sentinels, starts.tolist(), strict=False):
            source += [*row[last:start], sentinel]
            target += [sentinel, *row[start : start + SPAN]]
            last = start + SPAN
        end = self.classifier.tokenizer.eos_token_id
        return [*source, *row[last:], end], [*target, end]

    def _loss(self, pairs: Sequence[Pair]) -> torch.Tensor:
        device, pad = self.classifier.device, self.classifier.pad_id
        sources = _padded([source for source, _ in pairs], pad).to(device)
        targets = _padded([target for _, target in pairs], IGNORED).to(device)
        mask = _padded([[1] * len(source) for source, _ in pairs], 0).to(device)
        return self.classifier.module(input_ids=sources, attention_mask=mask, labels=targets).loss


def _content(tokens: Tokens, most: int) -> list[int]:
    ids = [token for token, inside in zip(tokens.ids, tokens.content, strict=True) if inside]
    return ids[: most - 1]


def _padded(rows: Sequence[Sequence[int]], filler: int) -> torch.Tensor:
    width = max(map(len, rows))
    return torch.tensor([[*row, *[filler] * (width - len(row))] for row in rows])
