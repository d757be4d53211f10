"""Published architectures: counts against published facts, module names, the meta device, the stock classes."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import FrozenInstanceError, replace
from functools import cache
from typing import Any

import diffusers
import pytest
import torch

from workbench.errors import InputError
from workbench.models.published import build_on_meta, list_published, read_published

NAMES = ["flux-dev", "if-i-xl", "pixart-sigma", "sd15", "sd3-medium", "sdxl"]

# Counts others report for the released weights. SD3-medium: parameters alone; its checkpoint also stores the fixed
# position table, a buffer of 192 * 192 * 1536 values, which makes 2,084,951,104.
PUBLISHED_COUNTS = {
    "flux-dev": 11_901_408_320,
    "pixart-sigma": 610_856_096,
    "sd15": 859_520_964,
    "sd3-medium": 2_028_328_000,
    "sdxl": 2_567_463_684,
}


@cache
def denoiser(name: str) -> torch.nn.Module:
    return build_on_meta(read_published(name))


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def weights(module: torch.nn.Module, *paths: str) -> int:
    """Elements of the weight matrices of these linear layers, biases left out."""
    return sum(module.get_submodule(path).get_parameter("weight").numel() for path in paths)


def ending(module: torch.nn.Module, suffix: str) -> list[str]:
    return [name for name, _ in module.named_modules() if name.endswith(suffix)]


def blocks(module: torch.nn.Module, path: str) -> int:
    return len(list(module.get_submodule(path).children()))


@contextmanager
def diffusers_warnings() -> Iterator[list[str]]:
    """Collect what diffusers logs at WARNING or above, and Python warnings."""
    messages: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(record.getMessage())

    logger, handler = logging.getLogger("diffusers"), Collect(logging.WARNING)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield messages
        messages.extend(str(warning.message) for warning in caught)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def stock_build(name: str, extra: dict[str, Any]) -> list[str]:
    """Build through the stock class's own `from_config`; return its warnings."""
    published = read_published(name)
    kind = getattr(diffusers, published.denoiser_class)
    with diffusers_warnings() as messages, torch.device("meta"):
        kind.from_config({**published.config, **extra})
    return messages


def test_the_list_is_the_six_models() -> None:
    assert list_published() == NAMES


@pytest.mark.parametrize("name", PUBLISHED_COUNTS)
def test_parameter_count_is_the_published_one(name: str) -> None:
    assert count(denoiser(name)) == PUBLISHED_COUNTS[name]


def test_if_has_the_published_4_3_billion_parameters() -> None:
    assert round(count(denoiser("if-i-xl")) / 1e9, 1) == 4.3
    assert count(denoiser("if-i-xl")) == 4_304_695_110  # computed here, to notice a change of the stock class


def test_sd3_position_table_is_a_buffer_that_parameters_do_not_count() -> None:
    module = denoiser("sd3-medium")
    table = sum(buffer.numel() for buffer in module.buffers())
    assert count(module) + table == 2_084_951_104


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_and_buffer_is_on_meta(name: str) -> None:
    module = denoiser(name)
    assert {tensor.device.type for tensor in [*module.parameters(), *module.buffers()]} == {"meta"}
    assert not module.training


def test_sdxl_cross_attention_sites() -> None:
    module = denoiser("sdxl")
    assert len(ending(module, ".attn2")) == 70
    sites = [f"up_blocks.0.attentions.2.transformer_blocks.{k}.attn2" for k in (1, 2, 3)]
    assert weights(module, *(f"{site}.{part}" for site in sites for part in ("to_k", "to_v"))) == 15_728_640


def test_sd3_joint_blocks() -> None:
    module = denoiser("sd3-medium")
    assert len(ending(module, ".attn")) == blocks(module, "transformer_blocks") == 24
    site = "transformer_blocks.10.attn"
    assert weights(module, f"{site}.add_k_proj", f"{site}.add_v_proj") == 4_718_592


def test_if_added_key_value_sites() -> None:
    module = denoiser("if-i-xl")
    assert len(ending(module, ".add_k_proj")) == 22
    site = "up_blocks.1.attentions.3"  # layer 17 in execution order
    assert weights(module, f"{site}.add_k_proj", f"{site}.add_v_proj") == 2 * 2816 * 2112
    # The 8.9M that the paper reports for this layer is the size of its image keys and values.
    assert weights(module, f"{site}.to_k", f"{site}.to_v") == 2 * 2112 * 2112


@pytest.mark.parametrize(("name", "sites"), [("sd15", 16), ("pixart-sigma", 28)])
def test_other_cross_attention_sites(name: str, sites: int) -> None:
    assert len(ending(denoiser(name), ".attn2")) == sites


def test_flux_has_19_double_and_38_single_blocks() -> None:
    module = denoiser("flux-dev")
    assert len(ending(module, ".attn.add_k_proj")) == 19
    assert blocks(module, "single_transformer_blocks") == 38


@pytest.mark.parametrize("name", NAMES)
def test_the_stock_class_accepts_the_configuration_without_warnings(name: str) -> None:
    assert stock_build(name, {}) == []


def test_an_unknown_argument_would_be_noticed() -> None:
    assert any("no_such_argument" in message for message in stock_build("sd15", {"no_such_argument": 1}))
    published = read_published("sd15")
    with pytest.raises(
        ValueError, match=r"constructor arguments of UNet2DConditionModel; got sd15: .*no_such_argument"
    ):
        build_on_meta(replace(published, config={**published.config, "no_such_argument": 1}))


@pytest.mark.parametrize("name", NAMES)
def test_the_card_names_stock_classes_and_all_defaults(name: str) -> None:
    published = read_published(name)
    assert published.component in ("unet", "transformer")
    assert hasattr(diffusers, published.pipeline)
    assert isinstance(denoiser(name), getattr(diffusers, published.denoiser_class))
    assert {"height", "width", "steps", "guidance", "text_tokens"} <= published.defaults.keys()
    assert published.source.count("/") == 1


def test_reading_gives_a_frozen_card_and_a_fresh_configuration() -> None:
    card = read_published("sdxl")
    with pytest.raises(FrozenInstanceError):
        card.name = "other"
    card.config["sample_size"] = 1
    assert read_published("sdxl").config["sample_size"] == 128


@pytest.mark.parametrize("name", ["sd3", "", "published:sdxl", "../published/sdxl", "sdxl.json"])
def test_an_unknown_name_says_what_was_expected_what_arrived_and_what_to_do(name: str) -> None:
    with pytest.raises(InputError) as caught:
        read_published(name)
    message = str(caught.value)
    assert all(known in message for known in NAMES)
    assert f"got {name!r}" in message
    assert "published:NAME" in message


def test_a_missing_class_names_the_class() -> None:
    with pytest.raises(ValueError, match="expected diffusers with NoSuchModel"):
        build_on_meta(replace(read_published("sdxl"), denoiser_class="NoSuchModel"))


def test_a_forward_with_meta_inputs_gives_shapes() -> None:
    with torch.no_grad():
        inputs = torch.empty(1, 3, 64, 64, device="meta"), torch.empty(1, device="meta")
        output = denoiser("if-i-xl")(*inputs, torch.empty(1, 77, 4096, device="meta")).sample
    assert output.shape == (1, 6, 64, 64)
