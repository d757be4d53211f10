"""FLUX.1: double blocks with a text stream of their own, then single blocks over [text, image].

Guidance is distilled into the model (`guidance_scale` is an input of the denoiser). Classifier-free guidance runs
only where `true_cfg_scale` is above 1 and a negative prompt with one entry per row is given.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from workbench.models.family import Family, SiteRule, register_family, zeros_like_weights


def _dry_inputs(transformer: nn.Module) -> dict[str, Any]:
    config: Any = transformer.config
    inputs = {
        "hidden_states": zeros_like_weights(transformer, 2, 4, config.in_channels),
        "encoder_hidden_states": zeros_like_weights(transformer, 2, 2, config.joint_attention_dim),
        "pooled_projections": zeros_like_weights(transformer, 2, config.pooled_projection_dim),
        "timestep": zeros_like_weights(transformer, 2),
        "img_ids": zeros_like_weights(transformer, 4, 3),
        "txt_ids": zeros_like_weights(transformer, 2, 3),
    }
    if config.guidance_embeds:
        inputs["guidance"] = zeros_like_weights(transformer, 2)
    return inputs


register_family(
    Family(
        name="flux",
        denoisers=("FluxTransformer2DModel",),
        rules=(
            SiteRule("joint", r"transformer_blocks\.\d+\.attn", "add_k_proj", "add_v_proj"),
            SiteRule("single_stream", r"single_transformer_blocks\.\d+\.attn", "to_k", "to_v", span="text_first"),
        ),
        dry_inputs=_dry_inputs,
        guidance="two_calls",
        guidance_argument="true_cfg_scale",
    )
)
