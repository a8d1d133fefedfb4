"""Opaque ids, cursors and scalars: what is written is read again, and nothing else is."""

import string
from datetime import UTC, datetime
from uuid import UUID

import pytest
from graphql import GraphQLError
from hypothesis import given
from hypothesis import strategies as st

from api.graph.ids import ID_LENGTH, Tag, decode_as, decode_id, encode_id
from api.graph.paging import limit_of, read_cursor, write_cursor
from api.graph.scalars import CURSOR_LENGTH_MAX, POINTS_MAX, read_instant, read_points, write_instant
from api.graph.scalars import read_cursor as read_cursor_text

# Some of every plane: the table of all of Unicode takes seconds to build.
TEXT = string.printable + "\0éß\u0301\u200b\u2028٣Ⅷ中\ud800\uffff😀"


@given(st.sampled_from(list(Tag)), st.uuids())
def test_an_id_is_read_as_it_was_written_and_as_no_other_kind(tag: Tag, value: UUID) -> None:
    text = encode_id(tag, value)
    assert len(text) == ID_LENGTH
    assert decode_id(text) == (tag, value)
    assert all(decode_as(other, text) is None for other in Tag if other is not tag)


@given(st.text(TEXT, max_size=40))
def test_a_text_that_is_an_id_is_the_one_that_would_be_written(text: str) -> None:
    found = decode_id(text)
    assert found is None or encode_id(*found) == text


@pytest.mark.parametrize("value", [0, POINTS_MAX, -POINTS_MAX])
def test_points_are_whole_up_to_ten_to_the_fifteen(value: int) -> None:
    assert read_points(value) == value


@pytest.mark.parametrize("value", [1.0, 0.5, True, "5", None, POINTS_MAX + 1, -POINTS_MAX - 1, [1]])
def test_anything_else_is_no_points(value: object) -> None:
    with pytest.raises(GraphQLError):
        read_points(value)


def test_an_instant_is_answered_in_utc() -> None:
    assert write_instant(read_instant("2026-03-31T22:00:00+02:00")) == "2026-03-31T20:00:00Z"


@pytest.mark.parametrize("value", ["2026-03-31", "2026-03-31T22:00:00", "now", "", 5, None, "1899-12-31T00:00:00Z"])
def test_an_instant_without_an_offset_is_none(value: object) -> None:
    with pytest.raises(GraphQLError):
        read_instant(value)


@given(st.datetimes(timezones=st.just(UTC)), st.uuids(), st.integers(-(10**15), 10**15), st.text(TEXT, max_size=20))
def test_a_cursor_is_read_as_it_was_written(instant: datetime, key: UUID, number: int, name: str) -> None:
    cursor = write_cursor(instant, key, number, name.encode("utf-8", "ignore").decode())
    assert read_cursor(cursor, datetime, UUID, int, str)[:3] == (instant, key, number)
    with pytest.raises(GraphQLError):
        read_cursor(cursor, UUID, datetime, int, str)


@given(st.text(TEXT, max_size=60))
def test_a_forged_cursor_is_refused_and_never_a_fault(text: str) -> None:
    with pytest.raises(GraphQLError) as refused:
        read_cursor(text, datetime, UUID)
    assert refused.value.extensions == {"code": "BAD_INPUT"}


def test_a_cursor_is_at_most_512_characters() -> None:
    assert read_cursor_text("x" * CURSOR_LENGTH_MAX)
    with pytest.raises(GraphQLError):
        read_cursor_text("x" * (CURSOR_LENGTH_MAX + 1))


@pytest.mark.parametrize(("first", "limit"), [(1, 2), (100, 101)])
def test_a_page_asks_for_one_row_more(first: int, limit: int) -> None:
    assert limit_of(first) == limit
