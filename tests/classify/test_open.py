"""Opening: every kind comes back from its folder bit for bit, and everything else is one clear error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from transformers import BertModel

from tests.classify.materials import POSTS, SMALL, bert, posts, scratch, write_bert, write_byte_t5
from workbench.classify.card import FILE, Card
from workbench.classify.kind import kinds_from_scratch, list_kinds, register_kind
from workbench.classify.kinds.linear import LinearClassifier
from workbench.classify.kinds.text_to_text import TextToTextClassifier
from workbench.classify.lesson import Lesson
from workbench.classify.open import open_classifier
from workbench.classify.tokens import TokenClassifier
from workbench.errors import InputError


def test_a_classifier_comes_back_from_its_folder(neural: TokenClassifier, tmp_path: Path) -> None:
    neural.write(tmp_path)
    opened = open_classifier(tmp_path)
    assert type(opened) is type(neural)
    assert opened.labels == neural.labels
    assert opened.predict(POSTS) == neural.predict(POSTS)
    assert not opened.module.training
    suffixes = {path.suffix for path in tmp_path.iterdir()}
    assert suffixes == {".json", ".safetensors"}


def test_half_precision_weights_are_computed_with_in_float32(tmp_path: Path) -> None:
    for name in ("t5-mini", "bilstm"):
        classifier = scratch(name)
        classifier.module.half()
        (tmp_path / name).mkdir()
        classifier.write(tmp_path / name)
        opened = open_classifier(tmp_path / name)
        assert isinstance(opened, TokenClassifier)
        assert {weight.dtype for weight in opened.module.parameters()} == {torch.float32}
        classifier.module.float()
        assert opened.predict(POSTS) == classifier.predict(POSTS)


def test_the_linear_baseline_comes_back(tmp_path: Path) -> None:
    data = posts()
    classifier = linear(tmp_path)
    classifier.write(tmp_path)
    opened = open_classifier(tmp_path)
    assert opened.predict(data.texts) == classifier.predict(data.texts)
    with pytest.raises(InputError, match="empty text"):
        opened.predict(["😀"])


def test_pieces_of_labels_are_derived_and_differ() -> None:
    classifier = scratch("t5-mini")
    assert isinstance(classifier, TextToTextClassifier)
    firsts = [classifier.tokenizer.convert_ids_to_tokens(answer[0]) for answer in classifier.answers]
    assert firsts == ["▁0", "▁1"]
    assert all(answer[-1] == classifier.tokenizer.eos_token_id for answer in classifier.answers)


def test_any_t5_opens_with_labels_given(tmp_path: Path) -> None:
    folder = write_byte_t5(tmp_path)
    opened = open_classifier(folder, labels={"HOF": "0", "NOT": "1"}, prefix="is it? ")
    assert isinstance(opened, TextToTextClassifier)
    assert opened.labels == ("HOF", "NOT")
    assert opened.first_ids.tolist() == [ord("0") + 3, ord("1") + 3]
    encoded = opened.encode(["Ab"])
    assert "".join(encoded.pieces[0]) == "is it? Ab</s>"
    assert encoded.content[0].tolist() == [False] * 7 + [True] * 2 + [False]


def test_an_encoder_with_names_of_its_own_needs_none(tmp_path: Path) -> None:
    bert(tmp_path).write(tmp_path)
    (tmp_path / FILE).unlink()
    assert open_classifier(tmp_path).labels == ("kind", "rude")


def test_the_limit_of_positions_is_that_of_the_model(tmp_path: Path) -> None:
    assert bert(tmp_path).max_tokens == 48


def test_label_strings_that_collide_are_refused(tmp_path: Path) -> None:
    folder = write_byte_t5(tmp_path)
    with pytest.raises(InputError, match=r"first pieces differ.*'10'.*'11'"):
        open_classifier(folder, labels={"HOF": "10", "NOT": "11"})


def test_a_checkpoint_without_label_map_is_refused(tmp_path: Path) -> None:
    for write in (write_byte_t5, write_bert):
        with pytest.raises(InputError, match="without one; say what it answers"):
            open_classifier(write(tmp_path / write.__name__))


def test_names_and_folders_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="embedded classifier"):
        open_classifier("hate-t5-minni")
    with pytest.raises(InputError, match="with neither"):
        open_classifier(tmp_path)


def test_pickles_are_never_read(tmp_path: Path) -> None:
    folder = write_bert(tmp_path)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(InputError, match=r"safetensors.*pytorch_model\.bin"):
        open_classifier(folder, labels=["kind", "rude"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": ["one"]}, "at least two labels"),
        ({"labels": ["one", "one"]}, "labels that differ"),
        ({"cleaning": "soap"}, "a cleaning out of"),
        ({"kind": "oracle"}, "a kind of classifier out of"),
        ({"colour": "red"}, "classify train"),
        ({"network": {"words": 3, "labels": 2, "width": 2, "filters": 2, "dropout": 0.0}}, "fits its card"),
    ],
)
def test_a_card_that_makes_no_sense_is_refused(tmp_path: Path, change: dict, message: str) -> None:
    scratch("cnn").write(tmp_path)
    card = json.loads((tmp_path / FILE).read_text(encoding="utf-8"))
    (tmp_path / FILE).write_text(json.dumps({**card, **change}))
    with pytest.raises(InputError, match=message):
        open_classifier(tmp_path)


def test_a_card_that_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{")
    with pytest.raises(InputError, match="classify train"):
        open_classifier(tmp_path)


def test_a_checkpoint_without_a_head_decides_nothing(tmp_path: Path) -> None:
    folder = write_bert(tmp_path)
    with pytest.raises(InputError, match=r"checkpoint"):
        open_classifier(folder, labels=["one", "two", "three"])
    BertModel.from_pretrained(folder).save_pretrained(folder)
    with pytest.raises(InputError, match=r"without classifier\.bias.*train it first"):
        open_classifier(folder, labels=["kind", "rude"])


def test_kinds_are_registered_once() -> None:
    assert list_kinds() == ["bilstm", "cnn", "gru", "linear", "sequence", "text-to-text"]
    assert set(kinds_from_scratch()) == {"bilstm", "cnn", "gru", "linear", "t5-mini"}
    with pytest.raises(InputError, match="lower-case"):
        register_kind("cnn", from_scratch=None)


def linear(folder: Path) -> LinearClassifier:
    """Return a fitted linear classifier."""
    data = posts()
    classifier = LinearClassifier("linear", Card("linear", data.labels, 99))
    classifier.fit(Lesson(None, data, data.take([]), (), SMALL, 0, folder, ""))
    return classifier
