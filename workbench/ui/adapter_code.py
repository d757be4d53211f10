"""The adapter view as a script: the shortest one, with every literal written by `repr`."""

from __future__ import annotations

from typing import Any, Final

from workbench.ui.edit_code import found_literal
from workbench.ui.patching_code import model_literal
from workbench.ui.protocol import check_shape

DEFAULTS: Final = {
    "rank": 4,
    "alpha": None,
    "learning_rate": 1e-3,
    "steps": 500,
    "batch": 4,
    "seed": 0,
    "validate_every": None,
    "licence": "not stated",
}


def adapter_code(settings: dict[str, Any]) -> str:
    """Return a script that does what an `adapter_setup` says, and exports if it also holds an `export`.

    Raises:
        InputError: a model variable whose name is none.
    """
    check_shape("adapter_setup", settings)
    export = settings.get("export")
    names = ["AdapterSettings", "train_adapter"]
    model, opening = model_literal(settings["model"]), ""
    if export is not None:
        check_shape("adapter_export_setup", export)
        names += ["export_adapter", "open_model"]
        model, opening = "model", f"model = open_model({model})\n"
    imports = f"from workbench import {', '.join(sorted(names))}\n"
    data = repr(settings["data"])
    if settings["data"] is None:
        imports += "from workbench.glyph.samples import write_samples\n"
        data = "write_samples('signs')"
    arguments = [model, found_literal(settings["found"]), data, "out='adapter'", f"settings={_settings(settings)}"]
    call = "".join(f"    {argument},\n" for argument in arguments)
    return f"{imports}\n{opening}result = train_adapter(\n{call})\nresult\n{_export(export)}"


def _settings(settings: dict[str, Any]) -> str:
    options = [f"{name}={settings[name]!r}" for name, usual in DEFAULTS.items() if settings.get(name, usual) != usual]
    prompts = "".join(f"            {prompt!r},\n" for prompt in settings["prompts"])
    lines = "".join(f"        {option},\n" for option in [*options, f"prompts=[\n{prompts}        ]"])
    return f"AdapterSettings(\n{lines}    )"


def _export(export: dict[str, Any] | None) -> str:
    if export is None:
        return ""
    path = export["name"] if export["format"] == "peft" else f"{export['name']}.safetensors"
    kind = "" if export["format"] == "diffusers" else f"    format={export['format']!r},\n"
    return f"\nexport_adapter(\n    model,\n    result.adapter,\n    {path!r},\n{kind})\n"
