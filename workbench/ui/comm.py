"""The comm target through which a panel of JupyterLab talks to this kernel."""

from __future__ import annotations

from typing import Any, Final

from comm import get_comm_manager
from comm.base_comm import BaseComm

from workbench.ui.session import Session
from workbench.ui.workspace import kernel_workspace

TARGET: Final = "workbench.panel.v1"


def register() -> None:
    """Let panels connect to this kernel; once is enough, again does no harm."""
    get_comm_manager().register_target(TARGET, _opened)


def _opened(comm: BaseComm, _: dict[str, Any]) -> None:
    session = Session(kernel_workspace(), lambda content, buffers: comm.send(content, buffers=buffers))
    comm.on_msg(lambda message: session.receive(message["content"]["data"], message.get("buffers", ())))
    comm.on_close(lambda _: session.close())
