"""`workbench zoo` as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from workbench.cli.main import app
from workbench.zoo.registry import list_systems

NAME = "vision/minimal"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["zoo", *arguments])


def test_list_as_json() -> None:
    entries = json.loads(run("list", "--json").stdout)
    assert [entry["name"] for entry in entries] == list_systems()
    assert all({"name", "family", "paper", "variants", "capabilities"} == set(entry) for entry in entries)
    assert all(entry["family"] == entry["name"].split("/")[0] for entry in entries)
    reasons = [
        some["reason"] for entry in entries for some in entry["capabilities"].values() if some["fit"] == "impossible"
    ]
    assert reasons and all(reasons)


def test_list_and_show_for_people() -> None:
    assert NAME in run("list", "vision/*").stdout
    shown = run("show", NAME).stdout
    assert "2410.13732" in shown and "156,298" in shown and "blocks.*.attention" in shown
    document = json.loads(run("show", NAME, "--json").stdout)
    assert document["facts"][0]["mark"] == "verified"


def test_check_and_table(tmp_path: Path) -> None:
    arguments = ["--seeds", "1", "--effort", "0.01", "--out", str(tmp_path)]
    result = run("check", NAME, *arguments, "--json")
    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert {"name", "counts", "tiny", "sites", "ablations", "claim"} <= set(document)
    assert all({"variant", "expected", "measured", "mark", "ok"} <= set(count) for count in document["counts"])
    assert all({"variant", "status", "reason"} <= set(one) for one in document["ablations"])
    assert {"statement", "verdict", "figures"} <= set(document["claim"])
    rows = json.loads(run("table", "--out", str(tmp_path), "--json").stdout)
    assert rows[0]["name"] == NAME and rows[0]["counts"] == "19 of 19"
    assert (tmp_path / "verification.md").read_text(encoding="utf-8").startswith("| name | counts |")


@pytest.mark.parametrize("arguments", [["show", "nothing"], ["check", "nothing"], ["list", "nothing/*"]])
def test_unknown_names_end_with_code_2(arguments: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "workbench.cli.main", "zoo", *arguments], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 2
    assert "choose one of these" in done.stderr and "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_listing_loads_no_models() -> None:
    code = (
        "import sys, workbench.zoo; assert 'torch' not in sys.modules;"
        "from workbench.zoo.registry import list_systems; list_systems();"
        "assert not {'timm', 'transformers.models.llama.modeling_llama'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
