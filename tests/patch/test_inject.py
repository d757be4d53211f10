"""Injecting another row's text embedding is the same as patching keys and values, where it makes sense."""

from __future__ import annotations

import pytest
import torch

from tests.patch.tiny_runs import LONGER, SOURCE, TARGET, differing_rows, from_row, latents, model_of, sites_of
from workbench.errors import InputError, RefusedError
from workbench.patch.generate import Sampling, run_pipeline
from workbench.patch.inject import injected
from workbench.sites.site import Site

CROSS = ["sd", "sdxl", "if", "pixart-sigma", "sana", "hunyuan-dit"]
JOINT = ["sd3", "sd35", "flux", "auraflow", "qwen-image"]


def injection(name: str, prompts: list[str], sources: dict[int, tuple[int, tuple[Site, ...]]]) -> torch.Tensor:
    model = model_of(name)
    with injected(model, sources, batch=len(prompts)):
        made = run_pipeline(model, prompts, [0] * len(prompts), Sampling.of(model), output_type="latent")
    return torch.as_tensor(made)


@pytest.mark.parametrize("name", CROSS)
@pytest.mark.parametrize("target", [TARGET, LONGER], ids=["equal length", "longer"])
@pytest.mark.parametrize("count", [1, 3])
def test_injection_equals_patching(name: str, target: str, count: int) -> None:
    prompts, sites = [target, SOURCE, SOURCE], sites_of(name).sites[-count:]
    made = injection(name, prompts, {2: (0, sites)})
    assert torch.equal(made, latents(model_of(name), prompts, {2: from_row(sites, 0)}))
    assert differing_rows(made, latents(model_of(name), prompts)) == [2]


@pytest.mark.parametrize("name", JOINT)
def test_injection_is_refused_where_text_depends_on_the_image(name: str) -> None:
    for site in sites_of(name):
        with pytest.raises(RefusedError, match=rf"{site.kind}.*patch it"):
            injection(name, [TARGET, SOURCE], {1: (0, (site,))})


@pytest.mark.parametrize(("row", "source"), [(2, 0), (-1, 0), (1, 2), (1, -1)])
def test_rows_outside_the_batch_are_refused(row: int, source: int) -> None:
    with pytest.raises(InputError, match="rows from 0 to 1"):
        injection("sd", [TARGET, SOURCE], {row: (source, sites_of("sd").sites)})
