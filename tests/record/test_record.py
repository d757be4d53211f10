"""Records of text keys and values: what they hold, how they are stored, and patching from them as in two passes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.patch.tiny_runs import (
    EVERY,
    SOURCE,
    TARGET,
    TWO_CALLS,
    from_row,
    latents,
    model_of,
    sites_of,
)
from tests.tiny.encoders import TEXT_LENGTH
from workbench.errors import InputError
from workbench.patch.patch import Patch
from workbench.record.record import Record, record, text_slice

GUIDANCES = pytest.mark.parametrize("guidance", [3.0, 1.0], ids=["guided", "unguided"])


def record_run(name: str, prompts: list[str], guidance: float = 3.0, sites: slice = slice(None)) -> Record:
    model = model_of(name)
    with record(model, sites_of(name).sites[sites], calls_per_step=model.calls_per_step(guidance)) as kept:
        latents(model, prompts, guidance=guidance)
    return kept


@EVERY
@GUIDANCES
def test_patching_from_a_record_equals_patching_from_a_row(name: str, guidance: float) -> None:
    """The target generated first and kept, or beside the source: the same image, bit for bit."""
    kept = record_run(name, [TARGET, TARGET], guidance).rows([0], batch=2)
    sites, model = sites_of(name), model_of(name)
    beside = latents(model, [TARGET, SOURCE], {1: from_row(sites, 0)}, guidance=guidance)
    cached = latents(model, [SOURCE, SOURCE], {1: [Patch(site, kept) for site in sites]}, guidance=guidance)
    assert torch.equal(cached[1], beside[1])
    assert torch.equal(cached[0], latents(model, [SOURCE, SOURCE], guidance=guidance)[0])
    assert not torch.equal(cached[1], cached[0])


@EVERY
def test_one_site_from_a_record_equals_the_row(name: str) -> None:
    kept = record_run(name, [SOURCE, TARGET]).rows([1], batch=2)
    patches = {0: [Patch(sites_of(name)[-1], kept, heads=(1,), steps=(1, None))]}
    beside = {0: [Patch(sites_of(name)[-1], 1, heads=(1,), steps=(1, None))]}
    cached = latents(model_of(name), [SOURCE, SOURCE], patches)
    assert torch.equal(cached[0], latents(model_of(name), [SOURCE, TARGET], beside)[0])
    assert not torch.equal(cached[0], cached[1])


@EVERY
@GUIDANCES
def test_record_holds_every_site_part_and_call(name: str, guidance: float) -> None:
    kept = record_run(name, [TARGET, SOURCE], guidance)
    two_calls = name in TWO_CALLS and guidance > 1
    expected = {
        (site.name, part, call)
        for site in sites_of(name)
        for part in ("key", "value")
        for call in range(4 if two_calls else 2)
    }
    assert set(kept.tensors) == expected
    rows = 4 if guidance > 1 and name not in TWO_CALLS else 2
    for (site, _, _), tensor in kept.tensors.items():
        assert tensor.device.type == "cpu"
        assert (len(tensor), tensor.shape[2]) == (rows, sites_of(name)[site].heads * sites_of(name)[site].head_dim)
    assert kept.nbytes == sum(tensor.numel() * 4 for tensor in kept.tensors.values()) > 0


@pytest.mark.parametrize(("name", "extra"), [("flux", 0), ("auraflow", 8)])
def test_record_of_a_single_stream_holds_the_text_alone(name: str, extra: int) -> None:
    kept = record_run(name, [TARGET, SOURCE])
    lengths = {sites_of(name)[site].kind: tensor.shape[1] for (site, _, _), tensor in kept.tensors.items()}
    assert lengths["single_stream"] == TEXT_LENGTH + extra
    # Nothing of the image is held on to: the tensors are copies, not views.
    assert all(tensor.untyped_storage().nbytes() == tensor.nbytes for tensor in kept.tensors.values())


def test_recording_changes_nothing() -> None:
    plain = latents(model_of("sd"), [TARGET, SOURCE])
    with record(model_of("sd"), sites_of("sd").sites) as kept:
        assert torch.equal(plain, latents(model_of("sd"), [TARGET, SOURCE]))
    before = {key: value.clone() for key, value in kept.tensors.items()}
    latents(model_of("sd"), [SOURCE, SOURCE], seeds=[5, 6])
    assert all(torch.equal(kept.tensors[key], value) for key, value in before.items())


def test_rows_keep_every_half() -> None:
    kept = record_run("sd3", [TARGET, SOURCE, TARGET])
    chosen = kept.rows([2, 1], batch=3)
    assert set(chosen.tensors) == set(kept.tensors)
    for key, tensor in kept.tensors.items():
        assert torch.equal(chosen.tensors[key], tensor[[2, 1, 5, 4]])
    assert any(not torch.equal(tensor[1], tensor[2]) for tensor in kept.tensors.values())


def test_save_and_load(tmp_path: Path) -> None:
    kept = record_run("flux", [TARGET, SOURCE]).rows([1], batch=2)
    kept.save(tmp_path / "kept.safetensors")
    again = Record.load(tmp_path / "kept.safetensors")
    assert set(again.tensors) == set(kept.tensors)
    assert all(torch.equal(again.tensors[key], value) for key, value in kept.tensors.items())
    assert again.nbytes == kept.nbytes
    Record().save(tmp_path / "empty.safetensors")
    assert Record.load(tmp_path / "empty.safetensors").tensors == {}


def test_dataframe_and_views() -> None:
    kept = record_run("sd", [TARGET, SOURCE], sites=slice(1, 3))
    frame = kept.to_dataframe()
    assert list(frame.columns) == ["site", "part", "call", "shape", "norm"]
    assert len(frame) == len(kept.tensors) == 2 * 2 * 2
    line = frame.iloc[0]
    tensor = kept.tensors[line["site"], line["part"], line["call"]]
    assert line["shape"] == tuple(tensor.shape)
    assert line["norm"] == pytest.approx(float(tensor.norm()))
    assert "8 tensors of 2 sites" in repr(kept)
    assert list(Record().to_dataframe().columns) == list(frame.columns)


def test_html_escapes_site_names() -> None:
    html = Record({("<b>site</b>", "key", 0): torch.ones(1, 1, 1)})._repr_html_()
    assert "<b>" not in html
    assert "&lt;b&gt;site" in html


@pytest.mark.parametrize(
    ("span", "expected"), [("all", slice(0, 10)), ("text_first", slice(0, 4)), ("image_first", slice(6, 10))]
)
def test_text_slice(span: str, expected: slice) -> None:
    assert text_slice(span, 4, 10) == expected


def test_a_record_of_other_sites_steps_or_lengths_is_refused() -> None:
    site = sites_of("sd")[0]
    other_site = record_run("sd", [TARGET, TARGET], sites=slice(1, 2)).rows([0], batch=2)
    unguided = record_run("sd", [TARGET, TARGET], guidance=1.0).rows([0], batch=2)
    whole = record_run("sd", [TARGET, TARGET]).rows([0], batch=2)
    shorter = Record({key: value[:, :-1] for key, value in whole.tensors.items()})
    for kept in (other_site, unguided, shorter):
        with pytest.raises(InputError, match=r"a record of .*; record the same sites"):
            latents(model_of("sd"), [SOURCE, SOURCE], {1: [Patch(site, kept)]})
    with pytest.raises(InputError, match="at call 2"):
        latents(model_of("sd"), [SOURCE, SOURCE], {1: [Patch(site, whole)]}, steps=3)
