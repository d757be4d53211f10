"""`workbench adapt`: train, export, show and merge adapters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from workbench.cli.terminal import JsonFlag, print_json, print_table, progress_bar, say
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.adapt.export import AdapterExport
    from workbench.adapt.header import AdapterFile
    from workbench.models.model import Model

app = typer.Typer(help="LoRA adapters on exactly the found sites: train, export, show, merge.", no_args_is_help=True)
ModelOption = Annotated[str, typer.Option("--model", help="Base model: embedded name, folder or hub id.")]
OverwriteFlag = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]


@app.command("train")
def train(
    model: Annotated[str, typer.Argument(help="Embedded name, folder or hub id.")],
    found: Annotated[str, typer.Option(help="Found set: run id, `last`, or a JSON file of it.")],
    data: Annotated[str, typer.Option(help="Folder of images with metadata.jsonl or metadata.csv: file_name,text.")],
    out: Annotated[Path, typer.Option(help="Folder of this training; nothing is written elsewhere.")],
    runs: Annotated[Path, typer.Option(help="Folder of the run store.")] = Path("workbench-runs"),
    rank: Annotated[str, typer.Option(help="One rank, or one a site: 5=8,9=4.")] = "4",
    alpha: Annotated[str | None, typer.Option(help="One alpha, or one a site; equal to the rank unless given.")] = None,
    projection: Annotated[
        list[str] | None,
        typer.Option(help="Train these only, such as to_k; queries, keys, values, output unless given."),
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Optimiser steps.")] = 500,
    batch: Annotated[int, typer.Option(min=1, help="Images of one forward pass.")] = 4,
    accumulation: Annotated[int, typer.Option(min=1, help="Forward passes of one step.")] = 1,
    learning_rate: Annotated[float, typer.Option(help="Of AdamW, constant.")] = 1e-3,
    ema: Annotated[float | None, typer.Option(help="Decay of a moving average, which is kept then.")] = None,
    precision: Annotated[str | None, typer.Option(help="float32, bfloat16 or float16; the device's best.")] = None,
    gradient_checkpointing: Annotated[
        bool, typer.Option("--gradient-checkpointing", help="Less memory, more time.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Decides everything random.")] = 0,
    height: Annotated[int | None, typer.Option(help="Pixels; the model's own.")] = None,
    width: Annotated[int | None, typer.Option(help="Pixels; the model's own.")] = None,
    prompt: Annotated[
        list[str] | None, typer.Option(help='Validate with this prompt, its text in "quotes"; captions unless given.')
    ] = None,
    validate_every: Annotated[int | None, typer.Option(min=1, help="Steps between sample images.")] = None,
    save_every: Annotated[int, typer.Option(min=1, help="Steps between checkpoints.")] = 100,
    reader: Annotated[str, typer.Option(help="OCR engine: rapidocr or easyocr.")] = "rapidocr",
    licence: Annotated[str, typer.Option(help="Licence of the adapter, for its header.")] = "not stated",
    overwrite: OverwriteFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Train an adapter on the attention of the found sites and nowhere else.

    Writes DIR/adapter.safetensors, proven to load, and samples. Stopped at any moment, the same command goes on.

    Example: workbench adapt train glyph-mmdit --found last --data signs --out adapter --steps 300
    """
    from workbench.adapt.settings import AdapterSettings
    from workbench.adapt.train import train_adapter

    settings = AdapterSettings(
        rank=per_site(rank, "--rank"),
        alpha=None if alpha is None else per_site(alpha, "--alpha"),
        projections=projection or None,
        steps=steps,
        batch=batch,
        accumulation=accumulation,
        learning_rate=learning_rate,
        ema=ema,
        precision=precision,  # type: ignore[arg-type]
        gradient_checkpointing=gradient_checkpointing,
        seed=seed,
        height=height,
        width=width,
        prompts=prompt or None,
        validate_every=validate_every,
        save_every=save_every,
        reader=reader,
        licence=licence,
    )
    with progress_bar() as bar:
        task = bar.add_task("opening the model", total=None)
        result = train_adapter(
            model,
            found,
            data,
            out=out,
            runs=runs,
            settings=settings,
            overwrite=overwrite,
            on_progress=lambda at: bar.update(
                task, description=f"loss {at.loss:.3f}", completed=at.step, total=at.steps
            ),
        )
    if as_json:
        print_json(contract(result.export))
        return
    print(result)
    print(f"adapter: {result.export.adapter}")


@app.command("export")
def export(
    adapter: Annotated[Path, typer.Argument(help="Adapter file, or a folder that peft wrote.")],
    model: ModelOption,
    out: Annotated[Path, typer.Option(help="File ending in .safetensors; for peft a folder.")],
    format: Annotated[str, typer.Option(help="diffusers, peft, or kohya (also ComfyUI).")] = "diffusers",
    overwrite: OverwriteFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Write an adapter for other tools; it is loaded back and draws the same images before it gets its name.

    Example: workbench adapt export a.safetensors --model glyph-mmdit --format kohya --out kohya.safetensors
    """
    from workbench.adapt.export import check_path, export_adapter
    from workbench.adapt.header import Format
    from workbench.adapt.load import load_adapter

    kind: Any = format
    if kind not in get_args(Format):
        raise InputError(f"a format out of {', '.join(get_args(Format))}", repr(format), "choose one with --format")
    check_path(out, kind, overwrite)
    opened = _open(model)
    done = export_adapter(opened, load_adapter(adapter, opened), out, format=kind, overwrite=overwrite)
    print_json(contract(done)) if as_json else print(done)


@app.command("show")
def show(
    adapter: Annotated[Path, typer.Argument(help="Adapter file, or a folder that peft wrote.")],
    model: Annotated[str | None, typer.Option("--model", help="Compare with this base model.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Show what an adapter file says of itself; its weights are not loaded.

    Example: workbench adapt show adapter/adapter.safetensors --model glyph-mmdit
    """
    from workbench.adapt.header import inspect_adapter

    file = inspect_adapter(adapter)
    base = None if model is None else _open(model).fingerprint()
    same = None if base is None or "fingerprint" not in file.evidence else base == file.evidence["fingerprint"]
    if as_json:
        proof = _entries(file.evidence.get("proof"))
        document = {
            "adapter": str(file.path),
            "targets": file.evidence.get("targets", list(file.ranks)),
            "matched": proof.get("matched"),
            "trainable_parameters": file.parameters,
            "round_trip_max_difference": proof.get("round_trip_max_difference"),
            "format": file.format,
            "same_base_model": same,
            "evidence": file.evidence,
        }
        print_json(document)
    else:
        _print_file(file)
    if same is False:
        say(f"warning: {model} has fingerprint {base}, the adapter was made for {file.evidence['fingerprint']}")
    if model is not None and same is None:
        say("warning: the file does not say which base model it was made for")


@app.command("merge")
def merge(
    adapters: Annotated[list[Path], typer.Argument(help="Adapter files, or folders that peft wrote.")],
    model: ModelOption,
    out: Annotated[Path, typer.Option(help="A folder, or a file ending in .safetensors; see above.")],
    scale: Annotated[list[float] | None, typer.Option(help="Strength of each adapter, in their order; 1 each.")] = None,
    overwrite: OverwriteFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Merge adapters into one thing, by what --out names.

    A folder gets the whole pipeline with the adapters in its weights, to be opened like any model. A file ending in
    .safetensors gets one adapter that does what all do together (their ranks add up), proven like an export.

    Example: workbench adapt merge a.safetensors b.safetensors --scale 1 --scale 0.5 --model glyph-mmdit --out merged
    """
    from workbench.adapt.adapter import stack_adapters
    from workbench.adapt.export import check_path, export_adapter
    from workbench.adapt.load import load_adapter
    from workbench.adapt.merge import check_folder, save_merged

    as_file = out.suffix == ".safetensors"
    check_path(out, "diffusers", overwrite) if as_file else check_folder(out, overwrite)
    opened = _open(model)
    stack = stack_adapters([load_adapter(adapter, opened) for adapter in adapters], scale or None)
    if as_file:
        done = export_adapter(opened, stack, out, overwrite=overwrite)
        print_json(contract(done)) if as_json else print(done)
        return
    folder = save_merged(opened, stack, out, overwrite=overwrite)
    if as_json:
        count = len(stack.layers)
        document = {"adapter": str(folder), "targets": list(stack.layers), "matched": count}
        print_json({**document, "trainable_parameters": stack.parameters, "round_trip_max_difference": None})
        return
    print(f"pipeline with {len(adapters)} adapters in {len(stack.layers)} modules: {folder}")


def contract(done: AdapterExport) -> dict[str, Any]:
    """Return the document that `--json` prints."""
    return {
        "adapter": done.adapter,
        "targets": list(done.targets),
        "matched": done.matched,
        "trainable_parameters": done.trainable_parameters,
        "round_trip_max_difference": done.round_trip_max_difference,
    }


def per_site(text: str, option: str) -> float | Mapping[str, float]:
    """Read `4`, or `5=8,9=4` for sites by name or index."""
    try:
        if "=" not in text:
            return float(text)
        return {site: float(value) for site, value in (part.split("=") for part in text.split(","))}
    except ValueError:
        raise InputError(
            f"{option} as a number, or as SITE=NUMBER,SITE=NUMBER", repr(text), "such as 4, or 5=8,9=4"
        ) from None


def _open(model: str) -> Model:
    from workbench.models.open import open_model

    return open_model(model)


def _print_file(file: AdapterFile) -> None:
    evidence = file.evidence
    proof, found, versions = (_entries(evidence.get(name)) for name in ("proof", "found", "versions"))
    rows = [[module, str(rank)] for module, rank in file.ranks.items()]
    print_table(f"{len(rows)} modules, {file.format} keys", ["name", "rank"], rows)
    lines = {
        "file": file.path,
        "parameters": f"{file.parameters:,}",
        "base model": f"{evidence.get('model', 'not stated')}, fingerprint {evidence.get('fingerprint', 'not stated')}",
        "licence": evidence.get("licence", "not stated"),
        "found set": f"sites {found.get('indices')}, {found.get('rule')}" if found else "not stated",
        "effect": _entries(found.get("score")).get("effect", "not stated"),
        "proof": f"{proof.get('loader')}, largest difference {proof.get('round_trip_max_difference')}"
        if proof
        else "none",
        "versions": ", ".join(f"{name} {value}" for name, value in versions.items()),
    }
    for name, value in lines.items():
        # What a stranger's file says must not steer the terminal.
        print(f"{name:10} {''.join(filter(str.isprintable, str(value)))}")


def _entries(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
