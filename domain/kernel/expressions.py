"""Conditions as data, the only CEL: compiled and type-checked against declared variables, evaluated to a bool."""

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cel_expr_python import cel  # pyright: ignore[reportMissingTypeStubs] - its stub lies beside the module

SOURCE_CHARACTERS_MAX = 2_000
VARIABLES_MAX = 200
TEXT_CHARACTERS_MAX = 10_000
CACHE_ENTRIES_MAX = 1_000
PROBLEM_CHARACTERS_MAX = 500
ROOTS = ("activity", "member", "partner", "facts", "parameters", "tally")
VARIABLE = re.compile(rf"(?:{'|'.join(ROOTS)})\.[a-z][a-z0-9_]{{0,62}}")
REFERENCE = re.compile(rf"(?<![\w.])\.?\s*({'|'.join(ROOTS)})\s*\.\s*([A-Za-z_]\w*)")
MACRO = re.compile(r"\b(has|all|exists|exists_one|existsOne|map|filter|bind)\s*\(")
STRING_OR_COMMENT = re.compile(
    r'[rRbB]{0,2}"""(?:\\.|[^\\])*?"""|[rRbB]{0,2}\'\'\'(?:\\.|[^\\])*?\'\'\''
    r'|[rRbB]{0,2}"(?:\\.|[^"\\\n])*"|[rRbB]{0,2}\'(?:\\.|[^\'\\\n])*\'|//[^\n]*',
    re.DOTALL,
)


class ValueType(StrEnum):
    """The types a declared variable may have."""

    INT = "INT"
    STRING = "STRING"
    BOOL = "BOOL"
    TIMESTAMP = "TIMESTAMP"


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpressionProblem:
    """Why a condition could not be compiled or evaluated, in words for its author."""

    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """A condition that was type-checked: its source, the variables it names, and its checked form."""

    source: str
    variables: tuple[str, ...]
    checked: cel.Expression

    def serialized(self) -> bytes:
        """The checked expression, to be kept and given to `restored`."""
        return self.checked.serialize()

    def holds(self, values: Mapping[str, object]) -> bool | ExpressionProblem:
        """Whether the condition holds for these values of its variables; an error is a value, never an exception."""
        try:
            result = self.checked.eval(data=values)
            answer = result.value()
        except (RuntimeError, TypeError, ValueError, OverflowError) as problem:
            return _problem(str(problem))
        if answer is True or answer is False:
            return answer
        return _problem(str(answer))


def value_fits(value: object, value_type: ValueType) -> bool:
    """True when the value may stand for a variable of the type: 64-bit ints, text up to 10,000, aware instants."""
    if value_type is ValueType.BOOL:
        return isinstance(value, bool)
    if value_type is ValueType.INT:
        return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63
    if value_type is ValueType.STRING:
        return isinstance(value, str) and len(value) <= TEXT_CHARACTERS_MAX
    return isinstance(value, datetime) and value.tzinfo is not None


def compiled(source: str, declared: Mapping[str, ValueType]) -> Condition | ExpressionProblem:
    """The type-checked condition over the declared variables ("activity.product", …), or why there is none.

    Answers a problem for more than 2,000 characters, an undeclared name, a type error, a result that is not a
    bool, nesting beyond the parser's bound, and every macro (they loop, and no variable is a list).
    """
    if len(source) > SOURCE_CHARACTERS_MAX:
        return _problem(f"a condition has at most {SOURCE_CHARACTERS_MAX} characters")
    if len(declared) > VARIABLES_MAX or not all(VARIABLE.fullmatch(name) for name in declared):
        return _problem(f"at most {VARIABLES_MAX} variables are declared, each one of {', '.join(ROOTS)} and a name")
    bare = STRING_OR_COMMENT.sub(" ", source)
    macro = MACRO.search(bare)
    if macro:
        return _problem(f"{macro[1]}() is not available: conditions do not loop; give a fact a default instead of has")
    names = variables_named(source)
    unknown = [name for name in names if name not in declared]
    if unknown:
        return _problem(f"{unknown[0]} is not declared")
    try:
        checked = _environment(names, declared).compile(source)
        if checked.return_type() != cel.Type.BOOL:
            return _problem(f"a condition is true or false, this one is {checked.return_type().name()}")
    except (RuntimeError, TypeError, ValueError) as problem:
        return _problem(str(problem))
    return Condition(source=source, variables=names, checked=checked)


def variables_named(source: str) -> tuple[str, ...]:
    """The variables that a condition names, sorted, declared or not; nothing is compiled."""
    bare = STRING_OR_COMMENT.sub(" ", source)
    return tuple(sorted({f"{root}.{name}" for root, name in REFERENCE.findall(bare)}))


def restored(source: str, serialized: bytes, declared: Mapping[str, ValueType]) -> Condition | ExpressionProblem:
    """The condition kept as `serialized`, without checking it again, or why it cannot be read."""
    names = tuple(name for name in variables_named(source) if name in declared)
    try:
        return Condition(source=source, variables=names, checked=_environment(names, declared).deserialize(serialized))
    except (RuntimeError, TypeError, ValueError) as problem:
        return _problem(str(problem))


class ConditionCache:
    """Compiled conditions, the least recently used forgotten first; its owner does not share it between threads."""

    def __init__(self, entries_max: int = CACHE_ENTRIES_MAX) -> None:
        if entries_max < 1:
            raise ValueError("a cache holds at least one entry")
        self._entries_max = entries_max
        self._entries: OrderedDict[tuple[str, str], Condition | ExpressionProblem] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def compiled(self, source: str, declared: Mapping[str, ValueType], digest: str) -> Condition | ExpressionProblem:
        """As `compiled`, once per source and digest of the declarations."""
        key = (digest, source)
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = compiled(source, declared)
            if len(self._entries) > self._entries_max:
                self._entries.popitem(last=False)
        else:
            self._entries.move_to_end(key)
        return entry


def _environment(names: tuple[str, ...], declared: Mapping[str, ValueType]) -> cel.Env:
    types = {
        ValueType.INT: cel.Type.INT,
        ValueType.STRING: cel.Type.STRING,
        ValueType.BOOL: cel.Type.BOOL,
        ValueType.TIMESTAMP: cel.Type.TIMESTAMP,
    }
    return cel.NewEnv(variables={name: types[declared[name]] for name in names})


def _problem(reason: str) -> ExpressionProblem:
    return ExpressionProblem(reason=" ".join(reason.split())[:PROBLEM_CHARACTERS_MAX])
