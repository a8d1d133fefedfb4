"""Keys of this installation: files in GUERDON_HOME that its owner alone can read, shared by all processes."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from domain.kernel.sealing import Keyring

SECRET_BYTES = 32


class KeyFileRefused(RuntimeError):
    """The key file can be read by others, or holds no key: the process does not start."""


def kept_bytes(home: Path, name: str, make: Callable[[], bytes]) -> bytes:
    """What the file of this name holds; `make` is called for its content on first use.

    Refuses: KeyFileRefused where others may read the file.
    """
    path = home / name
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        _keep(path, make())
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise KeyFileRefused(f"{path} can be read by others; make it 0600 or remove it")
    return path.read_bytes()


def kept_secret(home: Path, name: str) -> bytes:
    """32 random bytes of this home. Refuses: KeyFileRefused where others may read the file, or it is too short."""
    secret = kept_bytes(home, name, lambda: secrets.token_bytes(SECRET_BYTES))
    if len(secret) < SECRET_BYTES:
        raise KeyFileRefused(f"{home / name} holds no secret; remove it to make a new one")
    return secret


def kept_keyring(home: Path, secret: str | None) -> Keyring:
    """The keys that seal secrets at rest: derived from the deployment's secret, or kept in this home.

    Refuses: KeyFileRefused where others may read the files.
    """
    if secret is None:
        return Keyring(
            current="home-1",
            keys={"home-1": kept_secret(home, "seal-key")[:SECRET_BYTES]},
            index_key=kept_secret(home, "seal-index")[:SECRET_BYTES],
        )

    def derived(purpose: bytes) -> bytes:
        return hmac.new(secret.encode(), purpose, hashlib.sha256).digest()

    return Keyring(current="secret-1", keys={"secret-1": derived(b"seal")}, index_key=derived(b"blind index"))


def _keep(path: Path, content: bytes) -> None:
    # A link either makes the whole file or finds another process's: nobody ever reads half a key.
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        return
    finally:
        fresh.unlink()
