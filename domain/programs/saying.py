"""What terms pay, as plain sentences in English or French, said from the data and from nothing else; pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from domain.kernel.points import SHARES_PPM_WHOLE
from domain.kernel.wording import amount_text, language_of, number_text, percent_text
from domain.programs.conditions import condition_text
from domain.programs.document import FromParameter, Number
from domain.programs.effects.brackets import BracketMode, Brackets
from domain.programs.effects.effect import Effect, Measure
from domain.programs.effects.fixed import Fixed
from domain.programs.effects.milestone import Milestones
from domain.programs.effects.per_unit import PerUnit
from domain.programs.effects.percent import PPM_WHOLE, Percent
from domain.programs.phrases import BASES, EACH, MODES, MOMENTS, PERIODS, PHRASES, TARGETS, TOTALS
from domain.programs.rules import ATTRIBUTE_MARK, Basis, Rule
from domain.programs.terms import Terms


def terms_sentence(terms: Terms, locale: str, exponents: Mapping[str, int]) -> str:
    """What the terms pay, rule by rule; `exponents` are the decimals of each unit (default 0)."""
    language = language_of(locale)
    said = (RuleSaid(rule=rule, unit=terms.unit, language=language, exponents=exponents) for rule in terms.rules)
    return " ".join(one.text() for one in said)


@dataclass(frozen=True, kw_only=True)
class RuleSaid:
    """One rule on its way into words."""

    rule: Rule
    unit: str
    language: str
    exponents: Mapping[str, int]

    def text(self) -> str:
        """Its sentences: what is earned, by whom, under which condition, within which limits, and for how long."""
        said = [self._earned(), *self._limits(), *self._time(), *self._together()]
        return " ".join(one[:1].upper() + one[1:] + "." for one in said)

    def _say(self, phrase: str, **facts: object) -> str:
        return PHRASES[self.language][phrase].format_map(facts)

    def _earned(self) -> str:
        rule = self.rule
        told = self._say("earns", trigger=rule.trigger, what=self._effect(rule.effect), whom=self._whom())
        if rule.moment is not None:
            told += self._say("moment", moment=MOMENTS[self.language][rule.moment])
        if rule.condition is not None:
            told += self._say("if", condition=condition_text(rule.condition, self.language))
        return told

    def _effect(self, effect: Effect) -> str:
        match effect:
            case Fixed():
                return self._award(effect.amount)
            case PerUnit():
                return self._say("per_unit", amount=self._award(effect.amount), per=self._per(effect.per))
            case Percent():
                return self._say("percent", percent=self._percent(effect.ppm), basis=self._of_basis())
            case Brackets():
                return self._brackets(effect)
            case Milestones():
                steps = ", ".join(
                    self._say(
                        "milestone", amount=self._award(step.amount), at=self._measured(effect.measure, step.reached_at)
                    )
                    for step in effect.milestones
                )
                return self._say("milestones", steps=steps, period=PERIODS[self.language][self.rule.period])
            case _:
                return self._say("other", kind=effect.kind)

    def _brackets(self, effect: Brackets) -> str:
        steps = ", ".join(self._bracket(effect, number) for number in range(len(effect.brackets)))
        phrase = "marginal" if effect.mode is BracketMode.MARGINAL else "retroactive"
        is_count = effect.measure is Measure.COUNT
        total = self._say("count") if is_count else TOTALS[self.language][self.rule.basis]
        return self._say(phrase, total=total, period=PERIODS[self.language][self.rule.period], steps=steps)

    def _bracket(self, effect: Brackets, number: int) -> str:
        bracket = effect.brackets[number]
        is_part = effect.measure is Measure.BASIS and effect.per == PPM_WHOLE and self.rule.basis_unit == self.unit
        if is_part:
            rate = self._percent(bracket.rate)
        elif effect.measure is Measure.COUNT:
            rate = self._say("each", amount=self._award(bracket.rate), per=self._plain(effect.per))
        else:
            rate = self._say("per_unit", amount=self._award(bracket.rate), per=self._per(effect.per))
        start = bracket.starts_at
        is_money = effect.measure is Measure.BASIS and self.rule.basis is not Basis.UNITS
        return self._say("bracket", rate=rate, at=self._money(start) if is_money else self._plain(start))

    def _whom(self) -> str:
        shares = self.rule.beneficiaries
        if shares[0].share_ppm == SHARES_PPM_WHOLE:
            shares = shares[:1]
        if len(shares) == 1:
            return self._say("to", whom=self._target(shares[0].to))
        parts = [
            self._say("share", percent=self._percent(share.share_ppm), whom=self._target(share.to))
            if share.share_ppm is not None
            else self._say("rest", whom=self._target(share.to))
            for share in shares
            if share.share_ppm != 0
        ]
        return self._say("shared", parts=", ".join(parts))

    def _target(self, to: str) -> str:
        known = TARGETS[self.language].get(to)
        return known or self._say("named", attribute=to.removeprefix(ATTRIBUTE_MARK).replace("_", " "))

    def _limits(self) -> list[str]:
        rule, said = self.rule, list[str]()
        for cap in rule.caps:
            parts = [] if cap.amount is None else [self._award(cap.amount)]
            if cap.count is not None:
                parts.append(self._say("times", count=self._plain(cap.count)))
            each = EACH[self.language][cap.period]
            said.append(self._say("cap", what=self._say("and").join(parts), each=each))
        if rule.cooldown_minutes is not None:
            said.append(self._say("cooldown", minutes=self._plain(rule.cooldown_minutes)))
        if rule.campaign_cap is not None:
            said.append(self._say("campaign", amount=self._award(rule.campaign_cap)))
        return said

    def _time(self) -> list[str]:
        rule, said = self.rule, list[str]()
        if rule.hold_days != 0:
            said.append(self._say("hold", days=self._plain(rule.hold_days)))
        if rule.expiry.days is not None:
            said.append(self._say("expires_days", days=self._plain(rule.expiry.days)))
        elif rule.expiry.months is not None:
            said.append(self._say("expires_months", months=self._plain(rule.expiry.months)))
        else:
            said.append(self._say("never"))
        return said

    def _together(self) -> list[str]:
        rule, said = self.rule, list[str]()
        if rule.stacking is not None:
            mode = MODES[self.language][rule.stacking.mode]
            said.append(self._say("stacking", group=rule.stacking.group, mode=mode))
            if rule.stacking.ceiling_ppm is not None:
                said.append(self._say("ceiling", percent=self._percent(rule.stacking.ceiling_ppm)))
        said += [self._say("grant", quantity=grant.quantity, bundle=grant.bundle) for grant in rule.grants]
        return said

    def _award(self, number: Number) -> str:
        return self._number(number, lambda value: amount_text(value, self.unit, self.language, self.exponents))

    def _per(self, number: Number) -> str:
        if self.rule.basis is not Basis.UNITS:
            return self._say("per_amount", amount=self._money(number), basis=self._of_basis())
        return self._say("unit") if number == 1 else self._say("per_units", count=self._plain(number))

    def _money(self, number: Number) -> str:
        unit = self.rule.basis_unit
        return self._number(number, lambda value: amount_text(value, unit, self.language, self.exponents))

    def _of_basis(self) -> str:
        return BASES[self.language][self.rule.basis]

    def _measured(self, measure: Measure, number: Number) -> str:
        if measure is Measure.COUNT:
            return self._say("activities", count=self._plain(number))
        if self.rule.basis is Basis.UNITS:
            return self._say("units", count=self._plain(number))
        return self._say("amount_of", amount=self._money(number), basis=self._of_basis())

    def _percent(self, number: Number) -> str:
        return self._number(number, lambda value: percent_text(value, self.language))

    def _plain(self, number: Number) -> str:
        return self._number(number, lambda value: number_text(value, 0, self.language))

    def _number(self, number: Number, shown: Callable[[int], str]) -> str:
        if not isinstance(number, FromParameter):
            return shown(number)
        least, most = shown(number.minimum), shown(number.maximum)
        return self._say("parameter", least=least, most=most, name=number.name.replace("_", " "))
