from __future__ import annotations

from pathlib import Path

import pytest

from workbench.files import whole, write_whole


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*")}


def test_a_file_appears_whole_and_replaces_what_was_there(tmp_path: Path) -> None:
    for content in ("ä", b"\x00\xff"):
        write_whole(tmp_path / "file", content)
        assert (tmp_path / "file").read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert names(tmp_path) == {"file"}


def test_a_folder_replaces_another_with_all_it_holds(tmp_path: Path) -> None:
    for name in ("first", "second"):
        with whole(tmp_path / "folder") as part:
            part.mkdir()
            (part / name).touch()
            assert name not in names(tmp_path / "folder")
    assert names(tmp_path) == {"folder", "second"}


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_failed_write_leaves_the_old_one_and_nothing_else(tmp_path: Path, kind: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "old").touch()
    (tmp_path / "file").write_text("old")

    def interrupted() -> None:
        with whole(tmp_path / kind) as part:
            part.mkdir() if kind == "folder" else part.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert names(tmp_path) == {"folder", "old", "file"}
    assert (tmp_path / "file").read_text() == "old"


def test_a_failed_move_brings_the_old_folder_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import workbench.files as files

    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "old").touch()
    replace = files.os.replace

    def failing(start: Path, end: Path) -> None:
        if start.suffix == ".part":
            raise OSError("no space left")
        replace(start, end)

    monkeypatch.setattr(files.os, "replace", failing)
    with pytest.raises(OSError, match="no space left"), whole(tmp_path / "folder") as part:
        part.mkdir()
    assert names(tmp_path) == {"folder", "old"}
