"""Checkpoints in the format of transformers: read from safetensors only, written small, computed in float32."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import torch
from transformers.utils import logging

from workbench.errors import InputError

PICKLES: Final = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")


def pretrained(auto: Any, source: str) -> Any:
    """Load a tokeniser or a configuration of transformers; remote code is never run.

    Args:
        auto: one of its Auto classes.
        source: a folder or a hub id.

    Raises:
        InputError: there is none.
    """
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    return _loaded(auto, source)


def pretrained_model(auto: Any, source: str, *, new_head: bool = False, **options: Any) -> Any:
    """Load a model of transformers in float32.

    Args:
        auto: one of its Auto classes.
        source: a folder or a hub id.
        new_head: weights that the checkpoint lacks are new; it is refused otherwise, since its decisions were random.
        options: passed on.

    Raises:
        InputError: there is none, its weights are no safetensors, or some are missing.
    """
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    if Path(source).is_dir() and not list(Path(source).glob("*.safetensors")):
        pickles = [path.name for pattern in PICKLES for path in Path(source).glob(pattern)]
        raise InputError(
            "weights in safetensors files",
            f"{source!r} with {', '.join(pickles[:3]) or 'no weights at all'}",
            "save the model again with `save_pretrained`; pickles are never read",
        )
    options = {**options, "dtype": torch.float32, "use_safetensors": True, "ignore_mismatched_sizes": new_head}
    model, report = _loaded(auto, source, output_loading_info=True, **options)
    missing = sorted(report["missing_keys"])
    if missing and not new_head:
        raise InputError(
            "a checkpoint with all weights of a classifier",
            f"{source!r} without {', '.join(missing[:3])}",
            f"train it first: `workbench classify train --model {source} ...`",
        )
    return model


def _loaded(auto: Any, source: str, **options: Any) -> Any:
    try:
        return auto.from_pretrained(source, **options)
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError(
            "a checkpoint that transformers can load", f"{source!r}: {reason}", "check the name and the files"
        ) from error


def write_pretrained(module: Any, tokenizer: Any, folder: Path) -> None:
    """Write a model and its tokeniser into a folder."""
    logging.disable_progress_bar()
    module.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
