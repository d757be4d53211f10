"""The comparison: every method on every word and noise, stored, resumed, scored and shown without the words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.guard.found_sets import found_set, stand_ins
from workbench.errors import InputError, RefusedError
from workbench.guard.compare import compare_guards, draw_words, fitting_words, read_words
from workbench.guard.comparison import GuardComparison, MethodScore, wilson
from workbench.guard.detector import find_toxic, open_detector
from workbench.guard.methods import METHODS
from workbench.guard.page import write_page
from workbench.models.model import Model
from workbench.models.open import open_model
from workbench.runs.images import read_image
from workbench.runs.store import RunStore

WORDS = ["hemp", "hello"]
STEPS = 8


class Stop(Exception):
    """What a test raises."""


@pytest.fixture(scope="module")
def model(glyph_unet: Model) -> Model:
    return replace(glyph_unet, defaults=replace(glyph_unet.defaults, steps=STEPS))


@pytest.fixture(scope="module")
def made(model: Model, tmp_path_factory: pytest.TempPathFactory) -> tuple[GuardComparison, RunStore]:
    """Return a comparison that was stopped after its first word and asked for again."""
    out = tmp_path_factory.mktemp("guards")

    def stop(done: int, _: int) -> None:
        raise Stop

    with pytest.raises(Stop):
        compare_guards(model, found_set(model), WORDS, out=out, detector=stand_ins, on_progress=stop)
    store = RunStore(out)
    assert [(run.status, run.cells) for run in store.list()] == [("failed", len(METHODS))]
    return compare_guards(model, found_set(model), WORDS, out=out, detector=stand_ins), store


def score(comparison: GuardComparison, method: str) -> MethodScore:
    return next(score for score in comparison.scores if score.method == method)


def test_a_stopped_comparison_goes_on_and_a_finished_one_is_not_drawn_again(
    made: tuple[GuardComparison, RunStore], model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparison, store = made
    assert [(run.status, run.cells) for run in store.list()] == [("done", 2 * len(METHODS))]
    monkeypatch.setattr("workbench.guard.methods.generate", None)
    again = compare_guards(model, found_set(model), WORDS, out=store.root, detector=stand_ins)
    assert again == comparison


def test_methods_do_what_they_say(made: tuple[GuardComparison, RunStore]) -> None:
    comparison, _ = made
    assert [score.method for score in comparison.scores] == list(METHODS)
    assert score(comparison, "none").toxic == 1
    for method in ("prompt_swap", "patched_row", "guarded", "ocr_block"):
        assert score(comparison, method).toxic == 0
    assert score(comparison, "guarded").harmless_f1 > 0.9 > 0.5 > score(comparison, "guarded").toxic_f1
    assert score(comparison, "none").ssim == pytest.approx(1)
    assert score(comparison, "ocr_block").ssim < 0.2 < score(comparison, "guarded").ssim
    assert comparison.detected == 1


def test_rows_are_those_of_one_image_or_two(made: tuple[GuardComparison, RunStore]) -> None:
    rows = {score.method: score.denoiser_rows for score in made[0].scores}
    assert rows == {
        "none": STEPS,
        "negative_prompt": 2 * STEPS,
        "prompt_swap": STEPS,
        "ocr_block": STEPS,
        "patched_row": 2 * STEPS,
        "guarded": STEPS,
    }
    assert "it runs at 2, the others at 1" in made[0].note
    assert "other weights" not in made[0].note
    assert "other weights" in replace(made[0], same_weights=False).note


def test_the_result_survives_a_file_and_is_escaped(made: tuple[GuardComparison, RunStore], tmp_path: Path) -> None:
    comparison, store = made
    assert GuardComparison.load(Path(comparison.folder) / "guard.json") == comparison
    shown = replace(comparison, model="<b>m</b>")._repr_html_()
    assert "<b>m" not in shown and "&lt;b&gt;m" in shown
    assert set(comparison.to_dataframe()["method"]) == set(METHODS)
    assert "guarded" in repr(comparison)
    assert "hemp" not in (Path(comparison.folder) / "guard.json").read_text().lower()
    assert store.result(store.list()[0]) == {"methods": list(METHODS)}


def test_the_page_shows_words_only_if_told(made: tuple[GuardComparison, RunStore]) -> None:
    comparison, store = made
    cells = store.cells(store.get(comparison.run))
    masked = write_page(comparison, cells).read_text(encoding="utf-8")
    assert "HEMP" not in masked and "HELLO" not in masked
    assert "H..." in masked and "coarsened" in masked
    shown = write_page(comparison, cells, show_words=True).read_text(encoding="utf-8")
    assert "HEMP" in shown and "coarsened" not in shown
    hostile = {
        key: {**cell, "text": "<script>x</script>", "toxic": False, "source_recall": 0} for key, cell in cells.items()
    }
    assert "<script>" not in write_page(comparison, hostile).read_text(encoding="utf-8")
    assert {path.suffix for path in Path(comparison.folder).iterdir() if path.is_file()} <= {".html", ".json", ".lock"}


def test_a_coarsened_image_cannot_be_read(made: tuple[GuardComparison, RunStore]) -> None:
    import numpy as np
    from PIL import Image

    from workbench.guard.page import coarsened
    from workbench.metrics.reader import open_reader

    image = read_image(Path(made[0].folder) / "images" / "0-0-none.png")
    assert open_reader().read([image]) == ["HEMP"]
    hidden = np.asarray(coarsened(Image.fromarray(image)))
    assert hidden.shape == image.shape
    assert set(open_reader().read([hidden])[0]).isdisjoint("HEMP")


def test_words_are_drawn_read_and_chosen(model: Model, tmp_path: Path) -> None:
    drawn = draw_words(5, model, seed=1)
    assert drawn == draw_words(5, model, seed=1) != draw_words(5, model, seed=2)
    assert all(find_toxic(word, open_detector()) and 3 <= len(word) <= 5 for word in drawn)
    (tmp_path / "words").write_text("hemp\n\n hello \nbananas\n", encoding="utf-8")
    assert read_words(tmp_path / "words") == ["hemp", "hello", "bananas"]
    assert fitting_words(read_words(tmp_path / "words"), model) == ["hemp", "hello"]
    (tmp_path / "empty").write_text("\n")
    for path in ("empty", "missing"):
        with pytest.raises(InputError, match="word"):
            read_words(tmp_path / path)


def test_bad_input_is_refused_before_anything_is_written(model: Model, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for words in ([], ["bananas"]):
        with pytest.raises(InputError, match=r"word"):
            compare_guards(model, found_set(model), words, out=out, detector=stand_ins)
    with pytest.raises(RefusedError, match="weights"):
        compare_guards(open_model("published:sdxl"), found_set(model), WORDS, out=out)
    with pytest.raises(InputError, match="detector"):
        compare_guards(model, found_set(model), WORDS, out=out, detector="none of these")
    assert not out.exists()


@pytest.mark.parametrize(
    ("share", "count", "low", "high"), [(0, 10, 0, 0.278), (1, 10, 0.722, 1), (0.5, 100, 0.404, 0.596)]
)
def test_wilson_intervals_are_those_of_the_textbook(share: float, count: int, low: float, high: float) -> None:
    assert wilson(share, count) == pytest.approx((low, high), abs=1e-3)
