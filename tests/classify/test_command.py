"""`workbench classify`: its JSON, its masks and its errors."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.classify.materials import posts, write_byte_t5, write_posts
from workbench.cli.main import main
from workbench.guard.detector import BetterProfanity

Run = Callable[..., tuple[int, str, str]]
TRAIN = ("train", "--data", "posts.csv", "--format", "csv", "--out", "o")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run the command in a folder with a data file; return exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    write_posts(tmp_path / "posts.csv", posts())

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["workbench", "classify", *words])
        with pytest.raises(SystemExit) as end:
            main()
        out = capsys.readouterr()
        return int(end.value.code or 0), out.out, out.err

    return call


def test_train_predict_evaluate(run: Run, tmp_path: Path) -> None:
    code, out, err = run(*TRAIN, "--model", "cnn", "--epochs", "2", "--width", "16", "--seeds", "2", "--json")
    data = json.loads(out)
    assert code == 0 and "120 texts of csv" in err.replace("\n", " ")
    assert {"model", "macro_f1", "weighted_f1", "per_class", "out_of_class", "seconds"} <= set(data)
    assert set(data["per_class"]) == {"kind", "rude"}
    assert len(data["seeds"]) == 2 and data["baseline"]["macro_f1"] > 0.9
    assert {path.name for path in tmp_path.iterdir()} == {"posts.csv", "o"}
    code, out, _ = run("evaluate", data["model"], "--data", "posts.csv", "--format", "csv", "--json")
    assert code == 0
    assert {"model", "macro_f1", "weighted_f1", "per_class", "out_of_class", "seconds"} <= set(json.loads(out))
    code, out, _ = run("predict", data["model"], "a rotten lamp", "--json")
    (decision,) = json.loads(out)
    assert (code, decision["text"]) == (0, "a rotten lamp")
    assert sum(decision["scores"].values()) == pytest.approx(1)
    assert decision["label"] == max(decision["scores"], key=decision["scores"].get)


def test_tables_for_people(run: Run) -> None:
    code, out, _ = run(*TRAIN, "--model", "linear")
    assert code == 0 and "macro F1" in out and "model: o/model" in out
    code, out, _ = run("evaluate", "o/model", "--data", "posts.csv", "--format", "csv", "--map", "kind=rude,rude=kind")
    assert code == 0 and "accuracy 0.0" in out


def test_toxic_words_are_masked(run: Run, tmp_path: Path) -> None:
    listed = next(word for word in BetterProfanity().words() if len(word) == 4 and word.isalpha())
    run(*TRAIN, "--model", "linear")
    (tmp_path / "texts.txt").write_text(f"a {listed} lamp\na [red] lamp\n")
    for form in ((), ("--json",)):
        code, out, _ = run("predict", "o/model", "--file", "texts.txt", *form)
        assert code == 0 and listed not in out and f"{listed[0]}..." in out and "[red]" in out
        assert listed in run("predict", "o/model", "--file", "texts.txt", "--show-words", *form)[1]


def test_a_foreign_t5_with_labels(run: Run, tmp_path: Path) -> None:
    write_byte_t5(tmp_path / "t5")
    code, out, _ = run("predict", "t5", "a lamp", "--labels", "HOF=0,NOT=1", "--json")
    assert code == 0
    assert set(json.loads(out)[0]["scores"]) == {"HOF", "NOT"}


BAD = {
    "an unknown model": ([*TRAIN, "--model", "t6"], "a model out of"),
    "an unknown format": (["train", "--data", "posts.csv", "--format", "tsv", "--model", "cnn"], "a format out of"),
    "a missing file": (["train", "--data", "none.csv", "--format", "csv", "--model", "cnn"], "a data file"),
    "missing columns": (["train", "--data", "posts.csv", "--format", "davidson", "--model", "cnn"], "without class"),
    "settings": ([*TRAIN, "--model", "cnn", "--dropout", "2"], "dropout between 0 and 1"),
    "more texts without format": ([*TRAIN, "--model", "cnn", "--unlabelled", "posts.csv"], "FORMAT=FILE"),
    "neither text nor file": (["predict", "t5"], "TEXT or --file"),
    "an unknown classifier": (["predict", "hate-t6", "a lamp"], "embedded classifier"),
    "no label map": (["predict", "t5", "a lamp"], "label map"),
    "labels that collide": (["predict", "t5", "a lamp", "--labels", "HOF=01,NOT=02"], "first pieces differ"),
    "labels without a name": (["predict", "t5", "a lamp", "--labels", "=0,NOT=1"], "--labels"),
    "an empty text": (["predict", "t5", " ", "--labels", "HOF=0,NOT=1"], "empty text"),
    "a text too long": (["predict", "t5", "lamp " * 200, "--labels", "HOF=0,NOT=1"], "at most 512 tokens"),
    "labels of other names": (
        ["evaluate", "t5", "--labels", "HOF=0,NOT=1", "--data", "posts.csv", "--format", "csv"],
        "--map HOF=",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_clear_error_and_exit_code_2(run: Run, tmp_path: Path, case: str) -> None:
    write_byte_t5(tmp_path / "t5")
    words, message = BAD[case]
    code, out, err = run(*words, *(["--out", "o"] if words[0] == "train" and "--out" not in words else []))
    assert (code, out) == (2, "")
    assert message in err
    assert {path.name for path in tmp_path.iterdir()} == {"posts.csv", "t5"}
