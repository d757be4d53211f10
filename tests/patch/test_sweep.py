"""Sweeps: the same images however rows are split, also when memory runs out; storing; images that are no numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.patch.tiny_runs import EVERY, LONGER, SOURCE, TARGET, fresh_model, model_of, sites_of
from workbench.errors import InputError
from workbench.patch import sweep as sweep_module
from workbench.patch.arms import SOURCE as SOURCE_ARM
from workbench.patch.arms import TARGET as TARGET_ARM
from workbench.patch.arms import Arm, RowBatch
from workbench.patch.generate import Generated, Sampling, generate
from workbench.patch.sweep import SweepResult, run_batch, sweep

ARMS = [SOURCE_ARM, TARGET_ARM, Arm((0, 1, 2)), Arm((0,)), Arm((1,)), Arm((2,), heads=(1,)), Arm((1,), steps=(1, None))]
PAIRS = [(SOURCE, TARGET), (TARGET, LONGER)]
EVERYTHING = RowBatch("batch", 0, 7, tuple(ARMS))


def largest_difference(one: dict[Any, np.ndarray], other: dict[Any, np.ndarray]) -> int:
    """Return the largest difference in grey levels between equally named images."""
    assert set(one) == set(other)
    return max(int(np.abs(image.astype(int) - other[key].astype(int)).max()) for key, image in one.items())


@EVERY
def test_images_do_not_depend_on_the_rows_of_a_batch(name: str) -> None:
    results = [sweep(model_of(name), PAIRS[:1], sites_of(name), ARMS, max_rows=rows) for rows in (32, 4, 2)]
    assert set(results[0].images) == {(0, 0, arm.key) for arm in ARMS}
    for other in results[1:]:
        assert largest_difference(results[0].images, other.images) <= 1
    source = results[0].images[0, 0, "source"]
    assert all(not np.array_equal(source, image) for key, image in results[0].images.items() if key[2] != "source")
    # Two steps of two halves; every batch has the target in row 0, which is also the row of the arm `target`.
    assert [result.denoiser_rows for result in results] == [4 * 7, 4 * (3 + 4 + 2), 4 * (6 * 2 + 1)]


def test_pairs_and_seeds() -> None:
    made = sweep(model_of("sd"), PAIRS, sites_of("sd"), ARMS[:3], seeds=(3, 4))
    assert set(made.images) == {(pair, seed, arm.key) for pair in range(2) for seed in (3, 4) for arm in ARMS[:3]}
    assert made.denoiser_rows == 2 * 2 * 3 * 2 * 2
    alone = generate(model_of("sd"), [LONGER], [4], Sampling.of(model_of("sd"))).images[0]
    assert largest_difference({0: alone}, {0: made.images[1, 4, "target"]}) <= 1
    assert largest_difference({0: alone}, {0: made.images[1, 3, "target"]}) > 1


def limit_rows(monkeypatch: pytest.MonkeyPatch, most: int, error: type[BaseException]) -> list[int]:
    """Let memory run out above so many rows; returns the list of the sizes tried."""
    tried: list[int] = []

    def scarce(model: Any, prompts: list[str], *arguments: Any, **named: Any) -> Generated:
        tried.append(len(prompts))
        if len(prompts) > most:
            raise error("no memory")
        return generate(model, prompts, *arguments, **named)

    monkeypatch.setattr(sweep_module, "generate", scarce)
    return tried


@pytest.mark.parametrize("error", [torch.OutOfMemoryError, MemoryError])
@pytest.mark.parametrize(("most", "sizes"), [(7, [7]), (4, [7, 3, 5, 3, 3]), (2, [7, 3, 2, 2, 5, 3, 2, 2, 3, 2, 2])])
def test_a_batch_that_does_not_fit_is_halved(
    most: int, sizes: list[int], error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, sampling = model_of("sd"), Sampling.of(model_of("sd"))
    whole = run_batch(model, sites_of("sd"), EVERYTHING, PAIRS[0], sampling)
    tried = limit_rows(monkeypatch, most, error)
    halved = run_batch(model, sites_of("sd"), EVERYTHING, PAIRS[0], sampling)
    assert set(halved.images) == {arm.key for arm in ARMS}
    assert largest_difference(whole.images, halved.images) <= 1
    assert tried == sizes
    assert halved.denoiser_rows == 4 * sum(rows for rows in tried if rows <= most)


def test_one_arm_that_does_not_fit_ends_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = limit_rows(monkeypatch, 1, torch.OutOfMemoryError)
    model = model_of("sd")
    with pytest.raises(torch.OutOfMemoryError):
        run_batch(model, sites_of("sd"), EVERYTHING, PAIRS[0], Sampling.of(model))
    assert tried == [7, 3, 2]


def test_other_errors_are_not_taken_for_lack_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = limit_rows(monkeypatch, 1, RuntimeError)
    model = model_of("sd")
    with pytest.raises(RuntimeError, match="no memory"):
        run_batch(model, sites_of("sd"), EVERYTHING, PAIRS[0], Sampling.of(model))
    assert tried == [7]


def test_save_and_load(tmp_path: Path) -> None:
    made = sweep(model_of("sd"), PAIRS, sites_of("sd"), ARMS, seeds=(0, 1))
    made.save(tmp_path / "sweep.npz")
    again = SweepResult.load(tmp_path / "sweep.npz")
    assert list(again.images) == list(made.images)
    assert largest_difference(made.images, again.images) == 0
    assert again.denoiser_rows == made.denoiser_rows
    assert {image.dtype for image in again.images.values()} == {np.dtype(np.uint8)}


def test_dataframe_and_views() -> None:
    made = sweep(model_of("sd"), PAIRS[:1], sites_of("sd"), ARMS)
    frame = made.to_dataframe().set_index("arm")
    assert list(frame.index) == list(dict.fromkeys(key[2] for key in made.images))
    assert frame.loc["source", "change"] == 0
    assert frame.loc["target", "change"] > 0
    assert made.denoiser_rows == 28
    assert "7 images, 28 denoiser rows" in repr(made)
    without = SweepResult({(0, 0, "target"): made.images[0, 0, "target"]}, 1).to_dataframe()
    assert without["change"].isna().all()
    hostile = SweepResult({(0, 0, "<b>arm</b>"): made.images[0, 0, "target"]}, 1)._repr_html_()
    assert "<b>" not in hostile
    assert "&lt;b&gt;arm" in hostile


@EVERY
def test_images_that_are_no_numbers_are_refused(name: str) -> None:
    model = fresh_model(name)
    key = model.denoiser.get_submodule(sites_of(name)[0].parts[0].module)
    sampling = Sampling.of(model)
    assert generate(model, [SOURCE], [0], sampling).images.dtype == np.uint8
    with torch.no_grad():
        key.weight.fill_(float("nan"))
    with pytest.raises(InputError, match=r"finite images; got NaN .*use another dtype"):
        generate(model, [SOURCE], [0], sampling)


def test_sampling() -> None:
    model = model_of("sd")
    assert Sampling.of(model) == Sampling(2, 3.0, 32, 32)
    assert Sampling.of(model, steps=5, guidance=0.0, condition_only=True) == Sampling(5, 0.0, 32, 32, True)
    with pytest.raises(InputError, match="at least one denoising step"):
        Sampling.of(model, steps=0)
    with pytest.raises(InputError, match="at least one denoising step"):
        replace(Sampling.of(model), steps=-1)
