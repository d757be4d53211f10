"""A guard and a prompt tried with it as a script."""

from __future__ import annotations

from typing import Any

from workbench.ui.edit_code import found_literal
from workbench.ui.patching_code import model_literal
from workbench.ui.protocol import check_shape


def guard_code(setup: dict[str, Any]) -> str:
    """Return a script that does what a `guard_setup` says.

    Raises:
        InputError: a model variable whose name is none.
    """
    check_shape("guard_setup", setup)
    return (
        "from PIL import Image\n\n"
        "from workbench import Sampling, generate, guard, open_model\n\n"
        f"model = open_model({model_literal(setup['model'])})\n"
        f"with guard(model, {found_literal(setup['found'])}) as log:\n"
        f"    made = generate(model, [{setup['prompt']!r}], [{setup['seed']!r}], Sampling.of(model))\n"
        "print(log)  # toxic words masked\n"
        "Image.fromarray(made.images[0])\n"
    )
