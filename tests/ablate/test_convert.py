"""Conversion keeps what is exact, measures what is not, and leaves the model as it was."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import BertConfig, BertModel

from workbench.ablate.conversion import Conversion
from workbench.ablate.convert import convert
from workbench.attention.factored import new_attention
from workbench.errors import InputError, RefusedError


class Tower(nn.Module):
    """Attention and an MLP, each with a residual sum, twice."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.ModuleList(new_attention(16, 2) for _ in range(2))
        self.mlp = nn.ModuleList(nn.Sequential(nn.Linear(16, 16), nn.GELU()) for _ in range(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for attention, mlp in zip(self.attention, self.mlp, strict=True):
            x = x + attention(x)
            x = x + mlp(x)
        return x


@pytest.fixture
def tower() -> Tower:
    torch.manual_seed(0)
    model = Tower()
    for weight in model.parameters():
        nn.init.normal_(weight, std=0.3)
    return model


X = torch.randn(6, 7, 16, generator=torch.Generator().manual_seed(1))


def test_exact_conversion(tower: Tower) -> None:
    before = copy.deepcopy(tower.state_dict())
    result = convert(tower, "collapsed_qk+collapsed_vo", [X])
    assert result.function_error < 1e-12
    assert all(site.logit_error is not None and site.logit_error < 1e-12 for site in result.sites)
    assert result.model is not None
    torch.testing.assert_close(result.model(X), tower(X), rtol=1e-4, atol=1e-4)
    assert all(torch.equal(before[name], value) for name, value in tower.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in result.model.modules())


def test_figures_of_a_symmetric_conversion(tower: Tower) -> None:
    result = convert(tower, "symmetric_signed", [X])
    for site in result.sites:
        assert site.variation is not None and site.variation_max is not None and site.variation_bound is not None
        assert 0 < site.variation <= site.variation_max <= site.variation_bound <= 1
        assert site.symmetry is not None and -1 <= site.symmetry <= 1
        assert site.self_weight is not None and 0 < site.self_weight < 1
    assert result.parameters_before - result.parameters_after == 2 * (16 * 16 + 2 * 16 - 2 * 16)


def test_sites_are_measured_apart(tower: Tower) -> None:
    """The second site gets the inputs of the unchanged model, so the first one's change does not count twice."""
    both, second = convert(tower, "uniform", [X]), convert(tower, "uniform", [X], sites=["attention.1"])
    assert both.sites[1].output_error == pytest.approx(second.sites[0].output_error)
    assert both.function_error != pytest.approx(second.function_error)


def test_errors_fall_with_rank_and_vanish_at_the_full_one(tower: Tower) -> None:
    errors = [convert(tower, "low_rank_qk", [X], rank=rank).function_error for rank in (1, 4, 8)]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 1e-10


def test_truncation_that_knows_the_data_keeps_logits_better(tower: Tower) -> None:
    scaled = X * torch.logspace(-1, 0.5, 16)
    errors = {
        aware: convert(tower, "low_rank_qk", [scaled], sites=["attention.0"], rank=2, data_aware=aware).mean(
            "logit_error"
        )
        for aware in (False, True)
    }
    assert errors[True] is not None and errors[False] is not None
    assert errors[True] < errors[False]


def test_symmetric_forms_that_know_the_data_keep_logits_better(tower: Tower) -> None:
    shifted = X * torch.logspace(-1, 0.3, 16) + torch.linspace(-1, 1, 16)
    for form in ("symmetric", "symmetric_signed"):
        plain, aware = (
            convert(tower, form, [shifted], sites=["attention.0"], data_aware=some).sites[0].logit_error
            for some in (False, True)
        )
        assert plain is not None and aware is not None
        assert aware < plain


def test_silent_mlps(tower: Tower) -> None:
    result = convert(tower, "no_mlp", [X], mlps=["mlp.0", "mlp.1"])
    assert result.function_error > 0
    assert all(site.output_error == 0 for site in result.sites)


def test_padding_counts_for_nothing() -> None:
    torch.manual_seed(0)
    config = BertConfig(vocab_size=20, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2)
    model = BertModel(config, add_pooling_layer=False).eval()
    ids = torch.randint(0, 20, (1, 6))
    short = convert(model, "uniform", [ids[:, :4], torch.ones(1, 4)])
    padded = convert(model, "uniform", [ids, torch.tensor([[1, 1, 1, 1, 0, 0]])])
    assert padded.sites[0].variation_bound is not None and short.sites[0].variation_bound is not None
    assert padded.sites[0].variation_bound == pytest.approx(short.sites[0].variation_bound, rel=0.5)
    assert padded.sites[0].logit_error == pytest.approx(1)


def test_results_are_kept(tower: Tower, tmp_path: Path) -> None:
    result = convert(tower, "symmetric", [X])
    result.save(tmp_path / "conversion.json")
    loaded = Conversion.load(tmp_path / "conversion.json")
    assert loaded.sites == result.sites and loaded.model is None
    assert "attention.0" in repr(result)
    assert "<table" in result._repr_html_()


def test_what_cannot_be_converted(tower: Tower) -> None:
    with pytest.raises(InputError, match="attention of a known class"):
        convert(nn.Linear(3, 3), "symmetric", [X])
    with pytest.raises(InputError, match="rank of 1 or more"):
        convert(tower, "low_rank_qk", [X], rank=0)
    with pytest.raises(InputError, match="joined by"):
        convert(tower, "nothing", [X])
    with pytest.raises(RefusedError, match="two streams"):
        convert(tower, "symmetric", [X], cross=["attention.0", "attention.1"])
