"""Encoder-decoders that answer with the label's string: T5 and its relatives, used as HaT5 does (arXiv 2202.05690)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from torch import nn
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from workbench.classify.card import PREFIX, Card
from workbench.classify.checkpoint import pretrained, pretrained_model, write_pretrained
from workbench.classify.classifier import Encoded, Prediction
from workbench.classify.kind import register_kind
from workbench.classify.loop import Loop
from workbench.classify.tokens import TokenClassifier
from workbench.classify.word_vectors import word_vectors
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.classify.lesson import Lesson
    from workbench.classify.settings import ClassifierSettings

IGNORED: Final = -100
LEAST_SIZE: Final = 0.1


@register_kind("text-to-text", from_scratch="t5-mini")
class TextToTextClassifier(TokenClassifier):
    """A T5-style model whose first decoding step decides.

    The pieces of a label are found by encoding its string: "0" may be written as a bare space mark and "0", so looking
    an id up by the label's text would score an unrelated word.

    Args:
        name: as it was opened.
        card: labels, their strings (`answers`) and the prefix.
        module: an encoder-decoder with a language-model head.
        tokenizer: its tokeniser.

    Raises:
        InputError: two label strings begin with the same piece, so the first step cannot tell them apart.
    """

    module: Any

    def __init__(self, name: str, card: Card, module: Any, tokenizer: Any) -> None:
        # HaT5's tokeniser pads with the end mark; the configuration still knows the true padding.
        super().__init__(name, card, module, tokenizer, pad_id=module.config.pad_token_id)
        self.answers = [tokenizer(answer).input_ids for answer in card.answers]
        firsts = [answer[0] for answer in self.answers]
        if len(set(firsts)) < len(firsts):
            pieces = [tokenizer.convert_ids_to_tokens(answer) for answer in self.answers]
            raise InputError(
                "label strings whose first pieces differ",
                ", ".join(f"{string!r} = {piece}" for string, piece in zip(card.answers, pieces, strict=True)),
                "give other label strings, such as `labels={name: string}`",
            )
        self.first_ids = torch.tensor(firsts)
        start = getattr(module.config, "decoder_start_token_id", None)
        self.start_id = self.pad_id if start is None else start

    @classmethod
    def load(cls, folder: str, name: str, card: Card) -> TextToTextClassifier:
        """Read a checkpoint of transformers, a folder or a hub id."""
        module = pretrained_model(AutoModelForSeq2SeqLM, folder)
        return cls(name, card, module, pretrained(AutoTokenizer, folder))

    @classmethod
    def create(
        cls, texts: Sequence[str], labels: Sequence[str], settings: ClassifierSettings, source: str | None
    ) -> TextToTextClassifier:
        """Start from a checkpoint, or from nothing with a vocabulary of the texts' own."""
        from workbench.classify.vocabulary import new_t5

        answers = tuple(str(index) for index in range(len(labels)))
        card = Card(cls.kind, tuple(labels), settings.max_tokens, settings.cleaning, answers, PREFIX)
        if source is not None:
            return cls.load(source, source, card)
        module, tokenizer = new_t5(texts, answers, settings)
        return cls("t5-mini", card, module, tokenizer)

    def pretrain(self, texts: Sequence[str], lesson: Lesson) -> None:
        """Start a new network from vectors of its pieces, then learn to restore left-out spans of the texts."""
        from workbench.classify.corruption import SpanCorruption

        settings = lesson.settings
        if lesson.source is None:
            vectors = word_vectors([self.tokens(text).ids for text in texts], *self.embedding.weight.shape)
            # T5 divides by a row's size: from one near zero, such as the padding, where decoding starts, gradients
            # explode, and clipping them stops all else.
            known = np.linalg.norm(vectors, axis=1) > LEAST_SIZE * self.embedding.embedding_dim**0.5
            self.embedding.weight.data[known] = torch.from_numpy(vectors[known])
        Loop(
            self.module,
            SpanCorruption(self, texts, settings.batch, lesson.seed),
            settings.pretraining,
            settings.learning_rate,
            settings.warm_up,
            lesson.seed,
            lesson.folder / "pretraining.pt",
            lesson.identity,
            f"pre-training of seed {lesson.seed}",
            lesson.on_progress,
        ).run()

    def write(self, folder: Path) -> None:
        """Write the checkpoint in the format of transformers, and the card."""
        write_pretrained(self.module, self.tokenizer, folder)
        self.card.write(folder)

    @property
    def embedding(self) -> nn.Embedding:
        """The encoder's input embedding."""
        return self.module.get_encoder().get_input_embeddings()

    def logits(self, embedded: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the first decoding step's logits of the labels' first pieces, float32 [row, label]."""
        steps = self._steps(self._encoded(embedded, mask), mask, self._start(len(embedded)))
        return steps[:, 0, self.first_ids.to(steps.device)]

    def string_scores(self, embedded: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the log-probability of each label's string, end mark included; one decoder pass a label."""
        states = self._encoded(embedded, mask)
        labels = torch.arange(len(self.labels), device=states.device)
        strings = [self._strings(label.expand(len(states))) for label in labels]
        return torch.stack([self._logs(states, mask, string)[1].sum(dim=-1) for string in strings], dim=1)

    def loss(
        self, embedded: torch.Tensor, mask: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        """Return the cross-entropy of the likeliest label's string, padding ignored, and of soft targets if any.

        A teacher's probabilities go to the first step, over the whole vocabulary, so that out-of-class answers cost.
        """
        strings = self._strings(targets.argmax(dim=-1))
        logs, chosen = self._logs(self._encoded(embedded, mask), mask, strings)
        first = (targets * logs[:, 0, self.first_ids.to(logs.device)]).sum(dim=-1)
        rows = -(first + chosen[:, 1:].sum(dim=-1)) / (strings != IGNORED).sum(dim=-1)
        return (rows * weights).sum() / weights.sum()

    def _decide(self, encoded: Encoded) -> list[Prediction]:
        states = self._encoded(self.embedding(encoded.ids), encoded.mask)
        first = self._steps(states, encoded.mask, self._start(len(encoded.ids)))[:, 0]
        scores = first[:, self.first_ids.to(first.device)].softmax(dim=-1)
        best = scores.argmax(dim=-1)
        # Greedy decoding answers a label's string if and only if each next piece of it is the likeliest one.
        strings = self._strings(best)
        greedy = self._logs(states, encoded.mask, strings)[0].argmax(dim=-1)
        answered = ((greedy == strings) | (strings == IGNORED)).all(dim=-1)
        return [
            Prediction(self.labels[int(label)], tuple(row.tolist()), out_of_class=not bool(inside))
            for label, row, inside in zip(best, scores, answered, strict=True)
        ]

    def _encoded(self, embedded: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self.module.get_encoder()(inputs_embeds=embedded, attention_mask=mask).last_hidden_state

    def _steps(self, states: torch.Tensor, mask: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
        """Return the logits of each decoding step, [row, step, vocabulary], given the pieces before."""
        output = self.module(encoder_outputs=(states,), attention_mask=mask, decoder_input_ids=inputs, use_cache=False)
        return output.logits

    def _logs(
        self, states: torch.Tensor, mask: torch.Tensor, strings: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return log-probabilities given strings, [row, step, vocabulary], and those of their pieces, [row, step]."""
        inputs = torch.cat([self._start(len(strings)), strings[:, :-1].clamp(min=0)], dim=1)
        logs = self._steps(states, mask, inputs).log_softmax(dim=-1)
        chosen = logs.gather(-1, strings.clamp(min=0)[..., None]).squeeze(-1)
        return logs, chosen * (strings != IGNORED)

    def _start(self, rows: int) -> torch.Tensor:
        return torch.full((rows, 1), self.start_id, device=self.device)

    def _strings(self, labels: torch.Tensor) -> torch.Tensor:
        """Return the pieces of each label's string, end mark included, padded with the ignored id."""
        width = max(map(len, self.answers))
        table = torch.tensor([[*answer, *[IGNORED] * (width - len(answer))] for answer in self.answers])
        return table.to(labels.device)[labels]
