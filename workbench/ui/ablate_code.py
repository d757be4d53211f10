"""The ablate view as a script: the shortest one, with every literal written by `repr`."""

from __future__ import annotations

from typing import Any, Final

from workbench.ui.protocol import check_shape

DEFAULTS: Final = {"seeds": 3, "steps": 300, "finetune": 0}


def ablate_code(setup: dict[str, Any]) -> str:
    """Return a script that does what an `ablate_setup` says."""
    check_shape("ablate_setup", setup)
    arguments = [_tuple(setup["systems"]), _tuple(setup["variants"])]
    arguments += [f"{name}={setup[name]!r}" for name, usual in DEFAULTS.items() if setup.get(name, usual) != usual]
    call = "".join(f"    {argument},\n" for argument in arguments)
    return f"from workbench import ablate\n\nmatrix = ablate(\n{call})\nmatrix\n"


def _tuple(names: list[str]) -> str:
    lines = "".join(f"        {name!r},\n" for name in names)
    return f"(\n{lines}    )"
