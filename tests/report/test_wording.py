"""Numbers and names as printed."""

from __future__ import annotations

import pytest

from workbench.report.wording import duration, interval, listed, mebibytes, number, percent, plural, short_names


@pytest.mark.parametrize(
    ("value", "text"), [(0.934, "0.93"), (-0.026, "−0.03"), (-0.001, "0.00"), (1.0, "1.00"), (-0.0, "0.00")]
)
def test_numbers_have_a_true_minus_and_no_negative_zero(value: float, text: str) -> None:
    assert number(value) == text


def test_words() -> None:
    assert interval((-0.5, 0.25)) == "−0.50 to 0.25"
    assert [listed([5]), listed([5, 6]), listed([1, 5, 6])] == ["5", "5 and 6", "1, 5 and 6"]
    assert [plural(1, "site"), plural(1200, "site")] == ["1 site", "1,200 sites"]
    assert [percent(0.00613), percent(0.42)] == ["0.61\N{NO-BREAK SPACE}%", "42\N{NO-BREAK SPACE}%"]
    assert [duration(12.4), duration(655), duration(9000)] == ["12 s", "10.9 min", "2.5 h"]
    assert [mebibytes(2**19), mebibytes(3 * 2**30)] == ["0.5 MiB", "3.0 GiB"]


def test_short_names_keep_what_tells_sites_apart() -> None:
    unet = [
        "down_blocks.1.attentions.0.transformer_blocks.0.attn2",
        "mid_block.attentions.0.transformer_blocks.0.attn2",
    ]
    assert short_names(unet) == ["down.1.0.0", "mid.0.0"]
    assert short_names(["transformer_blocks.0.attn", "transformer_blocks.10.attn"]) == ["0", "10"]
    flux = ["transformer_blocks.0.attn", "single_transformer_blocks.0.attn"]
    assert short_names(flux) == ["transformer.0", "single_transformer.0"]
    assert short_names([]) == []
