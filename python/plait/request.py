# SPDX-License-Identifier: Apache-2.0
"""What Model.submit() and Pipeline.submit() give."""
import asyncio
import concurrent.futures
import time
from collections.abc import Generator
from typing import Any

from plait import _core

CANCELLED = 11


class Request(concurrent.futures.Future):
    """A run that was asked for. result() waits for the outputs, of a model one array or a tuple of them, of a pipeline a
    dictionary; in a coroutine, `await request` does. plait.Error, whose status says what happened, if it failed, came too late or was dropped; cancelled
    requests raise CancelledError.

    Once it has ended: submitted, started, ended, deadline and interrupted, in seconds of time.monotonic() (started is 0 if it
    never was, deadline 0 if there is none), and interruptions, by higher classes."""

    def __init__(self, engine: _core.Engine, outputs: Any) -> None:
        super().__init__()
        self._engine, self._outputs, self._number = engine, outputs, 0
        self.submitted = self.started = self.ended = self.deadline = self.interrupted = 0.0
        self.interruptions, self.nested = 0, False

    def _answer(self, status: int, message: str, submitted: int, started: int, ended: int, deadline: int, interrupted: int,
                interruptions: int, nested: bool) -> None:
        self.submitted, self.started, self.ended = submitted / 1e9, started / 1e9, ended / 1e9
        self.deadline, self.interrupted = deadline / 1e9, interrupted / 1e9
        self.interruptions, self.nested = interruptions, nested
        if status == CANCELLED:
            super().cancel()
        if not self.set_running_or_notify_cancel():
            return
        if status != 0:
            error = _core.Error(message)
            error.status = status
            self.set_exception(error)
        else:
            self.set_result(self._outputs)

    def _submit(self, core: _core.Model | _core.Pipeline, inputs: list[tuple], outputs: list[tuple], whole: bool,
                deadline: float | None, late: str, surplus: str) -> "Request":
        for name, given, known in (("late", late, ("run", "drop")), ("surplus", surplus, ("refuse", "drop"))):
            if given not in known:
                raise ValueError(f"{name} is {given!r}, expected {' or '.join(map(repr, known))}")
        absolute = 0 if deadline is None else max(1, time.monotonic_ns() + int(deadline * 1e9))
        self._number = core.submit(self._answer, inputs, outputs, whole, absolute, late == "drop", surplus == "drop")
        return self

    def cancel(self) -> bool:
        """Takes it out of the queue, or stops it between two parts; False if it has ended."""
        return self._engine.cancel(self._number)

    def __await__(self) -> Generator[Any, None, Any]:
        return asyncio.wrap_future(self).__await__()
