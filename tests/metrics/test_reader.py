"""Reading real pictures of words, quietly and without a network."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from workbench.errors import InputError
from workbench.glyph.draw import draw_sign
from workbench.metrics import list_readers, open_reader, register_reader
from workbench.metrics import reader as reader_module


def strip(word: str, colour: str = "blue", thing: str = "sign") -> np.ndarray:
    image = draw_sign(word, colour, thing, np.full((2, 3), 0.8))
    return np.asarray((image * 255).round().astype(np.uint8))


def page(*words: str) -> np.ndarray:
    image = Image.new("RGB", (640, 320), (120, 160, 190))
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(64)
    for i, word in enumerate(words):
        pen.text((60 + 220 * i, 50 + 140 * i), word, fill=(10, 10, 10), font=font)
    return np.asarray(image)


@pytest.fixture
def free_names() -> Iterator[None]:
    names = dict(reader_module._READERS._entries)
    yield
    reader_module._READERS._entries.clear()
    reader_module._READERS._entries.update(names)


def test_rapidocr_reads_strips_of_every_thing() -> None:
    words = [
        ("STOP", "red", "sign"),
        ("CAFE", "orange", "label"),
        ("EXIT", "green", "screen"),
        ("BREAD", "white", "plate"),
    ]
    assert open_reader().read([strip(*word) for word in words]) == [word for word, _, _ in words]


def test_rapidocr_reads_larger_pictures_in_reading_order_and_case() -> None:
    assert open_reader().read([page("Garden", "MARKET")]) == ["Garden MARKET"]


def test_rapidocr_finds_nothing_on_blank_images() -> None:
    assert open_reader().read([page(), np.full((32, 96, 3), 128, np.uint8)]) == ["", ""]


def test_a_reading_does_not_depend_on_its_company() -> None:
    wide = np.asarray(Image.fromarray(strip("SALE")).resize((480, 32)))
    together = open_reader().read([page("Bank"), strip("HOTEL"), wide, strip("HOTEL")])
    assert together == [
        open_reader().read([image])[0] for image in (page("Bank"), strip("HOTEL"), wide, strip("HOTEL"))
    ]
    assert together[1] == together[3] == "HOTEL"


def test_nothing_to_read() -> None:
    assert open_reader().read([]) == []


def test_rapidocr_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    open_reader().read([page(), page("Garden"), strip("STOP")])
    assert capfd.readouterr() == ("", "")


def test_first_use_is_silent_and_needs_no_network() -> None:
    code = (
        "import socket\n"
        "def refuse(*args, **kwargs): raise AssertionError('network used')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "import numpy as np\n"
        "from workbench.metrics import open_reader\n"
        "open_reader().read([np.full((32, 96, 3), 128, np.uint8), np.full((100, 200, 3), 128, np.uint8)])\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_importing_the_package_loads_no_heavy_module() -> None:
    heavy = ("torchmetrics", "rapidocr", "onnxruntime", "easyocr")
    code = f"import sys, workbench.metrics\nprint([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert result.stdout == "[]\n", result.stderr


@pytest.mark.parametrize("name", ["rapidocr", "easyocr"])
def test_readers_are_registered(name: str) -> None:
    assert name in list_readers()


def test_unknown_reader_says_what_there_is() -> None:
    with pytest.raises(InputError, match=r"expected a reader out of \['easyocr', 'rapidocr'\]; got 'tesseract'"):
        open_reader("tesseract")


@pytest.mark.usefixtures("free_names")
def test_a_reader_can_be_added() -> None:
    @register_reader("constant")
    class Constant:
        name = "constant"

        def read(self, images: object) -> list[str]:
            return ["same"]

    assert open_reader("constant").read([strip("STOP")]) == ["same"]
    with pytest.raises(InputError, match="got 'constant'"):
        register_reader("constant")
    with pytest.raises(InputError, match="lower-case"):
        register_reader("Constant2")


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((32, 96, 3), np.float32),
        np.zeros((32, 96), np.uint8),
        np.zeros((32, 96, 4), np.uint8),
        np.zeros((0, 96, 3), np.uint8),
        Image.new("RGB", (96, 32)),
    ],
    ids=["float", "grey", "rgba", "empty", "pillow"],
)
def test_other_images_are_refused(image: np.ndarray) -> None:
    with pytest.raises(InputError, match="expected"):
        open_reader().read([strip("STOP"), image])


def test_a_missing_easyocr_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "easyocr", None)
    with pytest.raises(ImportError, match="pip install easyocr"):
        open_reader("easyocr")


def test_easyocr_gets_the_raw_image(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in, since the package is optional: it checks our side of the documented calls."""
    seen: list[tuple[np.ndarray, int]] = []

    def open_engine(languages: list[str], gpu: bool, verbose: bool) -> SimpleNamespace:
        assert languages == ["en"]

        def readtext(image: np.ndarray, detail: int) -> list[str]:
            seen.append((image, detail))
            return ["Open", " NOW "]

        return SimpleNamespace(readtext=readtext)

    module = ModuleType("easyocr")
    monkeypatch.setattr(module, "Reader", open_engine, raising=False)
    monkeypatch.setitem(sys.modules, "easyocr", module)
    image = strip("OPEN")
    assert open_reader("easyocr").read([image]) == ["Open NOW"]
    assert seen[0][0] is image and seen[0][1] == 0
