"""Terms: what one version of a program promises, parsed from its document, and the parameters it declares."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast
from zoneinfo import ZoneInfo

from domain.kernel.expressions import (
    ExpressionProblem,
    ValueType,
    compiled,
    value_fits,
    variables_named,
)
from domain.kernel.money import UNIT_CODE
from domain.kernel.periods import Period, PeriodKind, period_of, program_window, start_of_day, zone_named
from domain.programs.caps import SharedCap, shared_caps_read
from domain.programs.document import FromParameter, InvalidTerms, Problem, Reader
from domain.programs.rules import ATTRIBUTE_MARK, Rule, rule_read

RULES_MAX = 50
NAMES_MAX = 40
INT_MAX = 10**15
GROUPS = ("attributes", "facts", "member", "partner")
TERMS_FIELDS = ("unit", "zone", "window", *GROUPS, "parameters", "rules", "shared_caps")
BUILT_IN: Mapping[str, ValueType] = {
    "activity.source": ValueType.STRING,
    "activity.external_id": ValueType.STRING,
    "activity.type": ValueType.STRING,
    "activity.occurred_at": ValueType.TIMESTAMP,
    "activity.quantity": ValueType.INT,
    "activity.amount_list": ValueType.INT,
    "activity.amount_net": ValueType.INT,
    "activity.amount_margin": ValueType.INT,
    "activity.amount_paid": ValueType.INT,
    "activity.discount_ppm": ValueType.INT,
    "member.id": ValueType.STRING,
    "partner.id": ValueType.STRING,
    "tally.count": ValueType.INT,
    "tally.basis_total": ValueType.INT,
    "tally.quantity_total": ValueType.INT,
    "tally.due_total": ValueType.INT,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """A variable that conditions may read: its type, and the value that stands in where it is absent."""

    type: ValueType
    default: object = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """A parameter of the enrollment: its type, the bounds of an INT, and its default (None: it must be given)."""

    name: str
    type: ValueType
    minimum: int | None = None
    maximum: int | None = None
    default: object = None


@dataclass(frozen=True, kw_only=True)
class Terms:
    """A version of terms; `variables` are all names a condition may use, `document` the canonical form."""

    unit: str
    zone: ZoneInfo
    window: Period
    attributes: Mapping[str, Declared]
    facts: Mapping[str, Declared]
    member: Mapping[str, Declared]
    partner: Mapping[str, Declared]
    parameters: Mapping[str, Parameter]
    rules: tuple[Rule, ...]
    shared_caps: tuple[SharedCap, ...]
    variables: Mapping[str, ValueType]
    defaults: Mapping[str, object]
    document: Mapping[str, object]
    digest: str

    @classmethod
    def from_json(cls, document: object) -> "Terms":
        """The terms in the document. Refuses: InvalidTerms, with the path and reason of every problem."""
        return _terms(document)

    def to_json(self) -> dict[str, object]:
        """The canonical document: the same terms, every default written out."""
        return cast("dict[str, object]", json.loads(json.dumps(self.document)))

    def rule(self, code: str) -> Rule:
        """The rule with this code. Refuses: KeyError."""
        for rule in self.rules:
            if rule.code == code:
                return rule
        raise KeyError(code)

    def shared_cap(self, rule: str) -> SharedCap | None:
        """The cap that this rule shares with others."""
        return next((shared for shared in self.shared_caps if rule in shared.rules), None)

    def unit_code(self, rule: str) -> str:
        """What names the unit in which the rule is evaluated: its shared cap's code, else its own."""
        shared = self.shared_cap(rule)
        return rule if shared is None else shared.code

    def rules_of(self, unit_code: str) -> tuple[Rule, ...]:
        """The rules that are evaluated in the units of this code, in the order of the document."""
        return tuple(rule for rule in self.rules if self.unit_code(rule.code) == unit_code)

    def period_of(self, rule: Rule, occurred_at: datetime) -> Period:
        """The period of the rule's unit for an activity of that instant; PROGRAM is the window, even outside it.

        Refuses: InstantOutOfBounds.
        """
        if rule.period is PeriodKind.PROGRAM:
            return self.window
        return period_of(rule.period, occurred_at, self.zone)

    def fact_kinds(self, rule: Rule) -> frozenset[str]:
        """The kinds of dated fact that the rule's condition reads: one recorded for the past re-walks its units."""
        roots = ("facts.", "member.", "partner.")
        read = variables_named(rule.condition) if rule.condition else ()
        named = {name for name in read if name.startswith(roots)} - {"member.id", "partner.id"}
        return frozenset(name.split(".", 1)[1] for name in named)

    def resolved(self, given: Mapping[str, object]) -> Mapping[str, object]:
        """Every declared parameter's value: the given one (a DATE as text or instant), else its default.

        Refuses: InvalidTerms for a name not declared, a value of another type or out of bounds, one missing.
        """
        problems = [Problem(path=name, reason="is not declared") for name in given if name not in self.parameters]
        values: dict[str, object] = {}
        for name, parameter in self.parameters.items():
            value = given.get(name)
            value = parameter.default if value is None else value
            found = parameter_value(value, parameter, self.zone)
            if isinstance(found, Problem):
                problems.append(found)
            else:
                values[name] = found
        if problems:
            raise InvalidTerms(problems)
        return values


def parameter_value(value: object, parameter: Parameter, zone: ZoneInfo) -> object:
    """The value in the parameter's type, or the problem with it."""
    if value is None:
        return Problem(path=parameter.name, reason="has no default and must be given")
    if parameter.type is ValueType.TIMESTAMP and isinstance(value, str):
        value = instant_read(value, zone)
    if not value_fits(value, parameter.type):
        return Problem(path=parameter.name, reason=f"is not {parameter.type}")
    if parameter.type is ValueType.INT:
        least, most = cast("int", parameter.minimum), cast("int", parameter.maximum)
        if not least <= cast("int", value) <= most:
            return Problem(path=parameter.name, reason=f"is from {least} to {most}")
    return value


def instant_read(text: str, zone: ZoneInfo) -> datetime | None:
    """An instant from ISO text with an offset; a bare date is the start of its day in the zone; else nothing."""
    try:
        if len(text) == 10:
            return start_of_day(date.fromisoformat(text), zone)
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo is not None else None


def _terms(document: object) -> Terms:
    problems: list[Problem] = []
    if not isinstance(document, dict):
        raise InvalidTerms([Problem(path="", reason="the terms are an object")])
    fields = cast("dict[str, object]", document)
    reader = Reader(fields=fields, path="", problems=problems)
    reader.only(
        "unit", "zone", "window", "attributes", "facts", "member", "partner", "parameters", "rules", "shared_caps"
    )
    unit, zone = _unit(reader), _zone(reader)
    groups = {root: _declared(reader, root) for root in GROUPS}
    parameters = _parameters(reader, zone)
    numbers = {
        name: FromParameter(name=name, minimum=cast("int", item.minimum), maximum=cast("int", item.maximum))
        for name, item in parameters.items()
        if item.type is ValueType.INT
    }
    variables = _variables(reader, groups, parameters)
    inner = Reader(fields=fields, path="", problems=problems, numbers=numbers)
    rules = tuple(rule_read(each, unit) for each in inner.each("rules", RULES_MAX, items_min=1))
    shared_caps = _shared_caps(inner, rules)
    _check_rules(inner, rules, variables, groups["attributes"])
    window = _window(reader, zone)
    if problems:
        raise InvalidTerms(problems)
    canonical: dict[str, object] = {
        "unit": unit,
        "zone": zone.key,
        "window": fields.get("window") or {},
        **{root: {name: _declared_json(item) for name, item in group.items()} for root, group in groups.items()},
        "parameters": {name: _parameter_json(item) for name, item in parameters.items()},
        "rules": [rule.to_json() for rule in rules],
        "shared_caps": [shared.to_json() for shared in shared_caps],
    }
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Terms(
        unit=unit,
        zone=zone,
        window=window,
        attributes=groups["attributes"],
        facts=groups["facts"],
        member=groups["member"],
        partner=groups["partner"],
        parameters=parameters,
        rules=rules,
        shared_caps=shared_caps,
        variables=variables,
        defaults={
            f"{'activity' if root == 'attributes' else root}.{name}": item.default
            for root, group in groups.items()
            for name, item in group.items()
            if item.default is not None
        },
        document=canonical,
        digest=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
    )


def _unit(reader: Reader) -> str:
    unit = reader.text("unit", 16)
    if not UNIT_CODE.fullmatch(unit):
        reader.problem("unit", "is a unit code: 2 to 16 capital letters, digits, underscores")
        return "POINTS"
    return unit


def _zone(reader: Reader) -> ZoneInfo:
    try:
        return zone_named(reader.text("zone", 64))
    except ValueError as problem:
        reader.problem("zone", str(problem))
        return ZoneInfo("UTC")


def _window(reader: Reader, zone: ZoneInfo) -> Period:
    ends: dict[str, datetime | None] = {"from": None, "until": None}
    if reader.has("window"):
        inner = reader.inner("window")
        inner.only("from", "until")
        for name in ends:
            if inner.has(name):
                ends[name] = instant_read(inner.text(name, 40), zone)
                if ends[name] is None:
                    inner.problem(name, "is a date, or an instant with its offset")
    try:
        return program_window(ends["from"], ends["until"])
    except ValueError as problem:
        reader.problem("window", str(problem))
        return program_window(None, None)


def _declared(reader: Reader, root: str) -> dict[str, Declared]:
    found: dict[str, Declared] = {}
    for name, inner in reader.named(root, NAMES_MAX).items():
        inner.only("type", "default")
        value_type = inner.choice("type", ValueType)
        default = inner.fields.get("default")
        if default is not None and (value_type is ValueType.TIMESTAMP or not value_fits(default, value_type)):
            inner.problem("default", f"is not {value_type}, or is an instant, which has no default")
            default = None
        found[name] = Declared(type=value_type, default=default)
    return found


def _parameters(reader: Reader, zone: ZoneInfo) -> dict[str, Parameter]:
    found: dict[str, Parameter] = {}
    for name, inner in reader.named("parameters", NAMES_MAX).items():
        inner.only("type", "min", "max", "default")
        value_type = inner.choice("type", ValueType)
        is_int = value_type is ValueType.INT
        if not is_int and (inner.has("min") or inner.has("max")):
            inner.problem("min", "only an INT has bounds")
        parameter = Parameter(
            name=name,
            type=value_type,
            minimum=inner.whole("min", -INT_MAX, INT_MAX) if is_int else None,
            maximum=inner.whole("max", -INT_MAX, INT_MAX) if is_int else None,
            default=inner.fields.get("default"),
        )
        if parameter.default is not None:
            problem = parameter_value(parameter.default, parameter, zone)
            if isinstance(problem, Problem):
                inner.problem("default", problem.reason)
        found[name] = parameter
    return found


def _variables(
    reader: Reader, groups: Mapping[str, Mapping[str, Declared]], parameters: Mapping[str, Parameter]
) -> dict[str, ValueType]:
    variables = dict(BUILT_IN)
    for root, group in groups.items():
        for name, item in group.items():
            variable = f"{'activity' if root == 'attributes' else root}.{name}"
            if variable in BUILT_IN:
                reader.problem(f"{root}.{name}", f"{variable} is built in")
            variables[variable] = item.type
    return variables | {f"parameters.{name}": item.type for name, item in parameters.items()}


def _check_rules(
    reader: Reader, rules: tuple[Rule, ...], variables: Mapping[str, ValueType], attributes: Mapping[str, Declared]
) -> None:
    if len({rule.code for rule in rules}) < len(rules):
        reader.problem("rules", "have different codes")
    for index, rule in enumerate(rules):
        path = f"rules[{index}]"
        for share in rule.beneficiaries:
            named = attributes.get(share.to.removeprefix(ATTRIBUTE_MARK))
            if share.to.startswith(ATTRIBUTE_MARK) and (named is None or named.type is not ValueType.STRING):
                reader.problem(f"{path}.beneficiaries", f"{share.to} is not a declared STRING attribute")
            part = attributes.get(share.share_from.removeprefix(ATTRIBUTE_MARK)) if share.share_from else None
            if share.share_from and (part is None or part.type is not ValueType.INT):
                reader.problem(f"{path}.beneficiaries", f"{share.share_from} is not a declared INT attribute")
        if rule.condition is None:
            continue
        condition = compiled(rule.condition, variables)
        if isinstance(condition, ExpressionProblem):
            reader.problem(f"{path}.condition", condition.reason)
        elif rule.effect.rerates and "tally.due_total" in condition.variables:
            reader.problem(f"{path}.condition", "a retroactive rule does not read tally.due_total, which it re-rates")


def _shared_caps(reader: Reader, rules: tuple[Rule, ...]) -> tuple[SharedCap, ...]:
    found = shared_caps_read(reader, {rule.code: rule.period for rule in rules})
    by_code = {rule.code: rule for rule in rules}
    for index, shared in enumerate(found):
        together = [by_code[code] for code in shared.rules if code in by_code]
        if len({rule.subject for rule in together}) > 1:
            reader.problem(f"shared_caps[{index}].rules", "have one subject, whose unit they share")
        if any(rule.effect.has_milestones for rule in together):
            reader.problem(f"shared_caps[{index}].rules", "a milestone is given once, caps do not apply to it")
    return found


def _declared_json(item: Declared) -> dict[str, object]:
    return {"type": item.type.value, "default": item.default}


def _parameter_json(item: Parameter) -> dict[str, object]:
    bounds = {"min": item.minimum, "max": item.maximum} if item.type is ValueType.INT else {}
    return {"type": item.type.value, **bounds, "default": item.default}
