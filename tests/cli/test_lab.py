"""`workbench lab`: the notebooks are copied once, and JupyterLab starts in their folder with this interpreter."""

from __future__ import annotations

import subprocess
import sys

import pytest

from workbench.cli import lab as command
from workbench.cli.lab import NOTEBOOKS, copy_notebooks
from workbench.cli.main import main
from workbench.errors import InputError


def test_notebooks_are_copied_and_changed_ones_are_kept(tmp_path):
    packaged = {path.name for place in NOTEBOOKS if place.is_dir() for path in place.glob("*.ipynb")}
    assert "01_localise.ipynb" in packaged
    folder = copy_notebooks(tmp_path / "new" / "study")
    assert {path.name for path in folder.iterdir()} == packaged
    (folder / "01_localise.ipynb").write_text("mine")
    (folder / "own.txt").write_text("mine too")
    assert copy_notebooks(folder) == folder
    assert (folder / "01_localise.ipynb").read_text() == "mine"
    assert (folder / "own.txt").read_text() == "mine too"


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="--folder"):
        copy_notebooks(tmp_path / "file")


def test_the_lab_starts_in_the_folder_with_this_interpreter(tmp_path, monkeypatch):
    calls = []

    def run(words, **options):
        calls.append((words, options["cwd"]))
        return subprocess.CompletedProcess(words, 3)

    monkeypatch.setattr(command.subprocess, "run", run)
    folder = tmp_path / "study"
    words = ["workbench", "lab", "--folder", str(folder), "--", "--no-browser", "--port", "9000"]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 3
    assert calls == [([sys.executable, "-m", "jupyterlab", "--no-browser", "--port", "9000"], folder)]
