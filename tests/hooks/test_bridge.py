"""However a context on a bridge ends, no hook, no weight and no later answer differs from what was there before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
import torch

from tests.patch.bridges import (
    OUTS,
    rude,
    t5,
    t5_margins,
    t5_pair,
)
from workbench.patch.bridge import HookPatch
from workbench.patch.patch import patched
from workbench.record.record import record


class Stop(Exception):
    """What a test raises."""


def recording() -> AbstractContextManager[Any]:
    return record(t5(), [*OUTS, "encoder_blocks.0.attn.hook_pattern"])


def patching() -> AbstractContextManager[Any]:
    return patched(t5(), {1: [HookPatch(hook, 0) for hook in OUTS]}, batch=2)


def hooks_of() -> dict[tuple[str, str], list[Any]]:
    """Return what is registered in every hook table of every module that holds any."""
    return {
        (name, table): list(value)
        for name, module in t5().named_modules()
        for table, value in vars(module).items()
        if table.endswith("_hooks") and value
    }


@pytest.fixture
def user_calls() -> Iterator[list[str]]:
    """The user's own hook and what it saw; afterwards hooks, weights and outputs must be as before."""
    calls: list[str] = []
    t5().add_hook(OUTS[0], lambda activation, hook: calls.append(hook.name))
    hooks, margins = hooks_of(), t5_margins({})
    weights = {name: tensor.clone() for name, tensor in t5().state_dict().items()}
    calls.clear()
    yield calls
    assert hooks_of() == hooks
    calls.clear()
    assert torch.equal(t5_margins({}), margins) and calls == [OUTS[0]]
    assert all(torch.equal(tensor, weights[name]) for name, tensor in t5().state_dict().items())
    t5().reset_hooks()


CONTEXTS = pytest.mark.parametrize("context", [recording, patching])


@CONTEXTS
@pytest.mark.parametrize("kind", [None, Stop, KeyboardInterrupt, SystemExit])
def test_a_block_leaves_no_trace(context: Any, kind: type[BaseException] | None, user_calls: list[str]) -> None:
    texts, before = [rude().read(text) for text in t5_pair()], hooks_of()
    expected = nullcontext() if kind is None else pytest.raises(kind)
    with expected, torch.no_grad(), context():
        assert len(hooks_of()) > len(before)
        rude().margins(t5(), texts)
        if kind is not None:
            raise kind
    assert user_calls == [OUTS[0]]


@CONTEXTS
def test_an_interrupt_inside_the_model_leaves_no_trace(
    context: Any, user_calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(t5().decoder_blocks[0].mlp.original_component, "forward", interrupt)
        with pytest.raises(KeyboardInterrupt), torch.no_grad(), context():
            rude().margins(t5(), [rude().read(text) for text in t5_pair()])
    assert user_calls == [OUTS[0]]


@CONTEXTS
def test_registering_fails_at_every_place(context: Any, user_calls: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    original, before = torch.nn.Module.register_forward_hook, hooks_of()
    for place in range(len(OUTS)):
        done = 0

        def register(*arguments: Any, place: int = place, **named: Any) -> Any:
            nonlocal done
            done += 1
            if done > place:
                raise Stop
            return original(*arguments, **named)

        with monkeypatch.context() as patch:
            patch.setattr(torch.nn.Module, "register_forward_hook", register)
            with pytest.raises(Stop), context():
                pass
        assert done == place + 1
        assert hooks_of() == before


@CONTEXTS
def test_a_suspended_generator_is_closed(context: Any, user_calls: list[str]) -> None:
    def suspended() -> Iterator[None]:
        with context():
            yield

    running, before = suspended(), hooks_of()
    next(running)
    assert hooks_of() != before
    running.close()
