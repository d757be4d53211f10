"""Compare the row plan with the cached two-pass procedure, and patched with plain generation.

Run: python tests/benchmarks/row_plan.py [--model glyph-mmdit] [--repeats 5]

Both procedures generate the same images of one pair on this machine: source, target, and every site patched
alone. The row plan puts them in one batch; the cached procedure records the text keys and values of a target
run first and then patches from that cache, the batch being as large. Each measurement runs in a process of its
own, in turn, so that peak memory is its own too; the ratios of the medians are printed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable

import torch

from workbench.localize.pairs import make_pairs
from workbench.models.open import open_model
from workbench.patch.arms import SOURCE, Arm, RowBatch
from workbench.patch.generate import Sampling, generate
from workbench.patch.patch import Patch
from workbench.patch.sweep import run_batch
from workbench.record.record import record
from workbench.sites.find import find_sites


def row_plan(name: str) -> Callable[[], object]:
    """Return the sweep as one lock-step batch."""
    model, pair = open_model(name), make_pairs(1, embedded=True)[0]
    sites = find_sites(model)
    batch = RowBatch("b", 0, 0, (SOURCE, *(Arm((site.index,)) for site in sites)))
    return lambda: run_batch(model, sites, batch, (pair.source, pair.target), Sampling.of(model))


def cached(name: str) -> Callable[[], object]:
    """Return the sweep as a recorded target run followed by patched rows that read the record."""
    model, pair = open_model(name), make_pairs(1, embedded=True)[0]
    sites, sampling = find_sites(model), Sampling.of(model)

    def sweep() -> object:
        with record(model, sites.sites) as kept:
            generate(model, [pair.target], [0], sampling)
        patches = {row: [Patch(site, kept)] for row, site in enumerate(sites, start=1)}
        rows = len(sites) + 1
        return generate(model, [pair.source] * rows, [0] * rows, sampling, patches=patches)

    return sweep


def plain(name: str) -> Callable[[], object]:
    """Return generation of as many rows as a sweep has, without any patch."""
    model, pair = open_model(name), make_pairs(1, embedded=True)[0]
    rows = len(find_sites(model)) + 2
    return lambda: generate(model, [pair.target] + [pair.source] * (rows - 1), [0] * rows, Sampling.of(model))


CASES = {"row plan": row_plan, "cached two-pass": cached, "plain generation": plain}


def measure(case: str, name: str, repeats: int) -> dict[str, float]:
    """Time a case after one warm-up; return the median seconds and the growth of peak memory in MiB."""
    torch.set_num_threads(1)
    work = CASES[case](name)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    work()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {"seconds": statistics.median(seconds), "peak_mib": growth / 1024}


def main() -> None:
    """Measure all cases and print them with their ratios as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="glyph-mmdit")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    found = {}
    for case in CASES:
        with context.Pool(1) as pool:
            found[case] = pool.apply(measure, (case, arguments.model, arguments.repeats))
    plan = found["row plan"]
    ratios = {
        "seconds, row plan / cached two-pass": plan["seconds"] / found["cached two-pass"]["seconds"],
        "peak memory, row plan / cached two-pass": plan["peak_mib"] / max(1e-9, found["cached two-pass"]["peak_mib"]),
        "hook overhead, row plan / plain generation of as many rows": plan["seconds"]
        / found["plain generation"]["seconds"],
    }
    print(json.dumps({"model": arguments.model, **found, "ratios": ratios}, indent=1))


if __name__ == "__main__":
    main()
