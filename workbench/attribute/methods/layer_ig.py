"""Integrated Gradients in a layer: the path runs through the outputs of a module instead of the embeddings.

The layer's output is exchanged by a forward hook and attributed with the same quadrature as the input. Captum's own
LayerIntegratedGradients answers silently with scores of the wrong sequence where a module runs twice in a forward pass
(an embedding shared by encoder and decoder); here such a module is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

import torch
from torch import nn

from workbench.attribute.problem import Problem
from workbench.attribute.quadrature import Scored, integrated_gradients
from workbench.attribute.registry import register_method
from workbench.errors import InputError, RefusedError
from workbench.hooks.forward import forward_hooks

BLOCK: Final = re.compile(r"^\D+\.\d+$")
SAME: Final = 1e-3


@register_method("layer_ig", "Layer IG")
def layer_ig(problem: Problem) -> Iterator[Scored]:
    """Yield the scores at each of the settings' layers, or at every block over the tokens."""
    module = problem.decision.classifier.module
    for name in problem.settings.layers or token_blocks(problem):
        found = integrated_gradients(_moved(problem, name, _submodule(module, name)))
        yield replace(found, layer=name)


def token_blocks(problem: Problem) -> list[str]:
    """Return the blocks (items of an outermost module list) that run once and put out one vector a token.

    Raises:
        RefusedError: there is none.
    """
    module = problem.decision.classifier.module
    blocks = {name: part for name, part in module.named_modules() if BLOCK.match(name)}
    seen = _outputs(problem, problem.end, blocks)
    found = [name for name, outputs in seen.items() if len(outputs) == 1 and _over_tokens(problem, outputs[0])]
    if not found:
        raise RefusedError(
            "a classifier with blocks over its tokens", "one without them", "name modules with layers=[...]"
        )
    return found


def _moved(problem: Problem, name: str, layer: nn.Module) -> Problem:
    """Return the problem with its path in a layer's outputs.

    Raises:
        RefusedError: the layer does not run once over the tokens, or the decision does not pass through it alone.
    """
    ends = []
    for point in (problem.start, problem.end):
        outputs = _outputs(problem, point, {name: layer})[name]
        if len(outputs) != 1 or not _over_tokens(problem, outputs[0]):
            raise RefusedError(
                f"a layer that runs once in a forward pass and puts out one vector for each of {len(point)} tokens",
                f"{name}, which puts out {', then '.join(map(_described, outputs)) or 'nothing'}",
                "name a block of the encoder, or take the method ig, which attributes to the embeddings",
            )
        ends.append(outputs[0][0])
    moved = replace(problem, value=_through(problem, layer), start=ends[0], end=ends[1])
    reached = float(moved.values(moved.start[None]))
    if abs(reached - problem.at_start) > SAME * max(1.0, abs(problem.change)):
        raise RefusedError(
            "a layer through which the whole decision passes",
            f"{name}: with the baseline's outputs there the margin is {reached:.4f} instead of {problem.at_start:.4f}",
            "name a block of the encoder",
        )
    return moved


def _through(problem: Problem, layer: nn.Module) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the margin as a function of the layer's outputs."""

    def value(points: torch.Tensor) -> torch.Tensor:
        def exchange(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> Any:
            return (points, *output[1:]) if isinstance(output, tuple) else points

        with forward_hooks([(layer, exchange)]):
            return problem.value(problem.end.expand(len(points), -1, -1))

    return value


def _outputs(problem: Problem, point: torch.Tensor, layers: dict[str, nn.Module]) -> dict[str, list[Any]]:
    """Return what modules put out in one forward pass, call by call."""
    seen: dict[str, list[Any]] = {name: [] for name in layers}

    def recorder(name: str) -> Callable[..., None]:
        def record(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
            seen[name].append(output[0] if isinstance(output, tuple) else output)

        return record

    with forward_hooks((layer, recorder(name)) for name, layer in layers.items()):
        problem.values(point[None])
    return seen


def _over_tokens(problem: Problem, output: Any) -> bool:
    return isinstance(output, torch.Tensor) and output.dim() == 3 and output.shape[:2] == (1, len(problem.end))


def _described(output: Any) -> str:
    return str(tuple(output.shape)) if isinstance(output, torch.Tensor) else f"a {type(output).__name__}"


def _submodule(module: nn.Module, name: str) -> nn.Module:
    try:
        return module.get_submodule(name)
    except AttributeError:
        some = ", ".join(name for name, _ in module.named_modules() if name)
        raise InputError("the path of a module", repr(name), f"give one of {some[:200]}") from None
