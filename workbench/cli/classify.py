"""`workbench classify`: train, predict, evaluate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from workbench.cli.terminal import JsonFlag, print_json, print_table, progress_bar, say
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.classify.kind import StoredClassifier
    from workbench.classify.result import ClassifierTraining
    from workbench.classify.scores import ClassifierScores

app = typer.Typer(help="Hate and offence classifiers: train, predict, evaluate.", no_args_is_help=True)
FORMATS: Final = (
    "davidson, olid-a, olid-b, olid-c, hasoc-2019, hasoc-2021 (-b), tweeteval-offensive, tweeteval-hate, hatexplain, "
    "toxic-spans, hatecheck, or csv (columns text,label)."
)
FormatOption = Annotated[str, typer.Option("--format", help=FORMATS)]
ModelArgument = Annotated[str, typer.Argument(help="Embedded name, folder or hub id.")]
LabelsOption = Annotated[
    str | None,
    typer.Option(help="For a checkpoint without classifier.json: its labels and their strings, HOF=0,NOT=1."),
]
CleaningOption = Annotated[str, typer.Option(help="For such a checkpoint: hat5 or none.")]


@app.command("train")
def train(
    data: Annotated[Path, typer.Option(help="Data file as it was published.")],
    format: FormatOption,
    model: Annotated[
        str, typer.Option(help="t5-mini, bilstm, gru, cnn, linear; or a folder or hub id of a T5 or an encoder.")
    ],
    out: Annotated[Path, typer.Option(help="Folder of this training; nothing is written elsewhere.")],
    epochs: Annotated[int | None, typer.Option(help="Passes over the training split.")] = None,
    batch: Annotated[int | None, typer.Option(help="Texts of one step.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Highest rate; linear warm-up and decay.")] = None,
    balance: Annotated[float | None, typer.Option(help="Power of class weights: 0 none, 1 fully balanced.")] = None,
    teacher: Annotated[float | None, typer.Option(help="Share of soft targets from the linear model, 0 to 1.")] = None,
    pretraining: Annotated[int | None, typer.Option(help="Passes of span corruption; 1 for word vectors.")] = None,
    unlabelled: Annotated[
        list[str] | None, typer.Option(help="More texts for pre-training: FORMAT=FILE; may be repeated.")
    ] = None,
    augment: Annotated[list[str] | None, typer.Option(help="drop, replace or generate; may be repeated.")] = None,
    vocabulary: Annotated[int | None, typer.Option(help="Most words or pieces.")] = None,
    width: Annotated[int | None, typer.Option(help="Of embeddings.")] = None,
    hidden: Annotated[int | None, typer.Option(help="Of a recurrent state; filters of each width.")] = None,
    layers: Annotated[int | None, typer.Option(help="Of the encoder.")] = None,
    dropout: Annotated[float | None, typer.Option(help="Share of values.")] = None,
    cleaning: Annotated[str | None, typer.Option(help="hat5 or none.")] = None,
    held_out: Annotated[float | None, typer.Option(help="Share of the data kept for the figures.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Number of trainings, for the spread.")] = 1,
    half: Annotated[bool, typer.Option("--half", help="Store weights as float16.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Train a classifier and score it on held-out texts, beside the linear baseline.

    The classifier ends up in DIR/model. Stopped at any moment, the same command goes on after the last epoch.

    Example: workbench classify train --data labeled_data.csv --format davidson --model bilstm --out trained
    """
    from workbench.classify.read import read_texts
    from workbench.classify.train import train_classifier, usual_settings

    given = {
        "epochs": epochs,
        "batch": batch,
        "learning_rate": learning_rate,
        "balance": balance,
        "teacher": teacher,
        "pretraining": pretraining,
        "augmentations": tuple(augment) if augment else None,
        "vocabulary": vocabulary,
        "width": width,
        "hidden": hidden,
        "layers": layers,
        "dropout": dropout,
        "cleaning": cleaning,
        "held_out": held_out,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    settings = usual_settings(model, **changes, seeds=tuple(range(seeds)), half=half)
    labelled = read_texts(data, format)
    more = [text for entry in unlabelled or [] for text in read_texts(*_file_and_format(entry)).texts]
    say(repr(labelled))
    with progress_bar() as bar:
        task = bar.add_task("preparing", total=None)
        result = train_classifier(
            labelled,
            model,
            out,
            settings,
            unlabelled=more,
            on_progress=lambda at: bar.update(
                task, description=f"{at.stage}, loss {at.loss:.3f}", completed=at.step, total=at.steps
            ),
        )
    if as_json:
        print_json(contract(result))
        return
    print(result)


@app.command("predict")
def predict(
    model: ModelArgument,
    text: Annotated[str | None, typer.Argument(help="The text to decide.")] = None,
    file: Annotated[Path | None, typer.Option(help="Decide each line of this file instead.")] = None,
    labels: LabelsOption = None,
    cleaning: CleaningOption = "none",
    show_words: Annotated[bool, typer.Option("--show-words", help="Do not mask toxic words.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Decide texts.

    Example: workbench classify predict hate-bilstm 'what a lovely lamp'
    """
    from workbench.classify.read import read_lines
    from workbench.guard.detector import mask_toxic, open_detector

    if (text is None) == (file is None):
        raise InputError("either TEXT or --file", "neither" if text is None else "both", "give one of them")
    texts = [text] if text is not None else read_lines(file or Path())
    classifier = _open(model, labels, cleaning)
    predictions = classifier.predict(texts)
    detector = open_detector()
    shown = texts if show_words else [mask_toxic(one, detector) for one in texts]
    if as_json:
        print_json(
            [
                {
                    "text": one,
                    "label": decision.label,
                    "scores": dict(zip(classifier.labels, decision.scores, strict=True)),
                    "out_of_class": decision.out_of_class,
                }
                for one, decision in zip(shown, predictions, strict=True)
            ]
        )
        return
    rows = [
        [
            one,
            decision.label,
            *[f"{score:.3f}" for score in decision.scores],
            "yes" if decision.out_of_class else "",
        ]
        for one, decision in zip(shown, predictions, strict=True)
    ]
    print_table(model, ["text", "label", *classifier.labels, "out of class"], rows)


@app.command("evaluate")
def evaluate(
    model: ModelArgument,
    data: Annotated[Path, typer.Option(help="Data file as it was published.")],
    format: FormatOption,
    meaning: Annotated[
        str | None,
        typer.Option("--map", help="What the model's labels mean in the data: hate=hateful,offensive=non-hateful,..."),
    ] = None,
    labels: LabelsOption = None,
    cleaning: CleaningOption = "none",
    as_json: JsonFlag = False,
) -> None:
    """Score a classifier on labelled texts; on HateCheck also for each functional test.

    Example: workbench classify evaluate trained/model --data labeled_data.csv --format davidson
    """
    from workbench.classify.evaluate import evaluate_classifier
    from workbench.classify.read import read_texts

    mapping = None if meaning is None else _pairs(meaning, "--map")
    texts = read_texts(data, format)
    scores = evaluate_classifier(_open(model, labels, cleaning), texts, mapping=mapping)
    if as_json:
        print_json(_figures(scores, model, scores.seconds))
        return
    print(scores)


def contract(result: ClassifierTraining) -> dict[str, Any]:
    """Return the document that `train --json` prints."""
    mean, deviation = result.spread
    return {
        **_figures(result.scores, result.model, result.seconds),
        "seeds": [outcome.scores.macro_f1 for outcome in result.outcomes],
        "spread": {"mean": mean, "standard_deviation": deviation},
        "baseline": None if result.baseline is None else _figures(result.baseline, "linear", result.baseline.seconds),
        "leaks": result.leaks,
    }


def _figures(scores: ClassifierScores, model: str, seconds: float) -> dict[str, Any]:
    data = scores.to_dict()
    return {
        "model": model,
        "macro_f1": scores.macro_f1,
        "weighted_f1": scores.weighted_f1,
        "per_class": {one["label"]: {k: v for k, v in one.items() if k != "label"} for one in data["per_class"]},
        "out_of_class": scores.out_of_class,
        "seconds": seconds,
        **{name: data[name] for name in ("accuracy", "confusion", "texts", "left_out", "functions")},
    }


def _open(model: str, labels: str | None, cleaning: str) -> StoredClassifier:
    from workbench.classify.open import open_classifier

    return open_classifier(model, labels=None if labels is None else _pairs(labels, "--labels"), cleaning=cleaning)


def _pairs(entry: str, option: str) -> dict[str, str]:
    """Return the pairs of `a=b,c=d`; `a,c` stands for `a=a,c=c`."""
    pairs: Sequence[tuple[str, str, str]] = [part.strip().partition("=") for part in entry.split(",")]
    if not all(name for name, _, _ in pairs):
        raise InputError("pairs such as HOF=0,NOT=1", repr(entry), f"correct {option}")
    return {name.strip(): value.strip() if sign else name.strip() for name, sign, value in pairs}


def _file_and_format(entry: str) -> tuple[Path, str]:
    format, sign, file = entry.partition("=")
    if not sign:
        raise InputError("FORMAT=FILE, such as toxic-spans=tsd_train.csv", repr(entry), "correct --unlabelled")
    return Path(file), format
