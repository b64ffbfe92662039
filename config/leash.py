"""A child that ends with its parent: a killed launcher leaves no orphan.

Linux delivers a signal at the parent's death (prctl PR_SET_PDEATHSIG); elsewhere a small watcher holds the
reading end of a pipe and signals when the writing end closes, whichever way the parent ended.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

ASK = "MARZHA_LEASH"
"""Name of the variable by which the launcher asks its processes to bind themselves (and what they fork)."""

_PR_SET_PDEATHSIG = 1
_PRCTL = (
    getattr(ctypes.CDLL(None, use_errno=True), "prctl", None) if sys.platform.startswith("linux") else None
)


def bind(signum: signal.Signals) -> None:
    """Asks the kernel to send this process `signum` when its parent ends. No effect where it cannot."""
    if _PRCTL is not None:
        _PRCTL(_PR_SET_PDEATHSIG, int(signum), 0, 0, 0)


def bind_if_asked() -> None:
    """Binds this process, and every process it forks, when the environment says so (see ASK).

    By SIGKILL: what runs under a launcher that died has lost its servers as well, and rows survive it.
    """
    if os.environ.get(ASK) == "1":
        bind(signal.SIGKILL)
        os.register_at_fork(after_in_child=lambda: bind(signal.SIGKILL))


def popen(
    command: Sequence[str],
    *,
    at_parents_end: signal.Signals,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
    output: IO[bytes] | int | None = None,
    errors: IO[bytes] | int | None = None,
    stdin: IO[bytes] | int | None = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Starts `command` in a session of its own, bound to this process.

    A session of its own keeps the terminal's Ctrl-C away: the launcher alone decides in which order things stop.
    Must be called from the main thread: the kernel watches the thread that forked, not the process.
    """
    parent = os.getpid()

    def before_exec() -> None:
        bind(at_parents_end)
        if os.getppid() != parent:  # the parent ended between fork and prctl
            os._exit(1)

    process = subprocess.Popen(
        list(command),
        cwd=cwd,
        env=dict(environ) if environ is not None else None,
        stdin=stdin,
        stdout=output,
        stderr=subprocess.STDOUT if errors is None and output is not None else errors,
        start_new_session=True,
        preexec_fn=before_exec,  # noqa: PLW1509 - the callers have one thread; nothing else sets a death signal
    )
    if _PRCTL is None:
        _watch_by_pipe(process.pid, at_parents_end)
    return process


def _watch_by_pipe(pid: int, signum: signal.Signals) -> None:
    """The way without prctl: `cat` returns when this process, the only writer, is gone."""
    reading, writing = os.pipe()  # the writing end is not inherited and lives as long as this process
    subprocess.Popen(
        ["/bin/sh", "-c", f"cat >/dev/null; kill -{int(signum)} {pid} 2>/dev/null"],
        stdin=reading,
        start_new_session=True,
    )
    os.close(reading)
    _held.append(writing)


_held: list[int] = []


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kills whatever is left of the session that `popen` began, the process itself included."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
