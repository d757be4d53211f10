"""Which modules are trained: by full names, with a rank and an alpha for each site."""

from __future__ import annotations

import pytest

from tests.patch.tiny_runs import model_of, sites_of
from workbench import InputError, Target, open_model, resolve_targets
from workbench.adapt.targets import count_parameters
from workbench.sites.find import find_sites

ATTENTION = {"to_q", "to_k", "to_v", "to_out.0"}


@pytest.mark.parametrize(
    ("name", "site", "projections"),
    [
        ("sd", 0, ATTENTION),
        ("sd3", 0, ATTENTION | {"add_k_proj", "add_v_proj"}),
        ("if", 0, ATTENTION | {"add_k_proj", "add_v_proj"}),
        ("flux", -1, ATTENTION - {"to_out.0"}),
    ],
)
def test_a_site_is_trained_in_its_queries_keys_values_output_and_text_projections(name, site, projections):
    chosen = sites_of(name).sites[site]
    targets = resolve_targets(model_of(name), [chosen])
    assert {target.module for target in targets} == {f"{chosen.name}.{projection}" for projection in projections}
    assert {(target.rank, target.alpha) for target in targets} == {(4, 4.0)}


def test_projections_can_be_chosen():
    first, second = sites_of("sd3").sites[:2]
    targets = resolve_targets(model_of("sd3"), [first, second], projections=["add_k_proj", "add_q_proj"])
    assert [target.module for target in targets] == [
        f"{site.name}.{name}" for site in (first, second) for name in ("add_k_proj", "add_q_proj")
    ]


@pytest.mark.parametrize("projections", [["to_k", "add_k_proj"], ["to_kk"], [], ["norm_q"]])
def test_a_projection_that_a_site_lacks_is_an_error(projections):
    with pytest.raises(InputError, match="linear projections"):
        resolve_targets(model_of("sd"), sites_of("sd").sites[:2], projections=projections)


def test_each_site_has_its_own_rank_and_alpha():
    first, second = sites_of("sd").sites[:2]
    targets = resolve_targets(model_of("sd"), [first, second], rank={0: 2, second.name: 8}, alpha={"0": 1, "1": 16})
    assert {(target.module.startswith(first.name), target.rank, target.alpha) for target in targets} == {
        (True, 2, 1.0),
        (False, 8, 16.0),
    }


@pytest.mark.parametrize("rank", [{0: 2}, {0: 2, 1: 2, 2: 2}, {0: 2, "0": 3}, {}, {0: 0, 1: 2}, 0, -1, 2.5])
def test_bad_ranks_are_refused(rank):
    with pytest.raises(InputError, match="rank"):
        resolve_targets(model_of("sd"), sites_of("sd").sites[:2], rank=rank)


def test_bad_alphas_are_refused():
    with pytest.raises(InputError, match="alpha"):
        resolve_targets(model_of("sd"), sites_of("sd").sites[:1], alpha=0)


def test_the_published_size_of_the_localised_adapter_of_sdxl():
    """Rank 4 in queries, keys, values and output of the three text layers of SDXL: 141,312 weights."""
    model = open_model("published:sdxl")
    sites = [find_sites(model)[index] for index in (55, 56, 57)]
    targets = resolve_targets(model, sites)
    assert len(targets) == 12
    assert count_parameters(model, targets) == 141_312


def test_a_target_that_is_no_linear_module_is_an_error():
    for name in ("conv_in", "nowhere.to_k"):
        with pytest.raises(InputError, match="linear module"):
            count_parameters(model_of("sd"), [Target(name, 2, 2.0)])
