"""idT5 (arXiv 2302.00856): mT5 whose vocabulary is cut to one language; the trunk stays as it is.

transformers ties the head of mT5 to its embedding whatever the configuration says, so the published counts, whose head
is its own, need it untied after construction. Both are here. Which tokens idT5 keeps is not public; a count needs only
how many, and the experiment has languages of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from statistics import fmean
from typing import Final

import torch
from torch import nn

from workbench.errors import InputError
from workbench.zoo.count import parameters
from workbench.zoo.registry import register_system
from workbench.zoo.shape import Shape
from workbench.zoo.system import TINY, Claim, Fact, Outcome, softmax_attention
from workbench.zoo.systems.language.t5 import MLPS, SITES, PairLogits, t5
from workbench.zoo.task import Batch, find_task
from workbench.zoo.tasks.languages import SHARED, UNKNOWN, WORDS, TwoLanguages
from workbench.zoo.train import Training, fit, outputs, seed_everything

NAME: Final = "language/idt5"
PAIRS = Shape("pair", 250_112, each=True, vocabulary=250_112, length=128)
KEPT: Final = {"idt5-base": 30_000, "indonesian-32768": 32_768}
# Logits of the trimmed model may differ by rounding alone.
ROUNDING: Final = 1e-5


def untie(model: PairLogits) -> None:
    """Give the head weights of its own, in place; the function stays."""
    network = model.network
    network.lm_head.weight = nn.Parameter(network.lm_head.weight.detach().clone())
    network.config.tie_word_embeddings = False


def trim_vocabulary(model: PairLogits, kept: Iterable[int]) -> torch.Tensor:
    """Cut embedding and head to some tokens, in place; for texts of these, logits over these stay.

    Args:
        model: T5 or mT5, tied or not.
        kept: tokens; 0 is needed, as padding and as the start of a target.

    Returns:
        The kept tokens in rising order: where a token stands there is its new number.

    Raises:
        InputError: a token that the model does not have, or no 0.
    """
    network, rows = model.network, sorted(set(kept))
    vocabulary = network.shared.num_embeddings
    if not rows or rows[0] != 0 or rows[-1] >= vocabulary:
        raise InputError(f"tokens below {vocabulary}, with 0", f"{rows[:1]} to {rows[-1:]}", "change the kept tokens")
    tied = network.lm_head.weight is network.shared.weight
    shared = nn.Parameter(network.shared.weight.detach()[rows])
    network.lm_head.weight = shared if tied else nn.Parameter(network.lm_head.weight.detach()[rows])
    network.lm_head.out_features = len(rows)
    for embedding in (network.shared, network.encoder.embed_tokens, network.decoder.embed_tokens):
        embedding.weight, embedding.num_embeddings = shared, len(rows)
    for part in (network, network.encoder, network.decoder):
        part.config.vocab_size = len(rows)
    return torch.tensor(rows)


def renumber(tokens: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
    """Return the new numbers of tokens after a trimming; one that was cut becomes the unknown token."""
    places = torch.searchsorted(kept, tokens).clamp_max(len(kept) - 1)
    return torch.where(kept[places] == tokens, places, torch.searchsorted(kept, UNKNOWN))


def _small(shape: Shape) -> PairLogits:
    model = t5(shape, multilingual=True, d_model=64, d_kv=16, num_heads=4, d_ff=128, num_layers=2)
    untie(model)
    return model


def _answers(model: PairLogits, batch: Batch, kept: torch.Tensor) -> tuple[torch.Tensor, float]:
    """Return the logits of a trimmed model and its accuracy on the first token of a target."""
    logits = outputs(model, [renumber(part, kept) for part in batch.inputs])
    return logits, float((kept[logits.argmax(-1)] == batch.targets)[:, 0].double().mean())


def _claim(seeds: Sequence[int], effort: float) -> Outcome:
    """Train on two languages, cut to the first; the second, whose words become unknown, is the control."""
    task = find_task("two_languages")
    assert isinstance(task, TwoLanguages)
    every, kept_words = torch.arange(task.shape.vocabulary), range(SHARED + WORDS)
    first, second = task.test_in(0), task.test_in(1)
    found: dict[str, list[float]] = {}
    for seed in seeds:
        seed_everything(seed)
        model = _small(task.shape)
        fit(model, task, Training(steps=150).shortened(effort), seed=seed)
        trimmed = deepcopy(model)
        kept = trim_vocabulary(trimmed, kept_words)
        before, whole_first = _answers(model, first, every)
        after, cut_first = _answers(trimmed, first, kept)
        one = {
            "accuracy whole": whole_first,
            "accuracy cut": cut_first,
            "accuracy whole, other language": _answers(model, second, every)[1],
            "accuracy cut, other language": _answers(trimmed, second, kept)[1],
            "change of a logit": float((before[..., kept] - after).abs().max() / before.abs().max()),
            "share of parameters cut": 1 - parameters(trimmed) / parameters(model),
        }
        found = {name: [*found.get(name, []), value] for name, value in one.items()}
    same = max(found["change of a logit"]) < ROUNDING and found["accuracy whole"] == found["accuracy cut"]
    figures = {name: fmean(some) for name, some in found.items()}
    return Outcome("holds" if same else "does not hold at this size", figures)


@register_system(
    NAME,
    title="idT5: Indonesian Version of Multilingual T5 Transformer",
    paper="2302.00856",
    variants=("mt5-base", "idt5-base", "indonesian-32768", "mt5-base-tied", "idt5-base-tied"),
    shape=PAIRS,
    task="two_languages",
    sites=SITES,
    mlps=MLPS,
    capabilities=softmax_attention(),
    facts=(
        Fact("mt5-base", 582_401_280, "verified"),
        Fact("idt5-base", 244_309_248, note="a weight file of 977 MB agrees"),
        Fact("indonesian-32768", 248_560_896, "verified", note="another public trimming of mT5-base"),
        Fact("mt5-base-tied", 390_315_264, note="as transformers ties it"),
        Fact("idt5-base-tied", 221_269_248, note="as transformers ties it"),
    ),
    claim=Claim("a multilingual model cut to the tokens of one language answers as before in that language", _claim),
)
def idt5(variant: str, shape: Shape) -> PairLogits:
    """Build mT5-base, whole or cut, or two layers of width 64 for a task."""
    if variant == TINY:
        return _small(shape)
    model = t5(PAIRS, multilingual=True, d_model=768, d_kv=64, num_heads=12, d_ff=2048, num_layers=12)
    name = variant.removesuffix("-tied")
    if name == variant:
        untie(model)
    if name in KEPT:
        trim_vocabulary(model, range(KEPT[name]))
    return model
