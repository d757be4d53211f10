"""Stable Diffusion 3 and 3.5: joint attention; the second attention of 3.5-medium sees the image alone."""

from __future__ import annotations

from typing import Any

from torch import nn

from workbench.models.family import Family, SiteRule, register_family, zeros_like_weights


def _dry_inputs(transformer: nn.Module) -> dict[str, Any]:
    config: Any = transformer.config
    side = 2 * config.patch_size
    return {
        "hidden_states": zeros_like_weights(transformer, 2, config.in_channels, side, side),
        "encoder_hidden_states": zeros_like_weights(transformer, 2, 2, config.joint_attention_dim),
        "pooled_projections": zeros_like_weights(transformer, 2, config.pooled_projection_dim),
        "timestep": zeros_like_weights(transformer, 2),
    }


register_family(
    Family(
        name="sd3",
        denoisers=("SD3Transformer2DModel",),
        rules=(SiteRule("joint", r"transformer_blocks\.\d+\.attn", "add_k_proj", "add_v_proj"),),
        dry_inputs=_dry_inputs,
    )
)
