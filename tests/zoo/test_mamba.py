import copy

import pytest
import torch
from torch import nn

from workbench.attention.form import Request
from workbench.attention.surgery import operate
from workbench.errors import RefusedError
from workbench.zoo.count import parameters
from workbench.zoo.registry import build_system
from workbench.zoo.shape import Shape
from workbench.zoo.systems.sequence.mamba import (
    MambaLanguageModel,
    mixing_matrix,
    new_mamba,
    new_mamba2,
    state_space_inputs,
    without_selection,
)
from workbench.zoo.train import seed_everything

SHAPE = Shape("tokens", 7, each=True, vocabulary=11, length=12)
KINDS = ["mamba", "mamba2"]


def stirred(kind: str) -> MambaLanguageModel:
    """Return a model with every weight moved, in evaluation mode."""
    seed_everything(0)
    if kind == "mamba":
        model = new_mamba(SHAPE, layers=2, width=16)
    else:
        model = new_mamba2(SHAPE, layers=2, width=16, state=8, head_width=8)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    return model.eval()


def mixer_of(model: MambaLanguageModel) -> nn.Module:
    return model.backbone.layers[0].mixer


def shared(mixer: nn.Module, hidden_states: torch.Tensor) -> bool:
    _, key, query, _, _ = state_space_inputs(mixer, hidden_states)
    return torch.equal(key, query)


@pytest.mark.parametrize("kind", KINDS)
def test_the_matrix_mixes_tokens_as_the_mixer_does(kind: str) -> None:
    mixer, hidden_states = mixer_of(stirred(kind)), torch.randn(2, 12, 16)
    matrix = mixing_matrix(mixer, hidden_states)
    x, _, _, _, gate = state_space_inputs(mixer, hidden_states)
    width = x.shape[-1] // matrix.shape[1]
    mixed = torch.einsum("bhij,bjhw->bihw", matrix, x.unflatten(-1, (-1, width))).flatten(2)
    mixed = mixed + x * mixer.D.repeat_interleave(width)
    expected = mixer.norm(mixed, gate) if kind == "mamba2" else mixed * nn.functional.silu(gate)
    torch.testing.assert_close(mixer(hidden_states), mixer.out_proj(expected), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_matrix_is_that_of_the_recurrence(kind: str) -> None:
    mixer, hidden_states = mixer_of(stirred(kind)).double(), torch.randn(1, 9, 16, dtype=torch.float64)
    x, key, query, step, _ = state_space_inputs(mixer, hidden_states)
    channels = step.shape[-1]
    rates = -mixer.A_log.exp().view(channels, -1)
    # One number a channel or head is enough: the matrix is the same for all that share it.
    x = x.unflatten(-1, (channels, -1))[..., 0]
    state, found = torch.zeros(channels, key.shape[-1], dtype=torch.float64), []
    for t in range(9):
        state = state * (rates * step[0, t, :, None]).exp() + (step[0, t] * x[0, t])[:, None] * key[0, t]
        found.append(state @ query[0, t])
    mixed = torch.einsum("hij,jh->ih", mixing_matrix(mixer, hidden_states)[0], x[0])
    torch.testing.assert_close(mixed, torch.stack(found), atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_changes_nothing_before_it_and_the_state_carries_on(kind: str) -> None:
    model, tokens = stirred(kind), torch.randint(1, 11, (2, 12))
    changed = tokens.clone()
    changed[:, 7] = 1 + tokens[:, 7] % 10
    before, after = model(tokens), model(changed)
    torch.testing.assert_close(before[:, :7], after[:, :7], atol=1e-5, rtol=1e-5)
    assert (before - after)[:, 11].abs().max() > 1e-4
    cache, steps = None, []
    for t in range(12):
        outputs = model.backbone(input_ids=tokens[:, t : t + 1], cache=cache, use_cache=True)
        cache = outputs.cache
        steps.append(model.head(outputs.last_hidden_state))
    torch.testing.assert_close(torch.cat(steps, 1), before, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["scratch", "convert"])
def test_symmetric_shares_b_and_c(kind: str, mode: str) -> None:
    model, hidden_states = stirred(kind), torch.randn(2, 12, 16)
    before, count = copy.deepcopy(mixer_of(model)), parameters(model)
    sites = ["backbone.layers.0.mixer", "backbone.layers.1.mixer"]
    operate(model, "symmetric", sites, request=Request(mode))
    assert not shared(before, hidden_states) and shared(mixer_of(model), hidden_states)
    assert parameters(model) < count
    weight = "in_proj" if kind == "mamba2" else "x_proj"
    old, new = getattr(before, weight).weight, getattr(mixer_of(model), weight).weight
    assert torch.equal(old, new) is False and old.shape == new.shape
    model(torch.randint(1, 11, (2, 12))).sum().backward()
    assert all(weight.grad is not None for weight in model.parameters())


def test_conversion_keeps_a_mixer_that_is_symmetric_already() -> None:
    model, tokens = stirred("mamba2"), torch.randint(1, 11, (2, 12))
    sites = ["backbone.layers.0.mixer", "backbone.layers.1.mixer"]
    operate(model, "symmetric", sites)
    expected, again = model(tokens), copy.deepcopy(model)
    operate(again, "symmetric", sites, request=Request("convert"))
    torch.testing.assert_close(again(tokens), expected)


def test_other_variants_are_refused_with_the_reason() -> None:
    model = stirred("mamba2")
    with pytest.raises(RefusedError, match="decay"):
        operate(model, "collapsed_qk", ["backbone.layers.0.mixer"])
    with pytest.raises(RefusedError, match="gate"):
        operate(model, "symmetric+no_vo", ["backbone.layers.0.mixer"])


def test_without_selection_the_matrix_depends_on_no_token() -> None:
    mixer = mixer_of(stirred("mamba2"))
    first, second = torch.randn(2, 1, 12, 16)
    assert not torch.allclose(mixing_matrix(mixer, first)[..., 6:, 6:], mixing_matrix(mixer, second)[..., 6:, 6:])
    without_selection(mixer)
    matrix = mixing_matrix(mixer, first)
    torch.testing.assert_close(matrix, mixing_matrix(mixer, second))
    torch.testing.assert_close(matrix[..., 1:, 1:], matrix[..., :-1, :-1])


def test_the_head_is_the_embedding_where_the_model_answers_with_its_vocabulary() -> None:
    assert build_system("sequence/mamba").head.weight.shape == (10, 64)
    tied = build_system("sequence/mamba")
    assert tied.head.weight is tied.backbone.embeddings.weight
    assert stirred("mamba2").head.weight.shape == (7, 16)
