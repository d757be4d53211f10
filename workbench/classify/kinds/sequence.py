"""Encoders of transformers with a classification head: BERT, RoBERTa and their relatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from workbench.classify.card import Card
from workbench.classify.checkpoint import pretrained, pretrained_model, write_pretrained
from workbench.classify.kind import register_kind
from workbench.classify.tokens import TokenClassifier, soft_cross_entropy

if TYPE_CHECKING:
    from workbench.classify.settings import ClassifierSettings


@register_kind("sequence", from_scratch=None)
class SequenceClassifier(TokenClassifier):
    """Any `AutoModelForSequenceClassification` that takes embeddings."""

    module: Any
    usual = {"batch": 32, "learning_rate": 1e-5, "epochs": 3, "warm_up": 0.0}

    @classmethod
    def load(cls, folder: str, name: str, card: Card) -> SequenceClassifier:
        """Read a checkpoint of transformers, a folder or a hub id.

        Raises:
            InputError: it has no head for so many labels.
        """
        return cls._opened(folder, name, card, new_head=False)

    @classmethod
    def create(
        cls, texts: Sequence[str], labels: Sequence[str], settings: ClassifierSettings, source: str | None
    ) -> SequenceClassifier:
        """Start from a checkpoint, whose head is new if it had none or one for other labels."""
        assert source is not None
        card = Card(cls.kind, tuple(labels), settings.max_tokens, settings.cleaning)
        return cls._opened(source, source, card, new_head=True)

    @classmethod
    def _opened(cls, folder: str, name: str, card: Card, *, new_head: bool) -> SequenceClassifier:
        auto = AutoModelForSequenceClassification
        module = pretrained_model(auto, folder, new_head=new_head, num_labels=len(card.labels))
        most = min(card.max_tokens, getattr(module.config, "max_position_embeddings", card.max_tokens))
        return cls(name, replace(card, max_tokens=most), module, pretrained(AutoTokenizer, folder))

    def write(self, folder: Path) -> None:
        """Write the checkpoint in the format of transformers, and the card."""
        self.module.config.id2label = dict(enumerate(self.labels))
        self.module.config.label2id = {label: index for index, label in enumerate(self.labels)}
        write_pretrained(self.module, self.tokenizer, folder)
        self.card.write(folder)

    @property
    def embedding(self) -> nn.Embedding:
        """The table of word pieces; positions are added after it."""
        return self.module.get_input_embeddings()

    def logits(self, embedded: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the head's scores, float32 [row, label]."""
        return self.module(inputs_embeds=embedded, attention_mask=mask).logits

    def loss(
        self, embedded: torch.Tensor, mask: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        """Return the weighted cross-entropy."""
        return soft_cross_entropy(self.logits(embedded, mask), targets, weights)
