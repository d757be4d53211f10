"""Numbers, lists and site names as a reader should see them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

NBSP: Final = "\N{NO-BREAK SPACE}"
MINUS: Final = "\N{MINUS SIGN}"
SUFFIX: Final = re.compile(r"_blocks?$")


def number(value: float, digits: int = 2) -> str:
    """Return a number with a true minus sign and no negative zero."""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", MINUS)


def interval(bounds: Sequence[float], digits: int = 2) -> str:
    """Return `low to high`."""
    return f"{number(bounds[0], digits)} to {number(bounds[1], digits)}"


def count(value: int) -> str:
    """Return an integer with thousands separated."""
    return f"{value:,}"


def banded(bounds: Sequence[float], digits: int = 2) -> str:
    """Return an interval with its name."""
    return f"95{NBSP}% interval {interval(bounds, digits)}"


def plural(value: int, noun: str) -> str:
    """Return `1 site`, `2 sites`."""
    return f"{count(value)} {noun}" if value == 1 else f"{count(value)} {noun}s"


def percent(share: float) -> str:
    """Return a share in percent, with two decimals where it is small."""
    return f"{share * 100:.2f}{NBSP}%" if share < 0.1 else f"{share * 100:.0f}{NBSP}%"


def duration(seconds: float) -> str:
    """Return seconds, minutes or hours, whichever reads best."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def mebibytes(size: int) -> str:
    """Return bytes as MiB, or GiB from 1 GiB on."""
    return f"{size / 2**20:.1f} MiB" if size < 2**30 else f"{size / 2**30:.1f} GiB"


def listed(items: Sequence[int]) -> str:
    """Return `5`, `5 and 6`, or `5, 6 and 9`."""
    words = [str(item) for item in items]
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def site_label(sites: Sequence[int], most: int = 4) -> str:
    """Return a short label of a set of sites: its indices, or their number where there are more than `most`."""
    return ", ".join(map(str, sites)) if len(sites) <= most else f"{len(sites)} sites"


def short_names(names: Sequence[str]) -> list[str]:
    """Shorten module paths: words that all names share and the endings `_block(s)` go, such as `up.0.2.1`."""
    paths = [name.split(".") for name in names]
    shared = set.intersection(*(set(path) for path in paths)) if paths else set()
    dropped = {word for word in shared if not word.isdigit()}
    return [".".join(SUFFIX.sub("", word) for word in path if word not in dropped) for path in paths]
