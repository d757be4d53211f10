"""Methods: each keeps the promise of its paper, and adding one is adding one decorated function."""

from __future__ import annotations

import pytest
import torch

from tests.attribute.conftest import TEXTS
from workbench import attribute, register_method
from workbench.attribute import registry
from workbench.attribute.attribute import pose
from workbench.attribute.quadrature import Scored
from workbench.attribute.settings import Settings
from workbench.classify.tokens import TokenClassifier
from workbench.errors import InputError, RefusedError

TEXT = TEXTS[0]


@pytest.mark.parametrize("method", ["idgi", "shapley"])
def test_complete_by_construction(neural: TokenClassifier, method: str) -> None:
    text = attribute(neural, TEXT, method, nodes=4, samples=2)[0]
    assert text.absolute_gap < 1e-3


@pytest.mark.parametrize("method", sorted({*registry.list_methods()} - {"layer_ig"}))
def test_prefix_and_end_mark_get_nothing(t5: TokenClassifier, method: str) -> None:
    text = attribute(t5, "ab", method, nodes=3, samples=2)[0]
    assert [score for score, span in zip(text.scores, text.spans, strict=True) if span == (0, 0)] == [0.0] * 17
    assert all(score for score, span in zip(text.scores, text.spans, strict=True) if span != (0, 0))


def test_leave_one_out_is_the_loss_without_the_token(learnt: TokenClassifier) -> None:
    text = attribute(learnt, TEXT, "leave_one_out")[0]
    _, problem = pose(learnt, learnt.encode([TEXT]), "pad", None, Settings())
    for token in problem.content.nonzero()[:, 0].tolist():
        without = problem.end.clone()
        without[token] = problem.start[token]
        assert text.scores[token] == pytest.approx(problem.at_end - float(problem.values(without[None])), abs=1e-5)


def test_sequential_ig_is_complete_for_each_token(learnt: TokenClassifier) -> None:
    """What a token's path integrates to is what the decision loses without it."""
    alone = attribute(learnt, TEXT, "leave_one_out")[0]
    assert attribute(learnt, TEXT, "sequential_ig", nodes=32)[0].scores == pytest.approx(alone.scores, abs=1e-3)


def test_gradient_x_input_is_the_slope_at_the_text(t5: TokenClassifier) -> None:
    text = attribute(t5, TEXT, "gradient_x_input")[0]
    _, problem = pose(t5, t5.encode([TEXT]), "pad", None, Settings())
    step = 1e-2
    before = float(problem.values(problem.along(torch.tensor([1 - step])))[0])
    assert sum(text.scores) == pytest.approx((problem.at_end - before) / step, rel=0.1)


def test_random_scores_follow_the_seed_and_the_text(learnt: TokenClassifier) -> None:
    first, again, other = (attribute(learnt, TEXT, "random", seed=seed)[0].scores for seed in (0, 0, 1))
    assert first == again != other
    assert attribute(learnt, TEXT, "shapley", seed=1, samples=2)[0].scores == pytest.approx(
        attribute(learnt, TEXT, "shapley", seed=1, samples=2)[0].scores
    )


def test_layers_of_an_encoder_are_attributed_to(t5: TokenClassifier) -> None:
    result = attribute(t5, TEXT, "layer_ig", bound=0.05)
    assert [text.layer for text in result] == ["encoder.block.0", "encoder.block.1"]
    for text in result:
        assert text.certified
        assert len(text.scores) == len(text.tokens)
    last = attribute(t5, TEXT, "layer_ig", layers=["encoder.block.1"], bound=0.05)
    assert last[0].scores == result[1].scores
    assert all(not module._forward_hooks for module in t5.module.modules())


def test_layers_of_a_bert_are_attributed_to(neural: TokenClassifier) -> None:
    names = [name for name, _ in neural.module.named_modules()]
    if "bert.encoder.layer.0" in names:
        result = attribute(neural, TEXT, "layer_ig")
        assert [text.layer for text in result] == ["bert.encoder.layer.0", "bert.encoder.layer.1"]
    elif "encoder.block.0" in names:
        assert len(attribute(neural, TEXT, "layer_ig", bound=0.1)) == 2
    else:
        with pytest.raises(RefusedError, match="blocks over its tokens"):
            attribute(neural, TEXT, "layer_ig")


def test_methods_are_registered_by_name(learnt: TokenClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.list_methods()
    monkeypatch.setattr(registry._METHODS, "_entries", dict(registry._METHODS._entries))
    register_method("even", "Even")(lambda problem: [Scored(problem.content * problem.change / problem.content.sum())])
    text = attribute(learnt, TEXT, "even")[0]
    assert text.gap == pytest.approx(0, abs=1e-5)
    for taken in ("even", "Upper"):
        with pytest.raises(InputError, match="lower-case"):
            register_method(taken, "Taken")
    with pytest.raises(InputError, match="sequential_ig"):
        attribute(learnt, TEXT, "none of these")
