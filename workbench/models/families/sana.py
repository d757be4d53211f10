"""Sana: masked cross attention beside linear self attention; the text is projected and normed once at the entry."""

from __future__ import annotations

from typing import Any

from torch import nn

from workbench.models.family import Family, SiteRule, register_family, zeros_like_weights


def _dry_inputs(transformer: nn.Module) -> dict[str, Any]:
    config: Any = transformer.config
    side = 2 * config.patch_size
    inputs = {
        "hidden_states": zeros_like_weights(transformer, 2, config.in_channels, side, side),
        "encoder_hidden_states": zeros_like_weights(transformer, 2, 2, config.caption_channels),
        "timestep": zeros_like_weights(transformer, 2),
    }
    if config.guidance_embeds:
        inputs["guidance"] = zeros_like_weights(transformer, 2)
    return inputs


register_family(
    Family(
        name="sana",
        denoisers=("SanaTransformer2DModel",),
        rules=(SiteRule("cross", r"transformer_blocks\.\d+\.attn2", "to_k", "to_v", mask_argument="attention_mask"),),
        dry_inputs=_dry_inputs,
        call_arguments={"use_resolution_binning": False},
    )
)
