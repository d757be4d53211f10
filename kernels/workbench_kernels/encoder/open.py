"""Make a padding-free encoder of one of transformers: a family is a file of `families`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules

from torch import nn

from workbench_kernels.backend import KernelRefusal
from workbench_kernels.encoder import families
from workbench_kernels.encoder.model import PackedModel
from workbench_kernels.encoder.registry import FAMILIES


def pack_encoder(model: nn.Module) -> PackedModel:
    """Return an encoder that computes on tokens alone and is called like the one given (after arXiv 2210.03052).

    Put it in its place to speed up a whole model: `classifier.bert = pack_encoder(classifier.bert)`, or
    `t5.encoder = pack_encoder(t5.encoder)`.

    Args:
        model: a `BertModel`, `DistilBertModel`, `AlbertModel` or the encoder `T5Stack` of transformers.

    Raises:
        KernelRefusal: another class, a decoder, or an activation that no kernel has.
    """
    for module in iter_modules(families.__path__):
        import_module(f"{families.__name__}.{module.name}")
    name = type(model).__name__
    build: Callable[[nn.Module], PackedModel] | None = FAMILIES.get(name)
    if build is None:
        raise KernelRefusal(f"an encoder out of {sorted(FAMILIES)}", name, "add a file to encoder/families")
    if getattr(model.config, "is_decoder", False):
        raise KernelRefusal("an encoder", f"{name} as a decoder", "use the encoder of the model")
    return build(model)
