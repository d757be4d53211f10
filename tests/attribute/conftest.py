"""Tiny classifiers of every kind, and one that has learnt which words are rude."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from tests.classify.materials import NEURAL, byte_t5, posts, scratch
from workbench.classify.tokens import TokenClassifier

TEXTS = ["what a rotten chair", "you nice lamp", "a table"]


@pytest.fixture(params=NEURAL, scope="session")
def neural(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TokenClassifier:
    return NEURAL[request.param](tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture
def t5(tmp_path: Path) -> TokenClassifier:
    return byte_t5(tmp_path)


@pytest.fixture(scope="session")
def learnt() -> TokenClassifier:
    """A recurrent classifier that calls posts with a rude word rude, nearly always."""
    data, classifier = posts(200), scratch("gru")
    encoded = classifier.encode(data.texts)
    targets = nn.functional.one_hot(torch.tensor(data.targets)).float()
    optimizer = torch.optim.Adam(classifier.module.parameters(), lr=0.02)
    for _ in range(25):
        loss = classifier.loss(classifier.embedding(encoded.ids), encoded.mask, targets, torch.ones(len(data.targets)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    decided = [answer.label for answer in classifier.predict(data.texts)]
    assert sum(a == data.labels[b] for a, b in zip(decided, data.targets, strict=True)) > 190
    return classifier
