"""The result of an edit: a table per method, and every image with what was read in it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workbench.edit.scores import EditedImage, MethodScore
from workbench.edit.settings import EditSettings
from workbench.errors import InputError
from workbench.files import write_whole
from workbench.runs.images import inside, read_image


@dataclass(frozen=True)
class EditResult:
    """The outcome of `edit_text` or `edit_benchmark`.

    Args:
        run: id of the run.
        folder: the run's folder; its images lie in `images`.
        model: name of the model.
        found: names of the found sites.
        config: the run's configuration.
        versions: package versions.
        scores: one line per method, the unedited source first.
        images: every image with its measurements.
        notes: what a reader must know about the model, the found set and the methods.
        cost: denoiser rows and seconds of the whole run, reading included.
    """

    run: str
    folder: str
    model: str
    found: tuple[str, ...]
    config: dict[str, Any]
    versions: dict[str, str]
    scores: tuple[MethodScore, ...]
    images: tuple[EditedImage, ...]
    notes: tuple[str, ...]
    cost: dict[str, float]

    @property
    def settings(self) -> EditSettings:
        """The settings of the run."""
        return EditSettings.from_dict(self.config["settings"])

    def score(self, method: str) -> MethodScore:
        """Return the figures of a method: `source`, `found`, `all_sites`, `regenerate` or `p2p`."""
        found = next((score for score in self.scores if score.method == method), None)
        if found is None:
            names = ", ".join(score.method for score in self.scores)
            raise InputError(f"one of the methods {names}", repr(method), "give one of these")
        return found

    def paths(self, method: str) -> list[Path]:
        """Return the PNG files of a method, by pair and seed; those of several pairs may share a source image."""
        files = [image.file for image in self.images if image.method == self.score(method).method]
        return [inside(Path(self.folder) / "images", name) for name in dict.fromkeys(files)]

    def pictures(self, method: str) -> list[np.ndarray]:
        """Return the images of a method, uint8 RGB [height, width, 3], in the order of `paths`."""
        return [read_image(path) for path in self.paths(method)]

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per method, with the bounds of each interval in columns of their own."""
        lines = []
        for score in self.scores:
            bounds = {
                f"{name}_ci_{end}": value
                for name, ci in score.ci.items()
                for end, value in zip(("low", "high"), ci, strict=True)
            }
            lines.append({**{name: value for name, value in vars(score).items() if name != "ci"}, **bounds})
        return pd.DataFrame(lines)

    def save(self, path: str | Path) -> None:
        """Write the result as JSON; the images stay where they are."""
        write_whole(Path(path), json.dumps(asdict(self), indent=1))

    @classmethod
    def load(cls, path: str | Path) -> EditResult:
        """Read a result that `save` wrote."""
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        scores = [
            MethodScore(**{**score, "ci": {name: tuple(ci) for name, ci in score["ci"].items()}})
            for score in data["scores"]
        ]
        images = tuple(EditedImage(**image) for image in data["images"])
        lists = {"found": tuple(data["found"]), "notes": tuple(data["notes"])}
        return cls(**{**data, **lists, "scores": tuple(scores), "images": images})

    def _table(self) -> pd.DataFrame:
        columns = ["method", "images", "target_f1", "source_f1", "word_accuracy", "ssim", "psnr", "outside_text"]
        return self.to_dataframe()[[*columns, "seconds", "denoiser_rows"]].round(3)

    def __repr__(self) -> str:
        return f"EditResult of {self.model}, run {self.run}\n{self._table().to_string(index=False)}"

    def _repr_html_(self) -> str:
        caption = f"<p>Text edited by {escape(self.model)}, run {escape(self.run)}: {escape(self.folder)}</p>"
        return caption + self._table().to_html(index=False, escape=True)
