"""However a context ends, no hook, no weight and no later image differs from what was there before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
import torch
from torch import nn

from tests.patch.tiny_runs import SOURCE, TARGET, calling, fresh_model, from_row, latents
from workbench.hooks.clock import StepClock, timed
from workbench.hooks.forward import forward_hooks, forward_pre_hooks
from workbench.models.model import Model
from workbench.patch.generate import Sampling, run_pipeline
from workbench.patch.inject import injected
from workbench.patch.patch import patched
from workbench.record.record import record
from workbench.sites.find import find_sites
from workbench.sites.site import SiteMap

PROMPTS = [TARGET, SOURCE]
OnCall = Callable[[StepClock], None] | None


@dataclass
class Subject:
    """A model on which the user has hooks of their own, and what was true of it at first."""

    model: Model
    sites: SiteMap
    user_calls: list[str]
    hooks: dict[tuple[str, str], list[int]]
    weights: dict[str, torch.Tensor]
    image: torch.Tensor

    @property
    def modules(self) -> list[nn.Module]:
        """The modules that make keys and values."""
        return [self.model.denoiser.get_submodule(part.module) for site in self.sites for part in site.parts]

    def check(self) -> None:
        """Fail unless everything is as at first."""
        assert hooks_of(self.model.denoiser) == self.hooks
        state = self.model.denoiser.state_dict()
        assert set(state) == set(self.weights)
        assert all(torch.equal(tensor, self.weights[name]) for name, tensor in state.items())
        self.user_calls.clear()
        assert torch.equal(generate(self.model), self.image)
        assert set(self.user_calls) == {"pre", "post"}


def hooks_of(denoiser: nn.Module) -> dict[tuple[str, str], list[int]]:
    """Return the keys of every hook table of every module that holds any."""
    return {
        (name, table): list(value)
        for name, module in denoiser.named_modules()
        for table, value in vars(module).items()
        if "_hooks" in table and value
    }


def generate(model: Model) -> torch.Tensor:
    made = run_pipeline(model, PROMPTS, [0, 0], Sampling.of(model), output_type="latent")
    return torch.as_tensor(made)


@cache
def subject_of(name: str) -> Subject:
    model = fresh_model(name)
    sites = find_sites(model)
    calls: list[str] = []
    module = model.denoiser.get_submodule(sites[0].parts[0].module)
    module.register_forward_hook(lambda *_: calls.append("post"))
    module.register_forward_pre_hook(lambda *_: calls.append("pre"), with_kwargs=True)
    weights = {key: tensor.clone() for key, tensor in model.denoiser.state_dict().items()}
    subject = Subject(model, sites, calls, hooks_of(model.denoiser), weights, generate(model))
    assert len(subject.hooks) == 3
    return subject


def lowered(_: nn.Module, __: Any, output: torch.Tensor) -> torch.Tensor:
    return output - 1


def doubled(_: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    return tuple(tensor * 2 for tensor in inputs), named


@contextmanager
def cancelling(subject: Subject, context: AbstractContextManager[Any], on_call: OnCall) -> Iterator[None]:
    """Add a clock to a context that takes no `on_call`."""
    with timed(subject.model, on_call=on_call), context:
        yield


def plain_hooks(subject: Subject, on_call: OnCall) -> AbstractContextManager[Any]:
    return cancelling(subject, forward_hooks([(module, lowered) for module in subject.modules]), on_call)


def plain_pre_hooks(subject: Subject, on_call: OnCall) -> AbstractContextManager[Any]:
    return cancelling(subject, forward_pre_hooks([(module, doubled) for module in subject.modules]), on_call)


def clock(subject: Subject, on_call: OnCall) -> AbstractContextManager[Any]:
    return timed(subject.model, on_call=on_call)


def recording(subject: Subject, on_call: OnCall) -> AbstractContextManager[Any]:
    return cancelling(subject, record(subject.model, subject.sites.sites), on_call)


def patching(subject: Subject, on_call: OnCall) -> AbstractContextManager[Any]:
    patches = {1: from_row(subject.sites, 0)}
    calls = subject.model.calls_per_step(subject.model.defaults.guidance)
    return patched(subject.model, patches, batch=2, calls_per_step=calls, on_call=on_call)


def injecting(subject: Subject, on_call: OnCall) -> AbstractContextManager[Any]:
    return cancelling(subject, injected(subject.model, {1: (0, subject.sites.sites)}, batch=2), on_call)


CONTEXTS = {
    "forward_hooks": plain_hooks,
    "forward_pre_hooks": plain_pre_hooks,
    "timed": clock,
    "record": recording,
    "patched": patching,
    "injected": injecting,
}
# Injection is for U-Nets, Flux has two calls a step, joint and single-stream sites; PixArt has a mask to hook.
MATRIX = pytest.mark.parametrize(
    ("name", "context"),
    [("sd", context) for context in CONTEXTS]
    + [(name, context) for name in ("flux", "pixart-sigma") for context in CONTEXTS if context != "injected"],
)


class Stop(Exception):
    """What a test raises."""


def after_two_calls(clock: StepClock) -> None:
    if clock.calls == 2:
        raise Stop


@MATRIX
def test_normal_end(name: str, context: str) -> None:
    subject = subject_of(name)
    with CONTEXTS[context](subject, None):
        assert hooks_of(subject.model.denoiser) != subject.hooks
        inside = generate(subject.model)
    assert torch.equal(inside, subject.image) == (context in {"timed", "record"})
    subject.check()


@MATRIX
def test_model_raises(name: str, context: str, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = subject_of(name)

    def fail(*_: Any, **__: Any) -> None:
        raise Stop

    with monkeypatch.context() as patch:
        patch.setattr(subject.modules[-1], "forward", fail)
        with pytest.raises(Stop), CONTEXTS[context](subject, None):
            generate(subject.model)
    subject.check()


@MATRIX
def test_cancelled(name: str, context: str) -> None:
    subject = subject_of(name)
    with pytest.raises(Stop), CONTEXTS[context](subject, after_two_calls):
        generate(subject.model)
    subject.check()


@MATRIX
def test_keyboard_interrupt_in_a_callback(name: str, context: str) -> None:
    subject = subject_of(name)

    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    # PixArt has the older callback.
    argument = {"callback": interrupt} if name == "pixart-sigma" else {"callback_on_step_end": interrupt}
    with pytest.raises(KeyboardInterrupt), CONTEXTS[context](subject, None):
        generate(calling(subject.model, **argument))
    subject.check()


@MATRIX
@pytest.mark.parametrize("kind", [Stop, KeyboardInterrupt, SystemExit])
def test_body_raises(name: str, context: str, kind: type[BaseException]) -> None:
    subject = subject_of(name)
    with pytest.raises(kind), CONTEXTS[context](subject, None):
        raise kind
    subject.check()


@MATRIX
def test_suspended_generator_is_closed(name: str, context: str) -> None:
    subject = subject_of(name)

    def suspended() -> Iterator[None]:
        with CONTEXTS[context](subject, None):
            yield

    running = suspended()
    next(running)
    assert hooks_of(subject.model.denoiser) != subject.hooks
    running.close()
    subject.check()


@MATRIX
def test_registering_fails_at_every_place(name: str, context: str, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = subject_of(name)
    registered = 0
    failing = -1

    def counted(original: Callable[..., Any]) -> Callable[..., Any]:
        def register(*arguments: Any, **named: Any) -> Any:
            nonlocal registered
            registered += 1
            if registered - 1 == failing:
                raise Stop
            return original(*arguments, **named)

        return register

    with monkeypatch.context() as patch:
        for method in ("register_forward_hook", "register_forward_pre_hook"):
            patch.setattr(nn.Module, method, counted(getattr(nn.Module, method)))
        with CONTEXTS[context](subject, None):
            everything = registered
        assert everything >= (1 if context == "timed" else 4)
        for place in range(everything):
            registered, failing = 0, place
            with pytest.raises(Stop), CONTEXTS[context](subject, None):
                pass
            assert registered == place + 1
            assert hooks_of(subject.model.denoiser) == subject.hooks
    subject.check()


@pytest.mark.parametrize("manager", [forward_hooks, forward_pre_hooks])
def test_hooks_that_fail_to_be_listed(manager: Callable[..., AbstractContextManager[None]]) -> None:
    subject = subject_of("sd")

    def half() -> Iterator[tuple[nn.Module, Any]]:
        yield subject.modules[0], lowered
        assert hooks_of(subject.model.denoiser) != subject.hooks
        raise Stop

    with pytest.raises(Stop), manager(half()):
        pass
    subject.check()


def test_contexts_nest_and_end_in_any_order() -> None:
    subject = subject_of("sd")
    outer, inner = plain_hooks(subject, None), patching(subject, None)
    outer.__enter__()
    inner.__enter__()
    outer.__exit__(None, None, None)
    assert torch.equal(generate(subject.model), latents(subject.model, PROMPTS, {1: from_row(subject.sites, 0)}))
    inner.__exit__(None, None, None)
    subject.check()
