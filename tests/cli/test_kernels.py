"""`workbench kernels status` as a user calls it."""

from __future__ import annotations

import json

import torch
from typer.testing import CliRunner

from workbench.cli.main import app


def test_status_names_the_path_and_the_reason() -> None:
    found = CliRunner().invoke(app, ["kernels", "status", "--json"])
    document = json.loads(found.stdout)
    assert document["torch"] == torch.__version__
    assert document["path"] == ("triton" if document["device"] and document["triton"] else "reference")
    assert document["reason"] in CliRunner().invoke(app, ["kernels", "status"]).stdout
