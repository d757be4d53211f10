"""Ablations of attention: over the zoo, trained from scratch, and as conversions of trained models."""

from workbench.rooms import make_callable

make_callable(__name__)
