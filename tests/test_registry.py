from __future__ import annotations

import sys
from pathlib import Path

import pytest

from workbench.errors import InputError
from workbench.registry import Registry


def test_names_lead_to_what_was_registered() -> None:
    registry: Registry[str] = Registry("word")

    assert registry.register("one", "eins")("1") == "1"
    assert registry["one"] == registry["eins"] == "1"
    assert registry.names() == ["eins", "one"]


@pytest.mark.parametrize("name", ["one", "Two"])
def test_a_name_is_lower_case_and_taken_once(name: str) -> None:
    registry: Registry[object] = Registry("word")
    registry.register("one")(1)
    with pytest.raises(InputError, match="a lower-case word name not in"):
        registry.register("two", name)
    assert registry.names() == ["one"]


def test_an_unknown_name_says_what_there_is() -> None:
    registry: Registry[object] = Registry("word")
    registry.register("one")(1)
    with pytest.raises(InputError, match=r"expected a word out of \['one'\]; got 'two'"):
        registry["two"]


def test_a_file_in_the_package_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "some_words"
    package.mkdir()
    (package / "__init__.py").write_text("import some_words.three")
    (package / "three.py").write_text("from tests.test_registry import WORDS\nWORDS.register('three')(3)")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(sys.modules, "tests.test_registry", sys.modules[__name__])
    assert WORDS["three"] == 3


WORDS: Registry[int] = Registry("word", "some_words")
