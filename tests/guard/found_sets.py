"""Found sets built by hand, and a detector of stand-in words, so that no test depends on a localisation or a slur."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from workbench.guard.views import Span
from workbench.localize.result import FoundSet
from workbench.localize.scores import ArmScore
from workbench.models.model import Model
from workbench.sites.find import find_sites
from workbench.sites.site import SiteMap

STAND_INS = re.compile(r"\b(hello|hemp|banana|blow up)\b", re.IGNORECASE)


def stand_ins(text: str) -> list[Span]:
    """Return the spans of the words that stand for toxic ones here."""
    return [match.span() for match in STAND_INS.finditer(text)]


@cache
def _sites(model: Model) -> SiteMap:
    return find_sites(model)


def found_set(model: Model, indices: Sequence[int] | None = None) -> FoundSet:
    """Return the found set of these sites of a model, all of them by default."""
    sites = _sites(model)
    chosen = [sites[index] for index in (range(len(sites)) if indices is None else indices)]
    parameters = sum(site.text_kv_parameters for site in chosen)
    places = tuple(site.index for site in chosen)
    score = ArmScore("set", places, 1.0, (1.0, 1.0), 1.0, -1.0, 1.0, 0.0, 1.0, 0.0, (0.0, 0.0), 0.5, 1)
    return FoundSet(
        model=model.name,
        fingerprint=model.fingerprint(),
        sites=tuple(site.name for site in chosen),
        indices=places,
        parameters=parameters,
        share=parameters / sites.total_parameters,
        rule="by hand",
        reached=True,
        score=score,
        all_sites=score,
        control={},
        complement=None,
    )
