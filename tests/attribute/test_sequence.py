"""The whole answer as the target, against transformers' own loss."""

from __future__ import annotations

import pytest
import torch

from tests.attribute.conftest import TEXTS
from tests.classify.materials import scratch
from workbench import RefusedError, attribute
from workbench.classify.kinds.text_to_text import TextToTextClassifier


def string_log_probability(classifier: TextToTextClassifier, text: str, label: int) -> float:
    tokens, answer = classifier.encode([text]), classifier.answers[label]
    with torch.no_grad():
        loss = classifier.module(tokens.ids, attention_mask=tokens.mask, labels=torch.tensor([answer])).loss
    return -float(loss) * len(answer)


def test_the_margin_is_that_of_the_strings_log_probabilities(t5: TextToTextClassifier) -> None:
    text = TEXTS[0]
    whole = attribute(t5, text, target=t5.labels[1], sequence=True)[0]
    scores = [string_log_probability(t5, text, label) for label in range(len(t5.labels))]
    others = torch.tensor(scores[:1] + scores[2:])
    assert whole.at_input == pytest.approx(scores[1] - float(others.logsumexp(0)), abs=1e-4)
    assert whole.gap <= 0.01
    first = attribute(t5, text, target=t5.labels[1])[0]
    assert abs(first.at_input - whole.at_input) > 1e-4


def test_a_classifier_without_strings_is_refused() -> None:
    with pytest.raises(RefusedError, match="a text-to-text classifier"):
        attribute(scratch("gru"), TEXTS[0], sequence=True)
