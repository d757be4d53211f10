"""The room `localize`; calling it calls the verb `workbench.localize.localize.localize`."""

from workbench.rooms import make_callable

make_callable(__name__)
