"""Rules about who may touch what: each library and each dangerous act has its few files ("only in", HOUSE.md)."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.house.source import Source, Violation, dotted, imported

Touches = Callable[[Source], Iterator[int]]


@dataclass(frozen=True, kw_only=True)
class Border:
    """What must stay in the files that match `only_in`; `touches` finds the lines of a file that do it."""

    what: str
    only_in: str
    touches: Touches

    def crossed(self, source: Source) -> Iterator[Violation]:
        if source.ships and not re.fullmatch(self.only_in, source.path):
            for line in sorted(set(self.touches(source))):
                yield Violation(path=source.path, line=line, says=f"{self.what} belongs to {self.only_in}")


def importing(*packages: str) -> Touches:
    def touches(source: Source) -> Iterator[int]:
        for name, line in imported(source):
            if any(name == package or name.startswith(package + ".") for package in packages):
                yield line

    return touches


def _environment(source: Source) -> Iterator[int]:
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and dotted(node) in {"os.environ", "os.getenv", "os.environb", "os.putenv"}:
            yield node.lineno
    yield from importing("os.environ", "os.getenv")(source)


_TRANSACTION_SQL = re.compile(r"\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|START\s+TRANSACTION)\b(?!\s+ATOMIC)", re.IGNORECASE)


def _transactions(source: Source) -> Iterator[int]:
    yield from importing("tortoise.transactions")(source)
    for node in source.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            name = dotted(node.func).rpartition(".")[2]
            options = {keyword.arg for keyword in node.keywords} <= {"isolation", "readonly", "deferrable"}
            if name == "in_transaction" or (name == "transaction" and not node.args and options):
                yield node.lineno
            if name in {"execute", "execute_script", "execute_query"} and node.args:
                said = node.args[0]
                if isinstance(said, ast.Constant) and _TRANSACTION_SQL.match(str(said.value)):
                    yield node.lineno


def _sleeping_loops(source: Source) -> Iterator[int]:
    for loop in source.nodes:
        if isinstance(loop, ast.While | ast.For | ast.AsyncFor):
            for node in ast.walk(loop):
                if isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] == "sleep":
                    yield node.lineno


def _prints(source: Source) -> Iterator[int]:
    for node in source.nodes:
        if isinstance(node, ast.Call) and dotted(node.func) in {"print", "sys.stdout.write", "sys.stderr.write"}:
            yield node.lineno


_ROWS = r"(domain|catalog|leaderboards|api)/(.*/)?(tables|reading|\w+ing)\.py"

BORDERS = (
    Border(what="the environment", only_in=r"api/settings\.py", touches=_environment),
    Border(
        what="redis",
        only_in=r"api/(wiring|realtime)\.py|leaderboards/store\.py",
        touches=importing("redis", "valkey", "aioredis"),
    ),
    Border(what="strawberry and starlette", only_in=r"api/.*", touches=importing("strawberry", "starlette", "graphql")),
    Border(
        what="tortoise",
        only_in=rf"{_ROWS}|domain/kernel/(operation|outbox)\.py|migrations/.*",
        touches=importing("tortoise", "pypika_tortoise"),
    ),
    Border(what="asyncpg", only_in=r"domain/kernel/sql\.py", touches=importing("asyncpg")),
    # operation is the door; outbox stamps and claims under its own row locks; sql is what both open one through.
    Border(what="a transaction", only_in=r"domain/kernel/(operation|outbox|sql)\.py", touches=_transactions),
    # serving and embedded watch processes, not work.
    Border(what="a sleeping loop", only_in=r"api/(worker|realtime|serving)\.py|embedded/.*", touches=_sleeping_loops),
    Border(what="print", only_in=r"api/cli\.py", touches=_prints),
    Border(what="CEL", only_in=r"domain/kernel/expressions\.py", touches=importing("cel_expr_python")),
    Border(what="the embedded servers", only_in=r"api/(cli|serving)\.py|embedded/.*", touches=importing("embedded")),
)
