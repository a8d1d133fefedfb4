"""The keys of what is sealed: from the environment, or from two files in GUERDON_HOME that its owner alone can read."""

import base64
import os
import secrets
from pathlib import Path

from api.http.keeping import KeyFileRefused, kept_bytes, kept_secret
from api.settings import KEY_BYTES, KEY_ID, Settings
from domain.kernel.sealing import Keyring

KEYS_FILE = "seal-keys"
INDEX_FILE = "index-key"
KEYS_MAX = 20


def keyring_of(settings: Settings) -> Keyring:
    """The ring of this process. The first key seals, the others open what they sealed.

    Refuses: KeyFileRefused where others may read a file, or it does not hold what it should.
    """
    if settings.keys is not None:
        assert settings.index_key is not None, "read_settings wants both or none"
        return Keyring(current=next(iter(settings.keys)), keys=settings.keys, index_key=settings.index_key)
    keys = _read(settings.home)
    return Keyring(current=next(iter(keys)), keys=keys, index_key=kept_secret(settings.home, INDEX_FILE))


def add_key(home: Path) -> str:
    """A new key stands at the end of the file: every process that starts from now on can open what it seals.

    Answers its id. Refuses: KeyFileRefused; ValueError at 20 keys.
    """
    keys = _read(home)
    if len(keys) >= KEYS_MAX:
        raise ValueError(f"{KEYS_MAX} keys are enough: remove one that seals nothing")
    number = max((int(name[1:]) for name in keys if name[1:].isdecimal()), default=0) + 1
    _write(home, keys | {f"k{number}": secrets.token_bytes(KEY_BYTES)})
    return f"k{number}"


def use_newest(home: Path) -> str:
    """The last key of the file is the first from now on: it seals. Answers its id. Refuses: KeyFileRefused."""
    keys = _read(home)
    newest = list(keys)[-1]
    _write(home, {newest: keys[newest]} | keys)
    return newest


def _read(home: Path) -> dict[str, bytes]:
    text = kept_bytes(home, KEYS_FILE, lambda: _spelled({"k1": secrets.token_bytes(KEY_BYTES)})).decode()
    keys = dict[str, bytes]()
    for line in text.split("\n"):
        name, _, spelled = line.strip().partition(":")
        if not name:
            continue
        try:
            key = base64.b64decode(spelled, validate=True)
        except ValueError:
            key = b""
        if not KEY_ID.fullmatch(name) or len(key) != KEY_BYTES:
            raise KeyFileRefused(f"{home / KEYS_FILE} holds something that is no key")
        keys[name] = key
    if not keys:
        raise KeyFileRefused(f"{home / KEYS_FILE} holds no key; put it back, or nothing that is sealed opens again")
    return keys


def _spelled(keys: dict[str, bytes]) -> bytes:
    return "".join(f"{name}:{base64.b64encode(key).decode()}\n" for name, key in keys.items()).encode()


def _write(home: Path, keys: dict[str, bytes]) -> None:
    fresh = home / f"{KEYS_FILE}.{secrets.token_hex(8)}"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(_spelled(keys))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(home / KEYS_FILE)
