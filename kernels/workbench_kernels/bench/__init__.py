"""Benchmarks on a CUDA device: `python -m workbench_kernels.bench --all --json`."""
