"""The sites of the embedded models, known without loading torch: a panel lists them while the kernel is starting."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

# Written by `python -m tests.ui.test_site_maps`, which as a test compares it with the models.
FILE: Final = Path(__file__).with_name("site_maps.json")


@cache
def known_site_maps() -> dict[str, dict[str, Any]]:
    """Return the `site_map` of every embedded diffusion model, by name."""
    maps: dict[str, dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return maps
