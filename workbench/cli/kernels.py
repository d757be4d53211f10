"""`workbench kernels`: what of the fused kernels runs on this machine."""

from __future__ import annotations

import typer

from workbench.cli.terminal import JsonFlag, print_json

app = typer.Typer(no_args_is_help=True, help="Fused inference kernels.")


@app.callback()
def kernels() -> None:
    """Fused inference kernels."""


@app.command("status")
def status(as_json: JsonFlag = False) -> None:
    """Say whether the Triton kernels run here, or the readable reference in their place, and why.

    Example: workbench kernels status
    """
    from workbench_kernels import status as find

    found = find()
    if as_json:
        print_json(found)
        return
    print(f"path: {found['path']} ({found['reason']})")
    print(f"torch {found['torch']}, Triton {found['triton'] or 'not installed'}, device {found['device'] or 'none'}")
