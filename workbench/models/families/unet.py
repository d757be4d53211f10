"""U-Nets of Stable Diffusion 1, 2 and XL (cross attention) and of DeepFloyd IF (added keys and values)."""

from __future__ import annotations

from typing import Any

from torch import nn

from workbench.models.family import Family, SiteRule, register_family, zeros_like_weights


def _dry_inputs(unet: nn.Module) -> dict[str, Any]:
    config: Any = unet.config
    side = 2 ** (len(config.block_out_channels) + 1)
    width = config.encoder_hid_dim or config.cross_attention_dim
    width = max(width) if isinstance(width, (list, tuple)) else width
    inputs: dict[str, Any] = {
        "sample": zeros_like_weights(unet, 2, config.in_channels, side, side),
        "timestep": zeros_like_weights(unet, 2),
        "encoder_hidden_states": zeros_like_weights(unet, 2, 2, width),
    }
    if config.addition_embed_type == "text_time":
        pooled = config.projection_class_embeddings_input_dim - 6 * config.addition_time_embed_dim
        inputs["added_cond_kwargs"] = {
            "text_embeds": zeros_like_weights(unet, 2, pooled),
            "time_ids": zeros_like_weights(unet, 2, 6),
        }
    return inputs


register_family(
    Family(
        name="unet",
        denoisers=("UNet2DConditionModel",),
        rules=(
            SiteRule("cross", r".*\.attn2", "to_k", "to_v"),
            SiteRule("added_kv", r".*\.attentions\.\d+", "add_k_proj", "add_v_proj"),
        ),
        dry_inputs=_dry_inputs,
    )
)
