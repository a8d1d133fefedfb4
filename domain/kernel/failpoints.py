"""Named points where a test can make a process crash, stop or stumble; inert unless one was armed at start."""

import os
import signal
import time
from collections.abc import Mapping

POINTS = (
    "operation.after_begin",
    "operation.after_work",
    "operation.before_commit",
    "operation.after_commit",
    "record.after_activities",
    "record.after_evaluation",
    "post.after_entries",
    "relay.before_stamp",
    "relay.after_stamp",
    "project.before_fold",
    "project.after_fold",
    "project.after_index",
    "rebuild.half_way",
    "rebuild.before_swap",
    "import.after_batch",
    "mature.before_commit",
    "rewalk.before_commit",
    "deliver.before_send",
    "fulfil.after_take",
    "fulfil.before_call",
    "fulfil.after_call",
    "fulfil.before_record",
    "fulfil.after_record",
    "issue.before_commit",
    "release.before_commit",
    "complete.before_commit",
    "reveal.before_commit",
    "redeem.after_hold",
    "redeem.after_codes",
    "webhooks.after_fan_out",
    "webhooks.before_post",
    "webhooks.after_post",
)


class Failpoint(RuntimeError):
    """Raised where a failpoint is armed with `raise`."""


class Failpoints:
    """The armed points: name → `crash` (kill -9 of this process), `raise`, or `sleep:<seconds>`.

    Refuses: ValueError for a name that does not exist or a mode that is none of these.
    """

    def __init__(self, armed: Mapping[str, str] | None = None) -> None:
        self._armed = dict(armed or {})
        for name, mode in self._armed.items():
            if name not in POINTS:
                raise ValueError(f"there is no failpoint {name}")
            if mode not in ("crash", "raise") and not mode.startswith("sleep:"):
                raise ValueError(f"a failpoint crashes, raises or sleeps:<seconds>, not {mode}")

    def hit(self, name: str) -> None:
        """Does nothing, unless `name` is armed."""
        mode = self._armed.get(name)
        if mode is None:
            return
        if mode == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        if mode == "raise":
            raise Failpoint(name)
        time.sleep(float(mode.removeprefix("sleep:")))
