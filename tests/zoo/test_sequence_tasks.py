import pytest
import torch

from workbench.zoo.task import IGNORED, Batch, RegressionTask, find_task
from workbench.zoo.tasks import copying, cue, recall, series

NAMES = ["recall", "copying", "cue", "regression", "series"]


def draw(name: str, size: int = 32, seed: int = 0) -> Batch:
    return find_task(name).batch(size, torch.Generator().manual_seed(seed))


def scored(row: torch.Tensor) -> list[int]:
    return [target for target in row.tolist() if target != IGNORED]


@pytest.mark.parametrize("name", NAMES)
def test_batches_have_the_shape_of_the_task_and_are_decided_by_the_seed(name: str) -> None:
    task, first, again, other = find_task(name), draw(name), draw(name), draw(name, seed=1)
    (example,) = task.shape.example(batch=32)
    assert first.inputs[0].shape == example.shape and first.inputs[0].dtype == example.dtype
    assert torch.equal(first.inputs[0], again.inputs[0]) and torch.equal(first.targets, again.targets)
    assert not torch.equal(first.inputs[0], other.inputs[0])
    if example.dtype == torch.int64:
        assert int(first.inputs[0].max()) < task.shape.vocabulary and int(first.targets.max()) < task.shape.outputs


@pytest.mark.parametrize("name", NAMES)
def test_the_test_is_always_the_same(name: str) -> None:
    task = find_task(name)
    assert torch.equal(task.test().inputs[0], task.test().inputs[0])
    assert 500 <= len(task.test()) <= 1000


def test_recall_asks_for_the_value_behind_each_key() -> None:
    batch = draw("recall")
    for row, targets in zip(batch.inputs[0].tolist(), batch.targets, strict=True):
        pairs, queries = row[: 2 * recall.PAIRS], row[2 * recall.PAIRS :]
        values = dict(zip(pairs[::2], pairs[1::2], strict=True))
        assert sorted(queries) == sorted(values)
        assert targets[: 2 * recall.PAIRS].eq(IGNORED).all()
        assert scored(targets) == [values[key] for key in queries]


def test_copying_asks_for_what_is_no_noise_in_its_order() -> None:
    batch = draw("copying")
    for row, targets in zip(batch.inputs[0].tolist(), batch.targets, strict=True):
        data = [token for token in row if token not in (copying.NOISE, copying.GO)]
        assert len(data) == copying.TOKENS and row[-copying.TOKENS :] == [copying.GO] * copying.TOKENS
        assert scored(targets) == data and targets[: copying.NOISY].eq(IGNORED).all()
    assert len({tuple(row.ne(copying.NOISE).tolist()) for row in batch.inputs[0]}) > 20


def test_the_cue_comes_first_and_never_again() -> None:
    batch = draw("cue")
    for row, targets in zip(batch.inputs[0].tolist(), batch.targets, strict=True):
        assert scored(targets) == [row[0]] and int(targets[-1]) == row[0]
        assert row[-1] == cue.ASK and set(row[1:-1]).isdisjoint(range(1, cue.CUES + 1))


def test_values_of_the_regression_follow_from_as_many_points_as_there_are_variables() -> None:
    batch = draw("regression")
    points, values = batch.inputs[0][:, ::2].double(), batch.inputs[0][:, 1::2, 0].double()
    slope = torch.linalg.lstsq(points[:, :6], values[:, :6, None]).solution
    torch.testing.assert_close((points @ slope)[..., 0], values, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(batch.targets[:, ::2, 0].double(), values)


def test_outputs_where_values_stand_do_not_count_in_the_regression() -> None:
    task, batch = find_task("regression"), draw("regression")
    outputs = batch.targets.clone()
    outputs[:, 1::2] = 7
    assert float(task.loss(outputs, batch.targets)) == 0
    assert task.accuracy(outputs, batch.targets) == 1
    assert isinstance(task, RegressionTask)


def test_a_fit_of_trend_and_seasons_forecasts_the_series_up_to_its_noise() -> None:
    batch = draw("series", 200)
    time = torch.arange(series.PAST + series.FUTURE, dtype=torch.float64)
    angles = [torch.pi * 2 * time / period for period in series.PERIODS]
    basis = torch.stack([torch.ones_like(time), time, *map(torch.sin, angles), *map(torch.cos, angles)], dim=1)
    past = batch.inputs[0].double()
    weights = torch.linalg.lstsq(basis[: series.PAST].expand(200, -1, -1), past).solution
    error = (basis[series.PAST :] @ weights)[..., 0] - batch.targets
    assert float(error.pow(2).mean().sqrt()) < 1.5 * series.NOISE
    assert find_task("series").accuracy(batch.targets + error, batch.targets) > 0.98
