"""The matrix of systems and variants as a run: complete, resumable, and honest about what is impossible."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import workbench.ablate.ablate as module
from workbench import ablate
from workbench.ablate.page import finding, write_page
from workbench.ablate.result import AblationMatrix
from workbench.ablate.settings import settings_for
from workbench.cli.main import app
from workbench.errors import InputError
from workbench.runs.store import RunStore

VARIANTS = ("baseline", "collapsed_qk", "symmetric+no_mlp", "uniform")
SYSTEM = "vision/minimal"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[AblationMatrix, Path]:
    out = tmp_path_factory.mktemp("runs")
    return ablate(SYSTEM, VARIANTS, seeds=2, steps=4, finetune=2, out=out), out


def test_rows(made: tuple[AblationMatrix, Path]) -> None:
    matrix = made[0]
    assert [row.variant for row in matrix.rows] == list(VARIANTS)
    baseline, collapsed, smallest, _ = matrix.rows
    assert baseline.converted_accuracy is None and baseline.function_error is None
    assert collapsed.function_error is not None and collapsed.function_error < 1e-9
    assert collapsed.parameters["total"] < baseline.parameters["total"]
    assert smallest.parameters["mlp"] == 0
    for row in matrix.rows:
        assert sum(row.parameters[part] for part in ("attention", "mlp", "rest")) == row.parameters["total"]
        assert row.weight_bytes == 4 * row.parameters["total"]
        assert row.accuracy is not None and 0 <= row.accuracy.mean <= 1
    assert smallest.finetuned_loss is not None
    assert set(matrix.ranks[SYSTEM]) == {"low_rank_qk", "symmetric_signed"}


def test_conversion_starts_from_the_trained_baseline(made: tuple[AblationMatrix, Path]) -> None:
    baseline, collapsed = made[0].rows[:2]
    assert baseline.loss is not None and collapsed.converted_loss is not None
    assert collapsed.converted_loss.mean == pytest.approx(baseline.loss.mean, rel=1e-4)


def test_the_same_matrix_is_not_computed_twice(
    made: tuple[AblationMatrix, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix, out = made
    monkeypatch.setattr(module, "run_cell", lambda *_: pytest.fail("a cell was computed again"))
    assert ablate(SYSTEM, VARIANTS, seeds=2, steps=4, finetune=2, out=out) == matrix


def test_an_interrupted_matrix_goes_on_alike(
    made: tuple[AblationMatrix, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, calls = module.run_cell, []

    def stopping(*arguments: Any) -> dict[str, Any]:
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(module, "run_cell", stopping)
        with pytest.raises(KeyboardInterrupt):
            ablate(SYSTEM, VARIANTS, seeds=2, steps=4, finetune=2, out=tmp_path)
    assert RunStore(tmp_path).get("last").status == "interrupted"
    resumed = ablate(SYSTEM, VARIANTS, seeds=2, steps=4, finetune=2, out=tmp_path)
    for row, other in zip(resumed.rows, made[0].rows, strict=True):
        assert (row.loss, row.accuracy, row.converted_loss, row.finetuned_loss) == (
            other.loss, other.accuracy, other.converted_loss, other.finetuned_loss,
        )  # fmt: skip


def test_a_matrix_stops_within_a_training_and_keeps_its_cells(tmp_path: Path) -> None:
    runs: list[str] = []
    asked = iter(range(100))
    with pytest.raises(KeyboardInterrupt):
        ablate(
            SYSTEM,
            ("baseline", "no_mlp"),
            seeds=1,
            steps=4,
            out=tmp_path,
            on_run=lambda run: runs.append(run.id),
            # Once before each cell and once a step: in the middle of the second training.
            should_stop=lambda: next(asked) == 7,
        )
    (run,) = RunStore(tmp_path).list()
    assert runs == [run.id]
    assert (run.status, run.cells) == ("interrupted", 1)


def test_projections_that_were_one_tensor_can_be_kept(tmp_path: Path) -> None:
    matrix = ablate("vision/metaformer", ("collapsed_vo",), seeds=1, steps=1, out=tmp_path)
    error = matrix.row("vision/metaformer", "collapsed_vo").function_error
    assert error is not None and error < 1e-6


def test_what_is_impossible_is_a_row_with_a_reason(tmp_path: Path) -> None:
    matrix = ablate("language/sqa", ("collapsed_qk",), seeds=1, steps=2, out=tmp_path)
    row = matrix.row("language/sqa", "collapsed_qk")
    assert row.status == "refused" and "rotary" in row.reason
    assert matrix.table().isna().loc["language/sqa", "collapsed_qk"]
    assert "impossible" in finding(matrix)


def test_results_are_kept(made: tuple[AblationMatrix, Path], tmp_path: Path) -> None:
    matrix, out = made
    assert AblationMatrix.load(next(out.glob("*/ablation.json"))) == matrix
    page = write_page(matrix, tmp_path / "page", {"torch": "<b>1</b>"})
    html = page.read_text(encoding="utf-8")
    assert "&lt;b&gt;1&lt;/b&gt;" in html and "<script" not in html
    assert {path.name for path in page.parent.iterdir()} == {"ablation.html", "size.png", "rank.png"}
    assert "collapsed_qk" in html and SYSTEM in repr(matrix)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"systems": "nothing/*"}, "a system name or a pattern"),
        ({"systems": SYSTEM, "variants": ("wrong",)}, "joined by"),
        ({"systems": SYSTEM, "task": "docstrings"}, "a task with the inputs"),
        ({"systems": SYSTEM, "task": "none"}, "a task out of"),
        ({"systems": SYSTEM, "seeds": 0}, "above 0"),
        ({"systems": SYSTEM, "steps": 0}, "above 0"),
    ],
)
def test_bad_input(arguments: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        settings_for(**arguments)
    with pytest.raises(InputError, match=message):
        ablate(**arguments, out=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_command(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    arguments = ["ablate", "--systems", SYSTEM, "--variants", "no_vo", "--seeds", "1", "--steps", "2"]
    result = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path), "--json"])
    document = json.loads(result.stdout)
    assert result.exit_code == 0 and set(document) == {"run", "rows", "report"}
    rows = {row["variant"]: row for row in document["rows"]}
    assert rows["no_vo"]["parameters"] < rows["baseline"]["parameters"]
    assert set(rows["no_vo"]["accuracy"]) == {"mean", "sd"}
    assert Path(document["report"]).is_file()
