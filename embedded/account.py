"""As whom a server runs: PostgreSQL refuses root, so root lends it `nobody` or a user namespace."""

import os
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from embedded.errors import EmbeddedError

if sys.platform != "win32":
    import pwd

NOBODY_ID = 65534
"""The id of `nobody` on nearly every system, for the rest and for namespaces, which have no accounts."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """How to start a process: a command in front of it, and the uid and gid it takes (None: ours)."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    @property
    def file_uid(self) -> int:
        """The owner that files of this account have on disk."""
        return os.getuid() if self.uid is None else self.uid


def choose_account(*needed: Path) -> Account:
    """An account that is not root and can reach every path in `needed`. Refuses: EmbeddedError when root finds none."""
    if os.getuid() != 0:
        return Account()
    if all(_reachable_by_others(path) for path in needed):
        return Account(uid=nobody_uid(), gid=NOBODY_ID)
    unshare = shutil.which("unshare")
    if unshare is not None:
        prefix = (unshare, "-U", f"--map-user={NOBODY_ID}", f"--map-group={NOBODY_ID}", "--")
        if subprocess.run([*prefix, "true"], capture_output=True, check=False, timeout=10).returncode == 0:
            return Account(prefix=prefix)
    raise EmbeddedError(
        "PostgreSQL does not run as root, and the user 'nobody' cannot reach "
        + " or ".join(str(path) for path in needed)
        + ": run as another user, or choose a GUERDON_HOME (and a virtual environment) outside of private directories"
    )


def nobody_uid() -> int:
    """The user id of `nobody` on this system."""
    try:
        return pwd.getpwnam("nobody").pw_uid
    except KeyError:
        return NOBODY_ID


def _reachable_by_others(path: Path) -> bool:
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents)


def own(account: Account, folder: Path) -> None:
    """Afterwards the folder and everything in it belong to the account; free when they already do."""
    if os.getuid() != 0 or folder.stat().st_uid == account.file_uid:
        return
    gid = os.getgid() if account.gid is None else account.gid
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(parent) / name, account.file_uid, gid, follow_symlinks=False)
    os.chown(folder, account.file_uid, gid)
