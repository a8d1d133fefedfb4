"""One child process: it dies with its parent, hears no Ctrl-C of the terminal, and is stopped by escalating signals."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from embedded.account import Account

_PR_SET_PDEATHSIG = 1


def spawn(
    command: Sequence[str],
    *,
    account: Account,
    folder: Path,
    environment: Mapping[str, str],
    output: IO[bytes] | int,
    death_signal: signal.Signals,
    text: str = "",
) -> "subprocess.Popen[bytes]":
    """Start `command` in a session of its own, so that a Ctrl-C reaches only us and we decide the order of stopping.

    On Linux the kernel sends it `death_signal` when the *thread* that calls this ends: call from a thread that lives
    as long as the server should. `text` (a few lines) is its standard input.
    """
    child = subprocess.Popen(
        [*account.prefix, *command],
        stdin=subprocess.PIPE if text else subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=dict(environment),
        user=account.uid,
        group=account.gid,
        extra_groups=[] if account.uid is not None else None,
        start_new_session=True,
        # Runs after the change of user, which would have cleared the death signal.
        preexec_fn=_dying_with_parent(death_signal) if sys.platform == "linux" else None,
    )
    if child.stdin is not None:
        with child.stdin as pipe:
            pipe.write(text.encode())
    return child


def _dying_with_parent(death_signal: signal.Signals) -> Callable[[], None]:
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()
    number = int(death_signal)

    def in_child() -> None:
        prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != parent:  # the parent died between fork and prctl
            os._exit(1)

    return in_child


def stop(child: "subprocess.Popen[bytes]", escalation: Sequence[tuple[signal.Signals, float]]) -> None:
    """Afterwards the child is gone: each signal is given its seconds, then SIGKILL."""
    for number, seconds in escalation:
        if child.poll() is not None:
            return
        child.send_signal(number)
        try:
            child.wait(seconds)
            return
        except subprocess.TimeoutExpired:
            continue
    child.kill()
    child.wait()


def command_line(pid: int) -> str | None:
    """The command line of a living process, None if there is none (a zombie counts as none)."""
    if sys.platform == "linux":
        try:
            return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")) or None
        except OSError:
            return None
    listed = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, check=False, timeout=10)
    return os.fsdecode(listed.stdout.strip()) or None


def end_stranger(pid: int, escalation: Sequence[tuple[signal.Signals, float]], alive: Callable[[], bool]) -> None:
    """Afterwards a process that is not our child (an orphan of an earlier run) is gone."""
    for number, seconds in (*escalation, (signal.SIGKILL, 5.0)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not alive():
                return
            time.sleep(0.02)
