"""Reads a JSON document piece by piece, noting every problem with its path instead of stopping at the first. Pure."""

from collections.abc import Collection, Iterator, Mapping
from typing import cast

PROBLEMS_MAX = 50


class Piece:
    """A part of a document with its path; what is wrong goes to `problems`, shared by all parts of the document."""

    def __init__(self, value: object, path: str = "", problems: list[dict[str, str]] | None = None) -> None:
        self.value = value
        self.path = path
        self.problems: list[dict[str, str]] = [] if problems is None else problems

    def note(self, problem: str) -> None:
        """Adds a problem at this path; beyond fifty they are dropped."""
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append({"path": self.path or ".", "problem": problem})

    @property
    def given(self) -> bool:
        return self.value is not None

    def at(self, name: str) -> "Piece":
        """The part under a name; absent and null are the same."""
        whole = cast("Mapping[str, object]", self.value) if isinstance(self.value, Mapping) else {}
        return Piece(whole.get(name), f"{self.path}.{name}" if self.path else name, self.problems)

    def fields(self, allowed: Collection[str]) -> "Piece":
        """This object, after noting that it is none or has fields nobody reads."""
        if not isinstance(self.value, Mapping):
            self.note("an object is expected")
            return self
        for name in cast("Mapping[object, object]", self.value):
            if name not in allowed:
                self.at(str(name)[:100]).note("there is no such field")
        return self

    def items(self, size_max: int) -> Iterator["Piece"]:
        """The parts of a list; none where it is absent."""
        if self.value is None:
            return
        if not isinstance(self.value, list):
            self.note("a list is expected")
            return
        values = cast("list[object]", self.value)
        if len(values) > size_max:
            self.note(f"at most {size_max} items")
            return
        for place, value in enumerate(values):
            yield Piece(value, f"{self.path}[{place}]", self.problems)

    def entries(self, size_max: int) -> Iterator[tuple[str, "Piece"]]:
        """The parts of an object by name; none where it is absent."""
        if self.value is None:
            return
        if not isinstance(self.value, Mapping):
            self.note("an object is expected")
            return
        values = cast("Mapping[str, object]", self.value)
        if len(values) > size_max:
            self.note(f"at most {size_max} entries")
            return
        for name in values:
            yield name, self.at(name)

    def text(self, length_max: int, default: str | None = None) -> str:
        """A text of 1 to `length_max` characters."""
        if self.value is None and default is not None:
            return default
        if not isinstance(self.value, str) or not 1 <= len(self.value) <= length_max or "\x00" in self.value:
            self.note(f"a text of 1 to {length_max} characters is expected")
            return ""
        return self.value

    def optional_text(self, length_max: int) -> str | None:
        return self.text(length_max) if self.given else None

    def whole(self, least: int, most: int, default: int | None = None) -> int:
        """A whole number within bounds."""
        if self.value is None and default is not None:
            return default
        if isinstance(self.value, bool) or not isinstance(self.value, int) or not least <= self.value <= most:
            self.note(f"a whole number from {least} to {most} is expected")
            return least
        return self.value

    def flag(self, default: bool = False) -> bool:
        if self.value is None:
            return default
        if not isinstance(self.value, bool):
            self.note("true or false is expected")
            return default
        return self.value

    def one_of(self, choices: Collection[str], default: str | None = None) -> str:
        """One of the named choices."""
        if self.value is None and default is not None:
            return default
        if not isinstance(self.value, str) or self.value not in choices:
            self.note(f"one of {', '.join(sorted(choices))} is expected")
            return default or min(choices)
        return self.value

    def texts(self, size_max: int, length_max: int) -> tuple[str, ...]:
        return tuple(piece.text(length_max) for piece in self.items(size_max))
