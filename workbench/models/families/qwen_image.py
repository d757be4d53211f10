"""Qwen-Image: joint attention over text of its own length, padded to the longest row of a call and masked.

The pipeline passes no mask at all when every row of a call is equally long. Guidance needs a negative prompt with
one entry per row; its text has another length than the positive text.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from workbench.models.family import Family, SiteRule, register_family, zeros_like_weights


def _dry_inputs(transformer: nn.Module) -> dict[str, Any]:
    config: Any = transformer.config
    return {
        "hidden_states": zeros_like_weights(transformer, 2, 4, config.in_channels),
        "encoder_hidden_states": zeros_like_weights(transformer, 2, 2, config.joint_attention_dim),
        "timestep": zeros_like_weights(transformer, 2),
        "img_shapes": [[(1, 2, 2)]] * 2,
    }


register_family(
    Family(
        name="qwen-image",
        denoisers=("QwenImageTransformer2DModel",),
        rules=(
            SiteRule(
                "joint",
                r"transformer_blocks\.\d+\.attn",
                "add_k_proj",
                "add_v_proj",
                mask_argument="encoder_hidden_states_mask",
            ),
        ),
        dry_inputs=_dry_inputs,
        guidance="two_calls",
        guidance_argument="true_cfg_scale",
    )
)
