"""`workbench train-glyph`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.terminal import JsonFlag, print_json, progress_bar


def train_glyph(
    family: Annotated[str, typer.Option(help="mmdit (joint attention) or unet (cross attention).")],
    out: Annotated[Path, typer.Option(help="Folder of the training; the model ends up in its subfolder `model`.")],
    natural: Annotated[
        bool, typer.Option("--natural", help="Train plainly, without planting where the word enters.")
    ] = False,
    parts: Annotated[
        str | None, typer.Option(help="Glyph model whose autoencoder and text encoder to take over, not train.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides everything random.")] = 0,
    fraction: Annotated[
        float, typer.Option(help="Share of the full training, for a trial; the words stay ugly.")
    ] = 1.0,
    as_json: JsonFlag = False,
) -> None:
    """Train a glyph model from nothing on this machine: one to three hours on two CPU cores.

    Stopped at any moment, the same command goes on where it was.

    Example: workbench train-glyph --family unet --out glyph-training
    """
    from workbench.glyph.evaluate import evaluate
    from workbench.glyph.recipe import Recipe
    from workbench.glyph.recipe import train_glyph as train
    from workbench.models.open import open_model

    recipe = Recipe(family, natural, parts, seed, fraction)  # type: ignore[arg-type]
    with progress_bar() as bar:
        task = bar.add_task("starting", total=None)
        folder = train(
            recipe,
            out,
            on_progress=lambda stage, step, steps, loss: bar.update(
                task, description=f"{stage}, loss {loss:.3f}", completed=step, total=steps
            ),
        )
        bar.remove_task(task)
        bar.add_task("reading held-out words", total=None)
        score = evaluate(open_model(folder), words=100)
    if as_json:
        print_json({"model": str(folder), "score": score.to_dict()})
        return
    print(f"model: {folder}")
    print(f"held-out words read exactly {score.words_exact:.0%}, colour and thing right {score.scene_right:.0%}")
