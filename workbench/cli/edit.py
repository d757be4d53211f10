"""`workbench edit`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli.localize import DEFAULT_OUT, OutOption
from workbench.cli.terminal import JsonFlag, print_json, print_table, progress_bar
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.edit.result import EditResult
    from workbench.edit.scores import MethodScore


def edit(
    found: Annotated[str, typer.Option(help="Found set: run id of a localisation, or a JSON file.")],
    model: Annotated[str, typer.Argument(help="Embedded name, folder or hub id.")] = "glyph-mmdit",
    source: Annotated[str | None, typer.Option(help='Prompt of the image, its text in "quotes".')] = None,
    target: Annotated[
        list[str] | None, typer.Option(help='The same with the wanted text in "quotes"; may be repeated.')
    ] = None,
    image: Annotated[Path | None, typer.Option(help="Edit this image; --source must say what it shows.")] = None,
    pairs: Annotated[
        str | None, typer.Option(help="Instead of prompts: number of pairs to make, or a CSV file, for a benchmark.")
    ] = None,
    runs: Annotated[Path, typer.Option(help="Folder of the run store that holds the found set's run.")] = DEFAULT_OUT,
    seeds: Annotated[int, typer.Option(min=1, help="Noises per pair.")] = 1,
    steps: Annotated[int | None, typer.Option(min=1, help="Denoising steps; the model's default unless given.")] = None,
    guidance: Annotated[
        float | None, typer.Option(help="Classifier-free guidance; the model's default, none with --image.")
    ] = None,
    start_step: Annotated[int, typer.Option(min=0, help="Patch from this loop index on.")] = 0,
    heads: Annotated[list[int] | None, typer.Option("--head", help="Patch these heads only; may be repeated.")] = None,
    max_rows: Annotated[int, typer.Option(min=5, help="Rows of one generation.")] = 32,
    reader: Annotated[str, typer.Option(help="OCR engine: rapidocr or easyocr.")] = "rapidocr",
    out: OutOption = DEFAULT_OUT,
    as_json: JsonFlag = False,
) -> None:
    """Change the text of an image with a found set, and compare with other ways to do so.

    Example: workbench edit --found found.json --source 'A sign that says "STOP"' --target 'A sign that says "EXIT"'
    """
    from workbench.edit.edit import edit_benchmark, edit_text

    prompts = _prompts(source, target, pairs, image)
    with progress_bar() as bar:
        task = bar.add_task("opening the model", total=None)
        options: dict[str, Any] = {
            "runs": runs,
            "seeds": seeds,
            "steps": steps,
            "guidance": guidance,
            "start_step": start_step,
            "heads": tuple(heads) if heads else None,
            "max_rows": max_rows,
            "reader": reader,
            "out": out,
            "on_progress": lambda at: bar.update(task, description=at.stage, completed=at.done, total=at.total),
        }
        if prompts is None:
            result = edit_benchmark(model, found, _pairs(str(pairs)), **options)
        else:
            result = edit_text(model, found, *prompts, image=image, **options)
    show(result, as_json)


def _prompts(
    source: str | None, target: list[str] | None, pairs: str | None, image: Path | None
) -> tuple[str, list[str]] | None:
    """Return source and targets, or None where pairs are asked for."""
    if pairs is not None and source is None and not target and image is None:
        return None
    if pairs is None and source is not None and target:
        return source, target
    given = {"--source": source, "--target": target, "--pairs": pairs, "--image": image}
    got = ", ".join(name for name, value in given.items() if value) or "none of them"
    raise InputError("either --source and --target, with or without --image, or --pairs", got, "see --help")


def _pairs(words: str) -> Any:
    from workbench.localize.pairs import read_pairs

    return int(words) if words.lstrip("-").isdigit() else read_pairs(words)


def show(result: EditResult, as_json: bool) -> None:
    """Write the page and print the result."""
    from workbench.edit.page import write_page

    page = write_page(result)
    if as_json:
        print_json(contract(result, page))
        return
    columns = ["method", "images", "F1 target", "F1 source", "words", "SSIM", "PSNR", "outside text", "s", "rows"]
    rows = [
        [
            score.method,
            str(score.images),
            f"{score.target_f1:.3f}",
            f"{score.source_f1:.3f}",
            f"{score.word_accuracy:.0%}",
            f"{score.ssim:.3f}",
            f"{score.psnr:.1f}",
            f"{score.outside_text:.3f}",
            f"{score.seconds:.2f}",
            f"{score.denoiser_rows:.0f}",
        ]
        for score in result.scores
    ]
    print_table(f"{result.model}: text edited at {', '.join(result.found)}", columns, rows)
    for note in result.notes:
        print(f"  {note}")
    paths = result.paths("found")
    print(f"edited: {paths[0]}" if len(paths) == 1 else f"edited: {len(paths)} images in {paths[0].parent}")
    print(f"page: {page}")


def contract(result: EditResult, page: Path) -> dict[str, Any]:
    """Return the document that `--json` prints; text, drift and cost at the top are those of the found set."""
    found = result.score("found")
    return {
        "run": result.run,
        "model": result.model,
        "found": list(result.found),
        "images": [str(path) for path in result.paths("found")],
        **_figures(found),
        "methods": [
            {
                "method": score.method,
                "count": score.images,
                "images": [str(path) for path in result.paths(score.method)],
                **_figures(score),
                "ci": asdict(score)["ci"],
            }
            for score in result.scores
        ],
        "readings": [
            {"pair": image.pair, "seed": image.seed, "method": image.method, "text": image.text}
            for image in result.images
        ],
        "notes": list(result.notes),
        "cost": result.cost,
        "report": str(page),
    }


def _figures(score: MethodScore) -> dict[str, Any]:
    return {
        "text": {name: getattr(score, name) for name in ("target_f1", "source_f1", "word_accuracy")},
        "drift": {name: getattr(score, name) for name in ("ssim", "psnr", "outside_text")},
        "seconds": score.seconds,
        "denoiser_rows": score.denoiser_rows,
    }
