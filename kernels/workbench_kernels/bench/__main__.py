"""`python -m workbench_kernels.bench`: compare the kernels with what PyTorch has, on this machine's CUDA device."""

from __future__ import annotations

import argparse
import json
import sys

from workbench_kernels.backend import KernelRefusal
from workbench_kernels.bench.run import OPERATIONS, run


def main() -> int:
    """Print one line a comparison, or one JSON document."""
    parser = argparse.ArgumentParser(prog="python -m workbench_kernels.bench", description=__doc__)
    parser.add_argument("operations", nargs="*", help=f"out of {', '.join(OPERATIONS)}")
    parser.add_argument("--all", action="store_true", help="all operations")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    given = parser.parse_args()
    chosen = OPERATIONS if given.all else tuple(given.operations)
    if not chosen:
        parser.error("name operations, or give --all")
    try:
        found = run(chosen)
    except KernelRefusal as refusal:
        print(refusal, file=sys.stderr)
        return 2
    if given.json:
        print(json.dumps(found, indent=1))
        return 0
    for row in found["rows"]:
        verdict = "met" if row["met"] else "not met"
        time = f"{row['warm']['ours']:9.1f} us, {row['ratio']:5.2f} x {row['best']}"
        goal = f"goal {row['goal']:g}, {verdict}"
        print(f"{row['operation']:20} {row['shape']:26} {time} ({goal}), {row['percent_of_floor']:.0f} % of the floor")
    return 0


if __name__ == "__main__":
    sys.exit(main())
