"""Compare a screening with the sweep of every site: do both find the same set, and at what cost?

Run: python tests/benchmarks/screening.py [MODEL ...] [--pairs 16] [--keep 4] [--out screening]

Each model (an embedded name or a folder) is localised twice on the same pairs, once with every site patched over whole
generations and once after a screening. Printed as JSON: the found sets, the rank correlation of one-step effect and
text effect over all sites, the place of the worst member of the full sweep's found set in the screening, and the
denoiser rows of both, of the screening alone, and of everything that both need (later stages and controls).
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from scipy.stats import spearmanr

from workbench.localize.localize import localize


def compare(model: str, pairs: int, keep: int, out: str) -> dict[str, Any]:
    """Localise a model in both ways."""
    full = localize(model, pairs, out=out)
    short = localize(model, pairs, out=out, screen=keep)
    assert short.screening is not None
    effect = {site.index: site.score.effect for site in full.ranking.sites}
    order = [site.index for site in short.screening.sites]
    rows = {"all sites": full.cost["denoiser_rows"], "screened": short.cost["denoiser_rows"]}
    return {
        "found by all sites": list(full.found.indices),
        "found after screening": list(short.found.indices),
        "effect of each": [full.found.score.effect, short.found.score.effect],
        "Spearman, one-step effect and text effect": float(
            spearmanr([effect[site] for site in order], [site.effect for site in short.screening.sites]).statistic
        ),
        "sites to keep for the full sweep's found set": 1 + max(order.index(site) for site in full.found.indices),
        "denoiser rows": {**rows, "screening alone": short.screening.denoiser_rows},
        "seconds": {"all sites": full.cost["seconds"], "screened": short.cost["seconds"]},
    }


def main() -> None:
    """Compare each model and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=["glyph-mmdit", "glyph-unet"])
    parser.add_argument("--pairs", type=int, default=16)
    parser.add_argument("--keep", type=int, default=4)
    parser.add_argument("--out", default="screening")
    asked = parser.parse_args()
    for model in asked.models:
        print(json.dumps({"model": model, **compare(model, asked.pairs, asked.keep, asked.out)}, indent=1), flush=True)


if __name__ == "__main__":
    main()
