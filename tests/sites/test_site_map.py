"""Site maps as data: selecting, saving and showing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patch.tiny_runs import EVERY, sites_of
from workbench.errors import InputError
from workbench.sites.site import Part, Site, SiteMap


def site(name: str, index: int) -> Site:
    parts = (Part("key", f"{name}.to_k", "all"), Part("value", f"{name}.to_v", "all"))
    return Site(name, index, "cross", 2, 4, 128, parts)


NAMES = [*(f"down.{index}.attn2" for index in range(3)), "mid.attn2", *(f"up.{index}.attn2" for index in range(8))]
SITES = SiteMap("made up", "unet", tuple(site(name, index) for index, name in enumerate(NAMES)), 1000)


@pytest.mark.parametrize(
    ("words", "indices"),
    [
        ([3], [3]),
        (["3"], [3]),
        (["5-8"], [5, 6, 7, 8]),
        (["10-99"], [10, 11]),
        (["mid.attn2"], [3]),
        (["down.*"], [0, 1, 2]),
        (["*.attn2"], list(range(12))),
        (["up.[01].*"], [4, 5]),
        (["up.7.attn2", 0, "0-1", "down.0.attn2"], [0, 1, 11]),
        ([], []),
    ],
)
def test_select(words: list[str | int], indices: list[int]) -> None:
    chosen = SITES.select(words)
    assert [site.index for site in chosen] == indices
    assert [site.name for site in chosen] == [NAMES[index] for index in indices]


@pytest.mark.parametrize("word", ["12", "-1", "8-5", "12-20", "", "DOWN.0.ATTN2", "attn2", "²", "1-²", "²-3"])
def test_select_refuses_what_matches_nothing(word: str) -> None:
    with pytest.raises(InputError, match="an index from 0 to 11"):
        SITES.select(["0", word])


def test_the_message_names_the_nearest_site_or_the_command() -> None:
    with pytest.raises(InputError, match=r"'down.1.attn', no match; the nearest name is 'down.1.attn2'"):
        SITES.select(["down.1.attn"])
    with pytest.raises(InputError, match="see `workbench sites made up`"):
        SITES.select(["99"])


def test_items() -> None:
    assert len(SITES) == 12
    assert [site.index for site in SITES] == list(range(12))
    assert SITES[4].name == SITES["up.0.attn2"].name == "up.0.attn2"
    assert SITES[-1].index == 11
    with pytest.raises(IndexError):
        SITES[12]
    with pytest.raises(InputError):
        SITES["nothing"]


@EVERY
def test_save_and_load(name: str, tmp_path: Path) -> None:
    sites_of(name).save(tmp_path / "sites.json")
    again = SiteMap.load(tmp_path / "sites.json")
    assert again == sites_of(name)
    assert again != SITES
    assert hash(again[0]) == hash(sites_of(name)[0])


def test_dataframe_and_plain_data() -> None:
    frame = SITES.to_dataframe()
    assert list(frame.columns) == ["index", "name", "kind", "heads", "head_dim", "text_kv_parameters"]
    assert frame["name"].tolist() == NAMES
    assert SITES.to_dict()["total_parameters"] == 1000
    assert "12 sites" in repr(SITES)
    assert all(name in repr(SITES) for name in NAMES)


def test_html_escapes_names() -> None:
    hostile = SiteMap("<script>model</script>", "unet", (site("<b>site</b>", 0),), 1)
    html = hostile._repr_html_()
    assert "<script>" not in html
    assert "<b>" not in html
    assert "&lt;script&gt;model" in html
    assert "&lt;b&gt;site" in html
