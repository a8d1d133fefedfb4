"""The access matrix as values: who may see which field and do which action; what has no row is denied."""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from domain.access.principals import Actor, Relation, Role, Scope
from domain.access.roles import FACE_ROLES

MATRIX_FILE = Path(__file__).with_name("matrix.toml")


class Extent(StrEnum):
    """How far a cell reaches."""

    NOTHING = "-"
    OWN = "own"
    PARTNER = "partner"
    ALL = "all"
    PUBLIC = "public"
    SCOPE = "scope"


# Which relations an extent grants; None stands for a record that belongs to nobody.
GRANTED: Mapping[Extent, frozenset[Relation | None]] = {
    Extent.NOTHING: frozenset(),
    Extent.OWN: frozenset({Relation.OWN}),
    Extent.PARTNER: frozenset({Relation.OWN, Relation.PARTNER}),
    Extent.ALL: frozenset({None, *Relation}),
    Extent.PUBLIC: frozenset({None, *Relation}),
    Extent.SCOPE: frozenset({None, *Relation}),
}

# The only extents that make sense for a role: a vendor's person owns no records of partners, a key acts by scope.
FITTING: Mapping[Role, frozenset[Extent]] = {
    Role.MEMBER: frozenset(Extent) - {Extent.SCOPE},
    Role.PARTNER_ADMIN: frozenset(Extent) - {Extent.SCOPE},
    Role.CHANNEL_MANAGER: frozenset(Extent) - {Extent.SCOPE, Extent.PARTNER},
    Role.ACCOUNT_MANAGER: frozenset(Extent) - {Extent.SCOPE, Extent.PARTNER},
    Role.CATALOG: frozenset(Extent) - {Extent.SCOPE, Extent.PARTNER},
    Role.SUPPORT: frozenset(Extent) - {Extent.SCOPE, Extent.PARTNER},
    Role.FINANCE: frozenset(Extent) - {Extent.SCOPE, Extent.PARTNER},
    Role.ADMIN: frozenset(Extent) - {Extent.SCOPE, Extent.PARTNER},
    Role.INTEGRATION: frozenset(Extent) - {Extent.PARTNER},
    Role.APPLICANT: frozenset(Extent) - {Extent.SCOPE, Extent.PARTNER},
    Role.ANONYMOUS: frozenset({Extent.NOTHING, Extent.PUBLIC}),
}


class MatrixInvalid(ValueError):
    """The matrix file says something that cannot be meant; the server does not start."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What one role may do with one noun, field or action."""

    extent: Extent
    scope: Scope | None = None

    def grants(self, relation: Relation | None, scopes: frozenset[Scope]) -> bool:
        """True where a record in this relation is granted to a holder of these scopes."""
        return relation in GRANTED[self.extent] and (self.scope is None or self.scope in scopes)

    def __str__(self) -> str:
        return f"scope:{self.scope}" if self.scope else self.extent


NOTHING = Cell(extent=Extent.NOTHING)


@dataclass(frozen=True, kw_only=True)
class MatrixRow:
    """One row: a noun (`Wallet`), a field of its own (`Member.email`) or an action (`Mutation.recordActivities`)."""

    name: str
    is_action: bool
    cells: Mapping[Role, Cell]

    def cell(self, role: Role) -> Cell:
        """The role's cell; nothing for a role without a column."""
        return self.cells.get(role, NOTHING)

    @property
    def type_name(self) -> str:
        return self.name.partition(".")[0]

    @property
    def field_name(self) -> str | None:
        return self.name.partition(".")[2] or None


@dataclass(frozen=True, kw_only=True)
class SchemaField:
    """A field of the schema as the matrix needs it: `is_root` for those of Query, Mutation and Subscription."""

    type_name: str
    name: str
    interfaces: tuple[str, ...] = ()
    is_root: bool = False

    def __str__(self) -> str:
        return f"{self.type_name}.{self.name}"


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """Every row by name, with the two kinds of carriers that hold nothing of their own."""

    nouns: Mapping[str, MatrixRow]
    actions: Mapping[str, MatrixRow]
    covering_interfaces: frozenset[str] = frozenset()
    covering_suffixes: tuple[str, ...] = ()

    @classmethod
    def load(cls, path: Path = MATRIX_FILE) -> "Matrix":
        """The matrix that the file spells. Refuses: MatrixInvalid for anything unknown, missing or contradictory."""
        return cls.of(tomllib.loads(path.read_text(encoding="utf-8")))

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Matrix":
        """The matrix of a decoded file. Refuses: MatrixInvalid."""
        unknown = set(document) - {"roles", "covering_interfaces", "covering_suffixes", "nouns", "actions"}
        if unknown:
            raise MatrixInvalid(f"unknown parts: {', '.join(sorted(unknown))}")
        if list(document["roles"]) != [role.value for role in FACE_ROLES]:
            raise MatrixInvalid(f"roles must be {', '.join(FACE_ROLES)}, in this order")
        nouns = {name: _row(name, cells, is_action=False) for name, cells in document["nouns"].items()}
        actions = {name: _row(name, cells, is_action=True) for name, cells in document["actions"].items()}
        for row in nouns.values():
            if row.field_name is not None and row.type_name not in nouns:
                raise MatrixInvalid(f"{row.name} replaces the row of a noun that has none")
        interfaces = frozenset(document.get("covering_interfaces", ()))
        for name in interfaces - set(nouns):
            raise MatrixInvalid(f"the covering interface {name} has no row")
        return cls(
            nouns=nouns,
            actions=actions,
            covering_interfaces=interfaces,
            covering_suffixes=tuple(document.get("covering_suffixes", ())),
        )

    def rows(self) -> tuple[MatrixRow, ...]:
        """All rows, nouns and their fields first, then actions, each in the order of the file."""
        return (*self.nouns.values(), *self.actions.values())

    def row_of(self, type_name: str, field: str, interfaces: Iterable[str] = ()) -> MatrixRow | None:
        """The row that decides a field: its own, its noun's, or that of a carrier; None where nothing was decided."""
        own = self.nouns.get(f"{type_name}.{field}") or self.nouns.get(type_name)
        if own is not None:
            return own
        for interface in sorted(self.covering_interfaces.intersection(interfaces)):
            return self.nouns[interface]
        if type_name.endswith(self.covering_suffixes):
            return CARRIER
        return None

    def allows_field(
        self,
        type_name: str,
        field: str,
        role: Role,
        relation: Relation | None,
        *,
        scopes: frozenset[Scope] = frozenset(),
        interfaces: Iterable[str] = (),
    ) -> bool:
        """True where the role may see this field of a record in this relation."""
        if role is Role.SYSTEM:
            return True
        row = self.row_of(type_name, field, interfaces)
        return row is not None and row.cell(role).grants(relation, scopes)

    def allows_action(self, name: str, actor: Actor) -> bool:
        """True where the actor may try this root field; whose records it touches is decided in SQL."""
        if actor.role is Role.SYSTEM:
            return True
        cell = self.action_cell(name, actor.role)
        return cell.extent is not Extent.NOTHING and (cell.scope is None or cell.scope in actor.scopes)

    def action_cell(self, name: str, role: Role) -> Cell:
        """The role's cell for an action; nothing for an action without a row."""
        row = self.actions.get(name)
        return NOTHING if row is None else row.cell(role)

    def uncovered(self, schema_fields: Iterable[SchemaField]) -> list[str]:
        """The fields and root fields of a schema that no row decides, in their order."""
        return [
            str(field)
            for field in schema_fields
            if (
                str(field) not in self.actions
                if field.is_root
                else self.row_of(field.type_name, field.name, field.interfaces) is None
            )
        ]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of every row and carrier: part of a cache key, because another matrix shows other fields."""
        spelled = {
            "rows": [[row.name, [str(row.cell(role)) for role in FACE_ROLES]] for row in self.rows()],
            "interfaces": sorted(self.covering_interfaces),
            "suffixes": sorted(self.covering_suffixes),
        }
        return hashlib.sha256(json.dumps(spelled, sort_keys=True).encode()).hexdigest()

    def as_markdown(self) -> str:
        """The matrix as documentation, one table row per row."""
        heads = ["noun, field or action", *(role.value for role in FACE_ROLES)]
        body = [[f"`{row.name}`", *(str(row.cell(role)) for role in FACE_ROLES)] for row in self.rows()]
        lines = [heads, ["---"] * len(heads), *body]
        return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _row(name: str, cells: object, *, is_action: bool) -> MatrixRow:
    if not isinstance(cells, list) or len(cells) != len(FACE_ROLES):
        raise MatrixInvalid(f"{name} needs {len(FACE_ROLES)} cells")
    if is_action and name.partition(".")[0] not in ("Query", "Mutation", "Subscription"):
        raise MatrixInvalid(f"the action {name} must begin with Query., Mutation. or Subscription.")
    return MatrixRow(
        name=name,
        is_action=is_action,
        cells={role: _cell(name, role, str(text)) for role, text in zip(FACE_ROLES, cells, strict=True)},
    )


def _cell(name: str, role: Role, text: str) -> Cell:
    kind, _, scope = text.partition(":")
    try:
        cell = Cell(extent=Extent(kind), scope=Scope(scope) if kind == Extent.SCOPE else None)
    except ValueError:
        raise MatrixInvalid(f"{name}: {role} holds {text!r}, which is no cell") from None
    if cell.extent not in FITTING[role] or str(cell) != text:
        raise MatrixInvalid(f"{name}: {text!r} does not fit {role}")
    return cell


CARRIER = MatrixRow(name="carriers", is_action=False, cells={role: Cell(extent=Extent.PUBLIC) for role in FACE_ROLES})
