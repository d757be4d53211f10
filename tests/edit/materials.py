"""What the edit tests share: prompts, and found sets of any sites of a model."""

from __future__ import annotations

from workbench.localize.result import FoundSet
from workbench.localize.scores import ArmScore
from workbench.models.model import Model
from workbench.sites.find import find_sites

OTHER = 'A sign that says "WORLD".'
STEPS = 5
NOTHING = (0.0, 0.0)


def found_set(model: Model, *indices: int) -> FoundSet:
    """Return a found set of these sites, as if a localisation of the model had chosen them."""
    sites = [find_sites(model)[index] for index in indices]
    score = ArmScore("made", indices, 1.0, NOTHING, 1.0, -1.0, 1.0, 0.0, 1.0, 0.0, NOTHING, 1.0, 1)
    return FoundSet(
        model=model.name,
        fingerprint=model.fingerprint(),
        sites=tuple(site.name for site in sites),
        indices=indices,
        parameters=sum(site.text_kv_parameters for site in sites),
        share=0.1,
        rule="made for a test",
        reached=True,
        score=score,
        all_sites=score,
        control={},
        complement=None,
    )
