"""Long work of the panels: one job after the other on one thread, with progress, results so far and cancellation."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from threading import Event
from typing import Any, Final

from workbench.errors import InputError
from workbench.ui.failures import describe_failure
from workbench.ui.heavy import load_heavy_modules
from workbench.ui.protocol import Buffers

SECONDS_BETWEEN_EVENTS: Final = 0.1
SECONDS_BETWEEN_PARTIALS: Final = 0.5
# Results so far take at most this share of a job's time.
SHARE_OF_PARTIALS: Final = 0.1
KEPT_JOBS: Final = 50

Work = Callable[["Job"], None]
Tell = Callable[[str, dict[str, Any], Buffers], None]


@dataclass(eq=False)
class Job:
    """One piece of long work; the function that does it is given this object.

    Args:
        id: its name in messages.
        view: the view it belongs to.
        tell: sends an event (name, payload, buffers) to every session.
    """

    id: str
    view: str
    tell: Tell
    status: str = "queued"
    stage: str = ""
    done: int = 0
    total: int | None = None
    run: str | None = None
    error: dict[str, Any] | None = None
    _stop: Event = field(default_factory=Event)
    _began: float | None = None
    _ended: float | None = None
    _first_progress: tuple[float, int] | None = None
    _last_event: float = 0.0
    _next_partial: float = 0.0

    def should_stop(self) -> bool:
        """Tell whether the user cancelled; hand it to the verb, or ask it between steps."""
        return self._stop.is_set()

    def check_stop(self) -> None:
        """Raise KeyboardInterrupt if the user cancelled."""
        if self.should_stop():
            raise KeyboardInterrupt

    def progress(self, stage: str, done: int, total: int | None) -> None:
        """Say how far the job is; events are sent at most every tenth of a second."""
        changed, now = stage != self.stage, time.monotonic()
        self.stage, self.done, self.total = stage, done, total
        if self._first_progress is None:
            self._first_progress = (now, done)
        if changed or now - self._last_event >= SECONDS_BETWEEN_EVENTS:
            self.send_state()

    def belongs_to(self, run: str) -> None:
        """Say which run of the store the job works on."""
        self.run = run
        self.send_state()

    def partial(self, data: Callable[[], dict[str, Any]], buffers: Buffers = (), *, last: bool = False) -> None:
        """Send a result so far; `data` is called only when one is due, or for the last one."""
        started = time.monotonic()
        if last or started >= self._next_partial:
            self.tell("job.partial", {"job": self.id, "view": self.view, "data": data()}, buffers)
            ended = time.monotonic()
            self._next_partial = ended + max(SECONDS_BETWEEN_PARTIALS, (ended - started) / SHARE_OF_PARTIALS)

    def state(self) -> dict[str, Any]:
        """Return the job as the protocol shows it."""
        now = self._ended or time.monotonic()
        return {
            "job": self.id,
            "view": self.view,
            "status": self.status,
            "stage": self.stage,
            "done": self.done,
            "total": self.total,
            "elapsed": 0.0 if self._began is None else now - self._began,
            "left": self._left(now) if self.status == "running" else None,
            "run": self.run,
            "error": self.error,
        }

    def _left(self, now: float) -> float | None:
        """Return the expected seconds left, from the speed since the first progress: a resumed run begins late."""
        if self._first_progress is None or self.total is None:
            return None
        since, before = self._first_progress
        made = self.done - before
        return None if made <= 0 else (now - since) / made * max(0, self.total - self.done)

    def send_state(self) -> None:
        """Send the state to every session."""
        self._last_event = time.monotonic()
        self.tell("job", self.state(), ())

    def execute(self, work: Work) -> None:
        """Do the work on this thread; whatever it raises becomes the job's status and error."""
        if self.status != "queued":
            return
        self.status, self._began = "running", time.monotonic()
        self.send_state()
        try:
            load_heavy_modules()
            self.check_stop()
            work(self)
            status = "done"
        except KeyboardInterrupt:
            status = "cancelled"
        except Exception as error:
            status, self.error = "failed", describe_failure(error)
        self.end(status)

    def end(self, status: str) -> None:
        """Note how the job ended and say so."""
        self.status, self._ended = status, time.monotonic()
        self.send_state()

    def cancel(self) -> bool:
        """Ask the job to stop; a waiting one ends at once. Return False if it had ended already."""
        if self.status not in ("queued", "running"):
            return False
        self._stop.set()
        if self.status == "queued":
            self.end("cancelled")
        return True


class JobQueue:
    """The jobs of one kernel, carried out one after the other in one thread.

    Args:
        tell: sends an event to every session.
    """

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._numbers = count(1)
        self._jobs: dict[str, Job] = {}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="workbench-job")

    def start(self, view: str, work: Work, *, run: str | None = None) -> str:
        """Queue a job and return its id.

        Args:
            view: the view it belongs to.
            work: called with the job; what it raises becomes the job's error, KeyboardInterrupt means cancelled.
            run: the run it works on, if there is one already.
        """
        job = Job(f"job-{next(self._numbers)}", view, self._tell, run=run)
        self._jobs[job.id] = job
        self._forget_oldest()
        job.send_state()
        self._thread.submit(job.execute, work)
        return job.id

    def _forget_oldest(self) -> None:
        ended = [job.id for job in self._jobs.values() if job.status not in ("queued", "running")]
        for name in ended[: max(0, len(self._jobs) - KEPT_JOBS)]:
            del self._jobs[name]

    def states(self) -> list[dict[str, Any]]:
        """Return the state of every job, oldest first."""
        return [job.state() for job in list(self._jobs.values())]

    def cancel(self, name: str) -> bool:
        """Ask a job to stop; False if it had ended already.

        Raises:
            InputError: no such job.
        """
        if name not in self._jobs:
            raise InputError("a job of this kernel", repr(name), "reload the list of jobs; the kernel was restarted")
        return self._jobs[name].cancel()
