"""The machines of deals and leads move as drawn; who is meant, who is first and who gets a lead is decided purely."""

from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest

from domain.access.principals import Relation, Role
from domain.deals import machine as deals
from domain.deals.conflict import Conflict, ConflictKind, Held, Related, Submission, judge
from domain.deals.machine import DealAction, DealState
from domain.deals.policy import BOUNDS, DealPolicy
from domain.kernel.refusals import InvalidInput
from domain.leads import machine as leads
from domain.leads.distribution import Candidate, Wanted, Why, WhyCode, choose
from domain.leads.machine import LeadAction, LeadState
from domain.partners.customers.customer import (
    PRODUCTS_MAX,
    CustomerSaid,
    KeyKind,
    KnownCustomer,
    RelationKind,
    meant,
    normal_domain,
    normal_name,
    normal_products,
    normal_tax_id,
    scopes_overlap,
)

ONE, TWO, THREE, FOUR = (UUID(int=n) for n in range(1, 5))
NOW = datetime(2026, 1, 5, tzinfo=UTC)

NAMES = [
    ("Société Acme, S.A.S.", "societe acme"),
    ("ACME GmbH & Co. KG", "acme"),
    ("Müller  +  Söhne", "muller sohne"),
    ("The S.A. Company", "the"),
    ("SA", "sa"),
    ("3M", "3m"),
]
DOMAINS = [
    ("https://www.Acme.example/fr?x=1", "acme.example"),
    ("sales@acme.example", "acme.example"),
    ("acme.co.uk.", "acme.co.uk"),
    ("gmail.com", None),
]


@pytest.mark.parametrize(("said", "normal"), NAMES)
def test_a_name_is_compared_without_accents_points_and_legal_forms(said: str, normal: str) -> None:
    assert normal_name(said) == normal


@pytest.mark.parametrize(("said", "normal"), DOMAINS)
def test_a_domain_is_the_host_and_a_public_mailbox_is_nobodys(said: str, normal: str | None) -> None:
    assert normal_domain(said) == normal


def test_what_is_no_key_is_refused() -> None:
    assert normal_tax_id("fr 12-345.678") == "FR12345678"
    for wrong in (
        lambda: normal_name("…"),
        lambda: normal_domain("nowhere"),
        lambda: normal_tax_id("12"),
        lambda: CustomerSaid(name="").keys(),
        lambda: CustomerSaid(name="n" * 201).keys(),
        lambda: CustomerSaid(name="n", country="France").keys(),
        lambda: normal_products([f"p{n}" for n in range(PRODUCTS_MAX + 1)]),
        lambda: normal_products(["p" * 65]),
    ):
        with pytest.raises(InvalidInput):
            wrong()
    assert len(normal_products([f"p{n}" for n in range(PRODUCTS_MAX)])) == PRODUCTS_MAX
    assert CustomerSaid(name="n" * 200).keys() == {KeyKind.NAME: "n" * 200}


def test_a_customer_is_meant_by_its_strongest_key_and_by_its_name_where_nothing_contradicts() -> None:
    by_tax = KnownCustomer(id=ONE, keys={KeyKind.TAX_ID: frozenset({"FR1"}), KeyKind.NAME: frozenset({"acme"})})
    by_domain = KnownCustomer(
        id=TWO, country="FR", keys={KeyKind.DOMAIN: frozenset({"acme.fr"}), KeyKind.NAME: frozenset({"acme"})}
    )
    known = [by_domain, by_tax]
    assert meant({KeyKind.NAME: "x", KeyKind.TAX_ID: "FR1", KeyKind.DOMAIN: "acme.fr"}, None, known) is by_tax
    assert meant({KeyKind.NAME: "x", KeyKind.DOMAIN: "acme.fr"}, None, known) is by_domain
    assert meant({KeyKind.NAME: "acme"}, None, known) is by_tax
    assert meant({KeyKind.NAME: "acme", KeyKind.TAX_ID: "FR2"}, None, known) is by_domain
    assert meant({KeyKind.NAME: "acme", KeyKind.TAX_ID: "FR2"}, "DE", known) is None
    assert meant({KeyKind.NAME: "acme", KeyKind.DOMAIN: "acme.de", KeyKind.TAX_ID: "DE1"}, None, known) is None


def test_an_empty_scope_is_every_product() -> None:
    assert scopes_overlap((), ("CRM",))
    assert scopes_overlap(("CRM",), ("CRM", "ERP"))
    assert not scopes_overlap(("CRM",), ("ERP",))


def submission(n: int, partner: UUID, customer: UUID = ONE, products: tuple[str, ...] = ()) -> Submission:
    return Submission(registration_id=UUID(int=n), partner_id=partner, customer_id=customer, products=products)


def test_of_two_submissions_the_first_wins_and_other_products_are_free() -> None:
    verdicts = judge(
        [submission(10, ONE, products=("CRM",)), submission(11, TWO), submission(12, TWO, products=("ERP",))],
        {},
        {},
        {},
    )
    states = [verdict.state for verdict in verdicts.values()]
    assert states == [DealState.SUBMITTED, DealState.REJECTED, DealState.SUBMITTED]
    assert verdicts[UUID(int=11)].conflicts == (Conflict(kind=ConflictKind.DUPLICATE, against_id=UUID(int=10)),)
    own = judge([submission(13, ONE), submission(14, ONE)], {}, {}, {})[UUID(int=14)]
    assert (own.state, own.reason, own.conflicts) == (DealState.REJECTED, "REGISTERED_BY_YOUR_FIRM", ())


def test_what_was_returned_is_no_obstacle_to_itself() -> None:
    held = {ONE: [Held(registration_id=UUID(int=10), partner_id=ONE, products=())]}
    assert judge([submission(10, ONE)], held, {}, {})[UUID(int=10)].state is DealState.SUBMITTED


@pytest.mark.parametrize("kind", RelationKind)
def test_whoever_has_to_do_with_a_customer_is_an_obstacle_to_others(kind: RelationKind) -> None:
    partner = None if kind is RelationKind.VENDOR_REP else ONE
    related = {ONE: [Related(kind=kind, partner_id=partner)]}
    other = judge([submission(10, TWO)], {}, {}, related)[UUID(int=10)]
    assert (other.state, [one.kind.value for one in other.conflicts]) == (DealState.IN_REVIEW, [kind.value])
    itself = judge([submission(10, ONE)], {}, {}, related)[UUID(int=10)]
    assert itself.state is (DealState.IN_REVIEW if kind is RelationKind.VENDOR_REP else DealState.SUBMITTED)


@pytest.mark.parametrize("state", DealState)
def test_a_deal_can_be_acted_on_where_an_edge_leads_somewhere(state: DealState) -> None:
    reached = {
        DealAction.SUBMIT: {DealState.SUBMITTED},
        DealAction.APPROVE: {DealState.APPROVED},
        DealAction.REJECT: {DealState.REJECTED},
        DealAction.RETURN: {DealState.RETURNED},
        DealAction.WIN: {DealState.WON},
        DealAction.LOSE: {DealState.LOST},
        DealAction.CANCEL: {DealState.CANCELLED},
        DealAction.ANSWER_EXTENSION: {DealState.EXTENDED},
    }
    for action, targets in reached.items():
        for target in targets:
            assert (state in deals.OPEN_TO[action]) == (state in deals.sources(target)), (action, state)
    looked_at = deals.OPEN_TO[DealAction.REVIEW] | {DealState.REJECTED}
    assert deals.sources(DealState.IN_REVIEW) == looked_at
    assert deals.sources(DealState.EXPIRED) == deals.PROTECTED | {DealState.RETURNED}


def test_only_the_vendor_decides_and_only_the_partner_submits() -> None:
    for state in DealState:
        for relation, role in ((Relation.OWN, Role.MEMBER), (Relation.PARTNER, Role.PARTNER_ADMIN)):
            mine = deals.available_actions(state, relation=relation, role=role, disputable=True, extension_asked=False)
            assert not {DealAction.APPROVE, DealAction.WIN, DealAction.REASSIGN, DealAction.REJECT} & set(mine)
            assert state is not DealState.WON or mine == ()
        theirs = deals.available_actions(
            state, relation=Relation.OPERATOR, role=Role.ADMIN, disputable=True, extension_asked=True
        )
        assert not {DealAction.SUBMIT, DealAction.DISPUTE, DealAction.EDIT} & set(theirs)
        nobody = deals.available_actions(
            state, relation=Relation.OPERATOR, role=Role.SUPPORT, disputable=True, extension_asked=True
        )
        assert nobody == ()


def test_a_dispute_needs_an_open_conflict_and_an_answer_a_question() -> None:
    asked = partial(deals.available_actions, relation=Relation.OWN, role=Role.MEMBER)
    rejected = asked(DealState.REJECTED, disputable=False, extension_asked=False)
    assert rejected == ()
    approved = asked(DealState.APPROVED, disputable=False, extension_asked=True)
    assert DealAction.REQUEST_EXTENSION not in approved


@pytest.mark.parametrize("name", BOUNDS)
def test_a_policy_keeps_its_bounds(name: str) -> None:
    least, most = BOUNDS[name]
    for good in (least, most):
        assert DealPolicy.from_json({**DealPolicy().to_json(), name: good}).to_json()[name] == good
    for bad in (least - 1, most + 1):
        with pytest.raises(InvalidInput):
            DealPolicy.from_json({name: bad})


@pytest.mark.parametrize("state", LeadState)
def test_a_lead_can_be_acted_on_where_an_edge_leads_somewhere(state: LeadState) -> None:
    for action, target in (
        (LeadAction.ACCEPT, LeadState.ACCEPTED),
        (LeadAction.CONVERT, LeadState.CONVERTED),
        (LeadAction.RETURN, LeadState.RETURNED),
        (LeadAction.ASSIGN, LeadState.ASSIGNED),
    ):
        assert (state in leads.OPEN_TO[action]) == (state in leads.sources(target)), (action, state)
    operator = leads.available_actions(state, relation=Relation.OPERATOR, role=Role.SUPPORT)
    assert operator == ()
    mine = leads.available_actions(state, relation=Relation.OWN, role=Role.MEMBER)
    assert not {LeadAction.ASSIGN, LeadAction.CORRECT, LeadAction.REVERT} & set(mine)


def candidate(partner: UUID, **more: object) -> Candidate:
    return Candidate(partner_id=partner, member_id=partner, **more)  # pyright: ignore[reportArgumentType] fields of a test


RETAIL = Wanted(segment="SMB", vertical="RETAIL", country="FR")
CHOICES = [
    ("most matches first", [candidate(ONE), candidate(TWO, verticals=frozenset({"RETAIL"}), open=9)], TWO),
    ("what somebody else asked for is not theirs", [candidate(ONE, verticals=frozenset({"BANKS"}))], None),
    ("the least load", [candidate(ONE, open=2, open_max=4), candidate(TWO, open=4, open_max=10)], TWO),
    ("whoever waits longest", [candidate(ONE, last_at=NOW), candidate(TWO, last_at=NOW - timedelta(days=1))], TWO),
    ("never had one before", [candidate(ONE, last_at=NOW), candidate(TWO)], TWO),
    ("the smaller id at last", [candidate(TWO), candidate(ONE)], ONE),
    ("a full desk takes none", [candidate(ONE, open=3, open_max=3), candidate(TWO, open=99, open_max=100)], TWO),
    ("nobody at all", [], None),
]


@pytest.mark.parametrize(("rule", "candidates", "chosen"), CHOICES, ids=[rule for rule, _, _ in CHOICES])
def test_a_lead_goes_to_whom_the_stated_order_says(rule: str, candidates: list[Candidate], chosen: UUID | None) -> None:
    found = choose(RETAIL, candidates)
    assert (found and found.partner_id) == chosen, rule


def test_who_had_a_lead_does_not_get_it_again_and_the_reason_is_kept() -> None:
    found = choose(RETAIL, [candidate(ONE, countries=frozenset({"FR"})), candidate(TWO)], without={ONE})
    assert found is not None
    assert found.partner_id == TWO
    assert Why.from_json(found.why.to_json()) == found.why
    assert found.why.text("en-US") == "Matches: none in particular; 0 of 10 leads open at that time."
    for code in WhyCode:
        for locale in ("en", "fr", "de"):
            assert Why(code=code, open=1, open_max=2).text(locale)
