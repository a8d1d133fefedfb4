"""The source as the house rules see it: every Python file of the checkout with its syntax tree."""

import ast
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

ROOMS = ("api", "catalog", "leaderboards", "domain", "embedded", "migrations")
"""The packages that ship."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """One Python file; `path` is relative to the checkout, with forward slashes."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        return tuple(ast.walk(self.tree))

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def room(self) -> str:
        """The folder or file at the top."""
        return PurePosixPath(self.path).parts[0]

    @property
    def ships(self) -> bool:
        return self.room in ROOMS

    @property
    def module(self) -> str:
        """The name it is imported by."""
        parts = PurePosixPath(self.path).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One place that breaks a rule; `line` counts from 1."""

    path: str
    line: int
    says: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.says}"


def tracked_files(root: Path) -> list[str]:
    """Every file git knows or would add, sorted; deleted ones left out."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=True,
        timeout=30,
    )
    return sorted(name for name in listed.stdout.decode().split("\0") if name and (root / name).is_file())


def read_sources(root: Path) -> tuple[Source, ...]:
    """Every Python file of the checkout."""
    return tuple(
        Source(path=name, text=(root / name).read_text(encoding="utf-8"))
        for name in tracked_files(root)
        if name.endswith(".py")
    )


def dotted(node: ast.AST) -> str:
    """`a.b.c` of a chain of names, with an empty first part where it hangs on a call or subscript."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def imported(source: Source) -> list[tuple[str, int]]:
    """Every module name the file imports with its line: for `from a import b` both `a` and `a.b`."""
    found: list[tuple[str, int]] = []
    for node in source.nodes:
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(source, node)
            found.append((base, node.lineno))
            found += [(f"{base}.{alias.name}", node.lineno) for alias in node.names]
    return found


def _absolute(source: Source, node: ast.ImportFrom) -> str:
    if node.level == 0:
        return node.module or ""
    package = PurePosixPath(source.path).parts[: -node.level]
    return ".".join([*package, *([node.module] if node.module else [])])
