"""Recorded results of embedded models: a panel shows one at its first opening, before torch is there."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Final

from workbench.errors import InputError
from workbench.ui.handlers import Reply

# One file a view, written by `python -m tests.ui.test_examples`, which as a test checks what they hold.
FOLDER: Final = Path(__file__).with_name("examples")
# What stands for the run or the job of a recorded result: nothing in a store is ever called so.
RECORDED: Final = "00000000-000000-0000"


def recorded_example(view: str) -> Reply:
    """Return the reply to `examples.get`: what a view shows, the setup that makes it, and images beside it.

    Raises:
        InputError: a view without a recorded result.
    """
    files = {file.stem: file for file in FOLDER.glob("*.json")}
    if view not in files:
        raise InputError(f"one of {sorted(files)}", repr(view), "start a run instead")
    example = json.loads(files[view].read_text(encoding="utf-8"))
    pictures = [b64decode(image.pop("png")) for image in example["items"]]
    return Reply(example, pictures)
