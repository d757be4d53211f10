"""Llama of transformers as a model of the zoo: tokens in, logits out."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from workbench.zoo.shape import Shape


class CausalLogits(nn.Module):
    """A causal language model that returns its logits [batch, length, outputs] alone."""

    network: Any

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.network(input_ids=tokens, use_cache=False).logits


def llama(shape: Shape, **settings: Any) -> CausalLogits:
    """Build a Llama for the tokens of a task.

    Args:
        shape: of the task.
        settings: further ones of `LlamaConfig`.
    """
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=shape.vocabulary,
        max_position_embeddings=shape.length,
        attn_implementation="eager",
        use_cache=False,
        **settings,
    )
    network = LlamaForCausalLM(config)
    if shape.outputs != shape.vocabulary:
        network.lm_head = nn.Linear(config.hidden_size, shape.outputs, bias=False)
    return CausalLogits(network)
