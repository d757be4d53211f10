"""What all tasks promise: seeded batches, a test of its own, targets within the outputs."""

from __future__ import annotations

import pytest
import torch

from workbench.zoo.shape import Shape
from workbench.zoo.task import IGNORED, RegressionTask, find_task, list_tasks

TASKS = list_tasks()


def draw(name: str, seed: int, size: int = 16) -> tuple[torch.Tensor, ...]:
    batch = find_task(name).batch(size, torch.Generator().manual_seed(seed))
    return (*batch.inputs, batch.targets)


@pytest.mark.parametrize("name", TASKS)
def test_batches_are_decided_by_their_seed(name: str) -> None:
    assert all(map(torch.equal, draw(name, 1), draw(name, 1)))
    assert not all(map(torch.equal, draw(name, 1), draw(name, 2)))


@pytest.mark.parametrize("name", TASKS)
def test_examples_have_the_shape_that_is_declared(name: str) -> None:
    task = find_task(name)
    batch = task.batch(3, torch.Generator().manual_seed(0))
    for place, (found, example) in enumerate(zip(batch.inputs, task.shape.example(3), strict=True)):
        assert found.dtype == example.dtype
        # Targets of pairs may be shorter than their sources.
        assert found.shape == example.shape or (place == 1 and found.shape[1] <= example.shape[1])
    if isinstance(task, RegressionTask):
        return
    scored = batch.targets[batch.targets != IGNORED]
    assert 0 <= int(scored.min()) <= int(scored.max()) < task.shape.outputs
    if task.shape.inputs in ("tokens", "pair"):
        assert max(int(part.max()) for part in batch.inputs) < task.shape.vocabulary


@pytest.mark.parametrize("name", TASKS)
def test_the_test_is_fixed_and_no_batch_repeats_it(name: str) -> None:
    task = find_task(name)
    test = task.test()
    assert 200 <= len(test) <= 2000
    assert torch.equal(test.targets, task.test().targets)
    rows = {row.numpy().tobytes() for row in test.inputs[0]}
    learnt = {row.numpy().tobytes() for row in draw(name, 0, 256)[0]}
    # Handwritten digits hold two images twice; generated examples may meet by chance.
    assert len(rows & learnt) <= 0.05 * len(learnt)


@pytest.mark.parametrize("name", TASKS)
def test_scores(name: str) -> None:
    task = find_task(name)
    test, chance = task.test(), task.chance()
    assert 0 <= chance < 0.8
    if isinstance(task, RegressionTask):
        assert task.accuracy(test.targets, test.targets) == 1
        assert float(task.loss(test.targets, test.targets)) == 0
        return
    perfect = 50 * torch.nn.functional.one_hot(test.targets.clamp_min(0), task.shape.outputs).float()
    assert task.accuracy(perfect, test.targets) == 1
    assert float(task.loss(perfect, test.targets)) < 1e-3


def test_examples_of_a_shape() -> None:
    assert Shape("image", 2, channels=3, size=8).example(4)[0].shape == (4, 3, 8, 8)
    assert [part.shape for part in Shape("pair", 9, vocabulary=9, length=5).example(4)] == [(4, 5), (4, 5)]
    assert Shape("vectors", 1, channels=3, length=5).example(4, device="meta")[0].is_meta
