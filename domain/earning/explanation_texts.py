"""Every sentence an explanation can say, by code, in English and French; braces name facts of the step."""

from collections.abc import Mapping

TEXTS: Mapping[str, Mapping[str, str]] = {
    "RULE_MATCHED": {
        "en": "Rule {rule} of terms version {version} applies.",
        "fr": "La règle {rule} des conditions, version {version}, s’applique.",
    },
    "CONDITION_TRUE": {
        "en": "Its condition holds ({inputs}).",
        "fr": "Sa condition est remplie ({inputs}).",
    },
    "CONDITION_FALSE": {
        "en": "The condition of rule {rule} does not hold ({inputs}).",
        "fr": "La condition de la règle {rule} n’est pas remplie ({inputs}).",
    },
    "CONDITION_ERROR": {
        "en": "The condition of rule {rule} could not be judged: {problem}",
        "fr": "La condition de la règle {rule} n’a pas pu être évaluée : {problem}",
    },
    "OUTSIDE_WINDOW": {
        "en": "It occurred on {occurred_at}, outside the window of the terms.",
        "fr": "L’activité a eu lieu le {occurred_at}, hors de la période des conditions.",
    },
    "NOT_ENROLLED": {
        "en": "The participant was not enrolled on {occurred_at}.",
        "fr": "Le participant n’était pas inscrit le {occurred_at}.",
    },
    "PROGRAM_PAUSED": {
        "en": "The program has been paused since {since_at}; what occurs meanwhile earns nothing.",
        "fr": "Le programme est en pause depuis le {since_at} ; ce qui a lieu pendant la pause ne rapporte rien.",
    },
    "AUDIENCE_OTHER": {
        "en": "On that day neither the participant nor the partner was among those the program is for ({wanted}).",
        "fr": "Ce jour-là, ni le participant ni le partenaire n’étaient parmi ceux à qui le programme s’adresse"
        " ({wanted}).",
    },
    "MOMENT_OTHER": {
        "en": "The rule rewards the moment {expected}, this activity reports {moment}.",
        "fr": "La règle récompense le moment {expected}, cette activité signale {moment}.",
    },
    "COOLDOWN": {
        "en": "The activity before it counts alone until {pause_until}.",
        "fr": "L’activité précédente compte seule jusqu’au {pause_until}.",
    },
    "BASIS_MISSING": {
        "en": "The activity has no {basis} amount.",
        "fr": "L’activité n’a pas de montant {basis}.",
    },
    "DEAL_MISSING": {
        "en": "The activity names no deal, so that no {trigger} of it can be found.",
        "fr": "L’activité ne nomme pas d’affaire, aucun {trigger} ne peut donc y être trouvé.",
    },
    "DISCOUNT_UNKNOWN": {
        "en": "Its discount is not known: LIST and NET are needed, in one currency.",
        "fr": "Sa remise n’est pas connue : il faut LIST et NET, dans une même devise.",
    },
    "DISCOUNT_BARRED": {
        "en": "A discount of {discount} is above {above}, beyond which nothing is earned.",
        "fr": "Une remise de {discount} dépasse {above}, au-delà de quoi rien n’est acquis.",
    },
    "DISCOUNT_LOWERED": {
        "en": "A discount of {discount} is above {above}, so that {keeps} of {whole_amount} are kept: {amount}.",
        "fr": "Une remise de {discount} dépasse {above}, il reste donc {keeps} de {whole_amount} : {amount}.",
    },
    "BASIS_NEGATIVE": {
        "en": "The {basis} amount of the activity is below zero ({basis_amount}).",
        "fr": "Le montant {basis} de l’activité est inférieur à zéro ({basis_amount}).",
    },
    "AMOUNT_OUT_OF_BOUNDS": {
        "en": "The amount is beyond what a wallet can hold.",
        "fr": "Le montant dépasse ce qu’un portefeuille peut contenir.",
    },
    "RATE_MISSING": {
        "en": "There was no rate from {from_unit} to {to_unit} on {rated_at}.",
        "fr": "Il n’y avait pas de taux de {from_unit} vers {to_unit} le {rated_at}.",
    },
    "RATE_USED": {
        "en": "Converted from {from_unit} to {to_unit} at {rate} per smallest unit, the rate since {valid_from_at}.",
        "fr": "Converti de {from_unit} en {to_unit} à {rate} par plus petite unité, taux depuis le {valid_from_at}.",
    },
    "EFFECT_FIXED": {
        "en": "It is worth {amount}.",
        "fr": "Elle vaut {amount}.",
    },
    "EFFECT_PER_UNIT": {
        "en": "{each} for every {per} of {basis_amount} makes {amount}.",
        "fr": "{each} par tranche de {per} sur {basis_amount} donnent {amount}.",
    },
    "EFFECT_PERCENT": {
        "en": "{ppm} of {basis_amount} makes {amount}.",
        "fr": "{ppm} de {basis_amount} donnent {amount}.",
    },
    "BRACKET_MARGINAL": {
        "en": "It takes the total from {before} to {after}, into the bracket from {bracket_from}: {amount}.",
        "fr": "Elle porte le total de {before} à {after}, dans la tranche à partir de {bracket_from} : {amount}.",
    },
    "BRACKET_RETROACTIVE": {
        "en": "The total of {whole} is in the bracket from {bracket_from}, whose rate all of it earns: {amount}.",
        "fr": "Le total de {whole} est dans la tranche dès {bracket_from}, dont le taux vaut pour tout : {amount}.",
    },
    "MILESTONE_PROGRESS": {
        "en": "It counts towards the milestones: {after} so far, the next is at {next_at_total}.",
        "fr": "Elle compte pour les paliers : {after} à ce jour, le prochain est à {next_at_total}.",
    },
    "MILESTONE_LAST": {
        "en": "It counts, {after} so far, and every milestone is reached.",
        "fr": "Elle compte, {after} à ce jour, et tous les paliers sont atteints.",
    },
    "MILESTONE_REACHED": {
        "en": "Milestone {milestone}, at {at_total}, is reached: {amount}.",
        "fr": "Le palier {milestone}, à {at_total}, est atteint : {amount}.",
    },
    "SHARE": {
        "en": "{ppm} of {whole_amount} go to this beneficiary: {amount}.",
        "fr": "{ppm} de {whole_amount} reviennent à ce bénéficiaire : {amount}.",
    },
    "BENEFICIARY_MISSING": {
        "en": "The activity does not name the beneficiary {to}, whose share of {asked} is not given.",
        "fr": "L’activité ne nomme pas le bénéficiaire {to}, dont la part de {asked} n’est pas attribuée.",
    },
    "CAP_AMOUNT": {
        "en": "The cap of {cap} per {period} left {left} of {asked}.",
        "fr": "Le plafond de {cap} par {period} a laissé {left} sur {asked}.",
    },
    "CAP_COUNT": {
        "en": "The cap of {cap} paid activities per {period} is reached.",
        "fr": "Le plafond de {cap} activités payées par {period} est atteint.",
    },
    "SHARED_CAP_AMOUNT": {
        "en": "The cap of {cap} per {period} that {rules} share ({shared_cap}) left {left} of {asked}.",
        "fr": "Le plafond de {cap} par {period} commun à {rules} ({shared_cap}) a laissé {left} sur {asked}.",
    },
    "SHARED_CAP_COUNT": {
        "en": "The cap of {cap} paid activities per {period} that {rules} share ({shared_cap}) is reached.",
        "fr": "Le plafond de {cap} activités payées par {period} commun à {rules} ({shared_cap}) est atteint.",
    },
    "TOUCHED_BY_ANOTHER": {
        "en": "By the rule of the {mode} touch, this deal is another partner’s.",
        "fr": "Selon la règle du premier ou dernier contact ({mode}), cette affaire est à un autre partenaire.",
    },
    "NOT_PRECEDED": {
        "en": "No {trigger} of this deal was seen before it.",
        "fr": "Aucun {trigger} de cette affaire n’a été vu auparavant.",
    },
    "AWAITED": {
        "en": "It waits for {trigger}, which has to come by {awaited_until}.",
        "fr": "En attente de {trigger}, qui doit venir au plus tard le {awaited_until}.",
    },
    "AWAITED_CAME": {
        "en": "The awaited {trigger} came on {came_at}.",
        "fr": "L’événement attendu, {trigger}, est venu le {came_at}.",
    },
    "NEVER_CAME": {
        "en": "It waited for {trigger}, which had to come by {awaited_until} and never came.",
        "fr": "En attente de {trigger}, qui devait venir au plus tard le {awaited_until} et n’est jamais venu.",
    },
    "CHURNED": {
        "en": "{trigger} came on {came_at}, within {days} days, which leaves {left} of {asked}.",
        "fr": "{trigger} est venu le {came_at}, dans les {days} jours, ce qui laisse {left} sur {asked}.",
    },
    "STACKING_EXCLUSIVE": {
        "en": "In the group {group} the rule {winner} excludes this one.",
        "fr": "Dans le groupe {group}, la règle {winner} exclut celle-ci.",
    },
    "STACKING_BEST_OF": {
        "en": "In the group {group} the rule {winner} is worth more.",
        "fr": "Dans le groupe {group}, la règle {winner} vaut davantage.",
    },
    "STACKING_CEILING": {
        "en": "The ceiling of {ppm} of the deal, {ceiling}, left {left} of {asked}.",
        "fr": "Le plafond de {ppm} de l’affaire, {ceiling}, a laissé {left} sur {asked}.",
    },
    "STACKING_NET_MISSING": {
        "en": "The deal states no NET amount, so its ceiling leaves nothing of {asked}.",
        "fr": "L’affaire n’indique pas de montant NET, son plafond ne laisse rien de {asked}.",
    },
    "WAITS_FOR_CLOSE": {
        "en": "It waits for the close of the period on {closes_at}, when scarcity is shared in order of occurrence.",
        "fr": "En attente de la clôture de la période le {closes_at}, où le partage suit l’ordre des faits.",
    },
    "CAMPAIGN_COUNT": {
        "en": "The campaign grants the first {count} activities, and these are taken.",
        "fr": "La campagne récompense les {count} premières activités, déjà toutes attribuées.",
    },
    "CAMPAIGN_CAP": {
        "en": "The campaign had {left} left of {asked}.",
        "fr": "Il restait {left} dans la campagne sur {asked}.",
    },
    "BUDGET_TRIM": {
        "en": "The budget had {left} left of {asked}.",
        "fr": "Il restait {left} dans le budget sur {asked}.",
    },
    "ADJUSTED": {
        "en": "{amount} by hand: {reason}",
        "fr": "{amount} à la main : {reason}",
    },
    "SENT": {
        "en": "{amount} were sent as a reward: {reason}",
        "fr": "{amount} ont été envoyés en récompense : {reason}",
    },
    "TAKEN_BACK": {
        "en": "{amount} were taken back by hand: {reason}",
        "fr": "{amount} ont été repris à la main : {reason}",
    },
    "NO_LONGER_COUNTS": {
        "en": "The activity no longer counts here: it was taken back or corrected.",
        "fr": "L’activité ne compte plus ici : elle a été reprise ou corrigée.",
    },
    "GRANTS_BUNDLE": {
        "en": "With it comes the bundle {bundle}, {quantity} of it.",
        "fr": "Le lot {bundle} l’accompagne, en quantité {quantity}.",
    },
    "HOLDS_UNTIL": {
        "en": "It becomes available on {matures_at}.",
        "fr": "Disponible à partir du {matures_at}.",
    },
    "EXPIRES_AT": {
        "en": "It expires at the end of {expires_at}.",
        "fr": "Expire à la fin du {expires_at}.",
    },
}
