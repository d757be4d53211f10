"""Networks over whole words: their vocabulary, and how such a classifier is written and read."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoTokenizer

from workbench.classify.card import Card
from workbench.classify.checkpoint import pretrained
from workbench.classify.clean import cleaning_of
from workbench.classify.tokens import TokenClassifier, soft_cross_entropy
from workbench.classify.vocabulary import word_tokenizer
from workbench.classify.word_vectors import word_vectors
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.classify.lesson import Lesson
    from workbench.classify.settings import ClassifierSettings

WEIGHTS: Final = "model.safetensors"
# That of HaT5's notebooks, except for the word vectors, which cannot be downloaded.
WORD_RECIPE: Final = {
    "vocabulary": 25_000,
    "width": 96,
    "dropout": 0.5,
    "epochs": 8,
    "batch": 50,
    "learning_rate": 1e-3,
    "warm_up": 0.0,
}


class WordNetwork(nn.Module):
    """A network with an embedding of words, whose padding row is zero and stays so.

    Args:
        words: size of the vocabulary.
        width: size of an embedding.
    """

    def __init__(self, words: int, width: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, width, padding_idx=0)


class WordClassifier(TokenClassifier):
    """A network over words; a subclass says which one by `network`."""

    module: WordNetwork

    @staticmethod
    @abstractmethod
    def network(**sizes: Any) -> WordNetwork:
        """Make the untrained network of the sizes in a card."""

    @staticmethod
    @abstractmethod
    def sizes(settings: ClassifierSettings) -> dict[str, Any]:
        """Return the sizes that the settings ask for, besides `words` and `labels`."""

    @classmethod
    def create(
        cls, texts: Sequence[str], labels: Sequence[str], settings: ClassifierSettings, source: str | None
    ) -> Self:
        """Make a network whose vocabulary is that of the texts; these kinds start from scratch only."""
        clean = cleaning_of(settings.cleaning)
        tokenizer = word_tokenizer((clean(text).text for text in texts), settings.vocabulary)
        sizes = {"words": len(tokenizer), "labels": len(labels), **cls.sizes(settings)}
        card = Card(cls.kind, tuple(labels), settings.max_tokens, settings.cleaning, network=sizes)
        return cls(cls.kind, card, cls.network(**sizes), tokenizer)

    @classmethod
    def load(cls, folder: str, name: str, card: Card) -> Self:
        """Read weights from `model.safetensors`."""
        module = cls.network(**card.network)
        try:
            weights = load_file(Path(folder) / WEIGHTS)
            module.load_state_dict({name: weight.float() for name, weight in weights.items()})
        except (OSError, RuntimeError) as error:
            raise InputError(
                f"a {WEIGHTS} that fits its card", f"{folder!r}: {error}", "train the classifier again"
            ) from error
        return cls(name, card, module, pretrained(AutoTokenizer, folder))

    def write(self, folder: Path) -> None:
        """Write weights, vocabulary and card."""
        save_file({name: weight.contiguous() for name, weight in self.module.state_dict().items()}, folder / WEIGHTS)
        self.tokenizer.save_pretrained(folder)
        self.card.write(folder)

    def pretrain(self, texts: Sequence[str], lesson: Lesson) -> None:
        """Start from word vectors made of the texts."""
        vectors = word_vectors([self.tokens(text).ids for text in texts], *self.embedding.weight.shape)
        self.embedding.weight.data.copy_(torch.from_numpy(vectors))

    @property
    def embedding(self) -> nn.Embedding:
        """The embedding of words."""
        return self.module.embedding

    def logits(self, embedded: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the score of each label, float32 [row, label]."""
        return self.module(embedded, mask)

    def loss(
        self, embedded: torch.Tensor, mask: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        """Return the weighted cross-entropy."""
        return soft_cross_entropy(self.logits(embedded, mask), targets, weights)
