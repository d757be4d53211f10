"""Figures of quality: they tell good scores from bad ones, and agree with their definitions on small examples."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from workbench import MethodComparison, attribute, compare_methods
from workbench.attribute.attribute import pose
from workbench.attribute.comparison import WORD_LIST
from workbench.attribute.erasure import erase
from workbench.attribute.plausibility import Plausibility, agreement, singled_out
from workbench.attribute.problem import Problem
from workbench.attribute.robustness import block_infidelity, randomised, rank_correlation
from workbench.attribute.settings import Settings
from workbench.attribute.words import Word
from workbench.classify.tokens import TokenClassifier
from workbench.errors import InputError

RUDE = "lamp table rotten chair door tree"
TEXTS = [RUDE, "river awful cloud apple", "stone house nasty tree lamp"]
MARKS = [[(11, 17)], [(6, 11)], [(12, 17)]]


@pytest.fixture
def problem(learnt: TokenClassifier) -> Problem:
    return pose(learnt, learnt.encode([RUDE]), "pad", "rude", Settings())[1]


def test_erasure_rewards_the_word_that_decides(learnt: TokenClassifier, problem: Problem) -> None:
    scores = torch.tensor(attribute(learnt, RUDE, target="rude")[0].scores)
    good, bad = erase(problem, scores), erase(problem, -scores)
    assert good.comprehensiveness > bad.comprehensiveness + 0.1
    assert good.sufficiency < bad.sufficiency - 0.1
    assert good.aopc > bad.aopc
    assert good.flip is not None and bad.flip is not None and good.flip < bad.flip


def test_erasure_is_what_it_says(problem: Problem) -> None:
    """With one score above all others, every bin up to 10 % of six tokens exchanges that token alone."""
    scores = torch.arange(len(problem.end), 0, -1).float()
    found = erase(problem, scores)

    def chance(gone: int) -> float:
        points = problem.end.clone()
        points[:gone] = problem.start[:gone]
        return float(torch.sigmoid(problem.values(points[None])))

    expected = sum(chance(0) - chance(count) for count in (1, 1, 1, 2, 3)) / 5
    assert found.comprehensiveness == pytest.approx(expected, abs=1e-5)
    curve = [chance(0) - chance(-(-6 * step // 20)) for step in range(1, 21)]
    assert found.aopc == pytest.approx(sum(curve) / 20, abs=1e-5)


def test_flips_are_counted_where_the_target_is_chosen(learnt: TokenClassifier) -> None:
    _, problem = pose(learnt, learnt.encode([RUDE]), "pad", "kind", Settings())
    assert erase(problem, torch.ones(len(problem.end))).flip is None


def test_infidelity_is_small_for_effects_and_large_for_noise(learnt: TokenClassifier, problem: Problem) -> None:
    effects, noise = (
        torch.tensor(attribute(learnt, RUDE, method, target="rude")[0].scores) for method in ("shapley", "random")
    )
    assert block_infidelity(problem, effects) < 0.3 < block_infidelity(problem, noise)
    assert block_infidelity(problem, 7 * effects) == pytest.approx(block_infidelity(problem, effects), abs=1e-4)


def test_rank_correlation_sees_order_alone() -> None:
    first = torch.tensor([0.1, 5.0, -2.0, 0.4])
    assert rank_correlation(first, first**3) == pytest.approx(1)
    assert rank_correlation(first, -first) == pytest.approx(-1)
    assert rank_correlation(first, torch.ones(4)) == 0.0


def test_new_weights_leave_the_classifier_as_it_was(neural: TokenClassifier) -> None:
    before = {name: weight.clone() for name, weight in neural.module.state_dict().items()}
    other = randomised(neural, 1)
    after = neural.module.state_dict()
    assert all(torch.equal(after[name], weight) for name, weight in before.items())
    assert not torch.equal(other.embedding.weight, neural.embedding.weight)
    again = randomised(neural, 1)
    assert torch.equal(other.embedding.weight, again.embedding.weight)


TEXT = "one two three four"


@pytest.mark.parametrize(
    ("found", "marked", "expected"),
    [
        ([(4, 7)], [(4, 7)], Plausibility(1, 1, 1)),
        ([], [], Plausibility(1, 1, 1)),
        ([(0, 3)], [], Plausibility(0, 0, 0)),
        ([], [(0, 3)], Plausibility(0, 0, 0)),
        ([(0, 3), (4, 7)], [(4, 7)], Plausibility(2 / 3, 1, 2 * 3 / 9)),
        ([(0, 3), (14, 18)], [(14, 16)], Plausibility(2 / 3, 2 / 3, 2 * 2 / 9)),
        ([(0, 18)], [(4, 7)], Plausibility(2 / 5, 0, 2 * 3 / 21)),
    ],
)
def test_agreement_with_marked_spans(
    found: list[tuple[int, int]], marked: list[tuple[int, int]], expected: Plausibility
) -> None:
    assert vars(agreement(TEXT, found, marked)) == pytest.approx(vars(expected))


def test_words_are_singled_out_by_half_the_highest_score() -> None:
    words = [Word("a", (0, 1), 0.2), Word("b", (2, 3), 1.0), Word("c", (4, 5), 0.5), Word("d", (6, 7), -3.0)]
    assert singled_out(words) == [(2, 3), (4, 5)]
    assert singled_out([Word("a", (0, 1), -1.0)]) == []


def test_methods_are_compared(learnt: TokenClassifier, tmp_path: Path) -> None:
    result = compare_methods(learnt, TEXTS, target="rude", spans=MARKS, samples=5)
    table = result.to_dataframe().set_index("method")
    assert table.index[-1] == WORD_LIST
    assert table.loc["ig", "gap_p95"] <= 0.01
    assert table.loc["ig", "certified"] == 1
    assert table.loc["ig", "token_f1"] > table.loc["random", "token_f1"]
    assert table.loc["ig", "comprehensiveness"] > table.loc["random", "comprehensiveness"]
    assert table.loc["ig", "infidelity"] < table.loc["random", "infidelity"]
    assert table.loc["ig", "sensitivity"] < 0.5 < table.loc["random", "sensitivity"]
    assert table.loc[WORD_LIST].notna().sum() == 3
    assert "ig" in repr(result) and "<table" in result._repr_html_()
    result.save(tmp_path / "c.json")
    assert MethodComparison.load(tmp_path / "c.json") == result


def test_without_marks_there_is_no_plausibility(learnt: TokenClassifier) -> None:
    result = compare_methods(learnt, TEXTS[:1], ["gradient_x_input"])
    assert "token_f1" not in result.to_dataframe()
    assert [score.method for score in result.scores] == ["gradient_x_input"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"methods": []}, "one method"),
        ({"methods": ["ig", "ig"]}, "none twice"),
        ({"methods": ["layer_ig"]}, "explain the input"),
        ({"spans": MARKS}, "no target"),
        ({"spans": MARKS[:1], "target": "rude"}, "1 for 3"),
        ({"spans": [[(0, 99)], [], []], "target": "rude"}, "spans within"),
        ({"target": "angry"}, "kind, rude"),
    ],
)
def test_bad_comparisons_are_refused(learnt: TokenClassifier, options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        compare_methods(learnt, TEXTS, **options)
