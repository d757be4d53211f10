"""`workbench attribute`: explain texts, or compare the methods that do."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperGroup

from workbench.cli.terminal import JsonFlag, print_json, print_table, progress_bar, say
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.attribute.comparison import MethodComparison
    from workbench.attribute.result import Attribution, TextAttribution
    from workbench.classify.classifier import Classifier

DEFAULT: Final = "explain"
HELP: Final = "--help"


class _DefaultFirst(TyperGroup):
    """A group that takes `workbench attribute MODEL TEXT` for `workbench attribute explain MODEL TEXT`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] != HELP:
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_DefaultFirst,
    no_args_is_help=True,
    help="Attribute a text classifier's decision to words: `workbench attribute MODEL TEXT`, or `... compare MODEL`.",
)
ModelArgument = Annotated[str, typer.Argument(help="Classifier: embedded name, folder or hub id.")]
FormatOption = Annotated[
    str | None,
    typer.Option("--format", help="Format of --file, as in `workbench classify`; one text a line if not given."),
]
BaselineOption = Annotated[str, typer.Option(help="pad, zero, mean, text_mean or random.")]
TargetOption = Annotated[str | None, typer.Option(help="Label to explain; each text's prediction unless given.")]
LimitOption = Annotated[int | None, typer.Option(min=1, help="Only the first texts of the file.")]
BoundOption = Annotated[float, typer.Option(help="Largest completeness gap that is certified.")]
SamplesOption = Annotated[int, typer.Option(min=1, help="Permutations of Shapley sampling.")]
SeedOption = Annotated[int, typer.Option(min=0, help="Decides everything random.")]
OutOption = Annotated[
    Path | None, typer.Option(help="Folder for the page, its figures and the result; nothing is written elsewhere.")
]
ShowFlag = Annotated[bool, typer.Option("--show-words", help="Do not mask toxic words.")]


@app.command(DEFAULT)
def explain(
    model: ModelArgument,
    text: Annotated[str | None, typer.Argument(help="The text to explain.")] = None,
    file: Annotated[Path | None, typer.Option(help="Explain the texts of a file instead.")] = None,
    format: FormatOption = None,
    limit: LimitOption = None,
    method: Annotated[str, typer.Option(help="ig, layer_ig, idgi, sequential_ig, shapley, ...")] = "ig",
    baseline: BaselineOption = "pad",
    target: TargetOption = None,
    nodes: Annotated[int | None, typer.Option(help="Fix the quadrature nodes; certified unless given.")] = None,
    bound: BoundOption = 0.01,
    most_nodes: Annotated[int, typer.Option(help="Most gradients of a text.")] = 1000,
    samples: SamplesOption = 25,
    layer: Annotated[list[str] | None, typer.Option(help="Module for layer_ig; may be repeated.")] = None,
    sequence: Annotated[
        bool, typer.Option("--sequence", help="Explain the whole answer's log-probability, not its first step.")
    ] = False,
    seed: SeedOption = 0,
    out: OutOption = None,
    show_words: ShowFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Show which words a decision rests on. This is what `workbench attribute MODEL TEXT` runs.

    With --file, each value of the JSON document is a list with one entry a text.

    Example: workbench attribute hate-t5-mini "you are a fool" --json
    """
    from workbench.attribute.attribute import attribute
    from workbench.classify.open import open_classifier

    if (text is None) == (file is None):
        raise InputError("either TEXT or --file", "both" if text is not None else "neither", "give one of them")
    if file is None and (format is not None or limit is not None):
        raise InputError("--format and --limit with --file alone", "a TEXT", "leave them out")
    opened = open_classifier(model)
    texts = [text or ""] if file is None else _texts(opened, file, format, limit)[0]
    with progress_bar() as bar:
        task = bar.add_task("texts", total=len(texts))
        result = attribute(
            opened,
            texts,
            method,
            baseline,
            target,
            nodes=nodes,
            bound=bound,
            most_nodes=most_nodes,
            samples=samples,
            layers=tuple(layer or ()),
            seed=seed,
            sequence=sequence,
            on_progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    report = _report(result, out, show_words)
    if as_json:
        documents = [contract(one, show_words) for one in result]
        single = file is None and len(documents) == 1
        print_json(
            documents[0] if single else {name: [document[name] for document in documents] for name in documents[0]}
        )
        return
    _show(result, show_words)
    if report is not None:
        print(f"page: {report}")


@app.command("compare")
def compare(
    model: ModelArgument,
    file: Annotated[Path, typer.Option(help="Texts to measure the methods on.")],
    format: FormatOption = None,
    limit: LimitOption = None,
    method: Annotated[list[str] | None, typer.Option(help="Measure this one; may be repeated.")] = None,
    baseline: BaselineOption = "pad",
    target: TargetOption = None,
    bound: BoundOption = 0.01,
    samples: SamplesOption = 25,
    seed: SeedOption = 0,
    out: OutOption = None,
    show_words: ShowFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Measure how faithful, stable and, where people marked words, plausible the methods are.

    Example: workbench attribute compare hate-t5-mini --file tsd_trial.csv --format toxic-spans --target offensive
    """
    from workbench.attribute.compare import METHODS, compare_methods
    from workbench.classify.open import open_classifier

    opened = open_classifier(model)
    texts, spans = _texts(opened, file, format, limit)
    with progress_bar() as bar:
        task = bar.add_task("texts", total=len(texts))
        result = compare_methods(
            opened,
            texts,
            tuple(method or METHODS),
            baseline,
            target,
            spans=spans,
            bound=bound,
            samples=samples,
            seed=seed,
            on_progress=lambda name, done, total: bar.update(task, description=name, completed=done, total=total),
        )
    report = _report(result, out, show_words)
    if as_json:
        print_json(
            {
                "model": result.model,
                "texts": result.texts,
                "baseline": result.baseline,
                "target": result.target,
                "methods": [asdict(score) for score in result.scores],
                "report": report,
            }
        )
        return
    _show_quality(result)
    if report is not None:
        print(f"page: {report}")


def contract(text: TextAttribution, show_words: bool) -> dict[str, Any]:
    """Return the document that `--json` prints for one text, or one text and layer."""
    document = {
        "tokens": list(text.pieces(show_words)),
        "scores": list(text.scores),
        "target": text.target,
        "gap": text.gap,
        "passes": text.passes,
        "prediction": text.prediction,
        "certified": text.certified,
    }
    return {**document, "layer": text.layer} if text.layer else document


def _texts(
    classifier: Classifier, file: Path, format: str | None, limit: int | None
) -> tuple[list[str], list[Any] | None]:
    """Read texts that the classifier takes, and the spans that people marked where the format has them."""
    from workbench.classify.read import read_lines, read_texts

    if format is None:
        texts, spans = [line for line in read_lines(file) if line.strip()], None
    else:
        data = read_texts(file, format)
        texts, spans = list(data.texts), data.spans
    refusals = [classifier.refusal(text) for text in texts]
    fitting = [place for place, refusal in enumerate(refusals) if refusal is None]
    if not fitting:
        raise next(filter(None, refusals), None) or InputError(
            "a file with texts", f"{str(file)!r} without any", "give another file"
        )
    if len(fitting) < len(texts):
        say(f"{len(texts) - len(fitting)} of {len(texts)} texts are empty or too long for {classifier.name}: left out")
    chosen = fitting[:limit]
    return [texts[place] for place in chosen], None if spans is None else [spans[place] for place in chosen]


def _report(result: Attribution | MethodComparison, out: Path | None, show_words: bool) -> str | None:
    if out is None:
        return None
    from workbench.attribute.page import write_page

    try:
        return str(write_page(result, out, show_words=show_words))
    except OSError as error:
        raise InputError("a writable output folder", f"{out} ({error})", "give another --out DIR") from error


def _show(result: Attribution, show_words: bool) -> None:
    from workbench.attribute.result import verdict
    from workbench.attribute.strips import word_cells

    for text in result:
        where = f" at {text.layer}" if text.layer else ""
        print(f"{text.target}{where}, probability {text.probability:.2f}; {verdict(text)}")
        rows = [
            [cell.text, f"{cell.score:+.4f}", cell.mark * (1 + cell.strong)] for cell in word_cells(text, show_words)
        ]
        print_table("words", ["name", "score", ""], rows)
    if result.saved is not None:
        print(f"passes saved against 50 fixed steps: {result.saved:.0%}")


def _show_quality(result: MethodComparison) -> None:
    from workbench.attribute.comparison import NOTE

    table = result.to_dataframe()
    rows = [
        ["" if value != value else f"{value:.3f}" if isinstance(value, float) else str(value) for value in line]
        for line in table.itertuples(index=False, name=None)
    ]
    print_table(result.caption, ["name", *table.columns[1:]], rows)
    print(NOTE)
