"""AuraFlow: joint blocks, then single blocks over [text, image]; 8 learned register tokens lead the text.

Padding is zeroed before the denoiser and attended to, so no mask reaches the attention.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from workbench.models.family import Family, SiteRule, register_family, zeros_like_weights

REGISTER_TOKENS = 8  # fixed in the stock denoiser, not part of its configuration


def _dry_inputs(transformer: nn.Module) -> dict[str, Any]:
    config: Any = transformer.config
    side = 2 * config.patch_size
    return {
        "hidden_states": zeros_like_weights(transformer, 2, config.in_channels, side, side),
        "encoder_hidden_states": zeros_like_weights(transformer, 2, 2, config.joint_attention_dim),
        "timestep": zeros_like_weights(transformer, 2),
    }


register_family(
    Family(
        name="auraflow",
        denoisers=("AuraFlowTransformer2DModel",),
        rules=(
            SiteRule("joint", r"joint_transformer_blocks\.\d+\.attn", "add_k_proj", "add_v_proj"),
            SiteRule("single_stream", r"single_transformer_blocks\.\d+\.attn", "to_k", "to_v", span="text_first"),
        ),
        dry_inputs=_dry_inputs,
        extra_text_tokens=lambda config: REGISTER_TOKENS,
    )
)
