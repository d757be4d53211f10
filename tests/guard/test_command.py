"""`workbench guard`: its JSON, its files, its masks and its errors."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.guard.found_sets import found_set
from workbench.cli.main import main
from workbench.guard.detector import BetterProfanity
from workbench.models import open as opening
from workbench.models.model import Model
from workbench.models.open import open_model

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, glyph_unet: Model) -> Run:
    """Run the command in a folder with a found set; return exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    found_set(glyph_unet).save("found.json")
    quick = replace(glyph_unet, defaults=replace(glyph_unet.defaults, steps=8))
    monkeypatch.setattr(opening, "open_model", lambda name: quick if name == "glyph-unet" else open_model(name))

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["workbench", "guard", *words])
        with pytest.raises(SystemExit) as end:
            main()
        out = capsys.readouterr()
        return int(end.value.code or 0), out.out, out.err

    return call


@pytest.fixture(scope="module")
def listed() -> str:
    return next(word for word in BetterProfanity().words() if len(word) == 4 and word.isalpha()).upper()


def test_a_toxic_prompt(run: Run, tmp_path: Path, listed: str) -> None:
    words = ("glyph-unet", "--found", "found.json", "--prompt", f'A red sign that says "{listed}"', "--out", "o")
    code, out, _ = run(*words, "--json")
    data = json.loads(out)
    assert code == 0
    assert set(data) == {"changed", "image", "ocr", "toxic"}
    (change,) = data["changed"]
    assert change["word"] == listed[0] + "..."
    assert (data["ocr"], data["toxic"]) == (change["replacement"], False)
    assert Path(data["image"]).is_file()
    assert {path.name for path in tmp_path.iterdir()} == {"found.json", "o"}
    assert listed not in out
    code, out, _ = run(*words, "--show-words")
    assert code == 0
    assert f"{listed} -> {change['replacement']}" in out


def test_a_clean_prompt_changes_nothing(run: Run) -> None:
    prompt = ("--prompt", 'A red sign that says "LAMP"')
    code, out, _ = run("glyph-unet", "--found", "found.json", *prompt, "--out", "o")
    assert code == 0
    assert "nothing was changed" in out
    assert '"LAMP", not toxic' in out


def test_methods_are_compared(run: Run, listed: str, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text(f"{listed}\ntoolong\n")
    words = ("glyph-unet", "--found", "found.json", "--words", "words.txt", "--out", "o")
    code, out, err = run(*words)
    assert code == 0
    assert "guarded" in out and "report:" in out
    assert "1 of 2 words" in err
    assert listed not in out
    code, out, _ = run(*words, "--json")
    data = json.loads(out)
    assert {"run", "model", "scores", "note", "report"} <= set(data)
    assert listed not in Path(data["report"]).read_text(encoding="utf-8")
    assert run(*words, "--show-words")[0] == 0
    assert listed in Path(data["report"]).read_text(encoding="utf-8")


PROMPT = ["--prompt", 'a "B"']
BAD = {
    "neither prompt nor words": (["glyph-unet", "--found", "found.json"], "--prompt or --words"),
    "both": (["glyph-unet", "--found", "found.json", *PROMPT, "--words", "2"], "--prompt or --words"),
    "no such run": (["glyph-unet", "--found", "last", *PROMPT], "found set"),
    "a file that is none": (["glyph-unet", "--found", "bad.json", *PROMPT], "FoundSet.save"),
    "a found set of another model": (["glyph-mmdit", "--found", "found.json", *PROMPT], "localise this model"),
    "an architecture": (["published:sdxl", "--found", "found.json", *PROMPT], "weights"),
    "an unknown model": (["glyph-unett", "--found", "found.json", *PROMPT], "did you mean"),
    "no words": (["glyph-unet", "--found", "found.json", "--words", "0"], "at least one word"),
    "a missing file": (["glyph-unet", "--found", "found.json", "--words", "none.txt"], "one word a line"),
    "an output folder that is a file": (
        ["glyph-unet", "--found", "found.json", *PROMPT, "--out", "bad.json"],
        "writable",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_clear_error_and_exit_code_2(run: Run, tmp_path: Path, case: str) -> None:
    (tmp_path / "bad.json").write_text("{}")
    words, message = BAD[case]
    code, out, err = run(*words, *([] if "--out" in words else ["--out", "o"]))
    assert (code, out) == (2, "")
    assert message in err
    assert {path.name for path in tmp_path.iterdir()} == {"bad.json", "found.json"}
