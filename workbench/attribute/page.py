"""Write the page of an attribution or of a comparison: heat strips, gaps and tables, in one file that loads nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from markupsafe import Markup

from workbench.attribute.comparison import NOTE, MethodComparison
from workbench.attribute.figures import convergence_figure, strips_figure
from workbench.attribute.registry import find_method
from workbench.attribute.result import Attribution, TextAttribution, verdict
from workbench.attribute.strips import SHAPES, cells_html, level_styles, token_cells, word_cells
from workbench.attribute.words import masked
from workbench.files import write_whole
from workbench.report.palette import DARK, LIGHT
from workbench.report.render import both_themes, png, render
from workbench.report.tables import Row, Table
from workbench.report.wording import number, percent, plural

SHOWN: Final = 200
TOP: Final = 15
PRINT_DPI: Final = 300


@dataclass(frozen=True)
class Strip:
    """One attribution of a text: what made it, and its words and tokens as HTML."""

    name: str
    words: Markup
    tokens: Markup
    verdict: str


@dataclass(frozen=True)
class Group:
    """The strips of one text, with the decision that they explain."""

    title: str
    strips: tuple[Strip, ...]


def write_page(result: Attribution | MethodComparison, folder: str | Path, *, show_words: bool = False) -> Path:
    """Write `attribution.html`, its figures as PNG, and the result as `attribution.json`.

    Args:
        result: what `attribute` or `compare_methods` returned.
        folder: existing or new; nothing is written elsewhere.
        show_words: show toxic words; their first letters unless given. The JSON file holds the texts as they are.

    Returns:
        The path of the page.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    attributions = result.attributions if isinstance(result, MethodComparison) else (result,)
    first = attributions[0]
    curved, bound = [text for text in first if len(text.curve) > 1], float(first.settings["bound"])
    write_whole(place / "attribution.png", png(strips_figure(first.texts, show_words), PRINT_DPI))
    if curved:
        write_whole(place / "convergence.png", png(convergence_figure(curved, bound), PRINT_DPI))
    groups, comparison = _groups(attributions, show_words), isinstance(result, MethodComparison)
    html = render(
        "workbench.attribute",
        "page.html.jinja",
        model=result.model,
        baseline=result.baseline,
        method="several methods" if comparison else find_method(first.method).title,
        finding=finding(first),
        groups=groups[:SHOWN],
        left_out=max(0, len(groups) - SHOWN),
        quality=_quality_table(result) if isinstance(result, MethodComparison) else None,
        top=_top_table(first, show_words),
        convergence=both_themes(lambda palette: convergence_figure(curved, bound, palette)) if curved else None,
        masked=not show_words,
        sequence=first.settings["sequence"],
        versions=first.versions,
        config=json.dumps(first.settings, indent=1),
        shapes=SHAPES,
        levels={"light": level_styles(LIGHT.ramp), "dark": level_styles(DARK.ramp)},
    )
    page = place / "attribution.html"
    write_whole(page, html)
    result.save(place / "attribution.json")
    return page


def finding(result: Attribution) -> str:
    """Return how far the scores can be trusted, in a few sentences."""
    gaps = [text.gap for text in result]
    text = (
        f"{find_method(result.method).title}: the scores of {plural(len(gaps), 'result')} miss the change of the "
        f"decision by {percent(median(gaps))} in the median and by {percent(max(gaps))} at most."
    )
    certificates = [text.certified for text in result if text.certified is not None]
    if not certificates:
        return text
    share = result.saved or 0.0
    cost = f"{percent(abs(share))} {'fewer' if share >= 0 else 'more'} passes than 50 fixed steps"
    return f"{text} {sum(certificates)} of {len(certificates)} are certified, with {cost}."


def _groups(attributions: Sequence[Attribution], show_words: bool) -> list[Group]:
    """Gather what belongs to the same text: the layers of one attribution, or the methods of a comparison."""
    if len(attributions) > 1:
        rows = zip(*(attribution.texts for attribution in attributions), strict=True)
        names = [find_method(attribution.method).title for attribution in attributions]
        return [_group(list(texts), names, show_words) for texts in rows]
    groups: list[list[TextAttribution]] = []
    for text in attributions[0]:
        same = groups and groups[-1][0].text == text.text and text.layer not in [other.layer for other in groups[-1]]
        groups[-1].append(text) if same else groups.append([text])
    return [_group(texts, [text.layer for text in texts], show_words) for texts in groups]


def _group(texts: Sequence[TextAttribution], names: Sequence[str], show_words: bool) -> Group:
    first = texts[0]
    title = f"{first.target}, probability {number(first.probability)}"
    if first.prediction != first.target:
        title += f"; the classifier chooses {first.prediction}"
    title += f"; margin {number(first.at_baseline)} at the baseline, {number(first.at_input)} at the text"
    return Group(
        title,
        tuple(
            Strip(
                name,
                Markup(cells_html(word_cells(text, show_words))),
                Markup(cells_html(token_cells(text, show_words))),
                verdict(text),
            )
            for text, name in zip(texts, names, strict=True)
        ),
    )


def _quality_table(result: MethodComparison) -> Table:
    table = result.to_dataframe()
    head = tuple(name.replace("_", " ") for name in table.columns)
    rows = [
        Row((str(line[0]), *("" if value != value else number(float(value), 3) for value in line[1:])))
        for line in table.itertuples(index=False, name=None)
    ]
    return Table("Quality of methods", head, tuple(rows), NOTE)


def _top_table(result: Attribution, show_words: bool) -> Table | None:
    """Return the words with the highest mean score for each target, or nothing for a single text."""
    if len({text.text for text in result}) < 2:
        return None
    words = result.top_words().groupby("target", sort=False).head(TOP)
    rows = [
        Row((target, word if show_words else masked(word), str(count), number(mean, 3)))
        for target, word, count, mean in words.itertuples(index=False, name=None)
    ]
    head = ("Target", "Word", "Count", "Mean score")
    return Table("Top words over all texts", head, tuple(rows), f"The first {TOP} words of each target.", texts=2)
