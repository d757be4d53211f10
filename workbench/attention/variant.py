"""Variants by name: a form of the scores, a form of the values, with or without the MLP, joined by `+`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from workbench.attention.form import Form, find_form, list_forms
from workbench.errors import InputError

BASELINE: Final = "baseline"
NO_MLP: Final = "no_mlp"


@dataclass(frozen=True)
class Variant:
    """What is changed in a model.

    Args:
        name: as it was asked for.
        scores, values: the form that each takes; as they are if not given.
        no_mlp: whether the MLP branches are silent.
    """

    name: str
    scores: Form | None = None
    values: Form | None = None
    no_mlp: bool = False

    @property
    def forms(self) -> tuple[Form, ...]:
        """The forms to take, in the order in which they are built."""
        return tuple(form for form in (self.scores, self.values) if form is not None)

    @property
    def exact(self) -> bool:
        """Whether converting to it keeps the function."""
        return not self.no_mlp and all(form.exact for form in self.forms)


def list_variants() -> list[str]:
    """Return the names that can be asked for alone; `+` joins them."""
    return [BASELINE, *list_forms(), NO_MLP]


def parse_variant(name: str) -> Variant:
    """Return the variant of a name such as `symmetric+no_vo+no_mlp`.

    Raises:
        InputError: an unknown word, or two forms of the same part.
    """
    words = name.split("+")
    if words == [BASELINE]:
        return Variant(name)
    unknown = [word for word in words if word not in list_variants() or word == BASELINE]
    forms = [find_form(word) for word in words if word not in (NO_MLP, *unknown)]
    parts = [form.part for form in forms]
    if unknown or len(set(parts)) < len(parts) or words.count(NO_MLP) > 1:
        raise InputError(
            "`baseline`, or one form of scores and one of values with or without `no_mlp`, joined by `+`",
            repr(name),
            f"choose from {', '.join(list_variants())}",
        )
    by_part = {form.part: form for form in forms}
    return Variant(name, by_part.get("scores"), by_part.get("values"), NO_MLP in words)
