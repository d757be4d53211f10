"""Figures show every site, interval, line and cell that the result has, and leave matplotlib's state alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from tests.report.conftest import Made
from workbench.localize.result import Localization, Ranking
from workbench.report.figures import by_index, heads_figure, profile_figure, round_up, steps_figure
from workbench.report.palette import DARK, LIGHT, Palette, ink_on
from workbench.report.wording import number


def points(axes: Axes, name: str) -> np.ndarray:
    return np.concatenate([line.get_xydata() for line in axes.lines if line.get_gid() == name])


def words(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def titles(axes: Axes) -> str:
    return axes.get_title(loc="left")


def test_profile_shows_every_site_with_its_interval(made: Made) -> None:
    result = made[0]
    effect, drift = profile_figure(result).axes
    for axes, value in ((effect, "effect"), (drift, "drift")):
        assert points(axes, "found")[:, 0].tolist() == [5, 6]
        drawn = np.concatenate([points(axes, "found"), points(axes, "sites")])
        drawn = drawn[drawn[:, 0].argsort()]
        assert drawn[:, 1].tolist() == [getattr(site.score, value) for site in by_index(result)]
    bands = [
        segment for lines in effect.collections if isinstance(lines, LineCollection) for segment in lines.get_segments()
    ]
    bands.sort(key=lambda segment: float(segment[0, 0]))
    assert [tuple(segment[:, 1]) for segment in bands] == [site.score.ci for site in by_index(result)]
    assert "interval" in titles(effect) and "1 − SSIM" in titles(drift)
    assert [label.get_text() for label in drift.get_xticklabels()] == [str(i) for i in range(12)]
    assert "up.0.1.0" in words(drift)


def test_profile_labels_sets_and_control(made: Made) -> None:
    result = made[0]
    effect = profile_figure(result).axes[0]
    labels = {
        f"all sites {number(result.all_sites.effect)}",
        f"found set {number(result.found.score.effect)}",
        f"random sets {number(result.found.control['effect'])}",
    }
    assert labels <= set(words(effect))
    assert sum(patch.get_gid() == "band" for patch in effect.patches) == 1


def test_labels_of_equal_lines_do_not_overlap(made: Made) -> None:
    result = made[0]
    same = replace(result, found=replace(result.found, score=result.all_sites))
    figure = profile_figure(same)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert len(boxes) == 3
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_nothing_is_highlighted_where_nothing_was_found(still: Made) -> None:
    effect = profile_figure(still[0]).axes[0]
    assert not [line for line in effect.lines if line.get_gid() == "found"]
    assert len(points(effect, "sites")) == 12
    assert effect.get_ylim()[1] >= 0.2


@pytest.mark.parametrize(("draw", "rows", "first"), [(steps_figure, 4, "0–4"), (heads_figure, 4, "0")])
def test_heat_maps(made: Made, draw: Callable[[Localization], Figure], rows: int, first: str) -> None:
    result = made[0]
    axes = draw(result).axes[0]
    (mesh,) = [item for item in axes.collections if isinstance(item, QuadMesh)]
    values = np.asarray(mesh.get_array())
    scores = result.step_scores if draw is steps_figure else result.head_scores
    assert values.shape == (rows, 12)
    assert values[0, 6] == next(score.effect for score in scores if score.sites == (6,))
    assert axes.get_yticklabels()[0].get_text() == first
    low, high = mesh.get_clim()
    assert low == -high and high >= np.abs(values).max()
    printed = [word for word in words(axes) if word[0] in "0−"]
    assert sorted(printed) == sorted(number(score.effect) for score in scores)


def test_sites_with_fewer_heads_have_empty_cells(made: Made) -> None:
    result = made[0]
    fewer = tuple(score for score in result.head_scores if score.arm not in ("3.h2", "3.h3"))
    axes = heads_figure(replace(result, head_scores=fewer)).axes[0]
    (mesh,) = [item for item in axes.collections if isinstance(item, QuadMesh)]
    assert int(np.asarray(np.ma.asarray(mesh.get_array()).mask).sum()) == 2


def many_sites(result: Localization) -> Localization:
    first = result.ranking.sites[0]
    sites = [
        replace(first, index=i, name=f"{'down' if i < 30 else 'up'}_blocks.0.attentions.{i}.attn2") for i in range(70)
    ]
    return replace(result, ranking=Ranking(tuple(sites)))


def test_many_sites_are_labelled_by_block(made: Made) -> None:
    drift = profile_figure(many_sites(made[0])).axes[1]
    assert {"down.0", "up.0"} <= set(words(drift))
    assert len(drift.get_xticks()) == 14


def test_names_are_not_read_as_formulas(made: Made) -> None:
    result = made[0]
    sites = tuple(replace(site, name=f"$\\frac{{.{site.index}.x$") for site in result.ranking.sites)
    profile_figure(replace(result, ranking=Ranking(sites))).draw_without_rendering()


def test_pyplot_is_not_loaded() -> None:
    code = "import sys, workbench.report.page; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_seven_inches_wide_in_both_themes(made: Made) -> None:
    for palette in (LIGHT, DARK):
        figure: Figure = profile_figure(made[0], palette)
        assert figure.get_figwidth() == 7.0


@pytest.mark.parametrize(("value", "limit"), [(0.0, 0.1), (0.1, 0.1), (0.11, 0.2), (0.47, 0.5), (0.6, 1.0), (1.0, 1.0)])
def test_limits_are_round(value: float, limit: float) -> None:
    assert round_up(value) == pytest.approx(limit)


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_numbers_on_cells_are_legible(palette: Palette) -> None:
    for value in np.linspace(0, 1, 41):
        colour = palette.colormap(float(value))
        assert contrast(colour, ink_on(colour)) > 4.5


def contrast(a: tuple[float, ...], b: str) -> float:
    light, dark = sorted((luminance(a[:3]), luminance(to_rgb(b))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(rgb: tuple[float, ...]) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
