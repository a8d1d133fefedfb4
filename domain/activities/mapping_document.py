"""Reads a mapping document (JSON) into a mapping, bounded, with the path of everything that is wrong. Pure."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from domain.activities.activity import Basis
from domain.activities.documents import Piece
from domain.activities.mapping import (
    EPOCHS,
    AmountTake,
    AttributeTake,
    Condition,
    MembersFrom,
    Moment,
    PartnersFrom,
    RowMapping,
    SideFile,
    Take,
)
from domain.activities.refusals import InvalidMapping
from domain.activities.types import ATTRIBUTES_MAX, NAME, AttributeKind
from domain.partners.registration import PartnerType

COLUMNS_MAX = 200
COLUMN_LENGTH_MAX = 100
NORMALISE_MAX = 1_000
CONDITIONS_MAX = 50
VALUES_MAX = 200
FILES_MAX = 10
TYPES_MAX = 100
FORMAT_LENGTH_MAX = 40
ENCODINGS = ("utf-8", "utf-8-sig", "cp1252")
DELIMITERS = (",", ";", "\t", "|")
REASON = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
FIELDS = (
    *("columns", "encoding", "delimiter", "zone", "files", "partners", "members", "skip", "reject"),
    *("external_id", "type", "occurred_at", "member", "partner", "quantity", "source_version"),
    *("amounts", "attributes"),
)


def row_mapping(document: Mapping[str, object]) -> RowMapping:
    """The mapping that a document states.

    Refuses: InvalidMapping, with up to fifty problems and their paths.
    """
    whole = Piece(document).fields(FIELDS)
    columns = whole.at("columns").texts(COLUMNS_MAX, COLUMN_LENGTH_MAX)
    files = {name: _side_file(name, piece) for name, piece in whole.at("files").entries(FILES_MAX)}
    zone = _zone(whole.at("zone"))
    read = _Takes(columns, files)
    types = {
        value: piece.text(64)
        for value, piece in whole.at("type").at("values").entries(TYPES_MAX)
        if len(value) <= COLUMN_LENGTH_MAX
    }
    mapping = RowMapping(
        columns=columns,
        encoding=whole.at("encoding").one_of(ENCODINGS, "utf-8"),
        delimiter=whole.at("delimiter").one_of(DELIMITERS, ","),
        external_id=read.needed(whole.at("external_id")),
        type=read.needed(whole.at("type"), "values"),
        types=types,
        occurred_at=Moment(
            take=read.needed(whole.at("occurred_at"), "format"),
            zone=zone,
            format=_format(whole.at("occurred_at").at("format")),
        ),
        member=read.optional(whole.at("member")),
        partner=read.optional(whole.at("partner")),
        quantity=read.optional(whole.at("quantity")),
        source_version=read.optional(whole.at("source_version")),
        amounts=dict(_amount(name, piece, read) for name, piece in whole.at("amounts").entries(len(Basis))),
        attributes=dict(
            _attribute(name, piece, read) for name, piece in whole.at("attributes").entries(ATTRIBUTES_MAX)
        ),
        skip=tuple(_condition(piece, read, True) for piece in whole.at("skip").items(CONDITIONS_MAX)),
        reject=tuple(_condition(piece, read, False) for piece in whole.at("reject").items(CONDITIONS_MAX)),
        files=files,
        partners=_partners(whole.at("partners"), files),
        members=_members(whole.at("members"), files),
    )
    if not columns:
        whole.at("columns").note("the columns that the file must have are expected")
    if mapping.member is None and mapping.partner is None:
        whole.at("member").note("a member or a partner is expected")
    if whole.problems:
        raise InvalidMapping(problems=whole.problems)
    return mapping


class _Takes:
    """Reads where values come from, against the declared columns and side files."""

    def __init__(self, columns: tuple[str, ...], files: Mapping[str, SideFile]) -> None:
        self._columns = columns
        self._files = files

    def needed(self, piece: Piece, *more: str) -> Take:
        piece.fields(("column", "constant", "normalise", "file", "take", "lenient", *more))
        column = self.column(piece.at("column")) if piece.at("column").given else None
        constant = piece.at("constant").optional_text(200)
        if (column is None) == (constant is None):
            piece.note("either a column or a constant is expected")
        file = piece.at("file").optional_text(COLUMN_LENGTH_MAX)
        if file is not None and file not in self._files:
            piece.at("file").note("names no declared side file")
        take = piece.at("take").optional_text(COLUMN_LENGTH_MAX)
        if take is not None and (file is None or file not in self._files or take not in self._files[file].columns):
            piece.at("take").note("names no column of the side file")
        return Take(
            column=column,
            constant=constant,
            normalise={value: right.text(200) for value, right in piece.at("normalise").entries(NORMALISE_MAX)},
            file=file,
            take=take,
            lenient=piece.at("lenient").flag(),
        )

    def optional(self, piece: Piece) -> Take | None:
        return self.needed(piece) if piece.given else None

    def column(self, piece: Piece) -> str:
        name = piece.text(COLUMN_LENGTH_MAX)
        if name and name not in self._columns:
            piece.note("names no declared column")
        return name


def _side_file(name: str, piece: Piece) -> SideFile:
    piece.fields(("file_name", "key", "columns"))
    file_name = piece.at("file_name").text(100)
    if not NAME.fullmatch(name):
        piece.note("a-z, 0-9 and _, beginning with a letter")
    if file_name and (not FILE_NAME.fullmatch(file_name) or ".." in file_name):
        piece.at("file_name").note("a plain file name is expected, in the folder of the main file")
    columns = piece.at("columns").texts(COLUMNS_MAX, COLUMN_LENGTH_MAX)
    key = piece.at("key").text(COLUMN_LENGTH_MAX)
    if key and key not in columns:
        piece.at("key").note("names no declared column")
    return SideFile(file_name=file_name, key=key, columns=columns)


def _amount(name: str, piece: Piece, read: _Takes) -> tuple[Basis, AmountTake]:
    basis = Basis(Piece(name, piece.path, piece.problems).one_of(list(Basis)))
    decimal = piece.at("decimal").one_of((".", ","), ".")
    thousands = piece.at("thousands").one_of((".", ",", " ", "'", "\u00a0", "\u202f"), "") or None
    if thousands == decimal:
        piece.at("thousands").note("is the decimal separator")
    return basis, AmountTake(
        take=read.needed(piece, "currency", "exponent", "decimal", "thousands", "types"),
        currency=piece.at("currency").text(16),
        exponent=piece.at("exponent").whole(0, 6),
        decimal=decimal,
        thousands=thousands,
        types=frozenset(piece.at("types").texts(TYPES_MAX, 64)),
    )


def _attribute(name: str, piece: Piece, read: _Takes) -> tuple[str, AttributeTake]:
    if not NAME.fullmatch(name):
        piece.note("a-z, 0-9 and _, beginning with a letter")
    return name, AttributeTake(
        take=read.needed(piece, "kind", "format", "types"),
        kind=AttributeKind(piece.at("kind").one_of(list(AttributeKind), AttributeKind.STRING)),
        format=_format(piece.at("format")),
        types=frozenset(piece.at("types").texts(TYPES_MAX, 64)),
    )


def _condition(piece: Piece, read: _Takes, reversible: bool) -> Condition:
    piece.fields(("column", "in", "blank", "reason", *(("reverses",) if reversible else ())))
    values, blank = piece.at("in").texts(VALUES_MAX, 200), piece.at("blank").flag()
    if not values and not blank:
        piece.note("values under `in`, or `blank`, are expected")
    reason = piece.at("reason").text(64)
    if reason and not REASON.fullmatch(reason):
        piece.at("reason").note("capitals, digits and _, beginning with a letter")
    return Condition(
        column=read.column(piece.at("column")),
        values=frozenset(values),
        blank=blank,
        reason=reason,
        reverses=reversible and piece.at("reverses").flag(),
    )


def _partners(piece: Piece, files: Mapping[str, SideFile]) -> PartnersFrom | None:
    if not piece.given:
        return None
    piece.fields(("file", "external_id", "name", "types"))
    file = _file(piece, files)
    return PartnersFrom(
        file=file,
        external_id=_column_of(piece.at("external_id"), files.get(file)),
        name=_column_of(piece.at("name"), files.get(file)),
        types=tuple(each.one_of(list(PartnerType)) for each in piece.at("types").items(len(PartnerType))),
    )


def _members(piece: Piece, files: Mapping[str, SideFile]) -> MembersFrom | None:
    if not piece.given:
        return None
    piece.fields(("file", "external_id", "name", "partner", "locale"))
    file = _file(piece, files)
    return MembersFrom(
        file=file,
        external_id=_column_of(piece.at("external_id"), files.get(file)),
        name=_column_of(piece.at("name"), files.get(file)),
        partner=_column_of(piece.at("partner"), files.get(file)) if piece.at("partner").given else None,
        locale=piece.at("locale").one_of(("en", "fr"), "en"),
    )


def _file(piece: Piece, files: Mapping[str, SideFile]) -> str:
    file = piece.at("file").text(COLUMN_LENGTH_MAX)
    if file and file not in files:
        piece.at("file").note("names no declared side file")
    return file


def _column_of(piece: Piece, file: SideFile | None) -> str:
    column = piece.text(COLUMN_LENGTH_MAX)
    if column and file is not None and column not in file.columns:
        piece.note("names no column of the side file")
    return column


def _zone(piece: Piece) -> str:
    name = piece.text(64, "UTC")
    try:
        ZoneInfo(name or "UTC")
    except (ValueError, OSError, LookupError):
        piece.note("names no time zone")
        return "UTC"
    return name or "UTC"


def _format(piece: Piece) -> str | None:
    format = piece.optional_text(FORMAT_LENGTH_MAX)
    if format and format not in EPOCHS:
        try:
            datetime.strptime(datetime(2000, 2, 3, 4, 5, 6, tzinfo=UTC).strftime(format), format)  # noqa: DTZ007 a trial of the format, not an instant
        except (ValueError, re.error):
            piece.note("is no format of strptime")
            return None
    return format
