"""The result of comparing attribution methods: one line of figures a method, and the attributions themselves."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any, Final

import pandas as pd

from workbench.attribute.result import Attribution
from workbench.errors import InputError
from workbench.files import write_whole

WORD_LIST: Final = "word_list"
NOTE: Final = (
    "Good is high for comprehensiveness, AOPC and the F1s, low for the others; the gap is 0 for complete methods. "
    "Erasure exchanges tokens for the baseline's, which favours methods that do the same, leave one out and Shapley "
    "sampling first. Read every figure against the random scores."
)


@dataclass(frozen=True)
class MethodQuality:
    """Figures of one method, means over the texts unless said otherwise; None where they do not apply.

    Args:
        method: its name, or `word_list` for the list of toxic words, which has no scores.
        gap, gap_p95: median and 95th percentile of the relative completeness gap.
        certified: share of texts with a certificate, of methods that give one.
        comprehensiveness: loss of the target's probability without the highest tokens.
        sufficiency: its loss with these alone.
        aopc: its mean loss over the whole erasure curve.
        flip: share of tokens exchanged until the decision is another, over texts that are decided for the target.
        infidelity: of the losses that blocks of tokens cause, as a share of their mean square.
        sensitivity: largest move of the scores under small moves of the embeddings.
        randomised: rank correlation with the scores of the same network with new weights; near 0 is sane.
        token_f1, iou_f1, character_f1: agreement with marked spans.
        passes: forward and backward passes of one text.
        seconds: of one text.
    """

    method: str
    gap: float | None = None
    gap_p95: float | None = None
    certified: float | None = None
    comprehensiveness: float | None = None
    sufficiency: float | None = None
    aopc: float | None = None
    flip: float | None = None
    infidelity: float | None = None
    sensitivity: float | None = None
    randomised: float | None = None
    token_f1: float | None = None
    iou_f1: float | None = None
    character_f1: float | None = None
    passes: float | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class MethodComparison:
    """The outcome of `compare_methods`.

    Args:
        model: name of the classifier.
        baseline: name of the baseline.
        target: the label explained; None for each text's own prediction.
        texts: number of texts.
        scores: one entry a method.
        attributions: of each method, the same texts in the same order.
    """

    model: str
    baseline: str
    target: str | None
    texts: int
    scores: tuple[MethodQuality, ...]
    attributions: tuple[Attribution, ...]

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a method, without columns that hold nothing."""
        table = pd.DataFrame([asdict(score) for score in self.scores])
        return table.dropna(axis="columns", how="all")

    def save(self, path: str | Path) -> None:
        """Write the comparison as JSON; it holds the texts as they are."""
        write_whole(Path(path), json.dumps(asdict(self), indent=1, ensure_ascii=False))

    @classmethod
    def load(cls, path: str | Path) -> MethodComparison:
        """Read a comparison that `save` wrote.

        Raises:
            InputError: the file is something else.
        """
        try:
            data: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
            scores = tuple(MethodQuality(**score) for score in data["scores"])
            attributions = tuple(Attribution.from_dict(one) for one in data["attributions"])
            return cls(**{**data, "scores": scores, "attributions": attributions})
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(
                "a file that `MethodComparison.save` wrote", f"{path} ({error})", "give another"
            ) from error

    @property
    def caption(self) -> str:
        """What was compared, in words."""
        target = "each text's prediction" if self.target is None else f"the label {self.target}"
        return f"{self.model}, {self.texts} texts, baseline {self.baseline}, target: {target}"

    def __repr__(self) -> str:
        return f"MethodComparison of {self.caption}\n{self.to_dataframe().round(3).to_string(index=False)}"

    def _repr_html_(self) -> str:
        table = self.to_dataframe().round(3).to_html(index=False, escape=True, na_rep="")
        return f"<p>{escape(self.caption)}</p>{table}<p>{escape(NOTE)}</p>"
