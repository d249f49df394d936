"""Supervises one program until it exits, and leaves no process behind."""

from __future__ import annotations

import os
import select

from tools.sandbox.inside import broker, kernel, landlock, process_group, program, scratch
from tools.sandbox.inside.order import Order
from tools.sandbox.inside.watchdog import Watch

_CHUNK = 1 << 16


def supervise(order: Order, guard: int | None) -> None:
    """Run the program until it exits, kill its remaining processes, and report on the status pipe.

    Runs as process 1 of the job's process namespace, or else under a guard; `guard` is closed when the guard dies.
    """
    kernel.set_dumpable(False)
    for descriptor in (order.control, order.status, order.log, order.oom_events, order.cpu_usage):
        if descriptor is not None:
            os.set_inheritable(descriptor, False)
    output = os.pipe() if order.log is not None else None
    child, listener = program.start(order, output[1] if output else None)
    if output:
        os.close(output[1])
    ending, code = _Supervisor(order, child, output[0] if output else None, guard, listener).wait()
    os.write(order.status, f"{ending} {code}\n".encode())


class _Supervisor:
    def __init__(
        self, order: Order, child: int, output: int | None, guard: int | None, listener: int | None
    ) -> None:
        self._order = order
        self._child = child
        self._output = output
        self._guard = guard
        self._broker = broker.Broker(listener, order) if listener is not None else None
        self._watch = Watch(order, listener is not None or order.process_bound != "supervisor")
        self._status: int | None = None

    def wait(self) -> tuple[str, int]:
        ending = self._attend()
        self._reap()
        process_group.kill_all(self._order.landlock >= landlock.SIGNALS_SINCE)
        if self._order.scratch:
            scratch.remove(self._order.scratch)
        if self._output is not None:
            while self._copy_output():
                pass
        code = os.waitstatus_to_exitcode(self._status) if self._status is not None else -kernel.SIGKILL
        if self._watch.out_of_memory():
            ending = "out_of_memory"
        elif not ending:
            ending = {-kernel.SIGXCPU: "timed_out"}.get(code, "killed" if code < 0 else "exited")
        return ending, code

    def _attend(self) -> str:
        """Wait until the program exits or must be killed; returns "" in the first case, the ending in the second."""
        poll = select.poll()
        poll.register(self._order.control, select.POLLIN)
        poll.register(os.pidfd_open(self._child), select.POLLIN)
        if self._output is not None:
            poll.register(self._output, select.POLLIN)
        if self._guard is not None:
            poll.register(self._guard, 0)
        if self._broker:
            poll.register(self._broker.listener, select.POLLIN)
        while True:
            events = dict(poll.poll(self._watch.seconds_left() * 1000 + 1))
            if self._broker and self._broker.listener in events:
                self._broker.answer()
            if self._output in events and not self._copy_output():
                poll.unregister(self._output)
            if self._guard in events or (self._order.control in events and not self._obey()):
                return "killed"
            self._reap()
            if self._status is not None:
                return ""
            if not self._watch.seconds_left() and (ending := self._watch.exceeded(process_group.members())):
                return ending

    def _obey(self) -> bool:
        """Handle a request on the control pipe; returns False if everything must be killed."""
        if not os.read(self._order.control, 1):
            return False
        os.kill(self._child, kernel.SIGTERM)
        return True

    def _reap(self) -> None:
        """Reap exited processes, including adopted orphans."""
        try:
            while True:
                process, status = os.waitpid(-1, os.WNOHANG)
                if process == self._child:
                    self._status = status
                if not process:
                    return
        except ChildProcessError:
            return

    def _copy_output(self) -> bool:
        """Copy a chunk of the output to the log; returns False at the end of the output."""
        data = os.read(self._output, _CHUNK) if self._output is not None else b""
        log = self._order.log
        if log is None or not data:
            return False
        bound = self._order.log_bytes
        if bound is not None and os.lseek(log, 0, os.SEEK_CUR) + len(data) > bound:
            _keep_half(log, bound // 2)
        os.write(log, data)
        return True


def _keep_half(log: int, keep: int) -> None:
    """Move the last `keep` bytes of the log to its front and drop the rest."""
    source = max(0, os.lseek(log, 0, os.SEEK_END) - keep)
    target = 0
    while data := os.pread(log, _CHUNK, source):
        target += os.pwrite(log, data, target)
        source += len(data)
    os.ftruncate(log, target)
    os.lseek(log, target, os.SEEK_SET)
