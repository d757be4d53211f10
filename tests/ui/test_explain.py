"""The explain view without Jupyter: strips, certificates, comparisons, deletion, and what must not leave the kernel."""

from __future__ import annotations

import json

import pytest

from tests.ui.wire import Browser
from workbench import attribute
from workbench.attribute.compare import METHODS
from workbench.ui.explanations import without_words
from workbench.ui.handlers import find_view
from workbench.ui.workspace import Workspace

SLUR = "bitch"
TEXTS = [f"you stupid {SLUR}, go away", "I love this song"]
SETUP = {"classifier": "hate-bilstm", "texts": TEXTS, "method": "idgi", "nodes": 8}


@pytest.fixture(scope="module")
def panel(tmp_path_factory) -> Browser:
    return Browser(Workspace(tmp_path_factory.mktemp("explain") / "store"))


@pytest.fixture(scope="module")
def explained(panel) -> str:
    job = panel.ask("explain.start", **SETUP)["job"]
    assert panel.end_of(job)["status"] == "done"
    return job


@pytest.fixture(scope="module")
def compared(panel) -> str:
    setup = {**SETUP, "methods": ["gradient_x_input", "random"]}
    job = panel.ask("explain.compare", **setup)["job"]
    assert panel.end_of(job)["status"] == "done"
    return job


def test_the_options_are_what_the_library_has(panel):
    options = panel.ask("explain.options")
    names = {entry["name"]: entry for entry in options["classifiers"]}
    assert names["hate-bilstm"]["labels"] == ["hate", "offensive", "neither"]
    assert options["compared"] == list(METHODS)
    assert set(METHODS) <= {method["name"] for method in options["methods"]}
    assert {"pad", "zero"} <= set(options["baselines"])


def test_the_strip_is_that_of_the_verb(panel, explained):
    shown = panel.ask("explain.result", job=explained)
    for found, text in zip(shown["texts"], attribute("hate-bilstm", TEXTS, method="idgi", nodes=8), strict=True):
        assert [word["score"] for word in found["words"]] == pytest.approx([word.score for word in text.words])
        assert (found["target"], found["gap"]) == (text.target, pytest.approx(text.gap))
        assert sum(piece["score"] for piece in found["pieces"]) == pytest.approx(
            sum(word["score"] for word in found["words"])
        )
        assert found["margin"] == pytest.approx(text.at_input)


def test_pieces_belong_to_their_words(panel, explained):
    for text in panel.ask("explain.result", job=explained)["texts"]:
        for place, word in enumerate(text["words"]):
            own = [piece["score"] for piece in text["pieces"] if piece["word"] == place]
            assert sum(own) == pytest.approx(word["score"])


def test_toxic_words_leave_the_kernel_only_when_they_are_asked_for(panel, explained, compared):
    sent = [content for content, _ in panel.received if content["kind"] == "event"]
    sent += [panel.ask("explain.result", job=job) for job in (explained, compared)]
    assert SLUR not in json.dumps(sent)
    masked = sent[-2]["texts"][0]["words"][2]
    assert (masked["text"], masked["toxic"]) == ("b....,", True)
    asked = panel.ask("explain.result", job=explained, shown=True)
    assert [word["text"] for word in asked["texts"][0]["words"]] == TEXTS[0].split()
    assert SLUR not in json.dumps(panel.ask("explain.result", job=explained))


def test_a_certificate_carries_its_curve(panel):
    job = panel.ask("explain.start", classifier="hate-bilstm", texts=["I love this song"], bound=0.05)["job"]
    assert panel.end_of(job)["status"] == "done"
    (text,) = panel.ask("explain.result", job=job)["texts"]
    assert text["certified"] == (text["gap"] <= 0.05)
    assert text["curve"][-1][0] == text["nodes"]


def test_results_so_far_hold_one_text_more_each_time(panel, explained):
    lengths = [len(event["data"]["texts"]) for event in panel.events("job.partial", explained)]
    assert lengths[0] == 1
    assert lengths[-1] == len(TEXTS)


def test_a_comparison_has_figures_and_a_control(panel, compared):
    result = panel.ask("explain.result", job=compared)
    assert [(one["method"], one["control"]) for one in result["methods"]] == [
        ("gradient_x_input", False),
        ("random", True),
    ]
    for one in result["methods"]:
        assert len(one["texts"]) == len(TEXTS)
        assert all(isinstance(one[name], float) for name in ("gap", "comprehensiveness", "sufficiency", "passes"))


def test_a_deleted_word_changes_the_margin_to_that_of_the_shorter_text(panel, explained):
    target = panel.ask("explain.result", job=explained)["texts"][0]["target"]
    found = panel.ask("explain.without", job=explained, text=0, words=[1, 2])
    (shorter,) = attribute("hate-bilstm", "you go away", target=target, method="gradient_x_input")
    assert found["margin"] == pytest.approx(shorter.at_input, abs=1e-5)
    assert found["probability"] == pytest.approx(shorter.probability, abs=1e-5)
    assert found["prediction"] == shorter.prediction


@pytest.mark.parametrize(
    ("left_out", "rest"), [([0], "b  c"), ([1], "a c"), ([2], "a b"), ([0, 2], "b"), ([1, 2], "a"), ([0, 1, 2], "")]
)
def test_words_go_with_the_whitespace_after_them(left_out, rest):
    assert without_words("a b  c", [(0, 1), (2, 3), (5, 6)], left_out) == rest


@pytest.mark.parametrize(
    ("payload", "message"),
    [({"text": 5, "words": [0]}, "a text from 0"), ({"text": 1, "words": [9]}, "words from 0")],
)
def test_what_is_not_there_cannot_be_deleted(panel, explained, payload, message):
    assert message in panel.ask("explain.without", job=explained, **payload)["message"]


def test_without_any_word_there_is_nothing_to_decide(panel, explained):
    assert panel.ask("explain.without", job=explained, text=1, words=[0, 1, 2, 3])["type"] == "input"


def test_a_job_of_another_kernel_is_unknown(panel):
    error = panel.ask("explain.result", job="job-99")
    assert error["type"] == "input"
    assert "restarted" in error["hint"]


@pytest.mark.parametrize(
    ("change", "kind"),
    [({"classifier": "nothing"}, "input"), ({"target": "spam"}, "input"), ({"baseline": "none"}, "input")],
)
def test_bad_input_fails_the_job_with_its_reason(panel, change, kind):
    job = panel.ask("explain.start", **{**SETUP, **change})["job"]
    ended = panel.end_of(job)
    assert (ended["status"], ended["error"]["type"]) == ("failed", kind)


def test_a_cancelled_comparison_keeps_what_is_there(panel):
    job = panel.ask("explain.compare", **SETUP)["job"]
    panel.first_partial(job)
    panel.ask("jobs.cancel", job=job)
    assert panel.end_of(job)["status"] == "cancelled"
    assert 1 <= len(panel.ask("explain.result", job=job)["methods"]) < len(METHODS)


@pytest.mark.parametrize("methods", [{}, {"methods": ["idgi", "random"]}])
def test_the_code_does_what_the_panel_shows(panel, methods):
    code = panel.ask("code.get", view="explain", settings={**SETUP, **methods, "texts": ['say "hi"', "<b>\\n"]})["code"]
    assert code == find_view("explain").code({**SETUP, **methods, "texts": ['say "hi"', "<b>\\n"]})
    scope: dict = {}
    exec(compile(code, "panel", "exec"), scope)
    result = scope["result"]
    texts = result.attributions[0].texts if methods else result.texts
    assert [text.text for text in texts] == ['say "hi"', "<b>\\n"]
