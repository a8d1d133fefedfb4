"""What `make crm` does with a real export, on the dirty one: the same steps, with its own figures and planted ties."""

from contextlib import AbstractAsyncContextManager
from datetime import date
from pathlib import Path

import pytest

from benchmarks.crm import STEPS
from benchmarks.crm_figures import Deal, Differs, Known, must_be_the_known_export
from benchmarks.crm_import import changed_copy, every_row_is_accounted_for
from benchmarks.crm_stage import Stage, stage_at

DIRTY = Path(__file__).parents[1] / "data" / "crm_dirty"
OFFICES = {"Ada Quill": "North", "Bram Osei": "North", "Cleo Marsh": "North"}


def won(agent: str, closed: str, usd: float) -> Deal:
    return Deal(agent=agent, office=OFFICES.get(agent, "South"), closed=closed, cents=round(usd * 100))


# Ada and Dov tie at 3,500 USD, Bram and Cleo at 1,400; 5 % of 45.50 USD are rounded.
DEALS = {
    "W00001": won("Ada Quill", "2017-03-11", 1_000),
    "W00002": won("Ada Quill", "2017-04-12", 2_000),
    "W00003": won("Ada Quill", "2017-05-13", 500),
    "W00004": won("Dov Laurent", "2017-03-14", 500),
    "W00005": won("Dov Laurent", "2017-04-15", 3_000),
    "W00006": won("Bram Osei", "2017-07-15", 700),
    "W00007": won("Bram Osei", "2017-07-15", 700),
    "W00008": won("Cleo Marsh", "2017-08-01", 1_400),
    "W00009": won("Élise Fournier", "2017-03-19", 4_200),
    "W00010": won("Élise Fournier", "2017-04-20", 1),
    "W00011": won("Finn O'Dell", "2017-03-21", 55),
    "D-SPACES": won("Finn O'Dell", "2017-12-31", 45.5),
}
KNOWN = Known(
    rows=87,
    counts={"RECORDED": 42, "DUPLICATE": 1, "SKIPPED": 20, "REJECTED": 24},
    partners=3,
    members=7,
    deals=DEALS,
    changes=10,
)


def stage_of(
    database_url: str, valkey_url: str, scratch: Path, known: Known = KNOWN
) -> AbstractAsyncContextManager[Stage]:
    return stage_at(DIRTY, known, database_url=database_url, valkey_url=valkey_url, scratch=scratch, batch=10)


async def test_every_step_of_the_real_export_stands_on_the_dirty_one(
    fresh_database: str, valkey_url: str, tmp_path: Path
) -> None:
    async with stage_of(fresh_database, valkey_url, tmp_path) as stage:
        said = {name: "\n".join(await step(stage)) for name, step in STEPS}
    assert "42 recorded" in said["Every row is accounted for"]
    assert "third quarter: 3 deals, 2 members, 2,800 USD; first 1,400 · 1,400" in said["The boards are right"]
    assert "0 new" in said["A second run changes nothing"]
    assert "10 rows changed: 5 raised" in said["Changed rows post their differences"]
    assert "sum 0" in said["The ledger moves as designed"]


async def test_a_figure_that_differs_ends_the_run(fresh_database: str, valkey_url: str, tmp_path: Path) -> None:
    wrong = DEALS | {"W00004": won("Dov Laurent", "2017-03-14", 501)}
    known = Known(**{**KNOWN.__dict__, "deals": wrong})
    async with stage_of(fresh_database, valkey_url, tmp_path, known) as stage:
        with pytest.raises(Differs, match="W00004"):
            await every_row_is_accounted_for(stage)


def test_another_export_is_not_taken_for_the_known_one() -> None:
    with pytest.raises(Differs, match="rows"):
        must_be_the_known_export(KNOWN.rows, DEALS)


def test_a_changed_copy_differs_in_the_changed_lines_only(tmp_path: Path) -> None:
    folder, by = changed_copy(DIRTY, tmp_path, DEALS, 10)
    pairs = zip(
        (DIRTY / "sales_pipeline.csv").read_bytes().splitlines(),
        (folder / "sales_pipeline.csv").read_bytes().splitlines(),
        strict=True,
    )
    different = [old.split(b",")[0].decode() for old, new in pairs if old != new]
    assert sorted(different) == sorted(by)
    assert all(abs(change) >= 100 for change in by.values())
    assert {date.fromisoformat(DEALS[name].closed).year for name in by} == {2017}
