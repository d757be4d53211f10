"""Training: it learns, resumes to the same outcome, keeps splits apart and writes nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from tests.classify.materials import POSTS, posts, write_bert, write_byte_t5
from workbench.classify.data import LabelledTexts
from workbench.classify.fit import Decisions
from workbench.classify.lesson import Lesson
from workbench.classify.loop import TrainingProgress
from workbench.classify.open import open_classifier
from workbench.classify.result import ClassifierTraining
from workbench.classify.settings import ClassifierSettings
from workbench.classify.tokens import TokenClassifier
from workbench.classify.train import train_classifier, usual_settings
from workbench.errors import InputError, RefusedError

DATA = posts(160)
QUICK = {
    "width": 16,
    "hidden": 16,
    "heads": 2,
    "layers": 1,
    "vocabulary": 120,
    "epochs": 3,
    "batch": 16,
    "max_tokens": 64,
}


class Killed(Exception):
    """Stands for the end of a process."""


def quick(model: str, **changes: object) -> ClassifierSettings:
    return usual_settings(model, **{**QUICK, **changes})


def test_a_network_learns_what_the_words_tell(tmp_path: Path) -> None:
    settings = quick("cnn", epochs=12, learning_rate=1e-2, dropout=0.1)
    result = train_classifier(posts(200), "cnn", tmp_path / "out", settings)
    assert result.scores.macro_f1 > 0.8
    (outcome,) = result.outcomes
    assert len(outcome.losses) == len(outcome.validations) == 12
    assert outcome.losses[-1] < outcome.losses[0] / 2
    opened = open_classifier(result.model)
    assert [decision.label for decision in opened.predict(["a rotten lamp table", "a lovely lamp table"])] == [
        "rude",
        "kind",
    ]
    assert opened.card.metrics["macro_f1"] == result.scores.macro_f1
    assert opened.card.training["settings"] == settings.to_dict()


@pytest.mark.parametrize("model", ["t5-mini", "bilstm", "gru", "linear"])
def test_every_kind_trains_with_all_that_helps_it(tmp_path: Path, model: str) -> None:
    helps = {} if model == "linear" else {"pretraining": 1, "teacher": 0.5, "balance": 0.5}
    settings = quick(model, epochs=2, augmentations=("drop", "generate"), **helps)
    result = train_classifier(DATA, model, tmp_path / "out", settings, unlabelled=POSTS)
    assert result.model == str(tmp_path / "out" / "model")
    assert (result.baseline is None) == (model == "linear")
    assert open_classifier(result.model).labels == ("kind", "rude")
    assert sum(one.texts for one in result.scores.per_class) == 32


@pytest.mark.parametrize("write", [write_bert, write_byte_t5])
def test_a_checkpoint_is_gone_on_from(tmp_path: Path, write) -> None:
    source = str(write(tmp_path / "source"))
    settings = quick(source, epochs=1, max_tokens=100, cleaning="none", learning_rate=0.0001)
    result = train_classifier(DATA, source, tmp_path / "out", settings)
    start = open_classifier(source, labels={"kind": "0", "rude": "1"})
    end = open_classifier(result.model)
    assert isinstance(start, TokenClassifier) and isinstance(end, TokenClassifier)
    before, after = start.module.state_dict(), end.module.state_dict()
    assert before.keys() == after.keys()
    moved = max(float((before[name] - after[name]).abs().max()) for name in before if before[name].is_floating_point())
    assert 0 < moved < 0.01
    assert end.card.training["started_from"] == "source"


@pytest.mark.parametrize(("model", "pretraining"), [("bilstm", 1), ("t5-mini", 1)])
def test_a_killed_training_ends_as_if_nothing_had_happened(tmp_path: Path, model: str, pretraining: int) -> None:
    settings = quick(model, dropout=0.3, pretraining=pretraining, epochs=2)
    whole = train_classifier(DATA, model, tmp_path / "whole", settings)
    steps = 0
    for after in (9, 11):

        def die(at: TrainingProgress) -> None:
            nonlocal steps
            steps += 1
            if steps % after == 0:  # noqa: B023
                raise Killed

        with pytest.raises(Killed):
            train_classifier(DATA, model, tmp_path / "killed", settings, on_progress=die)
    again = train_classifier(DATA, model, tmp_path / "killed", settings)
    assert again.outcomes[0].losses == whole.outcomes[0].losses
    assert again.outcomes[0].validations == whole.outcomes[0].validations
    assert weights_of(again.model) == weights_of(whole.model)


def test_a_finished_training_is_not_repeated(tmp_path: Path) -> None:
    settings = quick("gru", seeds=(0, 1))
    first = train_classifier(DATA, "gru", tmp_path, settings)
    calls: list[TrainingProgress] = []
    again = train_classifier(DATA, "gru", tmp_path, settings, on_progress=calls.append)
    assert not calls
    assert (again.outcomes, again.best) == (first.outcomes, first.best)


def test_several_seeds_give_a_spread_and_the_best_by_validation(tmp_path: Path) -> None:
    result = train_classifier(DATA, "cnn", tmp_path, quick("cnn", seeds=(0, 1, 2)))
    losses = {outcome.seed: outcome.validation_loss for outcome in result.outcomes}
    assert losses[result.best] == min(losses.values())
    assert len(set(losses.values())) == 3
    figures = torch.tensor([outcome.scores.macro_f1 for outcome in result.outcomes], dtype=torch.float64)
    assert result.spread == pytest.approx((float(figures.mean()), float(figures.std())))
    models = sorted(str(path.parent.relative_to(tmp_path)) for path in tmp_path.rglob("classifier.json"))
    assert models == sorted({"model", *(f"seed-{seed}/model" for seed in range(3) if seed != result.best)})
    assert not list(tmp_path.rglob("*.pt")) and not list(tmp_path.rglob("*.part"))
    table = result.to_dataframe()
    assert table["model"].tolist() == ["cnn, seed 0", "cnn, seed 1", "cnn, seed 2", "linear"]


def test_the_outcome_is_saved_and_shown(tmp_path: Path) -> None:
    result = train_classifier(DATA, "cnn", tmp_path, quick("cnn", epochs=1))
    assert ClassifierTraining.load(tmp_path / "result.json") == result
    assert result.baseline is not None
    assert f"linear baseline has {result.baseline.macro_f1:.3f} and is not beaten" in repr(result)
    shown = replace(result, kind="<script>", model="<b>")._repr_html_()
    assert "<script>" not in shown and "<b>" not in shown and "&lt;script&gt;" in shown


def test_no_text_of_the_data_is_written(tmp_path: Path) -> None:
    train_classifier(DATA, "bilstm", tmp_path, quick("bilstm", epochs=1))
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert not any(text.encode() in written for text in DATA.texts)


def test_texts_that_are_equal_once_cleaned_stay_on_one_side(tmp_path: Path) -> None:
    twice = LabelledTexts("made-up", (*DATA.texts, *[f"{text}!" for text in DATA.texts]), DATA.targets * 2, DATA.labels)
    result = train_classifier(twice, "linear", tmp_path, quick("linear"))
    assert result.leaks > 50
    assert result.outcomes[0].scores.texts == 64


def test_half_precision_is_half_the_size(tmp_path: Path) -> None:
    sizes = {}
    for half in (False, True):
        result = train_classifier(DATA, "bilstm", tmp_path / str(half), quick("bilstm", epochs=1, half=half))
        path = Path(result.model) / "model.safetensors"
        with safe_open(path, "pt") as file:
            sizes[half] = {file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
    assert sizes == {False: {"F32"}, True: {"F16"}}


def test_a_teacher_softens_targets_and_leaves_their_sum(tmp_path: Path) -> None:
    classifier = open_classifier(train_classifier(DATA, "cnn", tmp_path, quick("cnn", epochs=1)).model)
    assert isinstance(classifier, TokenClassifier)
    train, validation = DATA.split(0.2, seed=0)
    for share in (0.0, 0.5):
        lesson = Lesson(None, train, validation, (), quick("cnn", teacher=share), 0, tmp_path, "")
        targets = Decisions(classifier, lesson).targets
        torch.testing.assert_close(targets.sum(dim=1), torch.ones(len(train)))
        assert bool((targets.amax(dim=1) < 1).all()) == (share > 0)


def test_folders_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"notes\.txt"):
        train_classifier(DATA, "linear", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    train_classifier(DATA, "linear", tmp_path / "out")
    with pytest.raises(InputError, match="with which this training began"):
        train_classifier(posts(150), "linear", tmp_path / "out")
    with pytest.raises(InputError, match="writable"):
        train_classifier(DATA, "linear", tmp_path / "notes.txt")


def test_what_cannot_be_trained_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(InputError, match="a model out of"):
        train_classifier(DATA, "t6-mini", out)
    with pytest.raises(InputError, match="enough texts of every label"):
        train_classifier(DATA.take([0, 1]), "linear", out)
    assert not out.exists()
    source = str(write_bert(tmp_path / "bert"))
    with pytest.raises(RefusedError, match="pretraining to 0"):
        train_classifier(DATA, source, out, quick(source, pretraining=1, max_tokens=40))


BAD = {
    "epochs": 0,
    "dropout": 1.5,
    "held_out": 0,
    "validation": 0.95,
    "learning_rate": 2,
    "width": 17,
    "augmentations": ("shuffle",),
    "seeds": (1, 1),
    "cleaning": "soap",
    "pretraining": -1,
    "colour": "red",
}


@pytest.mark.parametrize("name", BAD)
def test_settings_that_make_no_sense_are_refused(name: str) -> None:
    with pytest.raises(InputError):
        usual_settings("bilstm", **{name: BAD[name]})


def weights_of(folder: str) -> dict[str, list]:
    """Return the numbers of a stored model."""
    with safe_open(Path(folder) / "model.safetensors", "pt") as file:
        return {name: file.get_tensor(name).flatten().tolist() for name in file.keys()}  # noqa: SIM118
