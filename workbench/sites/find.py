"""Find the attention sites of a model from its family's rules, in the order in which they run."""

from __future__ import annotations

import re
import warnings
from typing import Any

import torch
from diffusers.models.attention import AttentionModuleMixin
from torch import nn

from workbench.errors import RefusedError
from workbench.hooks.forward import PreHook, forward_pre_hooks
from workbench.models.family import Family, SiteRule
from workbench.models.model import Model
from workbench.sites.site import Part, Site, SiteMap


def find_sites(model: Model) -> SiteMap:
    """Return the sites of a model without running it.

    The order of execution is recorded in a dry forward of a copy without weights on the meta device;
    the order of registration would be wrong for U-Nets, whose middle block is registered last.

    Raises:
        RefusedError: the model is in a state in which its text keys and values cannot be reached.
    """
    refuse_unpatchable(model)
    rules = {
        name: rule
        for name, module in model.denoiser.named_modules()
        if (rule := rule_for(model.family, name, module)) is not None
    }
    if not rules:
        raise RefusedError(
            f"attention sites of the family {model.family.name!r}", f"{model.name!r} with none", "check the pipeline"
        )
    order = execution_order(model, set(rules))
    sites = tuple(describe_site(model.denoiser, name, index, rules[name]) for index, name in enumerate(order))
    return SiteMap(model.name, model.family.name, sites, model.total_parameters)


def rule_for(family: Family, name: str, module: nn.Module) -> SiteRule | None:
    """Return the rule that makes a module a site, or None."""
    for rule in family.rules:
        has_parts = getattr(module, rule.key, None) is not None and getattr(module, rule.value, None) is not None
        if has_parts and re.fullmatch(rule.path, name):
            return rule
    return None


def describe_site(denoiser: nn.Module, name: str, index: int, rule: SiteRule) -> Site:
    """Read heads, widths and parameter counts of one attention module."""
    attention: Any = denoiser.get_submodule(name)
    key, value = getattr(attention, rule.key), getattr(attention, rule.value)
    width = int(key.out_features)
    heads = int(attention.heads)
    parts = (Part("key", f"{name}.{rule.key}", rule.span), Part("value", f"{name}.{rule.value}", rule.span))
    parameters = sum(int(module.in_features) * int(module.out_features) for module in (key, value))
    return Site(name, index, rule.kind, heads, width // heads, parameters, parts, rule.mask_argument)


def execution_order(model: Model, names: set[str]) -> list[str]:
    """Return the names in the order in which the denoiser runs them."""
    denoiser: Any = model.denoiser
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        twin = type(denoiser).from_config(denoiser.config).eval()
    order: list[str] = []
    hooks = [(twin.get_submodule(name), _append(order, name)) for name in names]
    with torch.no_grad(), forward_pre_hooks(hooks):
        twin(**model.family.dry_inputs(twin))
    if len(order) != len(names):
        missing = sorted(names - set(order))
        raise RefusedError("each site to run once per step", f"{missing or 'repeated sites'}", "report this model")
    return order


def _append(order: list[str], name: str) -> PreHook:
    return lambda *_: order.append(name)


def _is_fused(module: nn.Module) -> bool:
    """Tell whether an attention computes from fused projections.

    The older attention class keeps `fused_projections` set after unfusing, so there its processor decides.
    """
    processor = type(getattr(module, "processor", None)).__name__
    modern = isinstance(module, AttentionModuleMixin) and bool(getattr(module, "fused_projections", False))
    return processor.startswith("Fused") or modern


def _is_compiled(module: nn.Module) -> bool:
    return getattr(module, "_compiled_call_impl", None) is not None or hasattr(module, "_orig_mod")


def refuse_unpatchable(model: Model) -> None:
    """Raise if the model is in a state where hooks on its projections would not do what they say."""
    denoiser: Any = model.denoiser
    reason, remedy = "", ""
    if any(_is_fused(module) for module in denoiser.modules()):
        reason, remedy = "fused projections", "call `unfuse_qkv_projections()` on the denoiser first"
    elif any(_is_compiled(module) for module in denoiser.modules()):
        reason, remedy = "a compiled denoiser, which may ignore hooks", "open the model without compiling it"
    elif getattr(denoiser, "is_cache_enabled", False):
        reason, remedy = "a step cache that skips or reuses attention", "call `disable_cache()` on the denoiser first"
    elif "PAG" in type(model.pipeline).__name__:
        reason, remedy = "perturbed-attention guidance, which changes the batch", "use the plain pipeline"
    elif getattr(denoiser, "_parallel_config", None) is not None:
        reason, remedy = "a denoiser split over devices", "open the model on one device"
    if reason:
        raise RefusedError("a denoiser that runs every attention as written", f"{model.name!r} with {reason}", remedy)
