"""Kernels run under Triton's interpreter here; it must be chosen before they are imported."""

from __future__ import annotations

import os

os.environ.setdefault("TRITON_INTERPRET", "1")
