"""The fenced blocks of the documentation, and a checkout with a server that runs them as a newcomer would."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from api.http.issuer import PATH as ISSUER_PATH
from api.http.issuer import mint_token
from api.http.signing import SigningKey
from api.settings import read_settings

ROOT = Path(__file__).parents[2]
# A drawing is generated: what is written of it is compared with the code.
KINDS = ("sh", "graphql", "json", "text", "mermaid")
WRITTEN = "localhost:8000"
READY_SECONDS = 120
BLOCK_SECONDS = 60
FENCE = re.compile(r"^( *)```(\S*) ?(.*)$")


@dataclass(frozen=True, kw_only=True)
class Block:
    """One fenced block: its kind (the first word of the fence), the words after it, and the line it begins at."""

    page: str
    line: int
    kind: str
    words: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """Every page that is documentation."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def blocks_in(text: str, page: str) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    opened: tuple[int, str, tuple[str, ...]] | None = None
    held: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if fence is None:
            held.append(line)
        elif opened is None:
            opened, held = (number, fence[2], tuple(fence[3].split())), []
        else:
            yield Block(page=page, line=opened[0], kind=opened[1], words=opened[2], text="\n".join(held) + "\n")
            opened = None
    if opened is not None:
        raise ValueError(f"{page}:{opened[0]}: the block does not end")


def every_block() -> list[Block]:
    """The blocks of all pages."""
    return [
        block
        for path in pages()
        for block in blocks_in(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())
    ]


def unknown_kinds(blocks: Sequence[Block]) -> list[str]:
    """Blocks that nobody knows how to check."""
    return [str(block) for block in blocks if block.kind not in KINDS]


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """A folder that looks like a fresh checkout with its `.venv`, and the server that `make serve` runs in it."""

    folder: Path
    home: Path
    port: int

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        cleared = ("VENV", "VIRTUAL_ENV", "DATABASE_URL", "REDIS_URL", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")
        kept = {name: value for name, value in os.environ.items() if name not in cleared}
        return kept | {"PORT": str(self.port), "GUERDON_HOME": str(self.home)}

    def run(self, text: str) -> subprocess.CompletedProcess[str]:
        """The text as one shell script, which stops at its first failure, against this server."""
        script = "set -eu\n" + text.replace(WRITTEN, f"localhost:{self.port}")
        return subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=BLOCK_SECONDS,
            check=False,
        )

    def token(self, subject: str) -> str:
        """A token of one of the demo's people, as `guerdon token` makes it; shell blocks run the command itself."""
        told = read_settings({"GUERDON_HOME": str(self.home), "PORT": str(self.port)})
        issuer = told.url + ISSUER_PATH
        key = SigningKey.kept_in(told.home)
        return mint_token(key, issuer=issuer, audience=told.oidc_audience, subject=subject, seconds=600)

    def ask(self, document: str, variables: dict[str, Any], credential: str) -> dict[str, Any]:
        """What the API answers; of a subscription its first message."""
        headers = {"authorization": f"Bearer {credential}"}
        body = {"query": document, "variables": variables}
        if not document.lstrip().startswith("subscription"):
            return httpx2.post(f"{self.url}/graphql", json=body, headers=headers, timeout=20).json()
        with httpx2.stream(
            "POST", f"{self.url}/graphql", json=body, headers=headers | {"accept": "text/event-stream"}, timeout=20
        ) as stream:
            for line in stream.iter_lines():
                if line.startswith("data:") and line.removeprefix("data:").strip():
                    return json.loads(line.removeprefix("data:"))
        return {"errors": [{"message": "the stream said nothing"}]}


@contextmanager
def serving(command: str, place: Path) -> Iterator[Checkout]:
    """A checkout in a folder of this place, where `command` serves, once it is ready; Ctrl-C ends it.

    Refuses: AssertionError with what it said, if it does not become ready.
    """
    # A short folder: the embedded servers' sockets live in it, and their paths may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="gd-", dir=place) as name:
        folder = Path(name) / "guerdon"
        _lay_out(folder)
        checkout = Checkout(folder=folder, home=Path(name) / "home", port=_free_port())
        log = Path(name) / "log"
        with log.open("w") as said:
            server = subprocess.Popen(
                command,
                shell=True,
                cwd=folder,
                env=checkout.environment,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        try:
            _wait(checkout, server, log)
            yield checkout
        finally:
            os.killpg(server.pid, signal.SIGINT)
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()


def _lay_out(folder: Path) -> None:
    folder.mkdir()
    for entry in ROOT.iterdir():
        if entry.name not in (".venv", ".git", ".guerdon", ".pytest_cache", ".hypothesis"):
            (folder / entry.name).symlink_to(entry)
    shims = folder / ".venv" / "bin"
    shims.mkdir(parents=True)
    for program, called in (("python", ""), ("guerdon", "-m api.cli ")):
        (shims / program).write_text(f'#!/bin/sh\nexec "{sys.executable}" {called}"$@"\n')
        (shims / program).chmod(0o755)
    (folder / ".venv" / "installed").touch()


def _wait(checkout: Checkout, server: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            if httpx2.get(f"{checkout.url}/ready", timeout=2).status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"it did not become ready:\n{log.read_text()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def has(program: str) -> bool:
    """True where the program is installed."""
    return shutil.which(program) is not None
