"""PixArt-alpha and PixArt-sigma: masked cross attention; the text is projected once where it enters the model."""

from __future__ import annotations

from typing import Any

from torch import nn

from workbench.models.family import Family, SiteRule, register_family, zeros_like_weights


def _dry_inputs(transformer: nn.Module) -> dict[str, Any]:
    config: Any = transformer.config
    side = 2 * config.patch_size
    width = config.caption_channels or config.cross_attention_dim
    return {
        "hidden_states": zeros_like_weights(transformer, 2, config.in_channels, side, side),
        "encoder_hidden_states": zeros_like_weights(transformer, 2, 2, width),
        "timestep": zeros_like_weights(transformer, 2),
        "added_cond_kwargs": {
            "resolution": zeros_like_weights(transformer, 2, 2),
            "aspect_ratio": zeros_like_weights(transformer, 2, 1),
        },
    }


register_family(
    Family(
        name="pixart",
        denoisers=("PixArtTransformer2DModel",),
        rules=(SiteRule("cross", r"transformer_blocks\.\d+\.attn2", "to_k", "to_v", mask_argument="attention_mask"),),
        dry_inputs=_dry_inputs,
        call_arguments={"use_resolution_binning": False, "clean_caption": False},
    )
)
