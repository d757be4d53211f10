"""Made-up posts, and tiny classifiers of every kind."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertTokenizer,
    ByT5Tokenizer,
    T5Config,
    T5ForConditionalGeneration,
)

from workbench.classify.data import LabelledTexts, Row
from workbench.classify.kind import kinds_from_scratch
from workbench.classify.open import open_classifier
from workbench.classify.settings import ClassifierSettings
from workbench.classify.tokens import TokenClassifier

THINGS = "lamp table chair door house tree river cloud apple stone".split()
KIND, RUDE = "nice lovely great fine good".split(), "rotten awful nasty bad mean".split()
POSTS = ("Hello, you  NICE lamp!! http://x.y/z 😀", "a table", "what a rotten </s> chair, said the house 12 times")
SMALL = ClassifierSettings(vocabulary=150, max_tokens=64, width=16, hidden=8, heads=2, layers=2)


def posts(count: int = 120, seed: int = 0) -> LabelledTexts:
    """Return posts that are rude if and only if they hold a rude word."""
    rng = random.Random(seed)
    rows = []
    for _ in range(count):
        rude = rng.random() < 0.4
        words = [*rng.sample(THINGS, rng.randint(3, 7)), rng.choice(RUDE if rude else KIND)]
        rng.shuffle(words)
        rows.append(Row(" ".join(words), "rude" if rude else "kind"))
    return LabelledTexts.gather("made-up", rows, ("kind", "rude"))


def write_posts(path: Path, data: LabelledTexts) -> Path:
    """Write posts as the format `csv`."""
    data.to_dataframe().to_csv(path, index=False)
    return path


def scratch(name: str, settings: ClassifierSettings = SMALL) -> TokenClassifier:
    """Return an untrained classifier with a vocabulary of the posts."""
    torch.manual_seed(0)
    texts = (*posts().texts, *POSTS)
    classifier = kinds_from_scratch()[name].create(texts, ("kind", "rude"), settings, None)
    assert isinstance(classifier, TokenClassifier)
    return classifier


def write_byte_t5(folder: Path) -> Path:
    """Write a checkpoint without a label map: a T5 over bytes."""
    torch.manual_seed(0)
    config = T5Config(vocab_size=384, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2, decoder_start_token_id=0)
    T5ForConditionalGeneration(config).save_pretrained(folder)
    ByT5Tokenizer().save_pretrained(folder)
    return folder


def write_bert(folder: Path) -> Path:
    """Write a checkpoint of an encoder whose configuration has placeholders for labels."""
    torch.manual_seed(0)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *THINGS, *KIND, *RUDE, "a", "##s", "you", "hello"]
    BertTokenizer(vocab={word: index for index, word in enumerate(words)}).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=48,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def byte_t5(folder: Path) -> TokenClassifier:
    """Return a T5 over bytes, opened as a user opens it."""
    classifier = open_classifier(write_byte_t5(folder), labels={"kind": "0", "rude": "1"}, cleaning="hat5")
    assert isinstance(classifier, TokenClassifier)
    return classifier


def bert(folder: Path) -> TokenClassifier:
    """Return an encoder, opened as a user opens it."""
    classifier = open_classifier(write_bert(folder), labels=["kind", "rude"])
    assert isinstance(classifier, TokenClassifier)
    return classifier


NEURAL: dict[str, Callable[[Path], TokenClassifier]] = {
    "t5-mini": lambda folder: scratch("t5-mini"),
    "bilstm": lambda folder: scratch("bilstm"),
    "gru": lambda folder: scratch("gru"),
    "cnn": lambda folder: scratch("cnn"),
    "byte T5": byte_t5,
    "BERT": bert,
}
