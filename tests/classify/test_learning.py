"""The parts of learning: losses, word vectors, span corruption, class weights, batches."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.classify.materials import POSTS, SMALL, posts, scratch
from workbench.classify.corruption import SpanCorruption
from workbench.classify.fit import class_weights
from workbench.classify.kinds.text_to_text import TextToTextClassifier
from workbench.classify.lesson import Lesson
from workbench.classify.loop import shuffled_batches
from workbench.classify.tokens import TokenClassifier
from workbench.classify.word_vectors import word_vectors


def loss_of(classifier: TokenClassifier, texts: list[str], targets: torch.Tensor, weights: torch.Tensor) -> float:
    encoded = classifier.encode(texts)
    with torch.no_grad():
        return float(classifier.loss(classifier.embedding(encoded.ids), encoded.mask, targets, weights))


def test_the_loss_of_a_batch_is_the_weighted_mean_of_its_rows(neural: TokenClassifier) -> None:
    targets = torch.tensor([[1.0, 0.0], [0.25, 0.75], [0.0, 1.0]])
    weights = torch.tensor([1.0, 3.0, 0.5])
    single = [loss_of(neural, [post], targets[[row]], weights[[row]]) for row, post in enumerate(POSTS)]
    expected = float((torch.tensor(single) * weights).sum() / weights.sum())
    assert loss_of(neural, list(POSTS), targets, weights) == pytest.approx(expected, rel=1e-5)


def test_a_t5_is_taught_the_whole_string_and_no_padding() -> None:
    classifier = scratch("t5-mini")
    assert isinstance(classifier, TextToTextClassifier)
    encoded = classifier.encode(POSTS[:1])
    labels = torch.tensor([classifier.answers[1]])
    own = classifier.module(input_ids=encoded.ids, attention_mask=encoded.mask, labels=labels).loss
    assert loss_of(classifier, [POSTS[0]], torch.tensor([[0.0, 1.0]]), torch.ones(1)) == pytest.approx(own.item())
    # Strings of different lengths: the shorter one's padding must not count.
    zero, one = classifier.answers
    classifier.answers = [zero, [one[0], *zero]]
    after = loss_of(classifier, [POSTS[0]], torch.tensor([[1.0, 0.0]]), torch.ones(1))
    classifier.answers = [zero, one]
    assert after == pytest.approx(loss_of(classifier, [POSTS[0]], torch.tensor([[1.0, 0.0]]), torch.ones(1)))


def test_class_weights() -> None:
    assert class_weights([0, 0, 0, 1], 2, 0.0).tolist() == [1, 1]
    assert class_weights([0, 0, 0, 1], 2, 1.0).tolist() == pytest.approx([4 / 6, 2])
    assert class_weights([0, 0, 0, 1], 2, 0.5).tolist() == pytest.approx([(4 / 6) ** 0.5, 2**0.5])


def test_batches_hold_every_text_once_in_an_order_of_the_epoch() -> None:
    lengths = [number % 7 for number in range(50)]
    first, again, other = (list(shuffled_batches(lengths, 8, 1, epoch)) for epoch in (0, 0, 1))
    assert sorted(place for batch in first for place in batch) == list(range(50))
    assert len(first) == 7
    assert first == again != other


def test_words_of_the_same_company_get_similar_vectors() -> None:
    company = {1: (4, 5, 6), 2: (4, 5, 6), 3: (7, 8, 9)}
    rows = [[word, friend] for word, friends in company.items() for friend in friends for _ in range(20)]
    vectors = word_vectors(rows, 10, 16)
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    assert vectors.shape == (10, 16) and vectors.dtype == np.float32
    assert not vectors[0].any()
    assert unit[1] @ unit[2] > 0.9 > 0.3 > unit[1] @ unit[3]


def test_a_corrupted_text_and_its_answer_make_the_text_again() -> None:
    classifier = scratch("t5-mini")
    assert isinstance(classifier, TextToTextClassifier)
    texts = posts(60).texts
    corruption = SpanCorruption(classifier, texts, 8, 0)
    rng = np.random.default_rng(0)
    for row in corruption.rows:
        source, target = corruption._corrupt(row, rng)
        assert source[-1] == target[-1] == classifier.tokenizer.eos_token_id
        spans: dict[int, list[int]] = {}
        for token in target[:-1]:
            if token in corruption.sentinels:
                last = spans.setdefault(token, [])
            else:
                last.append(token)
        restored = [piece for token in source[:-1] for piece in spans.get(token, [token])]
        assert restored == row
        assert 0 < sum(map(len, spans.values())) < len(row)
    assert len(corruption.rows) + len(corruption.held) == len(texts)


def test_no_piece_of_a_new_t5_starts_at_zero(tmp_path: Path) -> None:
    # The first decoding step reads the padding: at zero its gradient is a thousandfold and clipping stops the rest.
    classifier = scratch("t5-mini")
    data = posts(40)
    lesson = Lesson(None, data, data, (), replace(SMALL, pretraining=1, epochs=1), 0, tmp_path, "")
    before = classifier.embedding.weight.detach().clone()
    classifier.pretrain(data.texts, lesson)
    assert bool((classifier.embedding.weight.norm(dim=1) > 0.1).all())
    assert not torch.allclose(classifier.embedding.weight, before)
    encoded = classifier.encode(POSTS)
    classifier.loss(classifier.embedding(encoded.ids), encoded.mask, torch.eye(2)[[0, 1, 1]], torch.ones(3)).backward()
    assert classifier.embedding.weight.grad is not None
    rows = classifier.embedding.weight.grad.norm(dim=1)
    assert float(rows[classifier.pad_id]) < 10 * float(rows.sum() - rows[classifier.pad_id])
