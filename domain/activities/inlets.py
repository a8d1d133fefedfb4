"""How a source sends to us by itself, as data: its signature, its ids, and where in its JSON the items stand. Pure."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from domain.activities.activity import ITEMS_MAX
from domain.activities.documents import Piece
from domain.activities.mapping import Row, flattened
from domain.activities.refusals import InvalidInlet, MessageNotUnderstood
from domain.activities.signatures import Encoding, Proof, Scheme, SignedMessage

PATH_LENGTH_MAX = 200
JOINED_MAX = 20
MESSAGE_ID_LENGTH_MAX = 128
WHOLE = "."
ITEM = "item"
HEADER = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class Inlet:
    """A whole inlet document as values. `items` is the path of a list, `.` for a body that is one; None: one item.

    A `joined` column holds the values of others with `/` between them.
    """

    proof: Proof
    id_header: str | None = None
    id_path: str | None = None
    items: str | None = None
    joined: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


def inlet(document: Mapping[str, object]) -> Inlet:
    """The inlet that a document states. Refuses: InvalidInlet, with every problem and its path."""
    whole = Piece(document).fields(("signature", "id", "items", "joined"))
    signature = whole.at("signature").fields(("scheme", "header", "prefix", "encoding"))
    scheme = Scheme(signature.at("scheme").one_of(list(Scheme)))
    header = signature.at("header").text(64, "x-signature").lower()
    if not HEADER.fullmatch(header):
        signature.at("header").note("is no name of a header")
    if scheme is not Scheme.HMAC_SHA256:
        for name in ("header", "prefix", "encoding"):
            if signature.at(name).given:
                signature.at(name).note("belongs to HMAC_SHA256 only")
    identity = whole.at("id")
    if identity.given:
        identity.fields(("header", "path"))
        if identity.at("header").given == identity.at("path").given:
            identity.note("either a header or a path is expected")
    id_header = identity.at("header").optional_text(64)
    found = Inlet(
        proof=Proof(
            scheme=scheme,
            header=header,
            prefix=signature.at("prefix").optional_text(32) or "",
            encoding=Encoding(signature.at("encoding").one_of(list(Encoding), Encoding.HEX)),
        ),
        id_header=id_header and id_header.lower(),
        id_path=identity.at("path").optional_text(PATH_LENGTH_MAX),
        items=whole.at("items").optional_text(PATH_LENGTH_MAX),
        joined={name: piece.texts(10, PATH_LENGTH_MAX) for name, piece in whole.at("joined").entries(JOINED_MAX)},
    )
    if whole.problems:
        raise InvalidInlet(problems=whole.problems)
    return found


def message_id(inlet: Inlet, message: SignedMessage, document: object) -> str:
    """What the source calls this message; without a name of its own, the digest of its body.

    Refuses: MessageNotUnderstood where the named place holds no id.
    """
    header = "webhook-id" if inlet.proof.scheme is Scheme.STANDARD_WEBHOOKS and not inlet.id_path else None
    header = inlet.id_header or header
    if header is not None:
        told = message.headers.get(header, "")
    elif inlet.id_path is not None:
        told = _at(document, inlet.id_path)
        told = str(told) if isinstance(told, (str, int)) and not isinstance(told, bool) else ""
    else:
        return hashlib.sha256(message.body).hexdigest()
    if not 1 <= len(told) <= MESSAGE_ID_LENGTH_MAX or "\x00" in told:
        place = header or str(inlet.id_path)
        raise MessageNotUnderstood(path=place[:100], problem=f"an id of 1 to {MESSAGE_ID_LENGTH_MAX} characters")
    return told


def rows_of(inlet: Inlet, document: object) -> Sequence[Row]:
    """One row of text for each item: the item's fields under `item.`, with those of the document around it.

    Refuses: MessageNotUnderstood (no list, more than 1,000 items, more than 500 fields of one item).
    """
    try:
        if inlet.items is None:
            rows = [flattened(_object(document, WHOLE))]
        else:
            items = _at(document, inlet.items)
            if not isinstance(items, list):
                raise MessageNotUnderstood(path=inlet.items[:100], problem="a list is expected")
            items = cast("list[object]", items)
            if len(items) > ITEMS_MAX:
                raise MessageNotUnderstood(path=inlet.items[:100], problem=f"at most {ITEMS_MAX} items")
            around = {} if inlet.items == WHOLE else flattened(_without(_object(document, WHOLE), inlet.items))
            rows = [around | flattened({ITEM: _object(item, inlet.items)}) for item in items]
    except ValueError as trouble:
        raise MessageNotUnderstood(path=WHOLE, problem=str(trouble)) from trouble
    return [row | _joined(inlet, row) for row in rows]


def _joined(inlet: Inlet, row: Row) -> dict[str, str]:
    """A joined value is blank where a part is: half an id would be another's."""
    found: dict[str, str] = {}
    for name, columns in inlet.joined.items():
        parts = [row.get(column, "").strip() for column in columns]
        found[name] = "/".join(parts) if all(parts) else ""
    return found


def _at(document: object, path: str) -> object:
    if path == WHOLE:
        return document
    for name in path.split("."):
        if not isinstance(document, Mapping):
            return None
        document = cast("Mapping[str, object]", document).get(name)
    return document


def _without(document: Mapping[str, object], path: str) -> Mapping[str, object]:
    first, _, rest = path.partition(".")
    inner = document.get(first)
    if not rest:
        return {name: value for name, value in document.items() if name != first}
    return {**document, first: _without(cast("Mapping[str, object]", inner), rest)}


def _object(value: object, path: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise MessageNotUnderstood(path=path[:100], problem="an object is expected")
    return cast("Mapping[str, object]", value)
