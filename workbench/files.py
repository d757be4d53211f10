"""Write files and folders whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a name beside `path` to write a file or a folder under; it becomes `path` if the block ends well.

    What is at `path` stays until then, and is replaced. If the block raises, it stays for good and no part is left.
    """
    part, old = (path.with_name(f".{path.name}.{os.getpid()}.{kind}") for kind in ("part", "old"))
    try:
        yield part
        if part.is_dir() and path.exists():
            # A folder cannot be replaced in one move.
            os.replace(path, old)
        os.replace(part, path)
    except BaseException:
        if old.exists():
            os.replace(old, path)
        raise
    finally:
        for left in (part, old):
            if left.is_dir():
                shutil.rmtree(left)
            left.unlink(missing_ok=True)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all; text as UTF-8."""
    with whole(path) as part:
        part.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
