"""Give one attention another form."""

from __future__ import annotations

from workbench.attention.attention import Attention
from workbench.attention.form import SCRATCH, Request
from workbench.attention.variant import Variant, parse_variant
from workbench.errors import RefusedError


def reform(attention: Attention, variant: str | Variant, request: Request = SCRATCH) -> Attention:
    """Give one attention another form, in place.

    Raises:
        InputError: no such variant.
        RefusedError: a form that this attention cannot take; nothing is changed.
    """
    chosen = parse_variant(variant) if isinstance(variant, str) else variant
    scores, values = attention.scores, attention.values
    for form in chosen.forms:
        reason = form.refuse(attention)
        if reason is not None:
            attention.scores, attention.values = scores, values
            raise RefusedError(f"an attention that can be {form.name}", reason, "choose another variant or site")
        setattr(attention, form.part, form.build(attention, request))
    return attention
