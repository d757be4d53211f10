"""What all packed encoders share: which inputs they take, and how a batch becomes rows and rows a batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import nn

from workbench_kernels.backend import KernelRefusal
from workbench_kernels.packed import Packed, gather, pack


class PackedModel(nn.Module, ABC):
    """An encoder that is called like the one of transformers that it was made of, for inference.

    Args:
        model: the encoder; its modules are shared where they are not fused.
    """

    main_input_name = "input_ids"

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.config: Any = model.config
        self.eval()

    @abstractmethod
    def get_input_embeddings(self) -> nn.Module:
        """Return the embedding of the tokens."""

    @abstractmethod
    def embed(self, packed: Packed, tokens: torch.Tensor | None, given: torch.Tensor | None, **more: Any) -> Any:
        """Return the first rows [row, width], from packed tokens [row] or from embeddings [row, width]."""

    @abstractmethod
    def encode(self, rows: torch.Tensor, packed: Packed) -> torch.Tensor:
        """Return the padded batch [batch * token, width] of the last layer."""

    def finish(self, states: torch.Tensor) -> Any:
        """Return the output object for states [batch, token, width]."""
        from transformers.modeling_outputs import BaseModelOutput

        return BaseModelOutput(last_hidden_state=states)

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        inputs_embeds: torch.Tensor | None = None,
        **more: Any,
    ) -> Any:
        """Encode a padded batch; states of padding are 0.

        Args:
            input_ids: [batch, token].
            attention_mask: [batch, token], nonzero for tokens; all are unless given.
            inputs_embeds: [batch, token, width], in place of the ids.
            **more: `token_type_ids` and `position_ids` where the family has them.

        Raises:
            KernelRefusal: training, both or neither of ids and embeddings, or outputs that are never made.
        """
        self._refuse(input_ids, inputs_embeds, more)
        source = input_ids if input_ids is not None else inputs_embeds
        assert source is not None
        shape = source.shape[:2]
        mask = attention_mask if attention_mask is not None else torch.ones(shape, device=source.device)
        packed = pack(mask)
        tensors = {name: gather(one.expand(shape), packed) for name, one in more.items() if torch.is_tensor(one)}
        tokens, given = (None if one is None else gather(one, packed) for one in (input_ids, inputs_embeds))
        rows = self.embed(packed, tokens, given, **tensors)
        return self.finish(self.encode(rows, packed).unflatten(0, shape))

    def _refuse(self, tokens: torch.Tensor | None, given: torch.Tensor | None, more: dict[str, Any]) -> None:
        if self.training:
            raise KernelRefusal("inference", "a model in training mode", "call .eval() first")
        if (tokens is None) == (given is None):
            raise KernelRefusal("either input_ids or inputs_embeds", "both or neither", "give one of them")
        known = ("token_type_ids", "position_ids")
        asked = sorted(name for name, value in more.items() if name not in known and value not in (None, False))
        if set(asked) - {"return_dict", "use_cache"}:
            raise KernelRefusal("the last states alone", ", ".join(asked), "run the model as it is for these")
