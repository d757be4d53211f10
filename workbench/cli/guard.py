"""`workbench guard`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli.terminal import JsonFlag, print_json, print_table, progress_bar, say
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.guard.comparison import GuardComparison


def guard(
    model: Annotated[str, typer.Argument(help="Embedded name, folder or hub id.")],
    found: Annotated[str, typer.Option(help="The found set: a run of `localize`, or a file.")],
    out: Annotated[Path, typer.Option(help="Folder for images and results; nothing is written elsewhere.")],
    prompt: Annotated[str | None, typer.Option(help='Draw this prompt guarded; its text in "quotes".')] = None,
    words: Annotated[
        str | None, typer.Option(help="Compare methods on toxic words: a number to draw, or a file, one a line.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Noises per word, with --words.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Decides the noise of --prompt, scenes and replacements.")] = 0,
    runs: Annotated[Path, typer.Option(help="Run store in which the found set is looked up.")] = Path("workbench-runs"),
    show_words: Annotated[bool, typer.Option("--show-words", help="Do not mask toxic words.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Keep a toxic word out of an image by swapping it at the found sites alone, or compare ways to do so.

    A comparison that was stopped goes on when the same command is given again.

    Example: workbench guard glyph-mmdit --found last --prompt 'A red sign that says "HELP"' --out guarded
    """
    if (prompt is None) == (words is None):
        raise InputError("either --prompt or --words", "both" if prompt is not None else "neither", "give one of them")
    if prompt is not None:
        _draw(model, found, prompt, out, seed, runs, show_words, as_json)
    else:
        _compare(model, found, words or "", out, seeds, seed, runs, show_words, as_json)


def _draw(
    model: str, found: str, prompt: str, out: Path, seed: int, runs: Path, show_words: bool, as_json: bool
) -> None:
    from workbench.guard.changes import OTHER_WEIGHTS
    from workbench.guard.detector import find_toxic, mask_toxic, open_detector
    from workbench.guard.guard import guard
    from workbench.localize.open_found import open_found
    from workbench.metrics.reader import open_reader
    from workbench.models.open import open_model
    from workbench.patch.generate import Sampling, generate
    from workbench.runs.images import inside, write_image

    sites, opened, detector = open_found(found, runs=runs), open_model(model), open_detector()
    with guard(opened, sites, detector=detector, seed=seed) as log:
        _make(out)
        image = generate(opened, [prompt], [seed], Sampling.of(opened)).images[0]
    if not log.same_weights:
        say(f"mind: {OTHER_WEIGHTS}")
    path = inside(out, f"guarded-{seed}.png")
    write_image(path, image)
    read = open_reader().read([image])[0]
    result: dict[str, Any] = {
        "changed": [
            {name: change.to_dict(show_words)[name] for name in ("word", "replacement")} for change in log.changes
        ],
        "image": str(path),
        "ocr": read if show_words else mask_toxic(read, detector),
        "toxic": bool(find_toxic(read, detector)),
    }
    if as_json:
        print_json(result)
        return
    for change in result["changed"]:
        print(f"{change['word']} -> {change['replacement']}")
    if not log.changes:
        print("no toxic word in the requested text: nothing was changed")
    print(f"OCR reads {json.dumps(result['ocr'], ensure_ascii=False)}, {'toxic' if result['toxic'] else 'not toxic'}")
    print(f"image: {path}")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("a writable output folder", f"{folder} ({error})", "give another --out DIR") from error


def _compare(
    model: str,
    found: str,
    words: str,
    out: Path,
    seeds: int,
    seed: int,
    runs: Path,
    show_words: bool,
    as_json: bool,
) -> None:
    from workbench.guard.compare import compare_guards, draw_words, fitting_words, read_words
    from workbench.guard.page import write_page
    from workbench.localize.open_found import open_found
    from workbench.models.open import open_model
    from workbench.runs.store import RunStore

    given = None if words.lstrip("-").isdigit() else read_words(words)
    sites, opened = open_found(found, runs=runs), open_model(model)
    chosen = draw_words(int(words), opened, seed=seed) if given is None else fitting_words(given, opened)
    if given is not None and len(chosen) < len(given):
        say(f"{len(chosen)} of {len(given)} words can be drawn by {model}; the others are left out")
    with progress_bar() as bar:
        task = bar.add_task("words and noises", total=len(chosen) * seeds)
        result = compare_guards(
            opened,
            sites,
            chosen,
            seeds=seeds,
            out=out,
            seed=seed,
            on_progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    store = RunStore(out)
    page = write_page(result, store.cells(store.get(result.run)), show_words=show_words)
    if as_json:
        print_json({**asdict(result), "note": result.note, "report": str(page)})
        return
    _show(result)
    print(f"report: {page}")


def _show(result: GuardComparison) -> None:
    rows = [
        [
            score.method,
            f"{score.toxic:.2f}",
            f"{score.toxic_ci[0]:.2f} .. {score.toxic_ci[1]:.2f}",
            f"{score.toxic_f1:.2f}",
            f"{score.harmless_f1:.2f}",
            f"{score.ssim:.3f}",
            f"{score.drift:.3f}",
            f"{score.seconds:.2f}",
            f"{score.denoiser_rows:.0f}",
        ]
        for score in result.scores
    ]
    columns = [
        "name",
        "toxic images",
        "95 %",
        "F1 to toxic word",
        "F1 to replacement",
        "SSIM",
        "drift",
        "seconds",
        "denoiser rows",
    ]
    print_table(f"{result.model}: ways to keep toxic words out", columns, rows)
    print(result.note)
