"""The sentence on top says no more than the run shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.report.conftest import Made
from tests.report.synthetic import localization
from workbench.localize.result import Localization, Ranking
from workbench.report.finding import finding, has_effect, headlines, share_of_all
from workbench.report.wording import number


def test_a_found_set_is_named_with_its_share_and_control(made: Made) -> None:
    result, cells = made
    text = finding(result, cells).replace("\N{NO-BREAK SPACE}", " ")
    share = share_of_all(result, cells, [result.found.score.arm])
    assert share.value == pytest.approx(result.found.score.effect / result.all_sites.effect)
    assert share.ci[0] <= share.value <= share.ci[1]
    assert text.startswith(f"Sites 5 and 6 of 12 carry the text: patching them alone moves {number(share.value)} of")
    assert f"(95 % interval {number(share.ci[0])} to {number(share.ci[1])})" in text
    assert "random sets of 2 sites move" in text and "not clearly" not in text


def test_the_share_of_all_sites_is_one_without_doubt(made: Made) -> None:
    result, cells = made
    share = share_of_all(result, cells, [result.all_sites.arm])
    assert (share.value, share.ci) == (1.0, (1.0, 1.0))


def test_one_site_is_singular(made: Made) -> None:
    result, cells = made
    score = result.ranking.sites[0].score
    found = replace(result.found, indices=score.sites, sites=("x",), score=score)
    assert finding(replace(result, found=found), cells).startswith("Site 6 of 12 carries the text: patching it alone")


def test_a_set_no_better_than_random_is_not_sold(made: Made) -> None:
    result, cells = made
    same = replace(result, random_sets=(result.found.score,))
    assert "not clearly more than chance" in finding(same, cells)


def test_without_random_sets_it_says_so(made: Made) -> None:
    result, cells = made
    assert "no random sets were run" in finding(replace(result, random_sets=()), cells)


def test_rule_not_reached(made: Made) -> None:
    result, cells = made
    everything = result.all_sites
    found = replace(result.found, reached=False, indices=everything.sites, score=everything, complement=None)
    tried = Ranking(result.ranking.sites[:3])
    text = finding(replace(result, found=found, random_sets=(), ranking=tried), cells)
    assert text.startswith("No set of the 3 sites tried satisfies the rule, so none was found")
    assert "carry the text" not in text


def test_only_all_sites_reach_the_rule(made: Made) -> None:
    result, cells = made
    found = replace(result.found, indices=result.all_sites.sites, score=result.all_sites, complement=None)
    assert finding(replace(result, found=found), cells).startswith("The text is not localised")


@pytest.mark.parametrize(("f1", "words"), [(1.0, "legible, so either"), (0.1, "nothing follows about the sites")])
def test_no_effect(still: Made, f1: float, words: str) -> None:
    result, cells = still
    read = replace(result, baseline=replace(result.baseline, source_f1=f1), target=replace(result.target, target_f1=f1))
    text = finding(read, cells)
    assert not has_effect(result)
    assert text.startswith("This model's text could not be moved: patching all 12 sites has an effect of")
    assert words in text and "carry" not in text


def test_an_interval_that_holds_0_is_no_effect(made: Made) -> None:
    result, cells = made
    doubtful = replace(result, all_sites=replace(result.all_sites, ci=(-0.01, 1.0)))
    assert finding(doubtful, cells).startswith("This model's text could not be moved")


def test_headlines_hold_the_interval_or_the_comparison(made: Made) -> None:
    shown = headlines(made[0])
    assert len(shown) == 5
    assert [item.value for item in shown[:2]] == [
        number(made[0].found.score.effect),
        number(made[0].all_sites.effect),
    ]
    assert all("interval" in item.detail for item in shown[:4]) and shown[4].detail.startswith("all sites")


def test_one_pair_has_no_interval(tmp_path: Path) -> None:
    result, cells = localization(tmp_path / "run", pairs=1, heads=False, windows=1)
    text = _all_words(result, finding(result, cells))
    assert "one pair, so no interval" in text and "95" not in text


def _all_words(result: Localization, text: str) -> str:
    return " ".join([text, *(item.detail for item in headlines(result))])
