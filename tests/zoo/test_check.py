"""The check finds what is wrong, goes on where it stopped, and makes the table from stored checks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import workbench.zoo.check as module
from workbench.attention.factored import new_attention
from workbench.errors import InputError
from workbench.runs.store import RunStore
from workbench.zoo.check import check_system
from workbench.zoo.checks import SystemCheck
from workbench.zoo.registry import _SYSTEMS, build_system, find_system, list_systems, register_system
from workbench.zoo.shape import Shape
from workbench.zoo.system import Capability, Claim, Fact, Outcome, SitePattern, softmax_attention
from workbench.zoo.table import to_markdown, verification_table

NAME = "test/toy"


class Toy(nn.Module):
    """One attention over the rows of an image."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.attention, self.head = new_attention(8, 2), nn.Linear(8, outputs)
        self.idle = nn.Parameter(torch.zeros(3))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.attention(images[:, 0]).mean(1)) + 0 * self.idle.sum()


@pytest.fixture
def toy() -> Iterator[dict[str, Any]]:
    """A registered system, and what to change in its entry."""
    runs: list[int] = []

    def experiment(seeds: Any, effort: float) -> Outcome:
        runs.append(len(seeds))
        return Outcome("does not hold at this size", {"accuracy": 0.5})

    register_system(
        NAME,
        title="A toy",
        paper="0000.00000",
        variants=("published",),
        shape=Shape("image", 10, size=8),
        task="digits",
        sites=(SitePattern("attention"),),
        mlps=(),
        capabilities=softmax_attention({"no_mlp": "no MLP"}),
        facts=(Fact("published", 381),),
        claim=Claim("toys are fun", experiment),
    )(lambda variant, shape: Toy(shape.outputs))
    yield {"runs": runs}
    del _SYSTEMS._entries[NAME]


def change(**fields: Any) -> None:
    _SYSTEMS._entries[NAME] = replace(find_system(NAME), **fields)


def test_all_is_as_declared(toy: dict[str, Any], tmp_path: Path) -> None:
    result = check_system(NAME, seeds=2, out=tmp_path)
    assert result.ok
    assert result.claim is not None and result.claim.verdict == "does not hold at this size"
    assert toy["runs"] == [2]
    assert [site.name for site in result.sites] == ["attention"]
    assert {one.variant: one.status for one in result.ablations}["collapsed_qk"] == "exact"
    stored = SystemCheck.load(next(tmp_path.glob("*/check.json")))
    assert stored == result
    assert "toys are fun" in repr(result)


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"facts": (Fact("published", 400),)}, "count"),
        ({"sites": (SitePattern("nowhere.*"),)}, "ablation"),
        ({"capabilities": softmax_attention({"symmetric": "so they say", "no_mlp": "no MLP"})}, "ablation"),
        ({"capabilities": {**softmax_attention({"no_mlp": "no MLP"}), "no_vo": Capability("exact")}}, "ablation"),
    ],
)
def test_what_is_wrong_is_found(toy: dict[str, Any], tmp_path: Path, fields: dict[str, Any], part: str) -> None:
    change(**fields)
    result = check_system(NAME, claim=False, out=tmp_path)
    assert not result.ok
    wrong = result.to_dataframe().query("not ok")
    assert set(wrong["part"]) == {part}


def test_reported_figures_decide_nothing(toy: dict[str, Any], tmp_path: Path) -> None:
    change(facts=(Fact("published", 400, "reported"), Fact("published", 380, tolerance=0.01)))
    assert check_system(NAME, claim=False, out=tmp_path).ok


def test_an_interrupted_check_goes_on(toy: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(module, "try_claim", stop)
        with pytest.raises(KeyboardInterrupt):
            check_system(NAME, out=tmp_path)
    parts: list[str] = []
    assert check_system(NAME, out=tmp_path, on_part=parts.append).ok
    assert parts == ["claim"]
    assert len(RunStore(tmp_path).list()) == 1


def test_the_table_shows_the_newest_check(toy: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="zoo check NAME"):
        verification_table(tmp_path)
    check_system(NAME, claim=False, out=tmp_path)
    change(facts=(Fact("published", 381), Fact("published", 400)))
    check_system(NAME, claim=False, seeds=2, out=tmp_path)
    table = verification_table(tmp_path)
    assert table.loc[0, "counts"] == "1 of 2"
    assert table.loc[0, "claim"] == ""
    assert to_markdown(table).splitlines()[2].startswith(f"| {NAME} | 1 of 2 | runs | 1 of 1 |")


@pytest.mark.parametrize("fields", [{"seeds": 0}, {"effort": 0}, {"effort": 2}])
def test_bad_numbers(toy: dict[str, Any], tmp_path: Path, fields: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="at least one seed"):
        check_system(NAME, out=tmp_path, **fields)
    assert not list(tmp_path.iterdir())


def test_names_and_variants(toy: dict[str, Any]) -> None:
    assert NAME in list_systems("test/*")
    with pytest.raises(InputError, match="choose one of these"):
        list_systems("nothing/*")
    with pytest.raises(InputError, match="a variant out of"):
        build_system(NAME, "huge")
    with pytest.raises(InputError, match="a task with image"):
        build_system(NAME, shape=Shape("tokens", 10, vocabulary=4, length=4))
    entry = {field: getattr(find_system(NAME), field) for field in find_system(NAME).__dataclass_fields__}
    with pytest.raises(InputError, match="a lower-case system name"):
        register_system(**{field: value for field, value in entry.items() if field != "build"})
