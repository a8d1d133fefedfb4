"""Refusals as the schema tells them: one type for each, made from its own facts, all of one interface."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Union, cast, get_args, get_origin
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry.utils.str_converters import to_camel_case

from api.graph.context import Info
from api.graph.ids import Tag, encode_id
from api.graph.scalars import Json, Points
from api.graph.texts import LocaleArgument
from api.refusals import all_refusals
from domain.kernel.refusals import Refusal as DomainRefusal

# What refusals call their things, where that has an opaque id.
TAGS: Mapping[str, Tag] = {
    "program": Tag.PROGRAM,
    "program_id": Tag.PROGRAM,
    "member": Tag.MEMBER,
    "partner": Tag.PARTNER,
    "enrollment": Tag.ENROLLMENT,
    "enrollment_id": Tag.ENROLLMENT,
    "activity_id": Tag.ACTIVITY,
    "account": Tag.ACCOUNT,
    "account manager": Tag.ACCOUNT_MANAGER,
    "invitation": Tag.INVITATION,
    "partner type": Tag.PARTNER_STANDING,
    "partner_id": Tag.PARTNER,
    "API key": Tag.API_KEY,
    "source": Tag.SOURCE,
    "denomination": Tag.DENOMINATION,
    "denomination_id": Tag.DENOMINATION,
    "quote": Tag.QUOTE,
    "quote_id": Tag.QUOTE,
    "redemption": Tag.REDEMPTION,
    "bundle": Tag.BUNDLE,
    "bundle order": Tag.BUNDLE_ORDER,
    "send": Tag.REWARD_SEND,
    "reward": Tag.REWARD,
    "entitlement": Tag.ENTITLEMENT,
    "entitlement_id": Tag.ENTITLEMENT,
    "member_id": Tag.MEMBER,
    "redemption_id": Tag.REDEMPTION,
    "line": Tag.REDEMPTION_LINE,
    "fulfilment attempt": Tag.ATTEMPT,
    "attempt_id": Tag.ATTEMPT,
    "code problem": Tag.CODE_PROBLEM,
    "problem_id": Tag.CODE_PROBLEM,
    "line_id": Tag.REDEMPTION_LINE,
    "customer": Tag.CUSTOMER,
    "deal": Tag.DEAL,
    "deal_id": Tag.DEAL,
    "lead": Tag.LEAD,
    "lead_id": Tag.LEAD,
    "relation": Tag.OBJECT,
    "debt": Tag.DEBT,
    "payout": Tag.PAYOUT,
    "payout_id": Tag.PAYOUT,
    "rebate period": Tag.REBATE_PERIOD,
    "period_id": Tag.REBATE_PERIOD,
    "leaderboard": Tag.LEADERBOARD,
    "season_id": Tag.SEASON,
    "terms": Tag.TERMS,
    "tier set": Tag.TIER_SET,
    "plan": Tag.JOINT_PLAN,
    "objective": Tag.PLAN_OBJECTIVE,
    "objective_id": Tag.PLAN_OBJECTIVE,
    "checkpoint": Tag.PLAN_CHECKPOINT,
    "commitment": Tag.PLAN_COMMITMENT,
    "wallet": Tag.WALLET,
    "supplier": Tag.SUPPLIER,
    "code pool": Tag.CODE_POOL,
    "pool_id": Tag.CODE_POOL,
    "code batch": Tag.CODE_BATCH,
    "webhook endpoint": Tag.WEBHOOK_ENDPOINT,
    "webhook delivery": Tag.WEBHOOK_DELIVERY,
    "file": Tag.FILE,
    "claim": Tag.CLAIM,
    "claim_id": Tag.CLAIM,
    "claim line": Tag.CLAIM_LINE,
    "claim conflict": Tag.CLAIM_CONFLICT,
    "conflict_id": Tag.CLAIM_CONFLICT,
    "file_id": Tag.FILE,
    "fund": Tag.FUND,
    "fund allocation": Tag.FUND_ALLOCATION,
    "fund_allocation_id": Tag.FUND_ALLOCATION,
    "fund request": Tag.FUND_REQUEST,
    "fund_request_id": Tag.FUND_REQUEST,
    "fund claim": Tag.FUND_CLAIM,
    "fund_claim_id": Tag.FUND_CLAIM,
    "fund claim line": Tag.FUND_CLAIM_LINE,
    "course": Tag.COURSE,
    "assignment": Tag.ASSIGNMENT,
    "assignment_id": Tag.ASSIGNMENT,
    "training": Tag.TRAINING,
    "training_id": Tag.TRAINING,
}

FACTS: Mapping[str, str] = {
    "kind": "What kind of thing, in English words.",
    "id": "The id that was given.",
    "action": "What was tried.",
    "field": "The input field, or the part of a document, that is wrong.",
    "path": "Where in the item or document the first problem is.",
    "problem": "What is wrong with it, in English.",
    "problems": "Every problem found, as {path, problem}; at most 100.",
    "name": "The name, code or external id that is taken.",
    "key": "The idempotency key that was sent.",
    "retry_after_ms": "How long to wait before trying again, in milliseconds.",
    "scope": "The scope that the key lacks.",
    "role": "The role it is about.",
    "unit": "The code of the unit.",
    "reason": "Why, as a code.",
    "taken": "The media types that are taken.",
    "obstacles": "Everything that stands in the way, as {denominationId, code, facts}.",
}


@dataclass(frozen=True, kw_only=True)
class Told:
    """A refusal on its way to a client: an exception itself would count as an error of the execution."""

    refusal: DomainRefusal
    locale: str


@strawberry.interface(
    description="An expected no: a stable code, the sentence to show, and whether trying again helps."
)
class Refusal:
    @strawberry.field(description="The stable code, for example NOT_ALLOWED.")
    @staticmethod
    def code(parent: strawberry.Parent[Told]) -> str:
        return parent.refusal.code()

    @strawberry.field(description="The sentence to show, with its facts; in the viewer's own language by default.")
    @staticmethod
    def text(parent: strawberry.Parent[Told], locale: LocaleArgument = None) -> str:
        return parent.refusal.text(locale.value if locale else parent.locale)

    @strawberry.field(description="True if the same request, with the same key, may succeed later.")
    @staticmethod
    def retryable(parent: strawberry.Parent[Told]) -> bool:
        return parent.refusal.retryable


def _told(name: str) -> str:
    return FACTS.get(name) or f"Fact of the refusal: {name.replace('_', ' ')}."


def _fact(name: str, annotation: Any, *, optional: bool) -> Any:
    shown = _shape(annotation)
    shown = shown | None if optional else shown

    @staticmethod
    def resolve(parent: strawberry.Parent[Told]) -> Any:
        value = getattr(parent.refusal, name, None)
        tag = TAGS.get(str(getattr(parent.refusal, "kind", "")) if name == "id" else name)
        return _opaque(tag, value) if tag is not None and value is not None else _opaque_within(value)

    resolve.__annotations__["return"] = shown
    return resolve


def _opaque(tag: Tag, value: object) -> object:
    """The opaque id of a UUID; a caller's own external id stays as it is."""
    try:
        return encode_id(tag, UUID(str(value)))
    except ValueError:
        return value


def _opaque_within(value: object) -> object:
    """A list of facts, each with its opaque ids and under names as the schema writes them; anything else as it is."""
    if not isinstance(value, list):
        return value
    listed = cast("list[Any]", value)
    return [_renamed(cast("dict[str, Any]", one)) if isinstance(one, dict) else one for one in listed]


def _renamed(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        to_camel_case(name): _opaque(TAGS[name], said) if name in TAGS and said is not None else said
        for name, said in facts.items()
    }


def _shape(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, UnionType):
        inner = next(each for each in get_args(annotation) if each is not NoneType)
        return _shape(inner) | None
    if annotation in (bool, datetime):
        return annotation
    if annotation is int:
        return Points
    if annotation in (str, UUID) or (isinstance(annotation, type) and issubclass(annotation, StrEnum)):
        return str
    return Json


def refusal_type(kinds: tuple[type[DomainRefusal], ...]) -> type[Any]:
    """The GraphQL type of a refusal: its name, and its facts as fields; nullable where only one room tells them."""
    shared = set.intersection(*({fact.name for fact in fields(kind)} for kind in kinds))
    members: dict[str, Any] = {
        fact.name: strawberry.field(
            resolver=_fact(fact.name, fact.type, optional=fact.name not in shared), description=_told(fact.name)
        )
        for kind in kinds
        for fact in fields(kind)
    }
    members["is_type_of"] = classmethod(
        lambda _, value, __: isinstance(value, Told) and isinstance(value.refusal, kinds)
    )
    made = type(kinds[0].__name__, (Refusal,), members)
    return strawberry.type(made, description=(kinds[0].__doc__ or kinds[0].code()).strip())


REFUSAL_TYPES: Mapping[str, type[Any]] = {code: refusal_type(kinds) for code, kinds in all_refusals().items()}


@contextmanager
def as_error(info: Info) -> Generator[None]:
    """A refusal of a query becomes an error with the refusal's code and sentence; queries have no result union."""
    try:
        yield
    except DomainRefusal as refusal:
        raise GraphQLError(
            refusal.text(info.context.locale), extensions={"code": refusal.code(), "retryable": refusal.retryable}
        ) from None
