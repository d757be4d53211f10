"""Tiny language models as TransformerLens bridges, and pairs of texts that they read in equally many tokens."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import torch
from transformers import ByT5Tokenizer, GPT2Config, GPT2LMHeadModel

from tests.classify.materials import KIND, RUDE, scratch
from workbench.classify.bridge import label_question, open_bridge
from workbench.classify.tokens import TokenClassifier
from workbench.patch.bridge import HookPatch
from workbench.patch.hook_sweep import Question, ReadText
from workbench.patch.patch import patched

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

OUTS = ["encoder_blocks.0.hook_out", "encoder_blocks.1.hook_out", "decoder_blocks.0.hook_out"]
CLEAN, CORRUPTED = torch.tensor([list(b"hello")]), torch.tensor([list(b"hxlly")])
LETTERS = Question(("a", "b", "c"), (100, 101, 102), "b", lambda text: ReadText(tuple(text.encode()), tuple(text)))


@cache
def classifier() -> TokenClassifier:
    return scratch("t5-mini")


@cache
def t5() -> TransformerBridge:
    return open_bridge(classifier())


@cache
def rude() -> Question:
    return label_question(classifier(), "rude")


@cache
def t5_pair() -> tuple[str, str]:
    """Return a kind and a rude text with equally many tokens."""
    pairs = ((f"a {kind} lamp", f"a {rude} lamp") for kind, rude in product(KIND, RUDE))
    return next(pair for pair in pairs if len({len(classifier().tokens(text).ids) for text in pair}) == 1)


@cache
def gpt2() -> TransformerBridge:
    from transformer_lens.model_bridge import TransformerBridge

    torch.manual_seed(0)
    config = GPT2Config(vocab_size=384, n_positions=16, n_embd=16, n_layer=2, n_head=2, bos_token_id=1, eos_token_id=1)
    model = GPT2LMHeadModel(config).eval()
    # The usual initialisation is so small that no answer would depend on the text.
    with torch.no_grad():
        for weight in model.transformer.h.parameters():
            weight.mul_(8)
    return TransformerBridge.boot_transformers("tiny", hf_model=model, tokenizer=ByT5Tokenizer(), device="cpu")


@torch.no_grad()
def gpt2_rows(patches: dict[int, list[HookPatch]], rows: int = 3) -> torch.Tensor:
    """Return logits [row, token, vocabulary] of the clean text once and the corrupted one in all further rows."""
    with patched(gpt2(), patches, batch=rows):
        return gpt2()(torch.cat([CLEAN, *[CORRUPTED] * (rows - 1)]))


@torch.no_grad()
def t5_margins(patches: dict[int, list[HookPatch]]) -> torch.Tensor:
    """Return the margins of the pair's texts, the clean one first."""
    texts = [rude().read(text) for text in t5_pair()]
    with patched(t5(), patches, batch=2):
        return rude().margins(t5(), texts)
