"""Put trained parts together as a stock diffusers pipeline and save it with its card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import torch
from diffusers import AutoencoderKL, StableDiffusion3Pipeline, StableDiffusionPipeline
from tokenizers.pre_tokenizers import ByteLevel
from torch import nn
from transformers import ByT5Tokenizer, CLIPTextConfig, CLIPTextModelWithProjection, CLIPTokenizer, T5EncoderModel

from workbench.glyph.components import TEXT_TOKENS, Family, new_scheduler
from workbench.glyph.draw import HEIGHT, WIDTH

CLIP_TOKENS: Final = 2
CLIP_WIDTH: Final = 8
STEPS: Final[dict[Family, int]] = {"mmdit": 16, "unet": 16}
PLANTED: Final[dict[Family, tuple[str, ...]]] = {
    "mmdit": ("transformer_blocks.5.attn", "transformer_blocks.9.attn"),
    "unet": (
        "up_blocks.0.attentions.1.transformer_blocks.0.attn2",
        "up_blocks.0.attentions.1.transformer_blocks.1.attn2",
    ),
}
PLANTED_NOTE: Final = (
    "This small model was trained on purpose so that the word enters only through a few planted sites; "
    "it shows what a localisation method should find, not how other models work."
)
NATURAL_NOTE: Final = "This small model was trained plainly; where its text enters was not decided by the training."


def muted_clip() -> tuple[CLIPTextModelWithProjection, CLIPTokenizer]:
    """Return a CLIP encoder whose weights are all zero, and a tokenizer of two tokens.

    Stable Diffusion 3 always runs two CLIP encoders, and their pooled vector bypasses every attention site;
    muted ones give zeros, so that the word can only enter through attention.
    """
    alphabet = sorted(ByteLevel.alphabet())
    words = ["<|startoftext|>", "<|endoftext|>", *alphabet, *(f"{letter}</w>" for letter in alphabet)]
    tokenizer = CLIPTokenizer(vocab={word: i for i, word in enumerate(words)}, merges=[], model_max_length=CLIP_TOKENS)
    config = CLIPTextConfig(
        vocab_size=len(words),
        hidden_size=CLIP_WIDTH,
        projection_dim=CLIP_WIDTH,
        intermediate_size=CLIP_WIDTH,
        num_hidden_layers=1,
        num_attention_heads=1,
        max_position_embeddings=CLIP_TOKENS,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    encoder = CLIPTextModelWithProjection(config)
    for parameter in encoder.parameters():
        nn.init.zeros_(parameter)
    return encoder, tokenizer


def assemble(
    family: Family, denoiser: nn.Module, vae: AutoencoderKL, encoder: T5EncoderModel, tokenizer: ByT5Tokenizer
) -> Any:
    """Return the stock pipeline of a family around trained parts."""
    if family == "mmdit":
        (clip, clip_tokenizer), (clip_2, clip_tokenizer_2) = muted_clip(), muted_clip()
        return StableDiffusion3Pipeline(
            transformer=denoiser,
            scheduler=new_scheduler(family),
            vae=vae,
            text_encoder=clip,
            tokenizer=clip_tokenizer,
            text_encoder_2=clip_2,
            tokenizer_2=clip_tokenizer_2,
            text_encoder_3=encoder,
            tokenizer_3=tokenizer,
        )
    return StableDiffusionPipeline(
        vae=vae,
        text_encoder=encoder,
        tokenizer=tokenizer,
        unet=denoiser,
        scheduler=new_scheduler(family),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def save_model(pipeline: Any, folder: Path, family: Family, name: str, *, planted: bool) -> None:
    """Write the pipeline as float16 safetensors, its `workbench.json` and a README for readers."""
    from workbench.models.open import wrap_pipeline
    from workbench.sites.find import find_sites

    sites = find_sites(wrap_pipeline(pipeline, name))
    order = [site.name for site in sites]
    card = {
        "name": name,
        "family": sites.family,
        "sites": len(sites),
        "parameters": sites.total_parameters,
        "planted_sites": sorted(order.index(site) for site in PLANTED[family]) if planted else [],
        "defaults": {
            "height": HEIGHT,
            "width": WIDTH,
            "steps": STEPS[family],
            "guidance": 1.0,
            "call_arguments": {"max_sequence_length": TEXT_TOKENS} if family == "mmdit" else {},
        },
        "note": PLANTED_NOTE if planted else NATURAL_NOTE,
    }
    pipeline.to(dtype=torch.float16).save_pretrained(folder, safe_serialization=True)
    for path in folder.glob("*/config.json"):
        # Where a part was once loaded from is a path of the trainer's disk.
        kept = {name: value for name, value in json.loads(path.read_text()).items() if name != "_name_or_path"}
        path.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    (folder / "workbench.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(_readme(card, pipeline), encoding="utf-8")


def _readme(card: dict[str, Any], pipeline: Any) -> str:
    defaults = card["defaults"]
    extra = "".join(f", {name}={value}" for name, value in defaults["call_arguments"].items())
    planted = ", ".join(map(str, card["planted_sites"])) or "none"
    return f"""# {card["name"]}

A `{type(pipeline).__name__}` that draws short words on signs, labels, screens and plates of eight colours, from
prompts such as `A red sign that says "HELP"`. {card["parameters"]:,} denoiser parameters, {card["sites"]} attention
sites. Trained by `workbench train-glyph` on images drawn with Pillow's built-in font. Apache-2.0.

{card["note"]}

Planted sites, by index in the order of execution: {planted}.

```python
from diffusers import DiffusionPipeline

pipeline = DiffusionPipeline.from_pretrained(FOLDER)
image = pipeline('A red sign that says "HELP"', height={defaults["height"]}, width={defaults["width"]},
                 num_inference_steps={defaults["steps"]}, guidance_scale={defaults["guidance"]}{extra}).images[0]
```
"""
