"""The embedded classifier with a packed encoder: the same decisions, and the same attributions."""

from __future__ import annotations

import pytest
import torch
from workbench_kernels import pack_encoder

from workbench import attribute, open_classifier

TEXTS = ["you are a kind person", "what a day", "they said that people like you should be ashamed of it all"]


def test_decisions_and_attributions_stay() -> None:
    classifier = open_classifier("hate-t5-mini")
    before, explained = classifier.predict(TEXTS), attribute(classifier, TEXTS[:1])
    classifier.module.encoder = pack_encoder(classifier.module.encoder)
    after, again = classifier.predict(TEXTS), attribute(classifier, TEXTS[:1])
    for one, other in zip(after, before, strict=True):
        assert one.label == other.label
        assert one.scores == pytest.approx(other.scores, abs=1e-5)
    found, expected = (torch.tensor(some.to_dataframe()["score"].to_numpy()) for some in (again, explained))
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)
