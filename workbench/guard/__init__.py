"""The room `guard`; calling it calls the verb `workbench.guard.guard.guard`."""

from workbench.rooms import make_callable

make_callable(__name__)
