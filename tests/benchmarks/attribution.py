"""Certified Integrated Gradients against Captum's fixed steps and against Inseq: passes and seconds at the same gap.

Run: python tests/benchmarks/attribution.py MODEL --file texts.txt [--limit 50] [--bound 0.01] [--inseq] [--json out]

Rivals explain the same decision of the same texts from the same baseline on the same machine, one text at a time:

- `certified`: `workbench.attribute`, which stops by itself and says whether the gap is under the bound;
- `captum 50`: Captum's IntegratedGradients with its 50 steps and the convergence delta, whatever gap that leaves;
- `captum until`: the same call with 50, 100, 200, ... steps until its delta is under the bound, as a careful user does,
  the calls before included; the doubling stops at 1,600 steps;
- `inseq 50` (with --inseq, for text-to-text models): Inseq's integrated_gradients with 50 steps and its own baseline;
  it explains every piece of the answer, the end mark included, so only its seconds can be compared, and those roughly.

Ratios are sums over the texts; a pass is one row forward or backward.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import torch
from captum.attr import IntegratedGradients

from workbench.attribute.attribute import attribute, pose
from workbench.attribute.problem import FLOOR
from workbench.attribute.settings import Settings
from workbench.classify.classifier import NeuralClassifier
from workbench.classify.open import open_classifier
from workbench.classify.read import read_lines, read_texts

STEPS = 50
MOST = 1600
Measured = dict[str, Any]
Rival = Callable[[str], Measured]


def certified(classifier: NeuralClassifier, bound: float) -> Rival:
    """Return the verb with a bound."""

    def run(text: str) -> Measured:
        result = attribute(classifier, text, bound=bound)[0]
        return {"passes": result.passes, "gap": result.gap, "reached": float(bool(result.certified))}

    return run


def captum_fixed(classifier: NeuralClassifier, bound: float, most: int) -> Rival:
    """Return Captum with 50 steps, doubled until the delta is under the bound or more than `most` are needed."""

    def run(text: str) -> Measured:
        _, problem = pose(classifier, classifier.encode([text]), "pad", None, Settings())
        method, steps, passes = IntegratedGradients(problem.value), STEPS, 2
        while True:
            _, delta = method.attribute(
                problem.end[None],
                problem.start[None],
                n_steps=steps,
                internal_batch_size=problem.settings.rows,
                return_convergence_delta=True,
            )
            passes += 2 * steps
            gap = abs(float(delta)) / max(abs(problem.change), FLOOR)
            if gap <= bound or 2 * steps > most:
                return {"passes": passes, "gap": gap, "reached": float(gap <= bound)}
            steps *= 2

    return run


def inseq_fixed(classifier: Any) -> Rival:
    """Return Inseq's integrated gradients of the label that a text-to-text classifier answers."""
    import inseq

    answers = dict(zip(classifier.labels, classifier.card.answers, strict=True))
    model = inseq.load_model(classifier.module, "integrated_gradients", tokenizer=classifier.tokenizer)

    def run(text: str) -> Measured:
        label = classifier.predict([text])[0].label
        model.attribute(
            classifier.card.prefix + text, answers[label], n_steps=STEPS, internal_batch_size=64, show_progress=False
        )
        return {"passes": np.nan, "gap": np.nan, "reached": np.nan}

    return run


def measure(rivals: dict[str, Rival], texts: list[str]) -> pd.DataFrame:
    """Run every rival on every text, in turn, after a warm-up; return one row a rival and text."""
    rows = []
    for run in rivals.values():
        run(texts[0])
    for number, text in enumerate(texts):
        for name, run in rivals.items():
            started = time.perf_counter()
            found = run(text)
            rows.append({"rival": name, "text": number, "seconds": time.perf_counter() - started, **found})
    return pd.DataFrame(rows)


def summary(cells: pd.DataFrame) -> pd.DataFrame:
    """Return one row a rival, with its passes and seconds as multiples of the certified ones."""
    rows = []
    ours = cells[cells["rival"] == "certified"]
    for name, group in cells.groupby("rival", sort=False):
        rows.append(
            {
                "rival": name,
                "under the bound": group["reached"].mean(),
                "median gap": median(group["gap"]),
                "p95 gap": group["gap"].quantile(0.95),
                "passes": group["passes"].mean(),
                "seconds": group["seconds"].mean(),
                "passes / certified": group["passes"].sum(min_count=1) / ours["passes"].sum(),
                "seconds / certified": group["seconds"].sum() / ours["seconds"].sum(),
            }
        )
    return pd.DataFrame(rows)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--format", help="one text a line unless given")
    parser.add_argument("--limit", type=int, default=50)
    parser.add_argument("--bound", type=float, default=0.01)
    parser.add_argument("--inseq", action="store_true")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    classifier: Any = open_classifier(given.model)
    texts = read_lines(given.file) if given.format is None else read_texts(given.file, given.format).texts
    fitting = [text for text in texts if classifier.refusal(text) is None][: given.limit]
    rivals = {
        "certified": certified(classifier, given.bound),
        f"captum {STEPS}": captum_fixed(classifier, given.bound, STEPS),
        "captum until": captum_fixed(classifier, given.bound, MOST),
    }
    if given.inseq:
        rivals[f"inseq {STEPS}"] = inseq_fixed(classifier)
    table = summary(measure(rivals, fitting))
    print(f"{given.model}, {len(fitting)} texts, bound {given.bound:.1%}, {torch.get_num_threads()} threads")
    print(table.round(4).to_string(index=False))
    if given.json is not None:
        given.json.write_text(json.dumps(table.to_dict("records"), indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
