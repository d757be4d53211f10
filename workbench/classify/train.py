"""Train a classifier: split, learn with one or several seeds, store, score what was stored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import torch
import transformers
from transformers import AutoConfig

from workbench.classify.augment import Generator, augment
from workbench.classify.checkpoint import pretrained
from workbench.classify.clean import cleaning_of
from workbench.classify.data import LabelledTexts
from workbench.classify.evaluate import evaluate_classifier
from workbench.classify.kind import StoredClassifier, kind_of, kinds_from_scratch
from workbench.classify.lesson import Lesson
from workbench.classify.loop import TrainingProgress
from workbench.classify.open import foreign_kind, open_classifier
from workbench.classify.result import ClassifierTraining, SeedOutcome
from workbench.classify.scores import ClassifierScores
from workbench.classify.settings import ClassifierSettings
from workbench.errors import InputError
from workbench.files import whole, write_whole

MODEL: Final = "model"
CONFIG: Final = "training.json"
RESULT: Final = "result.json"
OUTCOME: Final = "outcome.json"


@dataclass(frozen=True)
class Job:
    """What is trained on what.

    Args:
        kind: class of the classifier.
        source: checkpoint to start from; None from scratch.
        train, validation, held_out: the splits; `train` with its augmentations.
        unlabelled: further texts.
        settings: of the training.
        leaks: training texts that were equal, once cleaned, to held-out or validation ones, and left out.
        identity: hash of all of this.
    """

    kind: type[StoredClassifier]
    source: str | None
    train: LabelledTexts
    validation: LabelledTexts
    held_out: LabelledTexts
    unlabelled: tuple[str, ...]
    settings: ClassifierSettings
    leaks: int
    identity: str


def usual_settings(model: str, **changes: Any) -> ClassifierSettings:
    """Return the usual settings of what `train_classifier` takes as a model, with some changed.

    Raises:
        InputError: no such model, no such setting, or a value that makes no sense.
    """
    kind, _ = _resolve(model)
    try:
        return ClassifierSettings(**{**kind.usual, **changes})
    except TypeError as error:
        raise InputError("settings of ClassifierSettings", str(error), "check their names") from error


def train_classifier(
    data: LabelledTexts,
    model: str,
    out: str | Path,
    settings: ClassifierSettings | None = None,
    *,
    unlabelled: Sequence[str] = (),
    generator: Generator | None = None,
    on_progress: Callable[[TrainingProgress], None] | None = None,
) -> ClassifierTraining:
    """Train a text classifier as Sabry et al. do (HaT5, arXiv 2202.05690), and score it on a held-out split.

    Stopped at any moment, the same call goes on after the last finished epoch, with the same outcome.

    Args:
        data: labelled texts (`read_texts`).
        model: `t5-mini`, `bilstm`, `gru`, `cnn` or `linear` from scratch, or a checkpoint of transformers to go on
            from, a folder or a hub id: an encoder-decoder, or an encoder.
        out: folder of the training; the classifier ends up in its folder `model`. Nothing is written elsewhere.
        settings: the usual ones of the kind unless given (`usual_settings`).
        unlabelled: further texts, for pre-training and vocabulary.
        generator: writes words for the augmentations.
        on_progress: called after each step.

    Returns:
        The figures of each seed and of the linear baseline on the same split, and where the best model lies: the one
        with the lowest validation loss.

    Raises:
        InputError: no such model, too few texts of a label, or a folder with something else in it.
        RefusedError: the model cannot be trained this way.
    """
    job = _plan(data, model, settings, tuple(unlabelled), generator)
    folder = Path(out)
    _claim(folder, job)
    outcomes = [_train(job, seed, folder, on_progress) for seed in job.settings.seeds]
    best = min(outcomes, key=lambda outcome: outcome.validation_loss)
    if not (folder / MODEL).is_dir():
        (folder / f"seed-{best.seed}" / MODEL).rename(folder / MODEL)
    result = ClassifierTraining(
        model=str(folder / MODEL),
        kind=job.kind.kind,
        best=best.seed,
        outcomes=tuple(outcomes),
        baseline=None if job.kind.kind == "linear" else _baseline(job, folder),
        leaks=job.leaks,
        settings=job.settings.to_dict(),
    )
    result.save(folder / RESULT)
    return result


def _resolve(model: str) -> tuple[type[StoredClassifier], str | None]:
    scratch = kinds_from_scratch()
    if model in scratch:
        return scratch[model], None
    if Path(model).is_dir() or (model.count("/") == 1 and not model.startswith((".", "/", "~"))):
        return kind_of(foreign_kind(pretrained(AutoConfig, model))), model
    raise InputError(
        f"a model out of {sorted(scratch)}, a folder or a hub id owner/name", repr(model), "choose one of these"
    )


def _plan(
    data: LabelledTexts,
    model: str,
    settings: ClassifierSettings | None,
    unlabelled: tuple[str, ...],
    generator: Generator | None,
) -> Job:
    """Split the data, keep what is held out apart also once cleaned, and augment what is left."""
    kind, source = _resolve(model)
    chosen = settings or usual_settings(model)
    clean = cleaning_of(chosen.cleaning)
    rest, held_out = data.split(chosen.held_out, seed=chosen.split_seed)
    train, validation = rest.split(chosen.validation, seed=chosen.split_seed)
    apart = {clean(text).text for text in (*held_out.texts, *validation.texts)} | {""}
    own = train.take(place for place, text in enumerate(train.texts) if clean(text).text not in apart)
    more = tuple(text for text in unlabelled if clean(text).text not in apart)
    texts, targets = augment(own.texts, own.targets, chosen.augmentations, seed=chosen.split_seed, generator=generator)
    augmented = replace(
        own, texts=(*own.texts, *texts), targets=(*own.targets, *targets), spans=None, functionality=None
    )
    told = [model, data.texts, data.targets, data.labels, unlabelled, texts, chosen.to_dict()]
    identity = hashlib.sha256(json.dumps(told).encode()).hexdigest()
    leaks = len(train) - len(own)
    return Job(kind, source, augmented, validation, held_out, more, chosen, leaks, identity)


def _claim(folder: Path, job: Job) -> None:
    """Make the folder this training's, or find out that it is.

    Raises:
        InputError: it cannot be written, holds something else, or is another training's.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # A process that was killed may have left the part of a file.
        there = sorted(path.name for path in folder.iterdir() if path.suffix != ".part")
    except OSError as error:
        raise InputError("a writable output folder", f"{folder} ({error})", "give another --out DIR") from error
    if not there:
        config = {"identity": job.identity, "settings": job.settings.to_dict()}
        write_whole(folder / CONFIG, json.dumps(config, indent=1))
        return
    if CONFIG not in there:
        raise InputError("an empty output folder, or one of this training", f"{folder} with {there[0]}", "give another")
    if json.loads((folder / CONFIG).read_text(encoding="utf-8"))["identity"] != job.identity:
        raise InputError(
            "the model, data and settings with which this training began",
            f"others than those of {str(folder)!r}",
            "repeat the command as it was, or give another --out DIR",
        )


def _train(job: Job, seed: int, folder: Path, on_progress: Callable[[TrainingProgress], None] | None) -> SeedOutcome:
    """Train with one seed, unless that was done before."""
    place = folder / f"seed-{seed}"
    place.mkdir(exist_ok=True)
    if (place / OUTCOME).is_file():
        return SeedOutcome.load(place / OUTCOME)
    classifier = _new(job, job.kind, job.source, seed)
    lesson = Lesson(
        job.source, job.train, job.validation, job.unlabelled, job.settings, seed, place, job.identity, on_progress
    )
    epochs = classifier.fit(lesson)
    classifier.card = replace(classifier.card, training=_record(job, seed))
    scores = _stored(classifier, place / MODEL, job)
    outcome = SeedOutcome(seed, scores, tuple(epochs.losses), tuple(epochs.validations), epochs.seconds)
    outcome.save(place / OUTCOME)
    for checkpoint in place.glob("*.pt"):
        checkpoint.unlink()
    return outcome


def _new(job: Job, kind: type[StoredClassifier], source: str | None, seed: int) -> StoredClassifier:
    """Make an untrained classifier, whose first weights the seed decides."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return kind.create((*job.train.texts, *job.unlabelled), job.train.labels, job.settings, source)


def _stored(classifier: StoredClassifier, folder: Path, job: Job) -> ClassifierScores:
    """Write a classifier, and score what was written on the held-out split."""
    module = getattr(classifier, "module", None)
    with whole(folder) as part:
        part.mkdir()
        if module is not None and job.settings.half:
            module.half()
        classifier.write(part)
        scores = evaluate_classifier(open_classifier(part), job.held_out)
        figures = ("macro_f1", "weighted_f1", "accuracy", "out_of_class", "texts")
        metrics = {name: getattr(scores, name) for name in figures}
        metrics["f1"] = {score.label: score.f1 for score in scores.per_class}
        replace(classifier.card, metrics=metrics).write(part)
    return replace(scores, model=classifier.name)


def _baseline(job: Job, folder: Path) -> ClassifierScores:
    """Return the figures of the linear model on the same split."""
    linear = _new(job, kind_of("linear"), None, 0)
    linear.fit(Lesson(None, job.train, job.validation, (), job.settings, 0, folder, job.identity))
    return evaluate_classifier(linear, job.held_out)


def _record(job: Job, seed: int) -> dict[str, Any]:
    """Return what a card says about its training."""
    return {
        "data": job.train.name,
        "texts": len(job.train),
        "unlabelled": len(job.unlabelled),
        "started_from": "scratch" if job.source is None else Path(job.source).name,
        "seed": seed,
        "settings": job.settings.to_dict(),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
    }
