"""Rules about one file at a time: size, imports, state, time, ignores, names and its opening sentence."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import PurePosixPath

from tests.house.source import Source, Violation, dotted

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70

Function = ast.FunctionDef | ast.AsyncFunctionDef
Scope = Function | ast.Lambda

_MUTABLE_MAKERS = frozenset(
    {"list", "dict", "set", "bytearray", "defaultdict", "deque", "Counter", "OrderedDict", "ChainMap"}
    | {"WeakKeyDictionary", "WeakValueDictionary", "WeakSet", "Queue", "SimpleQueue"}
    | {"Lock", "RLock", "Event", "Semaphore", "Condition"}
)
_FORBIDDEN_WORDS = frozenset({"util", "utils", "helper", "helpers", "manager", "managers", "misc", "common"})
_HONEST_MANAGERS = frozenset({"account", "channel", "context"})
_IGNORE = re.compile(
    r"#\s*(?P<kind>type:\s*ignore|noqa|pyright:\s*(?:ignore|basic|\w+\s*=\s*\w+)|pragma:\s*no cover|fmt:\s*\w+)"
    r"(?P<codes>\s*\[[\w\s,-]+\]|:\s*[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*)?(?P<reason>.*)",
    re.IGNORECASE,
)
_REASON_LETTERS_MIN = 8
_MIGRATION = re.compile(r"migrations/\d+_\w+\.py")
_READ_ONLY_TYPES = frozenset({"Mapping", "Sequence", "Collection", "AbstractSet"})


def long_files(source: Source) -> Iterator[Violation]:
    """A file fits in FILE_LINES_MAX lines; a migration, which the ORM writes, is as long as its change."""
    lines = source.text.count("\n")
    if lines > FILE_LINES_MAX and not _MIGRATION.fullmatch(source.path):
        yield Violation(path=source.path, line=FILE_LINES_MAX + 1, says=f"has {lines} lines, at most {FILE_LINES_MAX}")


def long_functions(source: Source) -> Iterator[Violation]:
    """A function, decorators and docstring included, fits in FUNCTION_LINES_MAX lines."""
    for node in source.nodes:
        if isinstance(node, Function):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            lines = (node.end_lineno or first) - first + 1
            if lines > FUNCTION_LINES_MAX:
                says = f"{node.name} has {lines} lines, at most {FUNCTION_LINES_MAX}"
                yield Violation(path=source.path, line=first, says=says)


def hidden_imports(source: Source) -> Iterator[Violation]:
    """Imports stand at the top, never inside a function."""
    for scope in source.nodes:
        if isinstance(scope, Function):
            for node in ast.walk(scope):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield Violation(path=source.path, line=node.lineno, says=f"import inside {scope.name}")


def module_state(source: Source) -> Iterator[Violation]:
    """Nothing at module level can change: no list, dict, set, cache or lock, and no `global`.

    A literal that is declared as a Mapping or Sequence is constant: the type checker refuses to change it. So is a
    table of cases in capitals in a file that does not ship.
    """
    for node in source.nodes:
        if isinstance(node, ast.Global):
            yield Violation(path=source.path, line=node.lineno, says=f"global {', '.join(node.names)}")
    for statement in _module_level(source.tree.body):
        for name, value in _assigned(statement):
            table = not source.ships and name.isupper() and not isinstance(value, ast.Call)
            if name != "__all__" and not table and _mutable(value):
                yield Violation(path=source.path, line=statement.lineno, says=f"{name} is mutable module state")
        if isinstance(statement, Function):
            for decorator in statement.decorator_list:
                called = decorator.func if isinstance(decorator, ast.Call) else decorator
                if dotted(called).rpartition(".")[2] in {"cache", "lru_cache"}:
                    says = f"{statement.name} keeps a cache for the whole process"
                    yield Violation(path=source.path, line=statement.lineno, says=says)


def _module_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        if isinstance(statement, ast.If | ast.Try | ast.With):
            yield from _module_level(
                [child for child in ast.iter_child_nodes(statement) if isinstance(child, ast.stmt)]
            )


def _assigned(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            yield dotted(target), statement.value
    elif isinstance(statement, ast.AugAssign):
        yield dotted(statement.target), statement.value
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        declared = statement.annotation
        outer = declared.value if isinstance(declared, ast.Subscript) else declared
        if dotted(outer).rpartition(".")[2] not in _READ_ONLY_TYPES:
            yield dotted(statement.target), statement.value


def _mutable(value: ast.expr) -> bool:
    if isinstance(value, ast.Call):
        return dotted(value.func).rpartition(".")[2] in _MUTABLE_MAKERS
    return isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp)


def naive_times(source: Source) -> Iterator[Violation]:
    """Every time knows its zone."""
    for node in source.nodes:
        if not isinstance(node, ast.Call):
            continue
        name = dotted(node.func)
        tail = ".".join(name.split(".")[-2:])
        keywords = {keyword.arg for keyword in node.keywords}
        naive = (
            tail in {"datetime.utcnow", "datetime.utcfromtimestamp", "date.today", "datetime.today"}
            or (tail == "datetime.now" and not node.args and "tz" not in keywords)
            or (tail == "datetime.fromtimestamp" and len(node.args) < 2 and "tz" not in keywords)
            or (name in {"datetime", "datetime.datetime"} and len(node.args) < 8 and "tzinfo" not in keywords)
            or (tail.endswith(".replace") and _none_keyword(node, "tzinfo"))
        )
        on_purpose = source.path.startswith("tests/") and "on purpose" in source.lines[node.end_lineno - 1]
        if naive and not on_purpose:
            yield Violation(path=source.path, line=node.lineno, says=f"{name}(...) has no zone")


def _none_keyword(node: ast.Call, name: str) -> bool:
    return any(
        keyword.arg == name and isinstance(keyword.value, ast.Constant) and keyword.value.value is None
        for keyword in node.keywords
    )


def unexplained_ignores(source: Source) -> Iterator[Violation]:
    """An ignore names what it ignores and says why, on its line."""
    if not _IGNORE.search(source.text):
        return
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.COMMENT and (found := _IGNORE.match(token.string)):
            needs_code = "ignore" in found["kind"] or found["kind"].lower() == "noqa"
            letters = sum(map(str.isalpha, found["reason"]))
            if letters < _REASON_LETTERS_MIN or (needs_code and not found["codes"]):
                yield Violation(path=source.path, line=token.start[0], says=f"no code or no reason: {token.string}")


def vague_names(source: Source) -> Iterator[Violation]:
    """Nothing is called utils, helpers or manager: the name says what it does."""
    for part in PurePosixPath(source.path).with_suffix("").parts:
        if _vague(part):
            yield Violation(path=source.path, line=1, says=f"the name {part} says nothing")
    for node in source.nodes:
        if isinstance(node, ast.ClassDef) and _vague(node.name):
            yield Violation(path=source.path, line=node.lineno, says=f"the name {node.name} says nothing")


def _vague(name: str) -> bool:
    words = [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]
    for before, word in zip(["", *words], words, strict=False):
        if word in _FORBIDDEN_WORDS and not (word in {"manager", "managers"} and before in _HONEST_MANAGERS):
            return True
    return False


def missing_openings(source: Source) -> Iterator[Violation]:
    """A file that holds anything opens with a sentence on what it is responsible for."""
    if not source.text.strip():
        return
    opening = ast.get_docstring(source.tree)
    if opening is None:
        yield Violation(path=source.path, line=1, says="does not say what it is responsible for")
    elif not opening.split("\n\n")[0].rstrip().endswith((".", ":", "?", "!")):
        yield Violation(path=source.path, line=1, says="opens with something that is not a sentence")


RULES = (
    long_files,
    long_functions,
    hidden_imports,
    module_state,
    naive_times,
    unexplained_ignores,
    vague_names,
    missing_openings,
)
