"""What tables.py says of the database is what the migrations made of it; and migrations are plain SQL."""

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

import pytest
from tortoise.models import Model

from domain.kernel.sql import Database
from migrations import MODELS

ROOT = Path(__file__).parents[2]

# The ORM keeps one table of its own, which is nobody's model.
COLUMNS = """
SELECT table_name, column_name, is_nullable = 'YES' AS nullable FROM information_schema.columns
WHERE table_schema = 'public' AND table_name <> 'tortoise_migrations'
"""
CONSTRAINTS = """
SELECT conrelid::regclass::text AS table_name, conname FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'u')
"""

Columns = Mapping[str, Mapping[str, bool]]
Names = Mapping[str, frozenset[str]]


def models() -> Iterator[type[Model]]:
    """Every row type of every room."""
    for module in MODELS:
        for found in vars(import_module(module)).values():
            if isinstance(found, type) and issubclass(found, Model) and found is not Model:
                yield found


def stated_columns() -> Columns:
    """Table → column → may it be NULL, as tables.py says."""
    return {
        model._meta.db_table: {
            column: model._meta.fields_map[name].null for name, column in model._meta.fields_db_projection.items()
        }
        for model in models()
    }


def stated_constraints() -> Names:
    """Table → the names in its Meta.constraints."""
    return {
        model._meta.db_table: frozenset(str(one.name) for one in getattr(model.Meta, "constraints", ()))
        for model in models()
    }


def differing_columns(stated: Columns, migrated: Columns) -> list[str]:
    """Columns that are only stated, only migrated, or may be NULL in one of them alone."""
    return sorted(
        f"{table}.{column}: stated {_said(stated, table, column)}, migrated {_said(migrated, table, column)}"
        for table in stated.keys() | migrated.keys()
        for column in stated.get(table, {}).keys() | migrated.get(table, {}).keys()
        if _said(stated, table, column) != _said(migrated, table, column)
    )


def _said(columns: Columns, table: str, column: str) -> str:
    nullable = columns.get(table, {}).get(column)
    return "nothing" if nullable is None else "NULL" if nullable else "NOT NULL"


def missing_constraints(stated: Names, migrated: Names) -> list[str]:
    """Names that tables.py states and the database lacks."""
    return sorted(
        f"{table}: {name}" for table, names in stated.items() for name in names - migrated.get(table, frozenset())
    )


@pytest.fixture(scope="module")
async def migrated(database: str) -> tuple[Columns, Names]:
    connected = await Database.open(database, connections_max=1)
    columns = dict[str, dict[str, bool]]()
    for row in await connected.fetch(COLUMNS):
        columns.setdefault(row["table_name"], {})[row["column_name"]] = row["nullable"]
    names = dict[str, set[str]]()
    for row in await connected.fetch(CONSTRAINTS):
        names.setdefault(row["table_name"].strip('"'), set()).add(row["conname"])
    await connected.close()
    return columns, {table: frozenset(found) for table, found in names.items()}


def test_the_columns_of_every_model_are_those_of_its_table(migrated: tuple[Columns, Names]) -> None:
    assert len(stated_columns()) > 30
    assert differing_columns(stated_columns(), migrated[0]) == []


def test_every_constraint_that_a_model_names_exists(migrated: tuple[Columns, Names]) -> None:
    stated = stated_constraints()
    assert sum(map(len, stated.values())) > 80
    assert missing_constraints(stated, migrated[1]) == []


def test_a_column_or_constraint_that_only_one_side_has_is_caught() -> None:
    stated = {"wallet": {"id": False, "colour": False, "seq": False}}
    assert differing_columns(stated, {"wallet": {"id": False, "seq": True}, "stray": {"id": False}}) == [
        "stray.id: stated nothing, migrated NOT NULL",
        "wallet.colour: stated NOT NULL, migrated nothing",
        "wallet.seq: stated NOT NULL, migrated NULL",
    ]
    assert missing_constraints({"wallet": frozenset({"l9_planted"})}, {"wallet": frozenset({"l2_known"})}) == [
        "wallet: l9_planted"
    ]


def not_plain(text: str) -> list[str]:
    """The operations of a migration that are no SQL: the ORM would copy the state of every model for them."""
    return [name for name in re.findall(r"\bops\.([A-Z]\w+)", text) if name != "RunSQL"]


def test_every_migration_is_plain_sql() -> None:
    files = sorted((ROOT / "migrations").glob("0*.py"))
    assert files
    assert {path.name: found for path in files if (found := not_plain(path.read_text(encoding="utf-8")))} == {}
    assert not_plain('ops.RunSQL("SELECT 1"), ops.CreateModel(name="Planted")') == ["CreateModel"]
