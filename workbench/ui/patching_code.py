"""The patching view as a script: the shortest one, with every literal written by `repr`."""

from __future__ import annotations

from collections.abc import Mapping
from keyword import iskeyword
from typing import Any, Final

from workbench.errors import InputError
from workbench.ui.protocol import check_shape

DEFAULTS: Final = {
    "seeds": 1,
    "steps": None,
    "screen": 0,
    "heads": False,
    "step_windows": 1,
    "share": 0.9,
    "drift_margin": 0.05,
}
DEFAULT_PAIRS: Final = 16


def patching_code(setup: dict[str, Any]) -> str:
    """Return a script that does what a `patching_setup` says.

    Raises:
        InputError: a model variable whose name is none.
    """
    check_shape("patching_setup", setup)
    names, pairs = _pairs(setup["pairs"])
    options = [f"{name}={setup[name]!r}" for name, usual in DEFAULTS.items() if setup.get(name, usual) != usual]
    arguments = [model_literal(setup["model"]), *pairs, *options]
    call = "".join(f"    {argument},\n" for argument in arguments)
    imports = ", ".join(sorted(["localize", *names], key=str.swapcase))
    return f"from workbench import {imports}\n\nresult = localize(\n{call})\nresult\n"


def model_literal(model: Mapping[str, str]) -> str:
    """Return the model of a `model_ref` as an expression: a variable's name, or a text."""
    name = model["name"]
    if model["source"] != "variable":
        return repr(name)
    if not name.isidentifier() or iskeyword(name):
        raise InputError("the name of a variable", repr(name), "choose the model again")
    return name


def _pairs(pairs: Any) -> tuple[list[str], list[str]]:
    """Return the names to import and the argument, if any, for pairs."""
    if isinstance(pairs, int):
        return [], [] if pairs == DEFAULT_PAIRS else [repr(pairs)]
    if isinstance(pairs, str):
        return ["read_pairs"], [f"read_pairs({pairs!r})"]
    lines = [
        f"        Pair.of_prompts(\n            {pair['source']!r},\n            {pair['target']!r},\n        ),\n"
        for pair in pairs
    ]
    return ["Pair"], ["[\n" + "".join(lines) + "    ]"]
