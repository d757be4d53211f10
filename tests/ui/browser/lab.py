"""A real JupyterLab in a folder of its own, and a page of Debian's Chromium that shows it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
]
# Asked of nobody in a test: no news, no look for updates.
SETTINGS = '{"fetchNews": "false", "checkForUpdates": false}'


@dataclass(frozen=True)
class Server:
    """A running JupyterLab.

    Args:
        url: of its front page, with the token.
        folder: that it shows.
    """

    url: str
    folder: Path


@contextmanager
def running_lab(folder: Path) -> Iterator[Server]:
    """Start a JupyterLab over `folder / "work"` and stop it afterwards; its settings lie in `folder` too."""
    work, token, port = folder / "work", token_hex(16), free_port()
    settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
    for place in (work, settings):
        place.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(SETTINGS)
    options = [f"--port={port}", "--ServerApp.port_retries=0", "--no-browser", "--allow-root"]
    options += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={work}"]
    options += [f"--LabApp.user_settings_dir={folder / 'settings'}", f"--LabApp.workspaces_dir={folder / 'workspaces'}"]
    # For the theme, which has no button that a picture could be taken after.
    options += ["--LabApp.expose_app_in_browser=True"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "JUPYTER_PLATFORM_DIRS": "1", "JUPYTER_NO_CONFIG": "1"}
    with (folder / "lab.log").open("wb") as log:
        command = [sys.executable, "-m", "jupyterlab", *options]
        process = subprocess.Popen(command, cwd=work, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            base = f"http://127.0.0.1:{port}"
            wait_for(f"{base}/api?token={token}", process, folder / "lab.log")
            yield Server(f"{base}/lab?token={token}", work)
        finally:
            process.terminate()
            process.wait(timeout=60)


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server answers."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            if process.poll() is not None:
                break
            time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(errors='replace')[-2000:]}")


@contextmanager
def chromium() -> Iterator[Any]:
    """Start a browser of Playwright's with Debian's Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
