"""Every part of the tests has files that exist, and a test belongs to one part."""

from pathlib import Path

from tests.shares import FILES, MINUTES, share_of

TESTS = Path(__file__).parents[1]


def test_a_test_belongs_to_the_part_whose_name_fits_best() -> None:
    assert share_of("tests/stories/test_r9.py::test_of_it") == "shop"
    assert share_of("tests/stories/test_r1.py::test_of_it") == "programs"
    assert share_of("tests/storage/test_awarding.py::test_of_it") == "pipe"
    assert sum(MINUTES.values()) < 10


def test_no_beginning_is_left_of_files_that_are_gone() -> None:
    names = [path.relative_to(TESTS).as_posix() for path in TESTS.rglob("test_*.py")]
    begins = [begin.partition("::")[0] for each in FILES.values() for begin in each]
    assert [begin for begin in begins if not any(name.startswith(begin) for name in names)] == []
