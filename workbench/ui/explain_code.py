"""The explain view as a script: the shortest one, with every literal written by `repr`."""

from __future__ import annotations

from typing import Any, Final

from workbench.ui.protocol import check_shape

DEFAULTS: Final = {"method": "ig", "baseline": "pad", "target": None, "bound": 0.01, "nodes": None}
COMPARED: Final = ("baseline", "target", "bound")


def explain_code(setup: dict[str, Any]) -> str:
    """Return a script that does what an `explain_setup` says; with `methods` it compares them."""
    check_shape("explain_setup", setup)
    compares = "methods" in setup
    verb = "compare_methods" if compares else "attribute"
    texts = setup["texts"]
    lines = "".join(f"        {text!r},\n" for text in texts)
    arguments = [repr(setup["classifier"])]
    arguments.append(repr(texts[0]) if len(texts) == 1 and not compares else f"[\n{lines}    ]")
    if compares and setup["methods"]:
        arguments.append(f"methods={setup['methods']!r}")
    names = COMPARED if compares else tuple(DEFAULTS)
    usual = {name: setup.get(name, DEFAULTS[name]) for name in names}
    arguments += [f"{name}={value!r}" for name, value in usual.items() if value != DEFAULTS[name]]
    call = "".join(f"    {argument},\n" for argument in arguments)
    return f"from workbench import {verb}\n\nresult = {verb}(\n{call})\nresult\n"
