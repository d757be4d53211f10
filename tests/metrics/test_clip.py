"""CLIP-T on a tiny CLIP with random weights and a byte-level vocabulary, built and loaded offline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tokenizers.pre_tokenizers import ByteLevel
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizer

from workbench.errors import InputError
from workbench.metrics import ClipScorer

LENGTH = 16


def byte_tokenizer() -> CLIPTokenizer:
    symbols = sorted(ByteLevel.alphabet())
    tokens = [*symbols, *(symbol + "</w>" for symbol in symbols), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {token: i for i, token in enumerate(tokens)}
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=LENGTH)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    tokenizer = byte_tokenizer()
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    text = {**sizes, **ends, "vocab_size": len(tokenizer), "max_position_embeddings": LENGTH}
    vision = {**sizes, "image_size": 32, "patch_size": 8}
    path = tmp_path_factory.mktemp("tiny-clip")
    CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=16)).save_pretrained(path)
    tokenizer.save_pretrained(path)
    CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def scorer(folder: Path) -> ClipScorer:
    return ClipScorer(folder)


def images(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (40 + i, 60, 3), dtype=np.uint8) for i in range(count)]


def cosines(folder: Path, pictures: list[np.ndarray], prompts: list[str]) -> np.ndarray:
    """Embed text and image apart from each other and one by one, with nothing padded."""
    model, processor = CLIPModel.from_pretrained(folder), CLIPProcessor.from_pretrained(folder)
    values = []
    for image, prompt in zip(pictures, prompts, strict=True):
        pixels = processor.image_processor(Image.fromarray(image), return_tensors="pt")
        with torch.no_grad():
            picture = model.visual_projection(model.vision_model(**pixels).pooler_output)
            tokens = processor.tokenizer([prompt], return_tensors="pt")
            text = model.text_projection(model.text_model(**tokens).pooler_output)
        values.append(float(torch.nn.functional.cosine_similarity(picture, text)))
    return np.array(values)


def test_score_is_the_weighted_positive_cosine(folder: Path, tmp_path: Path) -> None:
    prompts = ["a red sign", "stop", "an old cafe", "x", "bread", "the sea"]
    expected = cosines(folder, images(6), prompts)
    np.testing.assert_allclose(ClipScorer(folder).score(images(6), prompts), 2.5 * np.maximum(expected, 0), atol=1e-5)
    # The same model looking the other way, so that positive and negative cosines are both met.
    opposite = CLIPModel.from_pretrained(folder)
    opposite.visual_projection.weight.data.neg_()
    opposite.save_pretrained(tmp_path)
    CLIPProcessor.from_pretrained(folder).save_pretrained(tmp_path)
    np.testing.assert_allclose(
        ClipScorer(tmp_path).score(images(6), prompts), 2.5 * np.maximum(-expected, 0), atol=1e-5
    )


def test_scores_do_not_depend_on_the_batch(scorer: ClipScorer) -> None:
    pictures, prompts = images(35), [f"sign {i}" for i in range(35)]
    together = scorer.score(pictures, prompts)
    assert together.shape == (35,)
    single = [scorer.score([image], [prompt])[0] for image, prompt in zip(pictures, prompts, strict=True)]
    np.testing.assert_allclose(together, single, atol=1e-5)


def test_long_prompts_are_cut(scorer: ClipScorer) -> None:
    assert scorer.score(images(1), ["word " * 50]).shape == (1,)


def test_unpaired_or_float_images_are_refused(scorer: ClipScorer) -> None:
    with pytest.raises(InputError, match="one prompt per image"):
        scorer.score(images(2), ["a sign"])
    with pytest.raises(InputError, match="uint8 RGB"):
        scorer.score([np.zeros((32, 32, 3), np.float32)], ["a sign"])


def test_weights_other_than_safetensors_are_refused(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(OSError, match="safetensors"):
        ClipScorer(tmp_path)
