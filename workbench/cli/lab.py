"""`workbench lab`."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Final

import typer

from workbench.cli.terminal import say
from workbench.errors import InputError
from workbench.files import write_whole

PACKAGE: Final = Path(__file__).parents[1]
# Inside the package when it is installed, beside it in a checkout.
NOTEBOOKS: Final = (PACKAGE / "notebooks", PACKAGE.parent / "notebooks")


def lab(
    extra: Annotated[list[str] | None, typer.Argument(help="Further arguments of `jupyter lab`, after --.")] = None,
    folder: Annotated[Path, typer.Option(help="Folder of notebooks and runs.")] = Path("workbench-lab"),
) -> None:
    """Open JupyterLab with the panels and the example notebooks.

    Example: workbench lab --folder study -- --no-browser --port 9000
    """
    if find_spec("jupyterlab") is None:
        raise InputError("JupyterLab beside this package", "none installed", "run `pip install jupyterlab`")
    place = copy_notebooks(folder)
    say(f"notebooks and runs: {place}")
    done = subprocess.run([sys.executable, "-m", "jupyterlab", *(extra or [])], cwd=place, check=False)
    raise SystemExit(done.returncode)


def copy_notebooks(folder: Path) -> Path:
    """Copy the example notebooks into a folder and return it; notebooks that are there already stay as they are.

    Raises:
        InputError: a folder that can't be written.
    """
    source = next((place for place in NOTEBOOKS if place.is_dir()), None)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for notebook in sorted(source.glob("*.ipynb")) if source is not None else []:
            if not (folder / notebook.name).exists():
                write_whole(folder / notebook.name, notebook.read_bytes())
    except OSError as error:
        raise InputError("a folder to work in", f"{folder} ({error})", "give another --folder DIR") from error
    return folder.resolve()
