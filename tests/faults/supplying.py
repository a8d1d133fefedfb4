"""Starts the fake supplier as a process of its own, and kills it."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import orjson

SECRET = "whsec_" + "c2VjcmV0" * 5


@dataclass(frozen=True, kw_only=True)
class RunningSupplier:
    """A supplier that answers at `url` (orders) and can be killed; its book stays."""

    url: str
    process: "subprocess.Popen[bytes]"

    def book(self) -> dict[str, Any]:
        """Its orders as (external id, state, code, times sent), and how many requests met which fault."""
        return httpx2.get(self.url, timeout=5, trust_env=False).json()

    def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        self.process.wait(timeout=10)


@contextmanager
def supplying(path: Path, **options: Any) -> Generator[RunningSupplier]:
    """A fake supplier with this book; see tests/faults/supplier.py for the options."""
    said = orjson.dumps({"secret": SECRET} | options).decode()
    command = [sys.executable, "-m", "tests.faults.supplier", str(path), said]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, "the supplier did not start"
        yield RunningSupplier(url=f"http://127.0.0.1:{orjson.loads(line)['port']}/orders", process=process)
    finally:
        process.kill()
        process.wait(timeout=10)
        process.stdout.close()
