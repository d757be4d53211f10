"""The edit view as a script: the shortest one, with every literal written by `repr`."""

from __future__ import annotations

from typing import Any, Final

from workbench.ui.patching_code import model_literal
from workbench.ui.protocol import ProtocolError, check_shape
from workbench.ui.workspace import STORE

DEFAULTS: Final = {"seeds": 1, "steps": None, "start_step": 0, "image": None}


def edit_code(setup: dict[str, Any]) -> str:
    """Return a script that does what an `edit_setup` says.

    Raises:
        InputError: a model variable whose name is none, or a source prompt without quoted text.
    """
    from workbench.ui.edits import pairs_of

    check_shape("edit_setup", setup)
    pairs = pairs_of(setup)
    options = [f"{name}={setup[name]!r}" for name, usual in DEFAULTS.items() if setup.get(name, usual) != usual]
    lines = "".join(f"        {pair.target!r},\n" for pair in pairs)
    arguments = [
        model_literal(setup["model"]),
        found_literal(setup["found"]),
        repr(setup["source"]),
        f"[\n{lines}    ]",
    ]
    call = "".join(f"    {argument},\n" for argument in [*arguments, *options])
    return f"from workbench import edit_text\n\nresult = edit_text(\n{call})\nresult\n"


def found_literal(name: str) -> str:
    """Return what `open_found` takes for the name of a `found_entry`, as an expression: a run, or a kept set's file."""
    try:
        check_shape("run_id", name)
    except ProtocolError:
        return repr(f"{STORE}/found/{name}.json")
    return repr(name)
