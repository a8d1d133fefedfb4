"""The phrases that terms are said in, in English and French; braces name facts."""

from collections.abc import Mapping

from domain.kernel.periods import PeriodKind
from domain.programs.rules import Basis, Moment, StackingMode, SubjectKind

PHRASES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "earns": "“{trigger}” earns {what}{whom}",
        "moment": ", once it is {moment}",
        "if": ", if {condition}",
        "per_unit": "{amount} for every {per}",
        "percent": "{percent} of {basis}",
        "marginal": "by the total of {period}, each part at its own rate: {steps}",
        "retroactive": "by the total of {period}, all of it at the rate it reaches: {steps}",
        "bracket": "{rate} from {at} on",
        "each": "{amount} for every {per} activities",
        "milestones": "no amount of its own, but milestones of {period}: {steps}",
        "milestone": "{amount} at {at}",
        "other": "what its effect {kind} says",
        "to": ", to {whom}",
        "shared": ", shared: {parts}",
        "share": "{percent} to {whom}",
        "rest": "the rest to {whom}",
        "named": "the person named as {attribute}",
        "cap": "at most {what} per beneficiary in {period}",
        "times": "{count} activities",
        "and": " and ",
        "cooldown": "one activity counts every {minutes} minutes at most",
        "campaign": "all participants together get at most {amount}",
        "hold": "it can be used after {days} days",
        "expires_days": "it expires {days} days later",
        "expires_months": "it expires {months} months later",
        "never": "it never expires",
        "stacking": "of one deal, in the group “{group}”, {mode} counts",
        "ceiling": "together at most {percent} of the deal",
        "grant": "the bundle “{bundle}” comes with it, {quantity} times",
        "units": "{count} units",
        "amount_of": "{amount} of {basis}",
        "activities": "{count} activities",
        "parameter": "{least} to {most} ({name}, as agreed)",
    },
    "fr": {
        "earns": "«\u202f{trigger}\u202f» rapporte {what}{whom}",
        "moment": ", une fois {moment}",
        "if": ", si {condition}",
        "per_unit": "{amount} par tranche de {per}",
        "percent": "{percent} {basis}",
        "marginal": "selon le total {period}, chaque part à son propre taux\u202f: {steps}",
        "retroactive": "selon le total {period}, tout au taux atteint\u202f: {steps}",
        "bracket": "{rate} à partir de {at}",
        "each": "{amount} par tranche de {per} activités",
        "milestones": "rien en soi, mais des paliers {period}\u202f: {steps}",
        "milestone": "{amount} à {at}",
        "other": "ce que dit son effet {kind}",
        "to": ", pour {whom}",
        "shared": ", à partager\u202f: {parts}",
        "share": "{percent} pour {whom}",
        "rest": "le reste pour {whom}",
        "named": "la personne nommée dans {attribute}",
        "cap": "au plus {what} par bénéficiaire et par période {period}",
        "times": "{count} activités",
        "and": " et ",
        "cooldown": "une activité compte au plus toutes les {minutes} minutes",
        "campaign": "tous les participants ensemble reçoivent au plus {amount}",
        "hold": "utilisable après {days} jours",
        "expires_days": "expire {days} jours plus tard",
        "expires_months": "expire {months} mois plus tard",
        "never": "n’expire jamais",
        "stacking": "pour une même affaire, dans le groupe «\u202f{group}\u202f», {mode} compte",
        "ceiling": "ensemble au plus {percent} de l’affaire",
        "grant": "le lot «\u202f{bundle}\u202f» l’accompagne, {quantity} fois",
        "units": "{count} unités",
        "amount_of": "{amount} {basis}",
        "activities": "{count} activités",
        "parameter": "{least} à {most} ({name}, convenu)",
    },
}
BASES: Mapping[str, Mapping[Basis, str]] = {
    "en": {
        Basis.LIST: "the list price",
        Basis.NET: "the net amount",
        Basis.MARGIN: "the margin",
        Basis.UNITS: "the quantity",
        Basis.PAID: "what was paid",
    },
    "fr": {
        Basis.LIST: "du prix catalogue",
        Basis.NET: "du montant net",
        Basis.MARGIN: "de la marge",
        Basis.UNITS: "de la quantité",
        Basis.PAID: "de ce qui a été payé",
    },
}
MOMENTS: Mapping[str, Mapping[Moment, str]] = {
    "en": {
        Moment.BOOKED: "booked",
        Moment.PAID: "paid",
        Moment.ACTIVATED: "activated",
        Moment.RENEWED: "renewed",
        Moment.CHURNED: "churned",
    },
    "fr": {
        Moment.BOOKED: "la vente commandée",
        Moment.PAID: "la vente payée",
        Moment.ACTIVATED: "la vente activée",
        Moment.RENEWED: "la vente renouvelée",
        Moment.CHURNED: "la vente résiliée",
    },
}
PERIODS: Mapping[str, Mapping[PeriodKind, str]] = {
    "en": {
        PeriodKind.DAY: "the day",
        PeriodKind.WEEK: "the week",
        PeriodKind.MONTH: "the month",
        PeriodKind.QUARTER: "the quarter",
        PeriodKind.YEAR: "the year",
        PeriodKind.PROGRAM: "the program",
        PeriodKind.ALL_TIME: "all time",
    },
    "fr": {
        PeriodKind.DAY: "du jour",
        PeriodKind.WEEK: "de la semaine",
        PeriodKind.MONTH: "du mois",
        PeriodKind.QUARTER: "du trimestre",
        PeriodKind.YEAR: "de l’année",
        PeriodKind.PROGRAM: "du programme",
        PeriodKind.ALL_TIME: "de tout temps",
    },
}
MODES: Mapping[str, Mapping[StackingMode, str]] = {
    "en": {
        StackingMode.EXCLUSIVE: "only the first by priority",
        StackingMode.BEST_OF: "only the largest",
        StackingMode.ADDITIVE: "everything",
    },
    "fr": {
        StackingMode.EXCLUSIVE: "seul le premier par priorité",
        StackingMode.BEST_OF: "seul le plus élevé",
        StackingMode.ADDITIVE: "tout",
    },
}
TARGETS: Mapping[str, Mapping[str, str]] = {
    "en": {SubjectKind.MEMBER.value: "the participant", SubjectKind.PARTNER.value: "the firm"},
    "fr": {SubjectKind.MEMBER.value: "le participant", SubjectKind.PARTNER.value: "la société"},
}
