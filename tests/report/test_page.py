"""The page: self-contained, escaped, true to the result, and without anything it has no data for."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.report.conftest import Made, copied
from workbench.localize.result import Localization
from workbench.report.page import write_report
from workbench.report.wording import number

ATTACK = '<script>alert("x")</script>'
CITATION = "https://arxiv.org/abs/2502.09935"


class Page(HTMLParser):
    """A parsed page: its elements with attributes, and the cells of its tables."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.words: list[str] = []
        self._cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._cell = True

    def handle_endtag(self, tag: str) -> None:
        self._cell = self._cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._cell:
            self.rows[-1][-1] += data.strip()

    def row(self, heading: str) -> list[str]:
        return next(row for row in self.rows if row and row[0] == heading)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def written(made: Made, tmp_path_factory: pytest.TempPathFactory) -> tuple[Localization, str]:
    result, cells = copied(made, tmp_path_factory.mktemp("page") / "run")
    return result, write_report(result, cells).read_text(encoding="utf-8")


def test_writes_only_the_page_and_its_figures_into_the_folder(made: Made, tmp_path: Path) -> None:
    result, cells = copied(made, tmp_path / "run")
    before = set(tmp_path.rglob("*"))
    path = write_report(result, cells)
    assert path == tmp_path / "run" / "report.html"
    names = {"report.html", "profile.png", "images.png", "steps.png", "heads.png"}
    assert set(tmp_path.rglob("*")) - before == {tmp_path / "run" / name for name in names}


def test_a_failed_write_keeps_the_old_page_and_leaves_no_part(
    still: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result, cells = copied(still, tmp_path / "run")
    page = write_report(result, cells)
    before = page.read_bytes()

    def refuse(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        write_report(result, cells)
    assert page.read_bytes() == before
    assert not list(tmp_path.rglob("*.part"))


def test_self_contained_and_small(written: tuple[Localization, str]) -> None:
    text = written[1]
    page = Page(text)
    assert len(text.encode()) < 3_000_000
    assert not page.all("script") and not page.all("link") and not page.all("iframe")
    links = [value for _, attributes in page.elements for key, value in attributes.items() if key in ("src", "srcset")]
    assert links and all(value is not None and value.startswith("data:image/") for value in links)
    assert [attributes["href"] for attributes in page.all("a")] == [CITATION]
    assert "url(" not in text and "@import" not in text
    assert any("default-src 'none'" in (item.get("content") or "") for item in page.all("meta"))


def test_everything_user_made_is_escaped(still: Made, tmp_path: Path) -> None:
    result, cells = copied(still, tmp_path / "run")
    pairs = [{**pair, "source": ATTACK, "target_text": ATTACK} for pair in result.config["settings"]["pairs"]]
    config = {**result.config, "settings": {**result.config["settings"], "pairs": pairs}}
    sites = tuple(replace(site, name=ATTACK) for site in result.ranking.sites)
    hostile = replace(
        result,
        model=ATTACK,
        note=ATTACK,
        family=ATTACK,
        run=ATTACK,
        versions={ATTACK: ATTACK},
        config=config,
        ranking=replace(result.ranking, sites=sites),
        found=replace(result.found, sites=(ATTACK,), rule=ATTACK),
    )
    for cell in cells.values():
        cell["text"] = f"$\\frac{{{ATTACK}二"
    text = write_report(hostile, cells).read_text(encoding="utf-8")
    assert "<script" not in text and 'alert("x")' not in text
    assert unescape(text).count(ATTACK) > 20


def test_numbers_are_those_of_the_result(written: tuple[Localization, str]) -> None:
    result, text = written
    page = Page(text)
    for site in result.ranking.sites:
        score = site.score
        heading = f"{site.index} ●" if site.index in result.found.indices else str(site.index)
        numbers = (score.target_effect, score.source_effect, score.target_f1, score.word_accuracy)
        assert page.row(heading) == [
            heading,
            site.name,
            number(score.effect),
            f"{number(score.ci[0])} to {number(score.ci[1])}",
            *map(number, numbers),
            number(score.drift, 3),
            number(site.inclusion),
        ]
    for i, score in enumerate(result.random_sets, 1):
        assert page.row(f"Random set {i}")[2] == number(score.effect)
    assert page.row("Found set ●")[-2:] == [number(result.found.score.ssim), number(result.found.score.drift, 3)]
    nested = [row for row in page.rows if len(row) == 8][1:]
    assert [row[2] for row in nested] == [number(s.effect) for s in (result.baseline, *result.trade_off)]
    assert page.row("Denoiser rows") == ["Denoiser rows", "96,000", "88,000"]
    for words in ("98,304 parameters", "2.34\N{NO-BREAK SPACE}% of the denoiser", result.note, result.found.rule):
        assert words in unescape(text)
    assert f"workbench runs replay {result.run} --out {Path(result.folder).parent}" in unescape(text)


def test_accessible(written: tuple[Localization, str]) -> None:
    page = Page(written[1])
    assert all(image.get("alt") for image in page.all("img"))
    assert all(head.get("scope") in ("col", "row") for head in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table")) == 4
    assert [len(page.all(tag)) for tag in ("header", "main", "footer", "h1")] == [1, 1, 1, 1]
    identifiers = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    assert {section["aria-labelledby"] for section in page.all("section")} == identifiers


def test_optional_parts_leave_nothing_behind(still: Made, tmp_path: Path) -> None:
    result, cells = copied(still, tmp_path / "run")
    text = write_report(replace(result, note=""), cells).read_text(encoding="utf-8")
    page = Page(text)
    assert not (tmp_path / "run" / "steps.png").exists() and not (tmp_path / "run" / "heads.png").exists()
    assert "Inside the sites" not in text and 'class="notice"' not in text
    assert "Random set 1" not in text and "No random sets were run." in text
    assert not [row for row in page.rows if any(cell == "" for cell in row)]
    assert len(page.all("h2")) == len(page.all("section"))


def test_a_missing_image_is_said_not_hidden(still: Made, tmp_path: Path) -> None:
    result, cells = copied(still, tmp_path / "run")
    (Path(result.folder) / "images" / cells["0/0/source"]["image"]).unlink()
    assert write_report(result, cells).read_text(encoding="utf-8").count("image file missing") == 1


def test_marks_do_not_rest_on_colour_alone(written: tuple[Localization, str]) -> None:
    marked = re.findall(r'<span class="read (target|source)">[^<]* (✓ target|= source)</span>', written[1])
    assert {kind for kind, _ in marked} == {"target", "source"}
    assert all(words.endswith(kind) for kind, words in marked)
