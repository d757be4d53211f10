"""Guard a pipeline: toxic words that a prompt asks for are swapped for harmless ones, at the found sites alone."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from weakref import WeakSet

from torch import nn

from workbench.errors import InputError
from workbench.guard.changes import Change, Guard
from workbench.guard.detector import DEFAULT, Detector, open_detector
from workbench.guard.rewrite import Rewritten, rewrite
from workbench.guard.swap import TextSwap, route_of, swapping
from workbench.localize.open_found import found_sites, open_found
from workbench.localize.result import FoundSet, Localization
from workbench.models.model import Model
from workbench.models.open import wrap_pipeline
from workbench.sites.site import Site

PROMPTS: Final = ("prompt", "prompt_2", "prompt_3")
_GUARDED: Final[WeakSet[nn.Module]] = WeakSet()


@contextmanager
def guard(
    model: Model | Any,
    found: FoundSet | Localization | str | Path,
    *,
    detector: str | Detector = DEFAULT,
    seed: int = 0,
    runs: str | Path = "workbench-runs",
) -> Iterator[Guard]:
    """Keep toxic words out of the images of a pipeline while the block runs.

    The pipeline is called as ever. Where a prompt asks for a toxic word, the found sites see the prompt with a
    harmless word of the same length instead; every other site, the pooled text, the negative prompts and all other
    prompts of the batch stay as they are, and a call without toxic words gives the same image bit for bit. The
    denoiser evaluates no further row; see `workbench.guard.swap` for the little that is added. The idea is that of
    Staniszewski et al., arXiv 2502.09935, section on preventing toxic text.

    Only the text that a prompt asks for is read: its quoted parts, or all of it where it quotes nothing.

    Args:
        model: an opened model, or a live diffusers pipeline (Stable Diffusion 1, 2, XL, 3, 3.5 or FLUX.1).
        found: its found set: the object, a localisation, a file, or a run of the store in `runs`.
        detector: name of a registered detector, or a function from a text to spans (first, end) of toxic words.
        seed: decides, together with the word, which harmless word is taken.
        runs: folder of the run store.

    Yields:
        What the guard changed so far. Afterwards the pipeline is as it was, also on error.

    Raises:
        InputError: an unknown detector or found set, a model that is guarded already; and, from the pipeline's
            call, a prompt that arrives as embeddings, which cannot be read.
        RefusedError: a pipeline that cannot be guarded, with the reason.

    In joint models the text alone runs through blocks on the way, so do not patch sites by other means meanwhile.
    """
    opened = model if isinstance(model, Model) else wrap_pipeline(model)
    route_of(opened)
    reader = open_detector(detector)
    opened_found = open_found(found, runs=runs)
    sites = found_sites(opened, opened_found)
    with guarding(opened, sites, reader, seed) as log:
        log.same_weights = opened.fingerprint() == opened_found.fingerprint
        yield log


@contextmanager
def guarding(model: Model, sites: Sequence[Site], detector: Detector, seed: int) -> Iterator[Guard]:
    """Do what `guard` does, with everything opened and checked, but for a guard that is there already."""
    if model.denoiser in _GUARDED:
        raise InputError("a model without a guard", f"{model.name!r}, guarded already", "end the first guard's block")
    log, swap = Guard(model.name, tuple(site.name for site in sites), same_weights=True), TextSwap()
    prompts = _PromptReader(model.pipeline, log, swap, lambda prompt: rewrite(prompt, detector, seed=seed))
    with ExitStack() as stack:
        stack.callback(_GUARDED.discard, model.denoiser)
        _GUARDED.add(model.denoiser)
        stack.enter_context(_replaced(model.pipeline, "check_inputs", prompts.check_inputs))
        stack.enter_context(_replaced(model.pipeline, "encode_prompt", prompts.encode_prompt))
        stack.enter_context(swapping(model, sites, swap))
        yield log


class _PromptReader:
    """Stands in for the two methods by which a stock pipeline call begins: it checks its inputs, then encodes them."""

    def __init__(self, pipeline: Any, log: Guard, swap: TextSwap, rewrite: Callable[[str], Rewritten]) -> None:
        self._check, self._encode = pipeline.check_inputs, pipeline.encode_prompt
        self._log, self._swap, self._rewrite = log, swap, rewrite
        self._call_begins = False

    def check_inputs(self, *positional: Any, **named: Any) -> Any:
        """Refuse embeddings, then do what the pipeline does."""
        given = inspect.signature(self._check).bind(*positional, **named).arguments
        if given.get("prompt_embeds") is not None:
            raise InputError("a prompt as text", "prompt_embeds, which a guard cannot read", "pass prompt=...")
        self._call_begins = True
        return self._check(*positional, **named)

    def encode_prompt(self, *positional: Any, **named: Any) -> Any:
        """Encode as the pipeline does, and once more with harmless words where the prompts hold toxic ones."""
        encoded = self._encode(*positional, **named)
        # FLUX encodes its negative prompt by a second call, which is left alone.
        if self._call_begins:
            self._call_begins = False
            self._read(encoded, inspect.signature(self._encode).bind(*positional, **named))
        return encoded

    def _read(self, encoded: Any, given: inspect.BoundArguments) -> None:
        count = 1 if isinstance(given.arguments["prompt"], str) else len(given.arguments["prompt"])
        changes: dict[Change, None] = {}
        for name in PROMPTS:
            if given.arguments.get(name) is not None:
                given.arguments[name] = self._harmless(given.arguments[name], changes)
        toxic = sorted({change.prompt for change in changes})
        self._log.calls += 1
        self._log.changes += changes
        text = encoded[0]
        harmless = self._encode(*given.args, **given.kwargs)[0] if toxic else text
        # The images of one prompt are neighbours and share its text.
        first = [prompt * (len(text) // count) for prompt in toxic]
        self._swap.expect(text[first], harmless[first])

    def _harmless(self, prompts: str | list[str], changes: dict[Change, None]) -> str | list[str]:
        made = [self._rewrite(prompt) for prompt in ([prompts] if isinstance(prompts, str) else prompts)]
        for number, rewritten in enumerate(made):
            changes |= {Change(self._log.calls, number, swap.word, swap.replacement): None for swap in rewritten.swaps}
        return made[0].prompt if isinstance(prompts, str) else [rewritten.prompt for rewritten in made]


@contextmanager
def _replaced(owner: Any, name: str, function: Callable[..., Any]) -> Iterator[None]:
    """Let an object have another method, on itself alone, while the block runs."""
    before = dict(vars(owner))
    setattr(owner, name, function)
    try:
        yield
    finally:
        if name in before:
            setattr(owner, name, before[name])
        else:
            delattr(owner, name)
