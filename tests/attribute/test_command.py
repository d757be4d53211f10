"""`workbench attribute`: its JSON, its files and its errors."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.attribute.compare import METHODS
from workbench.classify.tokens import TokenClassifier
from workbench.cli.main import main

Run = Callable[..., tuple[int, str, str]]
KEYS = {"tokens", "scores", "target", "gap", "passes", "prediction", "certified"}


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, learnt: TokenClassifier
) -> Run:
    """Run the command in a folder with a classifier and files; return exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    Path("model").mkdir()
    learnt.write(Path("model"))
    Path("texts.txt").write_text("a rotten lamp\n\nnice chair, table\n", encoding="utf-8")
    spans = "[2, 3, 4, 5, 6, 7]"
    Path("spans.csv").write_text(f'spans,text\n"{spans}",a rotten lamp\n[],nice chair\n', encoding="utf-8")

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["workbench", "attribute", *words])
        with pytest.raises(SystemExit) as end:
            main()
        out = capsys.readouterr()
        return int(end.value.code or 0), out.out, out.err

    return call


def test_a_text(run: Run) -> None:
    code, out, _ = run("model", "a rotten lamp", "--json")
    data = json.loads(out)
    assert code == 0
    assert set(data) == KEYS
    assert data["tokens"] == ["a", "rotten", "lamp"]
    assert len(data["scores"]) == 3
    assert data["target"] == data["prediction"] == "rude"
    assert 0 <= data["gap"] <= 0.01 and data["certified"] is True
    assert data["passes"] >= 20


def test_a_file(run: Run) -> None:
    code, out, _ = run("model", "--file", "texts.txt", "--method", "idgi", "--baseline", "zero", "--json")
    data = json.loads(out)
    assert code == 0
    assert set(data) == KEYS
    assert [len(tokens) for tokens in data["tokens"]] == [3, 3]
    assert run("--file", "texts.txt", "model", "--method", "idgi", "--baseline", "zero", "--json")[1] == out
    assert len(json.loads(run("model", "--file", "texts.txt", "--limit", "1", "--json")[1])["tokens"]) == 1


def test_a_page(run: Run, tmp_path: Path) -> None:
    before = {path.name for path in tmp_path.iterdir()}
    code, out, _ = run("model", "a rotten lamp", "--out", "o")
    assert code == 0
    assert "rotten" in out and "certified" in out
    assert {path.name for path in tmp_path.iterdir()} == before | {"o"}
    assert "page: o/attribution.html" in out.replace("\\", "/")
    assert (tmp_path / "o" / "attribution.html").is_file()


def test_a_comparison(run: Run) -> None:
    words = ("--file", "spans.csv", "--format", "toxic-spans", "--target", "rude", "--samples", "3", "--json")
    code, out, _ = run("compare", "model", *words)
    data = json.loads(out)
    assert code == 0
    assert [line["method"] for line in data["methods"]] == [*METHODS, "word_list"]
    assert data["methods"][0]["gap"] <= 0.01
    assert data["methods"][0]["token_f1"] > 0
    assert data["report"] is None


def test_texts_of_a_file_that_do_not_fit_are_left_out(run: Run) -> None:
    Path("long.txt").write_text("lamp " * 300 + "\na lamp\n", encoding="utf-8")
    code, out, err = run("model", "--file", "long.txt", "--method", "random", "--json")
    assert code == 0
    assert json.loads(out)["tokens"] == [["a", "lamp"]]
    assert "1 of 2 texts" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("model",), "either TEXT or --file"),
        (("model", "a lamp", "--file", "texts.txt"), "either TEXT or --file"),
        (("model", "a lamp", "--limit", "1"), "--file alone"),
        (("model", ""), "empty text"),
        (("model", "lamp " * 300), "tokens"),
        (("model", "a lamp", "--method", "magic"), "leave_one_out"),
        (("model", "a lamp", "--baseline", "none"), "text_mean"),
        (("model", "a lamp", "--target", "angry"), "kind"),
        (("nowhere", "a lamp"), "nowhere"),
        (("model", "--file", "missing.txt"), "missing.txt"),
        (("model", "a lamp", "--out", "texts.txt"), "output folder"),
        (("compare", "model", "--file", "spans.csv", "--format", "toxic-spans"), "target"),
        (("compare", "model", "--file", "texts.txt", "--method", "layer_ig"), "explain the input"),
    ],
)
def test_bad_input_ends_with_code_2(run: Run, words: tuple[str, ...], message: str) -> None:
    code, out, err = run(*words, "--json")
    assert code == 2
    assert out == ""
    assert message in err
