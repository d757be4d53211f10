"""`workbench models`."""

from __future__ import annotations

from workbench.cli.terminal import JsonFlag, print_json, print_table


def models(as_json: JsonFlag = False) -> None:
    """List the embedded models and the published architectures.

    Example: workbench models --json
    """
    from workbench.models.open import list_models
    from workbench.models.published import list_published

    cards = list_models()
    if as_json:
        fields = ("name", "family", "sites", "parameters", "planted_sites")
        print_json([{field: getattr(card, field) for field in fields} for card in cards])
        return
    rows = [
        [card.name, card.family, str(card.sites), f"{card.parameters:,}", ", ".join(map(str, card.planted_sites))]
        for card in cards
    ]
    print_table("Embedded models", ["name", "family", "sites", "parameters", "planted sites"], rows)
    names = ", ".join(f"published:{name}" for name in list_published())
    print(f"Architectures without weights, for sites and forecasts: {names}")
    print("Any other text-to-image pipeline: a local folder, or a hub id such as owner/name.")
