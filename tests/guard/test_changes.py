"""What a guard hands out masks its words, escapes what it shows and survives a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.guard.changes import Change, Guard


@pytest.fixture
def log() -> Guard:
    return Guard(
        "m<b>", ("blocks.0",), True, 2, [Change(0, 0, "banana", "yellow"), Change(1, 2, "<i>x</i>", "<u>y</u>")]
    )


def test_words_are_masked_unless_told_otherwise(log: Guard) -> None:
    assert list(log.to_dataframe()["word"]) == ["b.....", "<......."]
    assert list(log.to_dataframe(show_words=True)["word"]) == ["banana", "<i>x</i>"]
    for shown in (repr(log), log._repr_html_()):
        assert "banana" not in shown
        assert "yellow" in shown


def test_html_is_escaped(log: Guard) -> None:
    shown = log._repr_html_()
    assert "<b>" not in shown and "<u>" not in shown
    assert "m&lt;b&gt;" in shown


def test_a_file_holds_the_words_only_if_told(log: Guard, tmp_path: Path) -> None:
    log.save(tmp_path / "masked.json")
    assert "banana" not in (tmp_path / "masked.json").read_text()
    assert Guard.load(tmp_path / "masked.json").to_dataframe().equals(log.to_dataframe())
    log.save(tmp_path / "shown.json", show_words=True)
    assert Guard.load(tmp_path / "shown.json") == log


def test_a_guard_without_changes_says_so() -> None:
    assert "0 words replaced" in repr(Guard("m", ("a",), True))
    assert list(Guard("m", ("a",), True).to_dataframe().columns) == ["call", "prompt", "word", "replacement"]


def test_sites_of_other_weights_are_told() -> None:
    for shown in (repr(Guard("m", ("a",), False)), Guard("m", ("a",), False)._repr_html_()):
        assert "other weights" in shown
    assert "other weights" not in repr(Guard("m", ("a",), True))
