"""The next character in documentation strings of Python's own standard library, split by module.

The text is read where Python is installed, so its version decides the text, not what a character is.
"""

from __future__ import annotations

import ast
import sysconfig
from functools import cached_property
from pathlib import Path
from typing import Final

import torch

from workbench.zoo.shape import Shape
from workbench.zoo.task import Batch, Task, register_task

LEARN: Final = (
    "argparse ast bisect calendar cmd codecs configparser contextlib copy csv difflib dis doctest enum fileinput "
    "fractions ftplib functools getopt gettext glob heapq imaplib inspect ipaddress locale mailbox operator optparse "
    "os pdb pickle pickletools platform posixpath pprint profile queue selectors shelve shlex shutil smtplib socket "
    "socketserver subprocess tarfile tempfile threading timeit traceback turtle types typing uuid warnings"
).split()
TEST: Final = "random statistics textwrap".split()
CHARACTERS: Final = "\n" + "".join(map(chr, range(32, 127)))
LENGTH: Final = 64
WINDOWS: Final = 500


def documentation(module: str) -> str:
    """Return all documentation strings of a module of the standard library, in the order of its source."""
    path = Path(sysconfig.get_path("stdlib")) / f"{module}.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found = [ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, documented)]
    return "\n\n".join(filter(None, found))


def encode(text: str) -> torch.Tensor:
    """Return a number from 1 for each character, and 0 for what is not ASCII."""
    return torch.tensor([CHARACTERS.find(character) + 1 for character in text])


@register_task("docstrings", "next character in the standard library's documentation")
class Docstrings(Task):
    """Windows of 64 characters, each with the window one character later."""

    shape = Shape("tokens", len(CHARACTERS) + 1, each=True, vocabulary=len(CHARACTERS) + 1, length=LENGTH)

    @cached_property
    def _learn(self) -> torch.Tensor:
        return encode("\n\n".join(map(documentation, LEARN))).unfold(0, LENGTH + 1, 1)

    @cached_property
    def _test(self) -> torch.Tensor:
        windows = encode("\n\n".join(map(documentation, TEST))).unfold(0, LENGTH + 1, 1)
        return windows[torch.linspace(0, len(windows) - 1, WINDOWS).long()]

    def batch(self, size: int, generator: torch.Generator) -> Batch:
        return _shifted(self._learn[torch.randint(len(self._learn), (size,), generator=generator)])

    def test(self) -> Batch:
        return _shifted(self._test)


def _shifted(windows: torch.Tensor) -> Batch:
    return Batch((windows[:, :-1],), windows[:, 1:])
