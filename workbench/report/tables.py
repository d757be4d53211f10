"""Tables of a localisation as rows of text, ready to print."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from workbench.localize.result import Localization
from workbench.localize.scores import DRAWS, ArmScore
from workbench.report.finding import is_small
from workbench.report.wording import NBSP, count, duration, interval, mebibytes, number, site_label

LISTED: Final = 10
INTERVAL: Final = f"95{NBSP}% interval"


@dataclass(frozen=True)
class Row:
    """The cells of a row, its heading first; `found` marks what belongs to the found set."""

    cells: tuple[str, ...]
    found: bool = False


@dataclass(frozen=True)
class Table:
    """A table; the first `texts` columns hold text, the others numbers.

    Args:
        caption: what it shows.
        head: the columns' names, with units.
        rows: its rows.
        note: what its columns mean.
        texts: number of text columns.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    note: str = ""
    texts: int = 1


def ranking_table(result: Localization) -> Table:
    """Every site alone, the strongest first."""
    head: tuple[str, ...] = ("Site", "Module", "Effect", INTERVAL, "Target effect", "Source effect", "F1 to target")
    small = is_small(result)
    head += ("Word accuracy", "Drift", "Inclusion") if small else ("Word accuracy", "Drift")
    rows = []
    for site in result.ranking.sites:
        score = site.score
        values = (score.effect, score.target_effect, score.source_effect, score.target_f1, score.word_accuracy)
        effect, *others = (number(value) for value in values)
        cells = (str(site.index), site.name, effect, interval(score.ci), *others)
        cells += (number(score.drift, 3), number(site.inclusion)) if small else (number(score.drift, 3),)
        rows.append(Row(cells, small and site.index in result.found.indices))
    note = (
        "Target effect and source effect are the changes of the F1 to the target text and to the source text; effect "
        "is half their difference. Word accuracy is the share of images that read exactly as the target text."
    )
    if small:
        note += (
            f" Inclusion is the share of {count(DRAWS)} bootstrap draws of the pairs in which the site ranks within "
            f"the first {len(result.found.indices)}, the size of the found set."
        )
    return Table("Sites patched alone, the strongest first", head, tuple(rows), note, texts=2)


def trade_off_table(result: Localization) -> Table:
    """The nested sets, from the strongest site to all, between the unpatched source and the target's own images."""
    head = ("Sites patched", "Sites", "Effect", "F1 to source", "F1 to target", "Word accuracy", "SSIM", "Drift")
    scores = [result.baseline, *result.trade_off]
    rows = tuple(
        Row((_names(score), count(len(score.sites)), *_trade_off(score)), _is_found(result, score)) for score in scores
    )
    note = "Sites are added in the order of the ranking. SSIM is that of the whole image to the unpatched source."
    return Table("Nested sets: text gained against image kept", head, rows, note)


def control_table(result: Localization) -> Table:
    """The found set beside everything it must be compared with."""
    head = (
        "Arm",
        "Sites patched",
        "Effect",
        INTERVAL,
        "F1 to source",
        "F1 to target",
        "Word accuracy",
        "SSIM",
        "Drift",
    )
    rows = [_control("Source, unpatched", result.baseline), _control("Target prompt itself", result.target)]
    rows.append(_control("All sites", result.all_sites))
    if is_small(result):
        rows.append(_control("Found set", result.found.score, found=True))
    if result.found.complement is not None:
        rows.append(_control("All but the found set", result.found.complement))
    rows += [_control(f"Random set {i}", score) for i, score in enumerate(result.random_sets, 1)]
    note = "Random sets are drawn outside the found set and have its size, as far as there are enough other sites."
    return Table("Controls", head, tuple(rows), note if result.random_sets else "No random sets were run.", texts=2)


def cost_table(result: Localization, images: int) -> Table:
    """What the run was expected to cost and what it cost."""
    forecast, cost = result.cost["forecast"], result.cost
    expected = forecast.get("seconds")
    rows = [
        Row(("Images generated and read", count(forecast["images"]), count(images))),
        Row(("Denoiser rows", count(forecast["denoiser_rows"]), count(cost["denoiser_rows"]))),
        Row(("Time", "–" if expected is None else duration(expected), duration(cost["seconds"]))),
        Row(("Weights", mebibytes(forecast["weight_bytes"]), "–")),
        Row(("Activations of one row", mebibytes(forecast["row_bytes"]), "–")),
    ]
    note = (
        "A denoiser row is one forward pass of the denoiser for one image of a batch. The forecast of images and rows "
        "is an upper one, since later arms depend on the ranking; that of the time leaves out reading the images."
    )
    return Table("Cost of this run", ("Quantity", "Forecast", "Actual"), tuple(rows), note)


def _trade_off(score: ArmScore) -> Iterable[str]:
    values = (score.effect, score.source_f1, score.target_f1, score.word_accuracy, score.ssim)
    return (*(number(value) for value in values), number(score.drift, 3))


def _control(name: str, score: ArmScore, found: bool = False) -> Row:
    effect, *others = _trade_off(score)
    band = "–" if score.arm == "source" else interval(score.ci)
    return Row((name, site_label(score.sites, LISTED) or "–", effect, band, *others), found)


def _names(score: ArmScore) -> str:
    return "none" if not score.sites else site_label(score.sites, LISTED)


def _is_found(result: Localization, score: ArmScore) -> bool:
    return is_small(result) and score.sites == result.found.indices
