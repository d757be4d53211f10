"""Sweeps over hooks of a bridge: effects, storing, masking, and what does not fit."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pandas as pd
import pytest

import workbench
from tests.classify.materials import scratch
from tests.patch.bridges import (
    LETTERS,
    OUTS,
    classifier,
    gpt2,
    rude,
    t5,
    t5_margins,
    t5_pair,
)
from workbench.classify.bridge import label_question, open_bridge
from workbench.errors import InputError, RefusedError
from workbench.patch.hook_result import HookSweep, SweptPair
from workbench.patch.hook_sweep import Question, ReadText
from workbench.patch.sweep import sweep


def test_effects_run_from_corrupted_to_clean() -> None:
    hooks = [*OUTS, "decoder_blocks.0.hook_in"]
    pair = sweep(t5(), [t5_pair()], hooks, rude()).pairs[0]
    assert [pair.clean, pair.corrupted] == pytest.approx(t5_margins({}).tolist(), abs=1e-6)
    assert pair.effect("decoder_blocks.0.hook_out", 0) == pytest.approx(1, abs=1e-3)
    # The decoder begins with the same token for every text.
    assert pair.effect("decoder_blocks.0.hook_in", 0) == pytest.approx(0, abs=1e-3)
    tokens = len(pair.clean_tokens)
    differing = [place for place in range(tokens) if pair.clean_tokens[place] != pair.corrupted_tokens[place]]
    effects = [abs(pair.effect("encoder_blocks.0.hook_out", place)) for place in range(tokens)]
    assert effects.index(max(effects)) in differing
    assert pair.lengths["encoder_blocks.0.hook_out"] == tokens
    # Two unpatched rows, a row for each cell, and the clean row of each batch of at most 31 cells.
    cells = 2 * tokens + 2
    assert pair.rows == 2 + cells + -(-cells // 31)


def test_effects_do_not_depend_on_the_rows_of_a_batch() -> None:
    pairs = [t5_pair(), tuple(reversed(t5_pair()))]
    whole, single = (sweep(t5(), pairs, OUTS[:1], rude(), positions=(18, 19), max_rows=rows) for rows in (32, 2))
    one, other = whole.to_dataframe(), single.to_dataframe()
    assert one[["pair", "position"]].values.tolist() == [[0, 18], [0, 19], [1, 18], [1, 19]]
    assert one["margin"].tolist() == pytest.approx(other["margin"].tolist(), abs=1e-5)
    assert [pair.rows for pair in (*whole.pairs, *single.pairs)] == [5, 5, 6, 6]


def test_a_result_is_stored_and_shown_escaped(tmp_path: Path) -> None:
    made = sweep(t5(), [t5_pair()], OUTS, rude(), positions=(0,))
    made.save(tmp_path / "sweep.json")
    assert HookSweep.load(tmp_path / "sweep.json") == made
    assert [path.name for path in tmp_path.iterdir()] == ["sweep.json"]
    (tmp_path / "other.json").write_text("[1]")
    with pytest.raises(InputError, match=r"HookSweep\.save"):
        HookSweep.load(tmp_path / "other.json")
    hostile = SweptPair(("<b>", "x"), ("<i>", "x"), 1.0, 0.0, {"<u>": 2}, {"<u>": {0: 0.5, 1: 0.0}}, 3)
    shown = HookSweep("<s>", ("<s>", "t"), (hostile,))
    html = shown._repr_html_()
    assert not any(tag in html for tag in ("<b>", "<i>", "<u>", "<s>"))
    assert "&lt;b&gt;→&lt;i&gt;" in html and "+0.50" in html
    assert "pair 0, <u> at 0 <b>→<i>: +0.50" in repr(shown)
    alike = SweptPair(("x",), ("y",), 0.5, 0.5, {"hook": 1}, {"hook": {0: 0.5}}, 3)
    assert pd.isna(alike.effect("hook", 0))


def test_toxic_words_are_masked_unless_they_are_to_be_shown() -> None:
    masked = label_question(classifier(), "rude").read("a stupid lamp")
    plain = label_question(classifier(), "rude", show_words=True).read("a stupid lamp")
    assert masked.ids == plain.ids
    assert "".join(masked.pieces).endswith("s.....▁lamp</s>")
    assert "".join(plain.pieces).endswith("stupid▁lamp</s>")


def test_pairs_and_questions_that_do_not_fit() -> None:
    for pairs, message in (
        ([("hello", "hell")], "equally many"),
        ([("hello", "hello")], "differ"),
        ([], "at least one"),
    ):
        with pytest.raises(InputError, match=message):
            sweep(gpt2(), pairs, ["hook_embed"], LETTERS)
    pair = [("hello", "hxlly")]
    with pytest.raises(InputError, match="positions from 0 to 4"):
        sweep(gpt2(), pair, ["hook_embed"], LETTERS, positions=(9,))
    with pytest.raises(InputError, match="at least two rows"):
        sweep(gpt2(), pair, ["hook_embed"], LETTERS, max_rows=1)
    gpt2().train()
    try:
        with pytest.raises(InputError, match="eval mode"):
            sweep(gpt2(), pair, ["hook_embed"], LETTERS)
    finally:
        gpt2().eval()
    with pytest.raises(InputError, match="never calls it"):
        sweep(t5(), [t5_pair()], ["embed.hook_out"], rude())
    with pytest.raises(InputError, match="not the batch"):
        sweep(t5(), [t5_pair()], ["pos_embed.hook_out"], rude())
    with pytest.raises(InputError, match="decoder's first token"):
        sweep(t5(), [("hello", "hxlly")], OUTS, LETTERS)
    with pytest.raises(InputError, match="a label out of"):
        label_question(classifier(), "polite")
    with pytest.raises(InputError, match="an id of its own"):
        Question(("a", "b"), (1, 1), "a", lambda text: ReadText((), ()))
    with pytest.raises(InputError, match="empty text"):
        sweep(t5(), [("", "a lamp")], OUTS, rude())


def test_other_kinds_of_classifiers_and_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    for refused in (open_bridge, lambda other: label_question(other, "rude")):
        with pytest.raises(RefusedError, match="no bridge for classification heads"):
            refused(scratch("cnn"))
    monkeypatch.setitem(sys.modules, "transformer_lens.model_bridge", None)
    with pytest.raises(ImportError, match=r"pip install 'transformer-lens>=4.3,<5'"):
        open_bridge(classifier())


def is_import(node: ast.stmt) -> bool:
    return isinstance(node, (ast.Import, ast.ImportFrom))


def test_transformer_lens_is_imported_only_when_a_bridge_is_opened() -> None:
    for path in Path(workbench.__file__).parent.rglob("*.py"):
        imports = [
            node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.ImportFrom)
        ]
        assert not [node.module for node in imports if (node.module or "").startswith("transformer_lens")], path
