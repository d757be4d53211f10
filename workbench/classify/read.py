"""Read data files of published sets; each format is one registered function in `workbench.classify.readers`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.classify.data import LabelledTexts
from workbench.errors import InputError
from workbench.registry import Registry

Reader = Callable[[Path, str], LabelledTexts]
_READERS: Registry[Reader] = Registry("format", "workbench.classify.readers")
register_format = _READERS.register
list_formats = _READERS.names


def read_texts(path: str | Path, format: str) -> LabelledTexts:
    """Read a data file.

    Args:
        path: the file as it was published; nothing is downloaded.
        format: its format's name (`list_formats`).

    Returns:
        The texts, with a report of the rows that were left out: empty, unlabelled and repeated ones.

    Raises:
        InputError: no such format or file, missing columns, broken quoting, unknown labels, or no labelled text.
    """
    reader, file = _READERS[format], Path(path)
    if not file.is_file():
        raise InputError("a data file", f"{str(path)!r}, which is none", "check the path")
    return reader(file, format)


def read_lines(path: Path) -> list[str]:
    """Return the lines of a UTF-8 file without their ends.

    Raises:
        InputError: the file is missing or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("a text file in UTF-8", f"{str(path)!r}: {error}", "check the file") from error


def read_table(path: Path, columns: Sequence[str], *, tabs: bool = False) -> pd.DataFrame:
    """Read a table as strings; an empty field is an empty string.

    Args:
        path: a CSV file with a header, quoted as usual.
        columns: those that must be there.
        tabs: fields are separated by tabs instead and never quoted, so a quotation mark is a character.

    Raises:
        InputError: a column is missing, a line has too many fields, or quoting is broken.
    """
    options: dict[str, Any] = {"sep": "\t", "quoting": 3} if tabs else {}
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8", **options)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        kind = "tab-separated lines" if tabs else "a CSV file with intact quoting"
        raise InputError(f"{kind} in UTF-8", f"{str(path)!r}: {str(error).strip()}", "repair the file") from error
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise InputError(
            f"columns {', '.join(columns)}",
            f"{str(path)!r} without {', '.join(missing)}",
            "give the file as it was published, or another --format",
        )
    return table
