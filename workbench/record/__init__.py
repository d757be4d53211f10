"""The room `record`; calling it calls the verb `workbench.record.record.record`."""

from workbench.rooms import make_callable

make_callable(__name__)
