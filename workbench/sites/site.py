"""Sites: named places where attention reads the text, as data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from html import escape
from pathlib import Path
from typing import Literal

import pandas as pd

from workbench.errors import InputError
from workbench.models.family import Span

PartName = Literal["key", "value"]


@dataclass(frozen=True)
class Part:
    """The text keys or values of a site: the output of one module, or a span of its tokens.

    The output has shape [batch, token, heads * head_dim].
    """

    name: PartName
    module: str
    span: Span


@dataclass(frozen=True)
class Site:
    """One attention site.

    Args:
        name: module path of the attention inside the denoiser.
        index: place in the order of execution, from 0.
        kind: `cross`, `added_kv`, `joint` or `single_stream`.
        heads: number of key/value heads.
        head_dim: width of one head.
        text_kv_parameters: weights of the modules that make text keys and values, biases not counted.
        parts: where keys and values are made.
        mask_argument: keyword of the attention's forward that holds its text mask, if it has one.
    """

    name: str
    index: int
    kind: str
    heads: int
    head_dim: int
    text_kv_parameters: int
    parts: tuple[Part, ...]
    mask_argument: str | None = None


@dataclass(frozen=True)
class SiteMap:
    """The sites of a model in the order of execution."""

    model: str
    family: str
    sites: tuple[Site, ...]
    total_parameters: int

    def __iter__(self) -> Iterator[Site]:
        return iter(self.sites)

    def __len__(self) -> int:
        return len(self.sites)

    def __getitem__(self, key: int | str) -> Site:
        """Return a site by index or by name."""
        if isinstance(key, int):
            return self.sites[key]
        return self.select([key])[0]

    def select(self, wanted: Iterable[str | int]) -> tuple[Site, ...]:
        """Return the sites that match names, shell patterns (`*.attn2`), indices or index ranges (`3`, `5-8`).

        Raises:
            InputError: a word that matches nothing.
        """
        chosen: dict[int, Site] = {}
        for word in wanted:
            matches = [site for site in self.sites if _matches(site, str(word))]
            if not matches:
                near = get_close_matches(str(word), [site.name for site in self.sites], n=1, cutoff=0.3)
                hint = f"the nearest name is {near[0]!r}" if near else f"see `workbench sites {self.model}`"
                raise InputError(
                    f"a site name, a pattern or an index from 0 to {len(self) - 1}", f"{str(word)!r}, no match", hint
                )
            chosen |= {site.index: site for site in matches}
        return tuple(chosen[index] for index in sorted(chosen))

    def to_dict(self) -> dict[str, object]:
        """Return plain data: model, family, sites, total_parameters."""
        return {
            "model": self.model,
            "family": self.family,
            "sites": [asdict(site) for site in self.sites],
            "total_parameters": self.total_parameters,
        }

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per site."""
        columns = ["index", "name", "kind", "heads", "head_dim", "text_kv_parameters"]
        return pd.DataFrame([asdict(site) for site in self.sites], columns=columns)

    def save(self, path: str | Path) -> None:
        """Write the map as JSON."""
        Path(path).write_text(json.dumps(self.to_dict(), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> SiteMap:
        """Read a map that `save` wrote."""
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        sites = tuple(
            Site(**{**site, "parts": tuple(Part(**part) for part in site["parts"])}) for site in data["sites"]
        )
        return cls(data["model"], data["family"], sites, data["total_parameters"])

    def __repr__(self) -> str:
        return f"SiteMap({self.model!r}, {len(self)} sites)\n{self.to_dataframe().to_string(index=False)}"

    def _repr_html_(self) -> str:
        caption = f"<p>{escape(self.model)}: {len(self)} sites</p>"
        return caption + self.to_dataframe().to_html(index=False, escape=True)


def _matches(site: Site, word: str) -> bool:
    if word.isdecimal():
        return site.index == int(word)
    first, dash, last = word.partition("-")
    if dash and first.isdecimal() and last.isdecimal():
        return int(first) <= site.index <= int(last)
    return fnmatchcase(site.name, word)
