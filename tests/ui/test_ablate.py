"""The ablate view without Jupyter: refusals before anything runs, a matrix that fills, cancellation and resumption."""

from __future__ import annotations

import pytest

from tests.ui.wire import Browser
from workbench.ablate.result import AblationMatrix
from workbench.ui.workspace import Workspace

SYSTEMS = ["vision/minimal", "language/sqa"]
SETUP = {"systems": ["vision/minimal"], "variants": ["collapsed_qk", "uniform"], "seeds": 2, "steps": 2}


@pytest.fixture(scope="module")
def panel(tmp_path_factory) -> Browser:
    return Browser(Workspace(tmp_path_factory.mktemp("ablate") / "store"))


@pytest.fixture(scope="module")
def finished(panel) -> tuple[str, str]:
    """Return the job and the run of a finished matrix."""
    job = panel.ask("ablate.start", **SETUP)["job"]
    ended = panel.end_of(job)
    assert ended["status"] == "done", ended
    return job, ended["run"]


def test_the_options_are_those_of_the_zoo(panel):
    options = panel.ask("ablate.options")
    assert set(SYSTEMS) <= {system["name"] for system in options["systems"]}
    controls = {variant["name"] for variant in options["variants"] if variant["control"]}
    assert controls == {"identity", "uniform", "random_symmetric"}
    assert set(options["standard"]) <= {variant["name"] for variant in options["variants"]}


def test_refusals_are_counted_before_anything_runs(tmp_path):
    browser = Browser(Workspace(tmp_path / "store"))
    plan = browser.ask("ablate.plan", systems=SYSTEMS, variants=["collapsed_qk+no_vo", "symmetric"], seeds=3)
    assert plan["cells"] == 6
    (refused,) = plan["refused"]
    assert (refused["system"], refused["variant"]) == ("language/sqa", "collapsed_qk+no_vo")
    assert "rotary" in refused["reason"]
    assert plan["trainings"] == 15
    assert plan["seconds"] is None
    assert not (tmp_path / "store").exists()


def test_the_nearest_variant_is_one_that_the_system_admits(panel):
    setup = {"systems": ["language/sqa"], "seeds": 1}
    (refused,) = panel.ask("ablate.plan", **setup, variants=["collapsed_qk+no_vo"])["refused"]
    assert refused["nearest"].endswith("+no_vo")
    assert panel.ask("ablate.plan", **setup, variants=[refused["nearest"]])["refused"] == []


@pytest.mark.parametrize("change", [{"systems": ["nothing/*"]}, {"variants": ["wrong"]}])
def test_unknown_names_are_refused(panel, change):
    assert panel.ask("ablate.plan", **{**SETUP, **change})["type"] == "input"
    assert panel.ask("ablate.start", **{**SETUP, **change})["type"] == "input"


def test_the_result_is_that_of_the_verb(panel, finished):
    _, run = finished
    result = panel.ask("ablate.result", run=run)
    matrix = AblationMatrix.load(panel.session.workspace.folder / run / "ablation.json")
    assert [variant["name"] for variant in result["variants"]] == ["baseline", "collapsed_qk", "uniform"]
    for shown, row in zip(result["rows"], matrix.rows, strict=True):
        assert (shown["variant"], shown["status"], shown["seeds_done"]) == (row.variant, "done", 2)
        assert shown["accuracy"]["mean"] == row.accuracy.mean
        assert shown["parameters"] == row.parameters
        assert shown["function_error"] == row.function_error
        assert sum(shown["each"]) / 2 == pytest.approx(row.accuracy.mean)
    assert result["ranks"]["vision/minimal"].keys() == {"low_rank_qk", "symmetric_signed"}
    assert result["cells_done"] == result["cells"] == 6


def test_cells_come_as_they_finish(panel, finished):
    job, _ = finished
    first, *_, last = [event["data"] for event in panel.events("job.partial", job)]
    assert [row["status"] for row in first["rows"]] == ["running", "waiting", "waiting"]
    assert first["rows"][0]["accuracy"] is None
    assert {row["status"] for row in last["rows"]} == {"done"}


def test_a_cancelled_matrix_is_resumed(panel):
    setup = {**SETUP, "variants": ["no_mlp"], "seeds": 1, "steps": 3000}
    job = panel.ask("ablate.start", **setup)["job"]
    known = (None, *_runs(panel, job))
    run = panel.wait(lambda content: content["name"] == "job" and content["payload"]["run"] not in known)
    assert panel.ask("jobs.cancel", job=job)["cancelled"]
    assert panel.end_of(job)["status"] == "cancelled"
    result = panel.ask("ablate.result", run=run[0]["payload"]["run"])
    assert result["status"] == "interrupted"
    assert [row["status"] for row in result["rows"]] == ["waiting", "waiting"]
    again = panel.ask("runs.resume", run=result["run"])["job"]
    panel.wait(lambda content: content["name"] == "job.partial" and content["payload"]["job"] == again)
    panel.ask("jobs.cancel", job=again)
    assert panel.end_of(again)["run"] == result["run"]


def _runs(panel: Browser, job: str) -> set[str]:
    """Return the runs of other jobs."""
    states = panel.session.workspace.jobs.states()
    return {state["run"] for state in states if state["job"] != job}


def test_the_expected_time_is_that_of_the_last_run(panel, finished):
    _, run = finished
    seconds = panel.ask("ablate.result", run=run)["seconds"]
    assert panel.ask("ablate.plan", **SETUP)["seconds"] == pytest.approx(seconds)
    assert panel.ask("ablate.plan", **{**SETUP, "steps": 4})["seconds"] == pytest.approx(2 * seconds)


def test_runs_of_the_verb_open_in_the_view(panel, finished):
    _, run = finished
    entry = next(entry for entry in panel.ask("runs.list")["runs"] if entry["run"] == run)
    assert (entry["view"], entry["answer"]) == ("ablate", "3 pairs of system and variant")


def test_the_code_does_what_the_panel_shows(panel, finished, monkeypatch):
    code = panel.ask("code.get", view="ablate", settings=SETUP)["code"]
    scope: dict = {}
    monkeypatch.chdir(panel.session.workspace.folder.parent)
    # The store of the panel under the name that the verb uses, so that the matrix is found and not computed again.
    (panel.session.workspace.folder.parent / "workbench-runs").symlink_to(panel.session.workspace.folder)
    exec(compile(code, "panel", "exec"), scope)
    assert scope["matrix"].run == finished[1]
