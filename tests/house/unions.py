"""What a mutation may refuse, by its own words and by those of all it calls, beside what its union names."""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

from api.graph.mutating import EVERYWHERE, keyed
from api.refusals import all_refusals
from domain.kernel.operation import Door

# What is refused item by item stands in the result of the item, not in the union.
REFUSES = re.compile(r"Refuses:(.*?)(?:item by item.*)?\Z", re.DOTALL)
BRACKETS = re.compile(r"\([^()]*\)")
NAME = re.compile(r"\b[A-Z]\w+")


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """One mutation: the names in its union, and those of the refusals that its resolver may meet."""

    name: str
    union: frozenset[str]
    documented: frozenset[str]

    @property
    def differences(self) -> list[str]:
        """What only one of the two says; empty where they agree."""
        unsaid = [f"{self.name} may refuse {name}, which its union lacks" for name in self.documented - self.union]
        idle = [f"{self.name} never refuses {name}, which its union names" for name in self.union - self.documented]
        return sorted(unsaid + idle)


def mutations_of(module: ModuleType, source: str) -> Iterator[Mutation]:
    """Every mutation that the module's source declares; names are looked up in the module."""
    everywhere = frozenset(kind.__name__ for kind in EVERYWHERE)
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.AsyncFunctionDef):
            continue
        for decorator in node.decorator_list:
            if (
                isinstance(decorator, ast.Call)
                and isinstance(decorator.func, ast.Name)
                and decorator.func.id == "mutation"
            ):
                yield Mutation(
                    name=node.name,
                    union=frozenset(_named(module, decorator.args[1:])) - everywhere,
                    documented=frozenset(_met(module, node, set())) - everywhere,
                )


def documented(function: Callable[..., Any]) -> frozenset[str] | None:
    """The refusals after `Refuses:`; None where the docstring does not speak of any."""
    found = REFUSES.search(inspect.getdoc(function) or "")
    if found is None:
        return None
    known = {kind.__name__ for kinds in all_refusals().values() for kind in kinds}
    return frozenset(NAME.findall(BRACKETS.sub("", found[1]))) & known


def _named(module: ModuleType, given: list[ast.expr]) -> Iterator[str]:
    for one in given:
        if isinstance(one, ast.Starred) and isinstance(one.value, ast.Name):
            yield from (kind.__name__ for kind in getattr(module, one.value.id))
        elif isinstance(one, ast.Name):
            yield one.id


def _met(module: ModuleType, body: ast.AST, seen: set[Callable[..., Any]]) -> Iterator[str]:
    """The refusals that this code raises, or that what it calls says or raises; `seen` is read once."""
    for node in ast.walk(body):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name):
            yield node.exc.func.id
        if not isinstance(node, ast.Call):
            continue
        for called in _called(module, node.func):
            told = documented(called)
            if told is not None:
                yield from told
            elif called.__module__.startswith("api.graph") and called not in seen:
                seen.add(called)
                inner = ast.parse(textwrap.dedent(inspect.getsource(called)))
                yield from _met(inspect.getmodule(called) or module, inner, seen)


def _called(module: ModuleType, func: ast.expr) -> Iterator[Callable[..., Any]]:
    """The functions behind a call: one of this name in the module, or methods of this name of the module's classes."""
    if isinstance(func, ast.Name):
        found = getattr(module, func.id, None)
        if found is keyed:
            yield Door.operate_keyed
        elif isinstance(found, FunctionType):
            yield found
    elif isinstance(func, ast.Attribute):
        for kind in vars(module).values():
            if inspect.isclass(kind) and kind.__module__ == module.__name__:
                method = vars(kind).get(func.attr)
                if isinstance(method, FunctionType):
                    yield method
