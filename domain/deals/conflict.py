"""What stands in the way of a submission: somebody has the customer, or one like it, or has to do with it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from domain.deals.machine import DealState
from domain.partners.customers.customer import RelationKind, scopes_overlap


class ConflictKind(StrEnum):
    """DUPLICATE: another has the customer; SIMILAR: another has one of a similar name; the others as relations say."""

    DUPLICATE = "DUPLICATE"
    SIMILAR = "SIMILAR"
    VENDOR_REP = "VENDOR_REP"
    INCUMBENT = "INCUMBENT"
    LEAD = "LEAD"


class ConflictState(StrEnum):
    """OPEN until evidence makes it DISPUTED; SETTLED by a decision, or because nobody disputed it in time."""

    OPEN = "OPEN"
    DISPUTED = "DISPUTED"
    SETTLED = "SETTLED"


# Which conflicts a partner answers with evidence; the others are for the vendor to judge.
NEED_EVIDENCE = frozenset({ConflictKind.DUPLICATE, ConflictKind.VENDOR_REP, ConflictKind.INCUMBENT})
# Why a registration ended, as codes; none names anybody.
PROTECTED_ALREADY = "CUSTOMER_PROTECTED"
REGISTERED_BY_YOU = "REGISTERED_BY_YOUR_FIRM"


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One registration that is to be submitted, with the customer that it means."""

    registration_id: UUID
    partner_id: UUID
    customer_id: UUID
    products: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Held:
    """A customer that a registration has for some products, now."""

    registration_id: UUID
    partner_id: UUID
    products: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Related:
    """Somebody who has to do with a customer; no partner: the vendor's own rep."""

    kind: RelationKind
    partner_id: UUID | None
    relation_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """One obstacle; `against_id` is the other registration, for the vendor's eyes alone."""

    kind: ConflictKind
    against_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What becomes of a submission: SUBMITTED, IN_REVIEW with its conflicts, or REJECTED with its reason."""

    state: DealState
    conflicts: tuple[Conflict, ...] = ()
    reason: str | None = None

    @property
    def holds(self) -> bool:
        """True where the partner has the customer from now on."""
        return self.state is not DealState.REJECTED

    @property
    def awaits_evidence(self) -> bool:
        return any(conflict.kind in NEED_EVIDENCE for conflict in self.conflicts)


def judge(
    submissions: Sequence[Submission],
    held: Mapping[UUID, Sequence[Held]],
    similar: Mapping[UUID, Sequence[UUID]],
    related: Mapping[UUID, Sequence[Related]],
) -> dict[UUID, Verdict]:
    """The verdict on each submission, in their order: the first of two for one customer and product wins.

    `held`, `similar` and `related` are by customer.
    """
    taken = {customer_id: list(holds) for customer_id, holds in held.items()}
    verdicts: dict[UUID, Verdict] = {}
    for one in submissions:
        verdict = _verdict(one, taken, similar.get(one.customer_id, ()), related.get(one.customer_id, ()))
        verdicts[one.registration_id] = verdict
        if verdict.holds:
            hold = Held(registration_id=one.registration_id, partner_id=one.partner_id, products=one.products)
            taken.setdefault(one.customer_id, []).append(hold)
    return verdicts


def _verdict(
    one: Submission,
    taken: Mapping[UUID, Sequence[Held]],
    similar: Sequence[UUID],
    related: Sequence[Related],
) -> Verdict:
    for hold in taken.get(one.customer_id, ()):
        if hold.registration_id != one.registration_id and scopes_overlap(hold.products, one.products):
            if hold.partner_id == one.partner_id:
                return Verdict(state=DealState.REJECTED, reason=REGISTERED_BY_YOU)
            duplicate = Conflict(kind=ConflictKind.DUPLICATE, against_id=hold.registration_id)
            return Verdict(state=DealState.REJECTED, conflicts=(duplicate,), reason=PROTECTED_ALREADY)
    conflicts = [
        Conflict(kind=ConflictKind(relation.kind.value))
        for relation in related
        if relation.kind is RelationKind.VENDOR_REP or relation.partner_id != one.partner_id
    ]
    conflicts += [
        Conflict(kind=ConflictKind.SIMILAR, against_id=hold.registration_id)
        for customer_id in similar
        for hold in taken.get(customer_id, ())
        if hold.partner_id != one.partner_id and scopes_overlap(hold.products, one.products)
    ]
    return Verdict(state=DealState.IN_REVIEW if conflicts else DealState.SUBMITTED, conflicts=tuple(conflicts))
