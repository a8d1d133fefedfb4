// Every GraphQL document of the shop, against the public schema; the house test of documents.js reads this file too.

const OFFERED = `
fragment DenominationShown on Denomination {
  id version name(locale: $locale) faceValue currency price isOffered
  offer { price pointsMissing canRedeem leftOfLimit obstacles { code text(locale: $locale) } }
}
fragment ItemShown on CatalogItem {
  id version kind name(locale: $locale) brand priceFrom needsAddress needsApproval
  unit { code kind exponent name(locale: $locale) }
  images { url width height alt(locale: $locale) }
  denominations { ...DenominationShown }
}`;

const GOAL = `
fragment GoalShown on SavedGoal {
  recordedAt
  item { id name(locale: $locale) brand kind unit { code kind exponent name(locale: $locale) } }
  denomination { id name(locale: $locale) faceValue currency price offer { price pointsMissing canRedeem } }
}`;

const LINE = `
fragment LineShown on RedemptionLine {
  id version n price faceValue currency state reason heldUntil delivery tracking maskedCode expiresOn availableActions
  orderedAt fulfilledAt revealedAt endedAt
  item { id name(locale: $locale) brand kind instructions(locale: $locale) images { url width height alt(locale: $locale) } }
  denomination { id name(locale: $locale) }
}`;

const ORDERED = `
fragment RedemptionShown on Redemption {
  id version state total recordedAt
  unit { code kind exponent name(locale: $locale) }
  lines { ...LineShown }
}`;

const BALANCE = `fragment BalanceShown on Wallet { id version pending available held payable receivable asOf }`;

export const CATALOG = `
query Catalog($locale: Locale!, $filter: CatalogFilterInput, $sort: CatalogSort!, $search: String, $after: Cursor) {
  catalogItems(first: 12, after: $after, filter: $filter, sort: $sort, search: $search) {
    totalCount
    edges { node { ...ItemShown } }
    pageInfo { hasNextPage endCursor }
  }
}
${OFFERED}`;

export const ITEM = `
query Item($locale: Locale!, $id: ID!) {
  catalogItem(id: $id) {
    ...ItemShown
    description(locale: $locale) instructions(locale: $locale)
  }
}
${OFFERED}`;

export const SAVED_GOAL = `
query SavedGoal($locale: Locale!) {
  viewer { savedGoal { ...GoalShown } }
}
${GOAL}`;

export const SET_SAVED_GOAL = `
mutation SetSavedGoal($locale: Locale!, $input: SetSavedGoalInput!) {
  setSavedGoal(input: $input) {
    __typename
    ... on SetSavedGoalSuccess { goal { ...GoalShown } }
    ... on Refusal { code text(locale: $locale) retryable }
  }
}
${GOAL}`;

export const QUOTE = `
mutation Quote($locale: Locale!, $input: QuoteRedemptionInput!) {
  quoteRedemption(input: $input) {
    __typename
    ... on QuoteRedemptionSuccess {
      quote {
        id total availableBefore availableAfter heldAfter needsAddress needsApproval heldUntil recordedAt expiresAt
        unit { code kind exponent name(locale: $locale) }
        lines { quantity price total item { id name(locale: $locale) } denomination { id } }
        lots { lotId amount expiresAt program { id name(locale: $locale) } }
      }
    }
    ... on Refusal { code text(locale: $locale) retryable }
  }
}`;

export const REDEEM = `
mutation Redeem($locale: Locale!, $input: RedeemInput!) {
  redeem(input: $input) {
    __typename
    ... on RedeemSuccess {
      redemption { ...RedemptionShown lines { item { id denominations { ...OfferNow } } } }
      wallet { ...BalanceShown }
    }
    ... on Refusal { code text(locale: $locale) retryable }
  }
}
fragment OfferNow on Denomination {
  id
  offer { price pointsMissing canRedeem leftOfLimit obstacles { code text(locale: $locale) } }
}
${ORDERED}
${LINE}
${BALANCE}`;

export const CANCEL = `
mutation Cancel($locale: Locale!, $input: CancelRedemptionInput!) {
  cancelRedemption(input: $input) {
    __typename
    ... on CancelRedemptionSuccess { redemption { ...RedemptionShown } wallet { ...BalanceShown } }
    ... on Refusal { code text(locale: $locale) retryable }
  }
}
${ORDERED}
${LINE}
${BALANCE}`;

export const REVEAL = `
mutation Reveal($locale: Locale!, $input: RevealVoucherCodeInput!) {
  revealVoucherCode(input: $input) {
    __typename
    ... on RevealVoucherCodeSuccess { voucherCode pin url serial expiresOn line { ...LineShown redemptionId } }
    ... on Refusal { code text(locale: $locale) retryable }
  }
}
${LINE}`;

export const REPORT = `
mutation Report($locale: Locale!, $input: ReportCodeProblemInput!) {
  reportCodeProblem(input: $input) {
    __typename
    ... on ReportCodeProblemSuccess { problem { id state problem recordedAt line { ...LineShown redemptionId } } }
    ... on Refusal { code text(locale: $locale) retryable }
  }
}
${LINE}`;

export const CORRECT = `
mutation Correct($locale: Locale!, $input: CorrectDeliveryInput!) {
  correctDelivery(input: $input) {
    __typename
    ... on CorrectDeliverySuccess { line { ...LineShown redemptionId } }
    ... on Refusal { code text(locale: $locale) retryable }
  }
}
${LINE}`;

export const ORDERS = `
query Orders($locale: Locale!, $after: Cursor) {
  viewer {
    redemptions(first: 10, after: $after) {
      edges { node { ...RedemptionShown } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
${ORDERED}
${LINE}`;

export const ORDER = `
query Order($locale: Locale!, $id: ID!) {
  redemption(id: $id) { ...RedemptionShown }
}
${ORDERED}
${LINE}`;

export const ORDER_LIVE = `
subscription OrderLive($locale: Locale!, $id: ID!) {
  redemption(id: $id) {
    cursor previous
    content {
      __typename
      ... on RedemptionUpdate { change redemption { ...RedemptionShown } }
      ... on Heartbeat { at }
      ... on AccessChanged { snapshot at }
      ... on CursorExpired { snapshot at }
    }
  }
}
${ORDERED}
${LINE}`;

export const ALL = {
  CATALOG, ITEM, SAVED_GOAL, SET_SAVED_GOAL, QUOTE, REDEEM, CANCEL, REVEAL, REPORT, CORRECT, ORDERS, ORDER, ORDER_LIVE,
};
