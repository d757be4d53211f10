"""Hooks are registered in one file, and nothing else takes hold of a module's computation."""

from __future__ import annotations

import re
from pathlib import Path

import workbench

PACKAGE = Path(workbench.__file__).parent
TAKES_HOLD = re.compile(
    r"register_(module_)?(full_)?(forward|backward)\w*|set_attn_processor|set_processor|\.(forward|processor)\s*=(?!=)"
)


def places(pattern: re.Pattern[str]) -> dict[str, set[str]]:
    """Return what matches in each file of the package."""
    found = {
        str(path.relative_to(PACKAGE)): {match[0] for match in pattern.finditer(path.read_text(encoding="utf-8"))}
        for path in PACKAGE.rglob("*.py")
    }
    return {name: matches for name, matches in found.items() if matches}


def test_one_file_registers_hooks() -> None:
    assert places(TAKES_HOLD) == {"hooks/forward.py": {"register_forward_hook", "register_forward_pre_hook"}}
