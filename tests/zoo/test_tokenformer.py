import copy
import math

import pytest
import torch

from workbench.attention.surgery import operate
from workbench.errors import InputError, RefusedError
from workbench.zoo.check import tiny_model
from workbench.zoo.count import parameters
from workbench.zoo.registry import build_system, find_system
from workbench.zoo.systems.sequence.tokenformer import (
    GROWN,
    SIZES,
    NormalisedGELU,
    Pattention,
    TokenFormer,
    grow,
    quarter_rotary,
)

SITES = ["layers.0.attention", "layers.1.attention"]
BLOCKS = {
    **{"150m": 113_246_208, "450m": 402_653_184, "900m": 838_860_800, "1.5b": 1_509_949_440},
    **{name: 12 * 2 * 768 * 8 * tokens for name, tokens in GROWN.items()},
}


def stirred() -> TokenFormer:
    return tiny_model(find_system("sequence/tokenformer")).double().eval()


def drawn(tokens: int = 12) -> torch.Tensor:
    return torch.randint(1, 90, (2, tokens), generator=torch.Generator().manual_seed(0))


def test_pattention_is_that_of_the_paper() -> None:
    part, x = Pattention(6, 5).double(), torch.randn(3, 6, dtype=torch.float64)
    for token, found in zip(x, part(x), strict=True):
        scores = (part.key @ token).tolist()
        size = math.sqrt(sum(score**2 for score in scores))
        weights = [math.sqrt(5) * score / size for score in scores]
        weights = [weight * 0.5 * (1 + math.erf(weight / math.sqrt(2))) for weight in weights]
        expected = sum(weight * value for weight, value in zip(weights, part.value, strict=True))
        torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)


def test_scores_of_zero_have_weights_of_zero() -> None:
    assert torch.equal(NormalisedGELU(4)(torch.zeros(2, 4)), torch.zeros(2, 4))


@pytest.mark.parametrize("variant", [*SIZES, *GROWN])
def test_blocks_have_the_parameters_of_the_formula(variant: str) -> None:
    with torch.device("meta"):
        model = build_system("sequence/tokenformer", variant)
    assert parameters(model.layers) == BLOCKS[variant]


@pytest.mark.parametrize("variant", ["baseline", "symmetric", "no_vo", "no_mlp"])
def test_growing_keeps_the_function(variant: str) -> None:
    model = stirred()
    operate(model, variant, SITES, ["layers.0.mlp", "layers.1.mlp"])
    expected, count = model(drawn()), parameters(model)
    grow(model, 50)
    torch.testing.assert_close(model(drawn()), expected, rtol=1e-12, atol=1e-12)
    assert parameters(model) > count
    torch.testing.assert_close(copy.deepcopy(model)(drawn()), expected, rtol=1e-12, atol=1e-12)


def test_growing_with_a_new_temperature_does_not() -> None:
    model = stirred()
    expected = model(drawn())
    grow(model, 64)
    for part in model.modules():
        if isinstance(part, Pattention):
            part.weights = NormalisedGELU(len(part.key)).double()
    assert (model(drawn()) - expected).norm() > 0.05 * expected.norm()


def test_growing_adds_tokens_that_learn() -> None:
    model = stirred()
    grow(model, 40)
    assert model.layers[0].mlp.key.shape == (160, 64)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    for _ in range(2):
        model(drawn()).pow(2).sum().backward()
        optimizer.step()
    part = model.layers[0].attention.attention.scores.query
    assert part.key.shape == (40, 64)
    assert part.key[32:].abs().max() > 0 and part.value.grad[32:].abs().max() > 0


def test_a_temperature_is_saved_with_the_weights() -> None:
    model = stirred()
    grow(model, 40)
    larger = TokenFormer(find_system("sequence/tokenformer").shape, layers=1, width=8, heads=1, tokens=4)
    assert "layers.0.mlp.weights.temperature" in larger.state_dict()
    assert float(model.state_dict()["layers.0.mlp.weights.temperature"]) == pytest.approx(128**0.5)


def test_a_model_does_not_shrink() -> None:
    model = stirred()
    count = parameters(model)
    with pytest.raises(InputError, match="ask for more"):
        grow(model, 31)
    assert parameters(model) == count


def test_rotary_logits_depend_on_distance_alone_and_leave_three_quarters() -> None:
    rotate = quarter_rotary(6, 32, torch.zeros(1, dtype=torch.float64))
    query, key = torch.randn(2, 1, 1, 1, 32, dtype=torch.float64).expand(2, 1, 1, 6, 32)
    logits = (rotate(query) @ rotate(key).transpose(-1, -2))[0, 0]
    torch.testing.assert_close(logits[1:, 1:], logits[:-1, :-1])
    assert not torch.isclose(logits[0, 0], logits[1, 0])
    assert torch.equal(rotate(query)[..., 8:], query[..., 8:])


def test_a_token_changes_nothing_before_it() -> None:
    model, tokens = stirred(), drawn()
    changed = tokens.clone()
    changed[:, 7] = 1 + tokens[:, 7] % 90
    before, after = model(tokens), model(changed)
    torch.testing.assert_close(before[:, :7], after[:, :7])
    assert (before - after)[:, 7:].abs().max() > 1e-4


@pytest.mark.parametrize("variant", ["symmetric", "symmetric_signed"])
def test_symmetric_shares_one_pattention(variant: str) -> None:
    model = stirred()
    count = parameters(model)
    operate(model, variant, SITES)
    scores, x = model.layers[0].attention.attention.scores, torch.randn(1, 7, 64, dtype=torch.float64)
    logits = scores(x, x, quarter_rotary(7, 32, x))
    torch.testing.assert_close(logits, logits.transpose(-1, -2))
    assert parameters(model) == count - 2 * 2 * 32 * 64
    assert (logits.diagonal(dim1=-2, dim2=-1).min() < 0) == (variant == "symmetric_signed")


def test_shared_values_are_the_keys() -> None:
    model = stirred()
    operate(model, "symmetric+shared_kv", SITES)
    attention = model.layers[1].attention.attention
    assert attention.values.value is attention.scores.query


@pytest.mark.parametrize("variant", ["collapsed_qk", "uniform+collapsed_vo", "uniform+shared_kv"])
def test_a_refused_variant_changes_nothing(variant: str) -> None:
    model = stirred()
    expected = model(drawn())
    with pytest.raises(RefusedError):
        operate(model, variant, SITES)
    assert torch.equal(model(drawn()), expected)
