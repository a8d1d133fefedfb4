"""Checks the items of a batch and resolves whom they name: a draft each, or the refusal that says what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import orjson

from domain.activities.activity import (
    EXTERNAL_ID_LENGTH_MAX,
    PAYLOAD_BYTES_MAX,
    QUANTITY_MAX,
    REASON_LENGTH_MAX,
    ActivityInput,
    ActivityReversal,
)
from domain.activities.refusals import (
    AmountOutOfBounds,
    InvalidActivity,
    InvalidAttribute,
    OccursInFuture,
    UnknownActivityType,
    UnknownMember,
    UnknownPartner,
)
from domain.activities.resolving import Named, memberships_in, named_in
from domain.activities.revisions import VERSION_LENGTH_MAX, Stated, version_order
from domain.activities.sources import SourceRecord
from domain.activities.types import Content, Problem, checked, is_clean
from domain.kernel.clock import FUTURE_TOLERANCE
from domain.kernel.operation import Operation
from domain.kernel.refusals import Refusal

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """An item that may be judged; `stated` is None for a wish to take back, which states no content."""

    item: ActivityInput | ActivityReversal
    stated: Stated | None = None
    partner_id: UUID | None = None
    deal_key: str | None = None
    digest: bytes = b""

    @property
    def external_id(self) -> str:
        return self.item.external_id


async def drafted(
    op: Operation, source: SourceRecord, items: Sequence[ActivityInput | ActivityReversal]
) -> list[Draft | Refusal]:
    """One draft or refusal an item, in their order; at most four statements for all of them."""
    first = [_refused(item, op.now) for item in items]
    inputs = [
        item for item, refusal in zip(items, first, strict=True) if refusal is None and isinstance(item, ActivityInput)
    ]
    named = await named_in(op.sql, source.source_id, inputs)
    drafts = [
        refusal if refusal is not None else _draft(item, named) for item, refusal in zip(items, first, strict=True)
    ]
    return await _with_partners(op, drafts)


def _refused(item: ActivityInput | ActivityReversal, now: datetime) -> Refusal | None:
    """What is wrong with the item by itself."""
    problems = list(_problems(item))
    if isinstance(item, ActivityInput):
        problems += _input_problems(item)
    if problems:
        return InvalidActivity(path=problems[0].path, problem=problems[0].problem, problems=_plain(problems))
    if isinstance(item, ActivityInput) and item.occurred_at > now + FUTURE_TOLERANCE:
        return OccursInFuture(occurred_at=item.occurred_at.isoformat(), now=now.isoformat())
    return None


def _problems(item: ActivityInput | ActivityReversal) -> list[Problem]:
    problems: list[Problem] = []
    if not 1 <= len(item.external_id) <= EXTERNAL_ID_LENGTH_MAX or not is_clean(item.external_id):
        problems.append(Problem(path="externalId", problem="LENGTH", bound=f"1..{EXTERNAL_ID_LENGTH_MAX}"))
    version = item.source_version
    if version is not None and (len(version) > VERSION_LENGTH_MAX or version_order(version) is None):
        problems.append(Problem(path="sourceVersion", problem="NEITHER_NUMBER_NOR_INSTANT"))
    if item.reason is not None and not (1 <= len(item.reason) <= REASON_LENGTH_MAX and is_clean(item.reason)):
        problems.append(Problem(path="reason", problem="LENGTH", bound=f"1..{REASON_LENGTH_MAX}"))
    if item.payload is not None:
        try:
            raw = orjson.dumps(item.payload)
        except (TypeError, ValueError):
            return [*problems, Problem(path="payload", problem="NOT_JSON")]
        if len(raw) > PAYLOAD_BYTES_MAX:
            problems.append(Problem(path="payload", problem="TOO_LARGE", bound=f"{PAYLOAD_BYTES_MAX} bytes"))
        elif b"\\u0000" in raw:
            problems.append(Problem(path="payload", problem="UNPRINTABLE"))
    return problems


def _input_problems(item: ActivityInput) -> list[Problem]:
    problems: list[Problem] = []
    if item.occurred_at.tzinfo is None:
        problems.append(Problem(path="occurredAt", problem="NO_ZONE"))
    elif item.occurred_at < EARLIEST:
        problems.append(Problem(path="occurredAt", problem="TOO_EARLY", bound=EARLIEST.isoformat()))
    if isinstance(item.quantity, bool) or not 0 <= item.quantity <= QUANTITY_MAX:
        problems.append(Problem(path="quantity", problem="OUT_OF_BOUNDS", bound=f"0..{QUANTITY_MAX}"))
    if item.member is None and item.partner is None:
        problems.append(Problem(path="member", problem="REQUIRED"))
    for path, reference in (("member", item.member), ("partner", item.partner)):
        if isinstance(reference, str) and not (1 <= len(reference) <= EXTERNAL_ID_LENGTH_MAX and is_clean(reference)):
            problems.append(Problem(path=path, problem="LENGTH", bound=f"1..{EXTERNAL_ID_LENGTH_MAX}"))
    return problems


def _draft(item: ActivityInput | ActivityReversal, named: Named) -> Draft | Refusal:
    if isinstance(item, ActivityReversal):
        return Draft(item=item)
    kind = named.types.get(item.type)
    if kind is None:
        return UnknownActivityType(type=item.type[:64])
    content = checked(kind, item.amounts, item.attributes)
    if not isinstance(content, Content):
        return _content_refusal(content)
    member_id = named.members.get(item.member) if item.member is not None else None
    if item.member is not None and member_id is None:
        return UnknownMember(member=str(item.member))
    partner_id = named.partners.get(item.partner) if item.partner is not None else None
    if item.partner is not None and partner_id is None:
        return UnknownPartner(partner=str(item.partner))
    stated = Stated(
        type=item.type,
        occurred_at=item.occurred_at.astimezone(UTC),
        member_id=member_id,
        partner_id=partner_id,
        quantity=item.quantity,
        amounts=content.amounts,
        attributes=content.attributes,
    )
    return Draft(item=item, stated=stated, partner_id=partner_id, deal_key=content.deal_key, digest=stated.digest())


async def _with_partners(op: Operation, drafts: list[Draft | Refusal]) -> list[Draft | Refusal]:
    """Fills in the partner of those that name none: the member's as of the activity."""

    def asked(draft: Draft | Refusal) -> tuple[UUID, datetime] | None:
        if isinstance(draft, Refusal) or draft.stated is None or draft.stated.member_id is None or draft.partner_id:
            return None
        return draft.stated.member_id, draft.stated.occurred_at

    pairs = {pair for draft in drafts if (pair := asked(draft)) is not None}
    partners = await memberships_in(op.sql, pairs)
    return [
        Draft(
            item=draft.item,
            stated=draft.stated,
            partner_id=partners.get(pair),
            deal_key=draft.deal_key,
            digest=draft.digest,
        )
        if (pair := asked(draft)) is not None and isinstance(draft, Draft)
        else draft
        for draft in drafts
    ]


def _content_refusal(problems: Sequence[Problem]) -> Refusal:
    first, plain = problems[0], _plain(problems)
    kind = AmountOutOfBounds if first.problem == "AMOUNT_OUT_OF_BOUNDS" else InvalidAttribute
    return kind(path=first.path, problem=first.problem, problems=plain)


def _plain(problems: Sequence[Problem]) -> list[dict[str, str]]:
    return [
        {"path": problem.path, "problem": problem.problem} | ({"bound": problem.bound} if problem.bound else {})
        for problem in problems
    ]
