"""Denoisers of diffusers 0.42.1 that no family describes: why, and the nearest one that is covered."""

from __future__ import annotations

_FUSED_TEXT = "makes text queries, keys and values in one fused projection"
_CLONE = "has an attention class of its own that is not covered yet, though built like FLUX.1; nearest: flux"
_SHARED = "makes text and image keys with shared modules over text of each row's own length, not covered yet"
_NO_TEXT = "reads no text"

REFUSED: dict[str, str] = {
    "BriaFibo2Transformer2DModel": "has an attention class of its own that is not covered yet; nearest: flux",
    "BriaFiboTransformer2DModel": _CLONE,
    "BriaTransformer2DModel": _CLONE,
    "ChromaTransformer2DModel": "drops the pooled text and masks the padding of FLUX.1, not covered yet; nearest: flux",
    "CogView3PlusTransformer2DModel": f"{_SHARED}; nearest: auraflow",
    "CogView4Transformer2DModel": f"{_SHARED}; nearest: auraflow",
    "CosmosTransformer3DModel": "is a video model whose attention is not covered yet; nearest: pixart",
    "DiTTransformer2DModel": f"{_NO_TEXT}, it is told a class; nearest: pixart",
    "DreamLiteUNetModel": "has attention blocks of its own that are not covered yet; nearest: unet",
    "ErnieImageTransformer2DModel": f"{_SHARED}; nearest: flux",
    "Flux2Transformer2DModel": "makes the keys and values of its single blocks in one fused projection; nearest: flux",
    "Flux3Transformer2DModel": "has no text-to-image pipeline in this diffusers version; nearest: flux",
    "GlmImageTransformer2DModel": f"{_SHARED}; nearest: qwen-image",
    "HiDreamImageTransformer2DModel": "adds new text features at every block, not covered yet; nearest: flux",
    "HunyuanImageTransformer2DModel": "leaves guidance to an object that decides the calls itself; nearest: flux",
    "Ideogram4Transformer2DModel": "packs text and image at positions that differ by row; nearest: flux",
    "JoyImageEditPlusTransformer3DModel": f"{_FUSED_TEXT}; nearest: qwen-image",
    "JoyImageEditTransformer3DModel": f"{_FUSED_TEXT}; nearest: qwen-image",
    "Kandinsky3UNet": "uses one attention class for text and image, not covered yet; nearest: unet",
    "Kandinsky5Transformer3DModel": "has an attention class of its own that is not covered yet; nearest: pixart",
    "Kandinsky6Transformer3DModel": "has an attention class of its own that is not covered yet; nearest: pixart",
    "Krea2Transformer2DModel": f"{_SHARED}; nearest: flux",
    "LongCatImageTransformer2DModel": _CLONE,
    "Lumina2Transformer2DModel": f"{_SHARED}; nearest: qwen-image",
    "LuminaNextDiT2DModel": "projects the attended text in the block, not in the attention; nearest: pixart",
    "NucleusMoEImageTransformer2DModel": "shares text keys between heads and may cache them; nearest: qwen-image",
    "OmniGenTransformer2DModel": f"{_SHARED}; nearest: flux",
    "OvisImageTransformer2DModel": _CLONE,
    "PRXTransformer2DModel": "makes text keys and values in one fused projection; nearest: sana",
    "QwenImage21Transformer2DModel": "computes text keys once and reuses them from a cache; nearest: qwen-image",
    "StableCascadeUNet": "projects pooled text and tokens inside its own blocks, not covered yet; nearest: unet",
    "UNet2DModel": f"{_NO_TEXT}; nearest: unet",
    "UVit2DModel": "predicts discrete image tokens instead of denoising, not covered yet; nearest: unet",
    "ZImageTransformer2DModel": "takes lists of rows of unequal length, the positive ones first; nearest: qwen-image",
}
