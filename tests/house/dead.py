"""A rule about the whole tree: every file is imported by another, or a person or a tool starts it by name."""

import ast
import re
from collections.abc import Iterable, Iterator

from tests.house.source import Source, Violation, imported

# A script under docs/ is started by a block of its page, which test_docs runs.
_STARTED_BY_A_TOOL = re.compile(
    r"(.*/)?(test_\w+|conftest|__main__|__init__)\.py|migrations/(.*/)?\d+_\w+\.py|docs/.*\.py"
)


def dead_files(sources: Iterable[Source], started: Iterable[str]) -> Iterator[Violation]:
    """Files that nothing reaches; `started` are the module names that commands start."""
    every = tuple(sources)
    known = {source.module for source in every}
    reached = set(started)
    for source in every:
        named = {name for name, _ in imported(source)} | _named_in_text(source, known)
        reached |= named - {source.module}
    for source in every:
        if source.module not in reached and not _STARTED_BY_A_TOOL.fullmatch(source.path):
            yield Violation(path=source.path, line=1, says="nobody imports or starts it")


def started_modules(*texts: str) -> set[str]:
    """The modules that a Makefile or a project file starts: `-m module` and `"module:function"`."""
    found: set[str] = set()
    for text in texts:
        found |= set(re.findall(r"-m ([\w.]+)", text))
        found |= set(re.findall(r'= "([\w.]+):\w+"', text))
    return found


def _named_in_text(source: Source, known: set[str]) -> set[str]:
    """Modules named in a string: tortoise and strawberry load some by name."""
    strings = {node.value for node in source.nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return strings & known
