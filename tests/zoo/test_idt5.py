"""What is special about idT5: a vocabulary cut away, the function for what is left unchanged."""

from __future__ import annotations

import copy

import pytest
import torch

from workbench.errors import InputError
from workbench.zoo.count import parameters
from workbench.zoo.shape import Shape
from workbench.zoo.systems.language.idt5 import renumber, trim_vocabulary, untie
from workbench.zoo.systems.language.t5 import PairLogits, t5
from workbench.zoo.tasks.languages import UNKNOWN

KEPT = [0, 1, UNKNOWN, 5, 9, 17, 30]
SHAPE = Shape("pair", 40, each=True, vocabulary=40, length=6)


def made(tied: bool) -> PairLogits:
    torch.manual_seed(0)
    model = t5(SHAPE, multilingual=True, d_model=16, d_kv=8, num_heads=2, d_ff=24, num_layers=2)
    if not tied:
        untie(model)
        torch.nn.init.normal_(model.network.lm_head.weight)
    return model.eval()


@pytest.mark.parametrize("tied", [True, False])
def test_logits_of_kept_tokens_stay(tied: bool) -> None:
    model = made(tied)
    trimmed = copy.deepcopy(model)
    kept = trim_vocabulary(trimmed, KEPT)
    generator = torch.Generator().manual_seed(1)
    source, target = (torch.tensor(KEPT)[torch.randint(7, (3, 6), generator=generator)] for _ in range(2))
    with torch.no_grad():
        expected = model(source, target)[..., kept]
        found = trimmed(renumber(source, kept), renumber(target, kept))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    assert parameters(model) - parameters(trimmed) == (1 if tied else 2) * 16 * (40 - 7)


def test_what_was_cut_becomes_unknown() -> None:
    found = renumber(torch.tensor([0, 5, 6, 39, 30]), torch.tensor(KEPT))
    assert found.tolist() == [0, 3, 2, 2, 6]


@pytest.mark.parametrize("kept", [[1, 2], [0, 40], []])
def test_impossible_vocabularies(kept: list[int]) -> None:
    with pytest.raises(InputError, match="tokens below 40"):
        trim_vocabulary(made(True), kept)
