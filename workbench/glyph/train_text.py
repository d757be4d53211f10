"""Teach the byte-level text encoder to spell before any image is seen.

Each letter between the quotes must tell which letter it is, where it stands and how long the word is; the
whole prompt must tell colour and thing. The encoder is frozen afterwards, so the denoisers spend their
training on drawing rather than on reading.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from typing import Final

import torch
import torch.nn.functional as F
from torch import nn
from transformers import ByT5Tokenizer, T5EncoderModel

from workbench.glyph.captions import Caption, training_caption
from workbench.glyph.components import TEXT_TOKENS, TEXT_WIDTH
from workbench.glyph.draw import COLOURS, THINGS

IGNORED: Final = -100


class SpellingHeads(nn.Module):
    """Linear read-outs of the encoder: letter, place and word length per token; colour and thing per prompt."""

    def __init__(self) -> None:
        super().__init__()
        self.letter = nn.Linear(TEXT_WIDTH, 26)
        self.place = nn.Linear(TEXT_WIDTH, 5)
        self.length = nn.Linear(TEXT_WIDTH, 4)
        self.colour = nn.Linear(TEXT_WIDTH, len(COLOURS))
        self.thing = nn.Linear(TEXT_WIDTH, len(THINGS))

    def loss(self, hidden: torch.Tensor, targets: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return the summed cross entropies of `hidden` [batch, token, width] against `spelling_targets`."""
        tokens = sum(
            F.cross_entropy(getattr(self, name)(hidden).flatten(0, 1), targets[name].flatten(), ignore_index=IGNORED)
            for name in ("letter", "place", "length")
        )
        prompts = sum(F.cross_entropy(getattr(self, name)(hidden[:, 0]), targets[name]) for name in ("colour", "thing"))
        return tokens + prompts  # type: ignore[return-value]


def spelling_targets(captions: list[Caption]) -> dict[str, torch.Tensor]:
    """Return class indices: [batch, token] for letter, place and length, [batch] for colour and thing."""
    shape = (len(captions), TEXT_TOKENS)
    letter, place, length = (torch.full(shape, IGNORED) for _ in range(3))
    for row, caption in enumerate(captions):
        start = caption.prompt.index('"') + 1
        for offset, character in enumerate(caption.word):
            letter[row, start + offset] = string.ascii_uppercase.index(character)
            place[row, start + offset] = offset
            length[row, start + offset] = len(caption.word) - 2
    colours, things = list(COLOURS), list(THINGS)
    return {
        "letter": letter,
        "place": place,
        "length": length,
        "colour": torch.tensor([colours.index(caption.colour) for caption in captions]),
        "thing": torch.tensor([things.index(caption.thing) for caption in captions]),
    }


def token_ids(tokenizer: ByT5Tokenizer, prompts: list[str]) -> torch.Tensor:
    """Return byte ids padded as the stock pipelines pad them, [batch, 36]."""
    return tokenizer(
        prompts, padding="max_length", max_length=TEXT_TOKENS, truncation=True, return_tensors="pt"
    ).input_ids


def train_text_encoder(
    encoder: T5EncoderModel,
    tokenizer: ByT5Tokenizer,
    *,
    steps: int,
    seed: int,
    on_progress: Callable[[str, int, int, float], None] = lambda *_: None,
) -> float:
    """Train the encoder in place and return the last loss in nats."""
    rng = random.Random(seed)
    heads = SpellingHeads()
    parameters = [*encoder.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=2e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps, pct_start=0.1)
    loss = torch.zeros(())
    for step in range(steps):
        captions = [training_caption(rng) for _ in range(64)]
        hidden = encoder(token_ids(tokenizer, [caption.prompt for caption in captions])).last_hidden_state
        loss = heads.loss(hidden, spelling_targets(captions))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        on_progress("spelling", step + 1, steps, float(loss.detach()))
    return float(loss.detach())
