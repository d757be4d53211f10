"""HunyuanDiT: cross attention over [CLIP text, T5 text] of fixed lengths.

Padding is replaced by a learned embedding before the blocks, so no mask reaches the attention. A pooled T5 vector
reaches every block beside it.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from workbench.models.family import Family, SiteRule, register_family, zeros_like_weights


def _dry_inputs(transformer: nn.Module) -> dict[str, Any]:
    config: Any = transformer.config
    side = 2 * config.patch_size
    t5 = config.text_len_t5
    return {
        "hidden_states": zeros_like_weights(transformer, 2, config.in_channels, side, side),
        "timestep": zeros_like_weights(transformer, 2),
        "encoder_hidden_states": zeros_like_weights(transformer, 2, config.text_len, config.cross_attention_dim),
        "text_embedding_mask": zeros_like_weights(transformer, 2, config.text_len),
        "encoder_hidden_states_t5": zeros_like_weights(transformer, 2, t5, config.cross_attention_dim_t5),
        "text_embedding_mask_t5": zeros_like_weights(transformer, 2, t5),
        "image_meta_size": zeros_like_weights(transformer, 2, 6),
        "style": zeros_like_weights(transformer, 2).long(),
    }


register_family(
    Family(
        name="hunyuan-dit",
        denoisers=("HunyuanDiT2DModel",),
        rules=(SiteRule("cross", r"blocks\.\d+\.attn2", "to_k", "to_v"),),
        dry_inputs=_dry_inputs,
        call_arguments={"use_resolution_binning": False},
    )
)
