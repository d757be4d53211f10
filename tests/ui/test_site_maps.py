"""The sites that panels list before torch is there are those of the embedded models."""

from __future__ import annotations

import json
from typing import Any

from workbench.models.cards import list_models
from workbench.models.open import open_model
from workbench.ui.models import site_map_of
from workbench.ui.site_maps import FILE, known_site_maps

SHOWN = ("index", "name", "kind", "heads", "head_dim", "text_kv_parameters")


def found_site_maps() -> dict[str, dict[str, Any]]:
    maps = {card.name: site_map_of(open_model(card.name)) for card in list_models()}
    return {
        name: {**found, "sites": [{key: site[key] for key in SHOWN} for site in found["sites"]]}
        for name, found in maps.items()
    }


def test_known_site_maps_are_those_of_the_models():
    assert known_site_maps() == found_site_maps()


if __name__ == "__main__":
    FILE.write_text(json.dumps(found_site_maps(), indent=1) + "\n", encoding="utf-8")
