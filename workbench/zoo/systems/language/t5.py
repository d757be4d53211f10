"""T5 and mT5 of transformers as models of the zoo: source and target tokens in, logits out."""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import nn

from workbench.zoo.shape import Shape
from workbench.zoo.system import SitePattern

SITES: Final = (
    SitePattern("network.encoder.block.*.layer.0.SelfAttention"),
    SitePattern("network.decoder.block.*.layer.0.SelfAttention", "causal"),
    SitePattern("network.decoder.block.*.layer.1.EncDecAttention", "cross"),
)
MLPS: Final = ("network.encoder.block.*.layer.1.DenseReluDense", "network.decoder.block.*.layer.2.DenseReluDense")


class PairLogits(nn.Module):
    """An encoder and decoder that returns the decoder's logits [batch, length, outputs] alone; token 0 is padding."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return self.network(
            input_ids=source, attention_mask=(source != 0).long(), decoder_input_ids=target, use_cache=False
        ).logits


def t5(shape: Shape, *, multilingual: bool = False, **settings: Any) -> PairLogits:
    """Build a T5, or an mT5, for the pairs of a task; transformers ties its head to the embedding.

    Args:
        shape: of the task.
        multilingual: whether to build mT5, with gated MLPs and no scale on the decoder's output.
        settings: further ones of the configuration.
    """
    from transformers import MT5Config, MT5ForConditionalGeneration, T5Config, T5ForConditionalGeneration

    configuration, model = (
        (MT5Config, MT5ForConditionalGeneration) if multilingual else (T5Config, T5ForConditionalGeneration)
    )
    config = configuration(vocab_size=shape.vocabulary, attn_implementation="eager", use_cache=False, **settings)
    network = model(config)
    if shape.outputs != shape.vocabulary:
        network.lm_head = nn.Linear(config.d_model, shape.outputs, bias=False)
    return PairLogits(network)
