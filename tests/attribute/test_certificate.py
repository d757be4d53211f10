"""The certificate: it holds against a fine reference, is refused at the cap, and its passes are counted."""

from __future__ import annotations

import copy
from itertools import pairwise
from unittest.mock import patch

import pytest
import torch

from tests.attribute.conftest import TEXTS
from workbench import attribute
from workbench.attribute.attribute import pose
from workbench.attribute.quadrature import USUAL_STEPS, integrate
from workbench.attribute.settings import Settings
from workbench.classify.tokens import TokenClassifier
from workbench.errors import InputError


def test_certified_scores_are_near_a_fine_reference(neural: TokenClassifier) -> None:
    for text in attribute(neural, TEXTS):
        _, problem = pose(neural, neural.encode([text.text]), "pad", None, Settings())
        edges = [step / 16 for step in range(17)]
        reference = integrate(problem, list(pairwise(edges)), 16).sum(dim=0)
        error = (torch.tensor(text.scores) - reference).abs().sum() / reference.abs().sum()
        assert float(error) < 0.03


def test_a_tighter_bound_costs_more_and_is_kept(t5: TokenClassifier) -> None:
    loose, tight = (attribute(t5, TEXTS[0], bound=bound)[0] for bound in (0.2, 0.002))
    assert loose.certified and tight.certified
    assert tight.passes > loose.passes
    assert tight.gap <= 0.002


def test_what_needs_more_than_the_cap_is_not_certified(t5: TokenClassifier) -> None:
    result = attribute(t5, TEXTS[0], bound=1e-6, most_nodes=60)
    assert result[0].certified is False
    assert result[0].nodes is not None and result[0].nodes <= 60
    assert "NOT certified" in repr(result)


def test_a_decision_that_does_not_move_is_certified(learnt: TokenClassifier) -> None:
    """Where text and baseline are decided alike, the gap is a share of a floor and not of next to nothing."""
    still = copy.deepcopy(learnt)
    with torch.no_grad():
        for weight in still.module.parameters():
            weight.mul_(0.01)
    text = attribute(still, TEXTS[0])[0]
    assert abs(text.change) < 0.01
    assert text.certified and text.gap < 0.01


def test_passes_are_the_rows_that_the_network_sees(neural: TokenClassifier) -> None:
    seen: list[tuple[int, bool]] = []
    plain = neural.logits

    def counted(embedded: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        seen.append((len(embedded), torch.is_grad_enabled()))
        return plain(embedded, mask)

    for method in ("ig", "idgi", "leave_one_out"):
        seen.clear()
        with patch.object(neural, "logits", counted):
            text = attribute(neural, TEXTS[0], method)[0]
        assert text.forward == sum(rows for rows, _ in seen)
        assert text.backward == sum(rows for rows, gradient in seen if gradient)


def test_saved_passes_are_told_against_fifty_steps(learnt: TokenClassifier) -> None:
    result = attribute(learnt, TEXTS)
    usual = sum(attribute(learnt, text, nodes=USUAL_STEPS)[0].passes for text in TEXTS)
    assert result.saved == pytest.approx(1 - sum(text.passes for text in result) / usual)
    assert attribute(learnt, TEXTS, "idgi").saved is None


@pytest.mark.parametrize("setting", [{"bound": 0.0}, {"bound": 1.0}, {"nodes": 1}, {"samples": 0}, {"most_nodes": 3}])
def test_numbers_out_of_range_are_refused(learnt: TokenClassifier, setting: dict[str, float]) -> None:
    with pytest.raises(InputError, match="expected"):
        attribute(learnt, TEXTS, **setting)
