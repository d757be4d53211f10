"""Read the text in images, behind one interface with an engine that is always there and the paper's engine.

Readers are registered by name. Scores of two engines are not comparable: name the reader beside a number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
from PIL import Image

from workbench.metrics.images import check_image
from workbench.registry import Registry

if TYPE_CHECKING:
    from rapidocr import RapidOCR

STRIP_HEIGHT: Final = 64
STRIP_SCALE: Final = 2


Box = tuple[int, int, int, int]


class TextReader(Protocol):
    """Anything that reads the text in images."""

    name: str

    def read(self, images: Sequence[np.ndarray]) -> list[str]:
        """Read images.

        Args:
            images: uint8 RGB arrays of shape [height, width, 3]; sizes may differ.

        Returns:
            One string per image: all its detections in reading order, joined by single spaces, case as read;
            empty where nothing is legible.

        Raises:
            InputError: an image is not a uint8 array of shape [height, width, 3].
        """
        ...

    def locate(self, image: np.ndarray) -> list[Box]:
        """Return the boxes (left, top, right, bottom) in pixels of all detections; none on single-line strips."""
        ...


_READERS: Registry[Callable[[], TextReader]] = Registry("reader")
# A decorator for a class, or a function without arguments, that opens a reader.
register_reader = _READERS.register
list_readers = _READERS.names


def open_reader(name: str = "rapidocr") -> TextReader:
    """Open the reader registered under a name.

    Raises:
        InputError: no reader has this name.
        ImportError: the reader's package is not installed.

    Example:
        >>> open_reader("rapidocr").name
        'rapidocr'
    """
    return _READERS[name]()


def _join(texts: Iterable[str] | None) -> str:
    """Join detections by single spaces; engines return None, not an empty tuple, when they find none."""
    return " ".join(text.strip() for text in texts or () if text.strip())


def _bounds(polygons: Iterable[Any]) -> list[Box]:
    """Return upright boxes around polygons of shape [corner, 2]."""
    points = [np.asarray(polygon, dtype=float) for polygon in polygons]
    corners = [(*np.floor(xy.min(axis=0)), *np.ceil(xy.max(axis=0))) for xy in points]
    return [(int(left), int(top), int(right), int(bottom)) for left, top, right, bottom in corners]


@cache
def _rapidocr_engine() -> RapidOCR:
    from rapidocr import RapidOCR

    params = {
        "Global.log_level": "critical",
        # Measured on strips: one per call on one thread takes half the time of the defaults, with equal reading,
        # and what a strip reads does not depend on the width of the strips read with it.
        "Rec.rec_batch_num": 1,
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    }
    return RapidOCR(params=params)


def _as_strip(image: np.ndarray) -> np.ndarray:
    height, width, _ = image.shape
    size = (width * STRIP_SCALE, height * STRIP_SCALE)
    return _to_bgr(np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)))


def _to_bgr(image: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(image[..., ::-1])


@register_reader("rapidocr")
class RapidOcrReader:
    """PP-OCR models on onnxruntime, shipped inside the `rapidocr` wheel: no download, no output.

    An image at most `STRIP_HEIGHT` pixels high counts as a single line: it is enlarged twice (bicubic) and
    recognised whole, since the detector finds nothing on so small a sign. Higher images go through detection.
    """

    name = "rapidocr"

    def read(self, images: Sequence[np.ndarray]) -> list[str]:
        """See `TextReader.read`."""
        for image in images:
            check_image(image)
        return [self._read_line(image) if len(image) <= STRIP_HEIGHT else self._read_page(image) for image in images]

    def _read_line(self, image: np.ndarray) -> str:
        # Not `engine(image, use_det=False)`: the engine keeps such switches for all later calls.
        return _join(_rapidocr_engine().recognize_txt([_as_strip(image)]).txts)

    def _read_page(self, image: np.ndarray) -> str:
        result: Any = _rapidocr_engine()(_to_bgr(image))
        return _join(result.txts)

    def locate(self, image: np.ndarray) -> list[Box]:
        """See `TextReader.locate`."""
        check_image(image)
        if len(image) <= STRIP_HEIGHT:
            return []
        result: Any = _rapidocr_engine()(_to_bgr(image))
        return _bounds([] if result.boxes is None else result.boxes)


@register_reader("easyocr")
class EasyOcrReader:
    """EasyOCR's English reader, the engine of the published figures.

    The RGB array is passed as it is, neither rescaled nor turned into EasyOCR's BGR, as the published
    evaluation does. The first use downloads EasyOCR's models.

    Raises:
        ImportError: easyocr is not installed.
    """

    name = "easyocr"

    def __init__(self) -> None:
        try:
            import easyocr
        except ImportError as error:
            raise ImportError(
                "the reader 'easyocr' needs the package easyocr: run `pip install easyocr` or choose 'rapidocr'"
            ) from error
        import torch

        self._engine = easyocr.Reader(["en"], gpu=torch.cuda.is_available(), verbose=False)

    def read(self, images: Sequence[np.ndarray]) -> list[str]:
        """See `TextReader.read`."""
        for image in images:
            check_image(image)
        return [_join(self._engine.readtext(image, detail=0)) for image in images]

    def locate(self, image: np.ndarray) -> list[Box]:
        """See `TextReader.locate`."""
        check_image(image)
        return _bounds([corners for corners, _, _ in self._engine.readtext(image)])
