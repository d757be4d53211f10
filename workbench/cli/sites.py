"""`workbench sites`."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.terminal import JsonFlag, print_json, print_table


def sites(
    model: Annotated[str, typer.Argument(help="Embedded name, folder, hub id or published:NAME.")],
    as_json: JsonFlag = False,
) -> None:
    """List a model's attention sites in the order in which they run.

    Example: workbench sites published:sdxl
    """
    from workbench.models.open import open_model
    from workbench.sites.find import find_sites

    found = find_sites(open_model(model))
    fields = ("index", "name", "kind", "heads", "head_dim", "text_kv_parameters")
    if as_json:
        rows = [{field: getattr(site, field) for field in fields} for site in found]
        print_json({"model": model, "family": found.family, "sites": rows, "total_parameters": found.total_parameters})
        return
    table = [[str(s.index), s.name, s.kind, str(s.heads), str(s.head_dim), f"{s.text_kv_parameters:,}"] for s in found]
    title = f"{model}: {len(found)} sites, {found.total_parameters:,} denoiser parameters"
    print_table(title, ["index", "name", "kind", "heads", "head dim", "text K/V weights"], table)
