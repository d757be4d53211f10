"""One file per view; importing this package registers the requests of all of them.

To add a view, write `workbench/ui/views/NAME.py`; nothing else has to know it.

- Describe its messages in `workbench/ui/protocol.json`, and add samples to `samples.json`.
- Declare it with `add_view(View("NAME", verb="..."))`; `hello` then lists it, and runs of that verb open in it.
- Answer a request with `@handles("NAME.request")` on a function `(session, payload) -> dict`. The payload is checked
  already and the reply is checked afterwards. Return `Reply(payload, buffers)` to send images along as PNG bytes.
  Raise `InputError` for bad input. `slow=True` if it imports torch, opens a model or reads much.
- Import torch and whatever needs it inside functions, so that a kernel answers `hello` at once.
- Long work is a job: `return {"job": session.workspace.jobs.start("NAME", work)}`, where `work(job)` runs on the one
  job thread. It says which run it is with `job.belongs_to(run_id)`, how far with `job.progress(stage, done, total)`,
  sends results so far with `job.partial(lambda: data)` and the final one with `last=True`, and passes
  `job.should_stop` to the verb. What it raises becomes the job's error; KeyboardInterrupt means cancelled.
- Models come from `session.workspace.model(reference)`, found sets from `.found(name)`, runs from `.run(run_id)`, a
  store to write to from `.store()`; new runs go to `session.workspace.folder`.
"""

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
