"""The result of an attribution: scores of tokens and words, with the completeness gap beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from html import escape
from pathlib import Path
from typing import Any, Final

import pandas as pd

from workbench.attribute.problem import FLOOR
from workbench.attribute.quadrature import USUAL_STEPS
from workbench.attribute.words import Span, Word, default_detector, masked, merge_words
from workbench.errors import InputError
from workbench.files import write_whole
from workbench.guard.detector import mask_pieces

SHOWN: Final = 10
# A forward and a backward pass at each node, and a forward pass at both ends for the gap.
USUAL_PASSES: Final = 2 * USUAL_STEPS + 2


@dataclass(frozen=True)
class TextAttribution:
    """What a method says about one text, or about one layer of it.

    Args:
        text: the raw text.
        tokens: its tokens, prefix and end mark included.
        spans: [start, stop) characters of each token in the raw text; (0, 0) outside it.
        scores: of each token, in the unit of the margin (logits); above 0 it speaks for the target.
        target: the label that is explained.
        prediction: the label that the classifier chooses.
        probabilities: of each label, by name.
        at_input, at_baseline: the target's margin at the text and at the baseline: its logit minus the logsumexp of
            the others'.
        forward, backward: passes of one row through the network.
        nodes: gradients taken along the path, of methods that integrate.
        certified: whether two orders agreed and the gap is under the bound; None where nothing was certified.
        curve: the relative gap after each number of nodes.
        layer: the module whose outputs were attributed to; empty for the input.
    """

    text: str
    tokens: tuple[str, ...]
    spans: tuple[Span, ...]
    scores: tuple[float, ...]
    target: str
    prediction: str
    probabilities: dict[str, float]
    at_input: float
    at_baseline: float
    forward: int
    backward: int
    nodes: int | None = None
    certified: bool | None = None
    curve: tuple[tuple[int, float], ...] = ()
    layer: str = ""

    @property
    def change(self) -> float:
        """What complete scores add up to: the margin at the text minus that at the baseline."""
        return self.at_input - self.at_baseline

    @property
    def absolute_gap(self) -> float:
        """How far the scores are from adding up to the change, in logits."""
        return abs(sum(self.scores) - self.change)

    @property
    def gap(self) -> float:
        """The same as a share of the change, or of 0.1 where the change is smaller, for then a ratio says nothing."""
        return self.absolute_gap / max(abs(self.change), FLOOR)

    @property
    def probability(self) -> float:
        """The target's probability."""
        return self.probabilities[self.target]

    @property
    def passes(self) -> int:
        """Forward and backward passes together."""
        return self.forward + self.backward

    @property
    def words(self) -> tuple[Word, ...]:
        """The words of the raw text with the sums of their tokens' scores."""
        return merge_words(self.text, self.spans, self.scores)

    def pieces(self, show_words: bool = False) -> tuple[str, ...]:
        """Return the tokens with toxic words masked, unless they are to be shown."""
        if show_words:
            return self.tokens
        return mask_pieces(self.text, self.tokens, self.spans, default_detector())

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> TextAttribution:
        """Build it from what `dataclasses.asdict` made of it."""
        pairs = {name: tuple(map(tuple, data[name])) for name in ("spans", "curve")}
        flat = {name: tuple(data[name]) for name in ("tokens", "scores")}
        return cls(**{**data, **flat, **pairs})


@dataclass(frozen=True)
class Attribution:
    """The outcome of `attribute`.

    Args:
        model: name of the classifier.
        labels: its labels.
        method, baseline: registered names.
        settings: the numbers that the method read.
        texts: one entry a text, or one a text and layer.
        versions: package versions.
    """

    model: str
    labels: tuple[str, ...]
    method: str
    baseline: str
    settings: dict[str, Any]
    texts: tuple[TextAttribution, ...]
    versions: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, index: int) -> TextAttribution:
        return self.texts[index]

    def __iter__(self) -> Iterator[TextAttribution]:
        return iter(self.texts)

    @property
    def saved(self) -> float | None:
        """Share of the passes of 50 fixed steps that was saved, below 0 if it cost more; None without certificates."""
        spent = [text.passes for text in self.texts if text.certified is not None]
        return 1 - sum(spent) / (USUAL_PASSES * len(spent)) if spent else None

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a token: text, layer, token, start, stop, score, target, gap."""
        rows = [
            (number, text.layer, token, *span, score, text.target, text.gap)
            for number, text in enumerate(self.texts)
            for token, span, score in zip(text.tokens, text.spans, text.scores, strict=True)
        ]
        return pd.DataFrame(rows, columns=["text", "layer", "token", "start", "stop", "score", "target", "gap"])

    def top_words(self, least: int = 1) -> pd.DataFrame:
        """Return the words of all texts, lower-cased, that speak most for each target.

        Args:
            least: leave out words that occur less often.

        Returns:
            Rows of target, word, count and mean score, by target, the highest mean first; punctuation is dropped.
        """
        rows = [
            (text.target, word.text.strip(".,;:!?\"'()[]").lower(), word.score) for text in self for word in text.words
        ]
        table = pd.DataFrame(rows, columns=["target", "word", "score"]).query("word != ''")
        means = table.groupby(["target", "word"])["score"].agg(["count", "mean"]).reset_index()
        often = means[means["count"] >= least]
        return often.sort_values(["target", "mean"], ascending=[True, False], ignore_index=True)

    def save(self, path: str | Path) -> None:
        """Write the result as JSON; it holds the texts as they are."""
        write_whole(Path(path), json.dumps(asdict(self), indent=1, ensure_ascii=False))

    @classmethod
    def load(cls, path: str | Path) -> Attribution:
        """Read a result that `save` wrote.

        Raises:
            InputError: the file is something else.
        """
        try:
            return cls.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(
                "a file that `Attribution.save` wrote", f"{path} ({error})", "give another file"
            ) from error

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Attribution:
        """Build it from what `dataclasses.asdict` made of it."""
        texts = tuple(TextAttribution.from_dict(text) for text in data["texts"])
        return cls(**{**data, "labels": tuple(data["labels"]), "texts": texts})

    def __repr__(self) -> str:
        lines = [f"Attribution of {self.model} by {self.method}, baseline {self.baseline}: {len(self)} results"]
        for text in self.texts[:SHOWN]:
            best = sorted(text.words, key=lambda word: -abs(word.score))[:5]
            words = ", ".join(f"{masked(word.text)} {word.score:+.3f}" for word in best)
            lines.append(f"  {text.target}{text.layer and ' at ' + text.layer}, {verdict(text)}: {words}")
        if len(self) > SHOWN:
            lines.append(f"  and {len(self) - SHOWN} more")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from workbench.attribute.strips import STYLE, strip

        caption = f"{self.model}, {self.method}, baseline {self.baseline}"
        rows = "".join(f"<p>{strip(text)} <small>{escape(verdict(text))}</small></p>" for text in self.texts[:SHOWN])
        return f"<style>{STYLE}</style><div class='attribution'><p>{escape(caption)}</p>{rows}</div>"


def verdict(text: TextAttribution) -> str:
    """Return the gap, how it was reached and what it cost, in words."""
    kinds = {None: "", True: f", certified with {text.nodes} nodes", False: f", NOT certified with {text.nodes} nodes"}
    return f"gap {text.gap:.2%}{kinds[text.certified]}, {text.passes} passes"
