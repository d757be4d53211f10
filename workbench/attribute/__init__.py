"""The room `attribute`; calling it calls the verb `workbench.attribute.attribute.attribute`."""

from workbench.rooms import make_callable

make_callable(__name__)
