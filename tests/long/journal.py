"""What a redeemer asked and what it was told, in a file that outlives its process.

A line is one JSON object: {"key", "quote", "member"} before asking, {"cut"} where a connection ended without an answer,
{"ok", "redemption"} after the answer, {"odd"} where a repeat was answered differently.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import orjson


@dataclass(kw_only=True)
class Journal:
    """The lines so far, by key; `resumed` are the keys that a process which was killed had left without an answer."""

    file: BinaryIO
    asked: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    answered: dict[str, UUID] = field(default_factory=dict[str, UUID])
    odd: list[str] = field(default_factory=list[str])
    cut: Counter[str] = field(default_factory=Counter[str])
    resumed: Counter[str] = field(default_factory=Counter[str])
    numbers: Counter[str] = field(default_factory=Counter[str])

    @classmethod
    def opened(cls, path: Path) -> "Journal":
        """The journal as it stands; a last line that was cut by a kill says nothing, and is ended."""
        path.touch()
        journal = cls(file=path.open("r+b", buffering=0))
        for line in journal.file.read().splitlines():
            try:
                journal._take(orjson.loads(line))
            except orjson.JSONDecodeError:
                continue
        journal.file.write(b"\n")
        return journal

    def write(self, said: dict[str, str]) -> None:
        """The line stands in the file before anything else is done."""
        self.file.write(orjson.dumps(said) + b"\n")
        self._take(said)

    def unanswered(self) -> list[dict[str, str]]:
        """What was asked and never answered, oldest first."""
        return [said for key, said in self.asked.items() if key not in self.answered]

    def _take(self, said: dict[str, str]) -> None:
        if "ok" in said:
            self.answered[said["ok"]] = UUID(said["redemption"])
        elif "odd" in said:
            self.odd.append(said["odd"])
        elif "cut" in said:
            self.cut[said["cut"]] += 1
        elif "resumed" in said:
            self.resumed[said["resumed"]] += 1
        else:
            self.asked[said["key"]] = said
            self.numbers[said["member"]] += 1
