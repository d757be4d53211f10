"""Score how well images fit prompts: CLIP-T, 2.5 * max(cosine, 0), as published.

The published figures use `openai/clip-vit-base-patch32` in float16; this runs in float32 on the CPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from workbench.errors import InputError
from workbench.metrics.images import check_image

WEIGHT: Final = 2.5
BATCH: Final = 32


class ClipScorer:
    """Compare images with prompts through a CLIP model.

    Args:
        model_name_or_path: a Hugging Face hub id, or a folder with model, tokenizer and image processor.

    Raises:
        OSError: no such model, or it has no safetensors weights.
    """

    def __init__(self, model_name_or_path: str | Path) -> None:
        from transformers import CLIPModel, CLIPProcessor

        self._model = CLIPModel.from_pretrained(model_name_or_path, use_safetensors=True)
        self._processor = CLIPProcessor.from_pretrained(model_name_or_path)

    def score(self, images: Sequence[np.ndarray], prompts: Sequence[str]) -> np.ndarray:
        """Score each image against its prompt.

        Args:
            images: uint8 RGB arrays of shape [height, width, 3].
            prompts: one per image, used verbatim, without a prefix; cut at the model's text length.

        Returns:
            float64 in 0..2.5 of shape [n], higher is better.

        Raises:
            InputError: the numbers of images and prompts differ, or an image is not uint8 RGB.
        """
        if isinstance(prompts, str) or len(images) != len(prompts):
            raise InputError(
                "one prompt per image", f"{len(images)} images and {prompts!r:.60}", "pass a list of prompts"
            )
        for image in images:
            check_image(image)
        starts = range(0, len(images), BATCH)
        cosines = [self._cosines(images[i : i + BATCH], prompts[i : i + BATCH]) for i in starts]
        scores: np.ndarray = WEIGHT * np.maximum(np.concatenate([np.empty(0), *cosines]), 0)
        return scores

    def _cosines(self, images: Sequence[np.ndarray], prompts: Sequence[str]) -> np.ndarray:
        import torch

        inputs = self._processor(
            images=list(images), text=list(prompts), return_tensors="pt", padding=True, truncation=True
        )
        with torch.no_grad():
            outputs = self._model(**inputs)
        values: np.ndarray = (outputs.image_embeds * outputs.text_embeds).sum(dim=-1).double().numpy()
        return values
