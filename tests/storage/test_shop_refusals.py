"""Every refusal of the shop has its row: how it comes about, its facts, and what it says in English and French."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass

import pytest

import api.schema  # noqa: F401  # pyright: ignore[reportUnusedImport]  # every refusal of a served process is known
from catalog.codes import refusals as codes
from catalog.items import refusals as items
from catalog.redemptions import refusals as redemptions
from catalog.sends import refusals as sends
from domain.kernel.refusals import LOCALES, Refusal, every_refusal, refusal_again
from domain.kernel.sql import Database
from tests.storage import refused, refused_rewards
from tests.storage.refused import Provoked, Stage, staged

ROOMS = ("catalog.", "api.webhooks.")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One refusal; its sentences quote its facts in braces."""

    refusal: type[Refusal]
    provoke: Callable[[Stage], Awaitable[Provoked]]
    en: str
    fr: str


ROWS = (
    Row(
        refusal=codes.CodeExists,
        provoke=refused.code_twice,
        en="The supplier delivered a code that was delivered before.",
        fr="Le fournisseur a livré un code déjà livré auparavant.",
    ),
    Row(
        refusal=codes.BatchRecalled,
        provoke=refused.recalled_batch,
        en="The batch b1 was recalled; import under another batch id.",
        fr="Le lot b1 a été rappelé ; importez sous un autre identifiant de lot.",
    ),
    Row(
        refusal=codes.BatchFull,
        provoke=refused.full_batch,
        en="The batch b1 would hold more than {codes_max} codes; go on under another batch id.",
        fr="Le lot b1 dépasserait {codes_max} codes ; continuez sous un autre identifiant de lot.",
    ),
    Row(
        refusal=items.RouteUnknown,
        provoke=refused.no_route,
        en="No route leads to the supplier nobody with the pool none.",
        fr="Aucune voie ne mène au fournisseur nobody avec la réserve none.",
    ),
    Row(
        refusal=items.UnitUnknown,
        provoke=refused.no_unit,
        en="There is no unit SHELLS.",
        fr="Il n’y a pas d’unité SHELLS.",
    ),
    Row(
        refusal=redemptions.ActionNotAvailable,
        provoke=refused.ordered_cancelled,
        en="CANCEL is not possible: the line is ORDERED.",
        fr="CANCEL n’est pas possible : la ligne est ORDERED.",
    ),
    Row(
        refusal=redemptions.QuoteExpired,
        provoke=refused.old_quote,
        en="This offer expired at {expired_at}; ask for a new one.",
        fr="Cette offre a expiré à {expired_at} ; demandez-en une nouvelle.",
    ),
    Row(
        refusal=redemptions.QuoteRedeemed,
        provoke=refused.quote_twice,
        en="This offer was already redeemed.",
        fr="Cette offre a déjà été utilisée.",
    ),
    Row(
        refusal=redemptions.CannotRedeem,
        provoke=refused.another_country,
        en="This is for JP; your country is not known.",
        fr="Ceci est réservé à JP ; votre pays est inconnu.",
    ),
    Row(
        refusal=redemptions.AddressNeeded,
        provoke=refused.no_address,
        en="An address is needed to ship this.",
        fr="Une adresse est nécessaire pour expédier ceci.",
    ),
    Row(
        refusal=redemptions.TaxThresholdReached,
        provoke=refused.over_the_threshold,
        en="With this, rewards of {year} would pass 900 EUR (minor units); the tax form comes first.",
        fr="Avec ceci, les récompenses de {year} dépasseraient 900 EUR (unités mineures) ;"
        " le formulaire fiscal d’abord.",
    ),
    Row(
        refusal=redemptions.StaleLease,
        provoke=refused.old_fence,
        en="Somebody else has this order by now; what you report under lease 1 comes too late.",
        fr="Quelqu’un d’autre a désormais cette commande ; ce que vous signalez sous le bail 1 arrive trop tard.",
    ),
    Row(
        refusal=redemptions.NotParked,
        provoke=refused.not_parked,
        en="This order does not wait for you: it is SENT.",
        fr="Cette commande ne vous attend pas : elle est SENT.",
    ),
    Row(
        refusal=redemptions.ProblemOpen,
        provoke=refused.problem_twice,
        en="A problem with this code is being looked at already.",
        fr="Un problème avec ce code est déjà en cours de traitement.",
    ),
    Row(
        refusal=redemptions.ProblemSettled,
        provoke=refused.settled_twice,
        en="This problem was settled before: REFUNDED.",
        fr="Ce problème a déjà été réglé : REFUNDED.",
    ),
    Row(
        refusal=redemptions.NoCodeLeft,
        provoke=refused.no_other_code,
        en="There is no other code to replace this one; refund it, or import codes first.",
        fr="Il n’y a pas d’autre code pour remplacer celui-ci ; remboursez-le, ou importez d’abord des codes.",
    ),
    Row(
        refusal=sends.ChoiceRefused,
        provoke=refused_rewards.nothing_chosen,
        en="Choose exactly 1 different items of the bundle {bundle}.",
        fr="Choisissez exactement 1 articles différents du lot {bundle}.",
    ),
    Row(
        refusal=sends.AddressConsentNeeded,
        provoke=refused_rewards.no_consent,
        en="This is shipped: give an address, and your consent that it is passed on for delivery.",
        fr="Ceci est expédié : indiquez une adresse et consentez à sa transmission pour la livraison.",
    ),
    Row(
        refusal=sends.RewardNotOpen,
        provoke=refused_rewards.claimed_and_declined,
        en="This reward is ACCEPTED; nothing can be done with it any more.",
        fr="Cette récompense est ACCEPTED ; on ne peut plus rien en faire.",
    ),
    Row(
        refusal=sends.SendNotInState,
        provoke=refused_rewards.recalled_twice,
        en="A send in state RECALLED does not allow recallSend.",
        fr="Un envoi dans l’état RECALLED ne permet pas recallSend.",
    ),
    Row(
        refusal=sends.SendNeedsApproval,
        provoke=refused_rewards.too_much_for_one,
        en="A send of 200 needs somebody else’s approval: above 199, its author cannot schedule it; draft it for"
        " another to schedule.",
        fr="Un envoi de 200 exige l’accord d’une autre personne : au-delà de 199, son auteur ne peut pas le"
        " programmer ; préparez un brouillon pour quelqu’un d’autre.",
    ),
    Row(
        refusal=sends.AudienceTooLarge,
        provoke=refused_rewards.crowd,
        en="The filter finds 10001 people or more; a send has at most 10000.",
        fr="Le filtre trouve 10001 personnes ou plus ; un envoi en compte au plus 10000.",
    ),
    Row(
        refusal=sends.BudgetOfAnotherUnit,
        provoke=refused_rewards.paid_in_points,
        en="The program’s budget is in POINTS; what is sent is worth EUR.",
        fr="Le budget du programme est en POINTS ; ce qui est envoyé vaut EUR.",
    ),
    Row(
        refusal=sends.EntitlementNotOpen,
        provoke=refused_rewards.used_up,
        en="This entitlement is CONSUMED; it cannot be used.",
        fr="Ce droit est CONSUMED ; il ne peut pas être utilisé.",
    ),
    Row(
        refusal=sends.QuotaExceeded,
        provoke=refused_rewards.more_than_left,
        en="2 are left of this entitlement, not 3.",
        fr="Il reste 2 utilisations de ce droit, pas 3.",
    ),
    Row(
        refusal=sends.NotTransferable,
        provoke=refused_rewards.passed_on,
        en="This entitlement cannot be passed on.",
        fr="Ce droit ne peut pas être transmis.",
    ),
    Row(
        refusal=sends.OtherOrganisation,
        provoke=refused_rewards.passed_outside,
        en="An entitlement passes only to somebody of the same partner.",
        fr="Un droit ne se transmet qu’à une personne du même partenaire.",
    ),
)


@pytest.fixture(scope="module")
async def stage(database: str) -> AsyncIterator[Stage]:
    opened = await Database.open(database, connections_max=4)
    yield await staged(opened)
    await opened.close()


@pytest.mark.parametrize("row", ROWS, ids=[row.refusal.code() for row in ROWS])
async def test_a_refusal_comes_with_its_facts_and_says_them_in_two_languages(stage: Stage, row: Row) -> None:
    refusing, facts = await row.provoke(stage)
    with pytest.raises(row.refusal) as no:
        await refusing
    assert no.value.facts() == facts
    said = {locale: no.value.text(locale) for locale in (*LOCALES, "de")}
    assert said == {"en": row.en.format(**facts), "fr": row.fr.format(**facts), "de": row.en.format(**facts)}
    again = refusal_again(row.refusal.code(), no.value.facts())
    assert (type(again), again.facts(), again.text("fr")) == (row.refusal, facts, said["fr"])


def without_row(known: Iterable[type[Refusal]], rows: Collection[Row]) -> list[str]:
    """The codes of the shop's refusals that no row provokes."""
    covered = {row.refusal for row in rows}
    return [kind.code() for kind in known if kind.__module__.startswith(ROOMS) and kind not in covered]


def test_every_refusal_of_the_shop_has_a_row() -> None:
    assert without_row(every_refusal(), ROWS) == []


def test_a_refusal_without_a_row_is_caught() -> None:
    assert without_row(every_refusal(), ROWS[1:]) == [ROWS[0].refusal.code()]
