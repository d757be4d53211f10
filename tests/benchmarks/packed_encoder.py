"""Encoders on packed rows against the same encoders on the padded batch, on this machine's CPU.

Run: python tests/benchmarks/packed_encoder.py [--rounds 5] [--json out]

Batches of 16 texts whose lengths are spread around 60 % of the longest: a BERT-base of random weights, and the encoder
of the embedded text-to-text classifier. Both ways take turns; shown are medians and their ratio.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch
from transformers import BertConfig, BertModel
from workbench_kernels import pack_encoder
from workbench_kernels.bench.case import mixed
from workbench_kernels.packed import unpack

from workbench.classify.open import open_classifier

BATCH = 16
Way = Callable[..., Any]


def batch(longest: int, vocabulary: int) -> dict[str, torch.Tensor]:
    """Return token ids and mask of 16 texts."""
    packed = mixed(BATCH, longest, "cpu")
    ids = torch.randint(5, vocabulary, (len(packed.places),), generator=torch.Generator().manual_seed(0))
    return {"input_ids": unpack(ids, packed), "attention_mask": unpack(torch.ones_like(ids), packed)}


@torch.no_grad()
def compare(
    name: str, padded: Callable[..., Any], packed: Callable[..., Any], given: Any, rounds: int
) -> dict[str, Any]:
    """Time both in turn after a warm-up; return medians in milliseconds and their ratio."""
    times: dict[str, list[float]] = {"padded": [], "packed": []}
    for turn in range(rounds + 1):
        for way, call in (("padded", padded), ("packed", packed)):
            started = time.perf_counter()
            call(**given)
            if turn:
                times[way].append(1000 * (time.perf_counter() - started))
    found = {way: median(some) for way, some in times.items()}
    return {"what": name, **found, "ratio": found["padded"] / found["packed"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    torch.manual_seed(0)
    bert = BertModel(BertConfig()).eval()
    encoder = open_classifier("hate-t5-mini").module.encoder.eval()
    rows = []
    for longest in (64, 128, 256):
        inputs = batch(longest, 1000)
        rows.append(compare(f"BERT-base, 16 x {longest}", bert, pack_encoder(bert), inputs, given.rounds))
        rows.append(compare(f"hate-t5-mini, 16 x {longest}", encoder, pack_encoder(encoder), inputs, given.rounds))
    for row in rows:
        print(f"{row['what']:28} padded {row['padded']:8.1f} ms, packed {row['packed']:8.1f} ms: {row['ratio']:.2f} x")
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
