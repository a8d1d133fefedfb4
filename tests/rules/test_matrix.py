"""The matrix file says what it means, denies what it does not name, and refuses what cannot be meant."""

import copy
import tomllib
from typing import Any

import pytest

from domain.access.matrix import MATRIX_FILE, Matrix, MatrixInvalid, SchemaField
from domain.access.principals import SYSTEM, Actor, Relation, Role, Scope
from domain.access.roles import ACCOUNT_ROLES, GRANTS, may_grant
from domain.kernel.ids import new_id

MATRIX = Matrix.load()
READS = frozenset({Scope.ACTIVITIES_READ})


def document() -> dict[str, Any]:
    """The file as data, to be spoiled."""
    return copy.deepcopy(tomllib.loads(MATRIX_FILE.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("noun", "field", "role", "relation", "allowed"),
    [
        ("Award", "amount", Role.MEMBER, Relation.OWN, True),
        ("Award", "amount", Role.MEMBER, Relation.PARTNER, False),
        ("Award", "amount", Role.MEMBER, None, False),
        ("Award", "amount", Role.PARTNER_ADMIN, Relation.PARTNER, True),
        ("Award", "amount", Role.PARTNER_ADMIN, Relation.OPERATOR, False),
        ("Award", "amount", Role.CHANNEL_MANAGER, Relation.OPERATOR, True),
        ("Award", "amount", Role.ANONYMOUS, Relation.OWN, False),
        ("Member", "email", Role.PARTNER_ADMIN, Relation.PARTNER, True),
        ("Member", "externalId", Role.MEMBER, Relation.OWN, False),
        ("Member", "name", Role.MEMBER, Relation.OWN, True),
        ("Program", "name", Role.ANONYMOUS, None, True),
        ("Program", "budget", Role.ANONYMOUS, None, False),
        ("Program", "budget", Role.PARTNER_ADMIN, Relation.OWN, False),
        ("Nothing", "known", Role.ADMIN, Relation.OPERATOR, False),
        ("Nothing", "known", Role.SYSTEM, None, True),
        ("MemberConnection", "edges", Role.ANONYMOUS, None, True),
    ],
)
def test_a_field_is_seen_as_its_row_says(
    noun: str, field: str, role: Role, relation: Relation | None, allowed: bool
) -> None:
    assert MATRIX.allows_field(noun, field, role, relation) is allowed


def test_a_machine_reads_by_scope() -> None:
    for scopes in (READS, frozenset({Scope.EVENTS_READ}), frozenset[Scope]()):
        seen = MATRIX.allows_field("Award", "amount", Role.INTEGRATION, Relation.OPERATOR, scopes=scopes)
        assert seen is (scopes == READS)
    assert not MATRIX.allows_field("Member", "email", Role.INTEGRATION, Relation.OPERATOR, scopes=frozenset(Scope))


def test_an_action_asks_for_its_role_and_its_scope() -> None:
    def actor(role: Role, *scopes: Scope) -> Actor:
        return Actor(principal_id=new_id(), role=role, scopes=frozenset(scopes))

    record = "Mutation.recordActivities"
    assert MATRIX.allows_action(record, actor(Role.INTEGRATION, Scope.ACTIVITIES_WRITE))
    assert not MATRIX.allows_action(record, actor(Role.INTEGRATION, Scope.ACTIVITIES_READ))
    assert not MATRIX.allows_action(record, actor(Role.MEMBER, Scope.ACTIVITIES_WRITE))
    assert not MATRIX.allows_action("Mutation.unheardOf", actor(Role.ADMIN))
    assert MATRIX.allows_action("Mutation.unheardOf", SYSTEM)


def test_what_has_no_row_is_named() -> None:
    fields = [
        SchemaField(type_name="Query", name="viewer", is_root=True),
        SchemaField(type_name="Query", name="secrets", is_root=True),
        SchemaField(type_name="Award", name="whatever"),
        SchemaField(type_name="Secret", name="value"),
        SchemaField(type_name="CodeGone", name="code", interfaces=("Refusal",)),
        SchemaField(type_name="Thing", name="id", interfaces=("Node",)),
        SchemaField(type_name="ThingEdge", name="node"),
    ]
    assert MATRIX.uncovered(fields) == ["Query.secrets", "Secret.value", "Thing.id"]


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        ("Award", ["own", "partner", "all", "all", "-"]),
        ("Award", ["own", "partner", "all", "all", "-", "all"]),
        ("Award", ["mine", "partner", "all", "all", "-", "-"]),
        ("Award", ["scope:events:read", "partner", "all", "all", "-", "-"]),
        ("Award", ["own", "partner", "all", "all", "scope:everything", "-"]),
        ("Award", ["own", "partner", "all", "all", "scope", "-"]),
        ("Award", ["own:x", "partner", "all", "all", "-", "-"]),
        ("Award", ["own", "partner", "partner", "all", "-", "-"]),
        ("Orphan.field", ["own", "partner", "all", "all", "-", "-"]),
        ("Award", "own"),
    ],
)
def test_a_row_that_cannot_be_meant_is_refused(row: str, cells: Any) -> None:
    spoiled = document()
    spoiled["nouns"][row] = cells
    with pytest.raises(MatrixInvalid):
        Matrix.of(spoiled)


def test_a_file_of_another_shape_is_refused() -> None:
    for spoil in (
        lambda d: d.update(extra=1),
        lambda d: d["roles"].reverse(),
        lambda d: d["actions"].update({"doThings": ["-"] * 6}),
        lambda d: d["covering_interfaces"].append("Nobody"),
    ):
        spoiled = document()
        spoil(spoiled)
        with pytest.raises(MatrixInvalid):
            Matrix.of(spoiled)


def test_another_matrix_has_another_digest() -> None:
    changed = document()
    changed["nouns"]["Award"][0] = "-"
    assert Matrix.load().digest == MATRIX.digest
    assert Matrix.of(changed).digest != MATRIX.digest


def test_nobody_grants_a_role_above_their_own() -> None:
    order = [
        Role.APPLICANT,
        Role.MEMBER,
        Role.PARTNER_ADMIN,
        Role.CATALOG,
        Role.SUPPORT,
        Role.FINANCE,
        Role.ACCOUNT_MANAGER,
        Role.CHANNEL_MANAGER,
        Role.ADMIN,
    ]
    for granter in Role:
        for role in Role:
            if may_grant(granter, role):
                assert role in ACCOUNT_ROLES
                assert granter is Role.SYSTEM or order.index(granter) >= order.index(role)
    assert not may_grant(Role.MEMBER, Role.MEMBER)
    assert Role.INTEGRATION not in GRANTS


def test_the_matrix_prints_as_documentation() -> None:
    text = MATRIX.as_markdown()
    assert text.count("\n") == len(MATRIX.rows()) + 2
    assert "| `Mutation.recordActivities` | - | - | - | - | - | - | - | all | scope:activities:write | - | - |" in text
