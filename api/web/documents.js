// Every GraphQL document of the page, against the public schema; a house test validates and weighs each of them.

const UNIT = `fragment UnitShown on Unit { code kind exponent name(locale: $locale) }`;

const BOARD_PARTS = `
fragment EntryShown on BoardEntry {
  subjectId name partnerName isMe isFormer rank place tiedWith score reachedAt contributions
}
fragment RankShown on MyRank {
  rank place score tiedWith total reachedAt pointsToNext
  reasons { code text(locale: $locale) }
  contributions(first: 8) { value occurredAt counts activity { id externalId typeName(locale: $locale) } }
}`;

export const VIEWER = `
query Viewer($locale: Locale!) {
  viewer {
    role locale
    account { id name }
    member { id name }
    partner { id name }
    leaderboards(first: 25) {
      edges { node {
        id code name(locale: $locale) operator scope window zone rankDisplay
        unit { ...UnitShown }
        program { id name(locale: $locale) }
      } }
    }
  }
  units { ...UnitShown }
  programs(first: 50) { edges { node { id name(locale: $locale) } } }
}
${UNIT}`;

export const WALLETS = `
query Wallets($locale: Locale!) {
  viewer {
    wallets {
      id version pending available held payable receivable nextDueAt asOf
      unit { ...UnitShown }
      upcomingMaturities(first: 3) { at amount }
      upcomingExpiries(first: 3) { at amount }
      entries(first: 10) { ...EntriesShown }
    }
  }
}
fragment EntriesShown on EntryConnection {
  edges { node {
    id kind amount effectiveAt booking lotId
    transaction { id kind reason }
    program { id name(locale: $locale) }
  } }
  pageInfo { hasNextPage endCursor }
}
${UNIT}`;

export const MORE_ENTRIES = `
query MoreEntries($locale: Locale!, $walletId: ID!, $after: Cursor!) {
  node(id: $walletId) {
    ... on Wallet {
      id
      entries(first: 20, after: $after) {
        edges { node {
          id kind amount effectiveAt booking lotId
          transaction { id kind reason }
          program { id name(locale: $locale) }
        } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}`;

export const REASONS = `
query Reasons($locale: Locale!, $outcome: DueOutcome, $after: Cursor) {
  viewer {
    dues(first: 8, outcome: $outcome, after: $after) {
      edges { node {
        id outcome ownDue due granted rule milestone occurredAt
        unit { ...UnitShown }
        program { id name(locale: $locale) }
        activity { id externalId type typeName(locale: $locale) }
        explanation { code text(locale: $locale) }
        awards { id amount remaining state maturesAt expiresAt lot { id } }
      } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
${UNIT}`;

export const SET_LOCALE = `
mutation SetLocale($locale: Locale!) {
  setLocale(input: { locale: $locale }) {
    __typename
    ... on SetLocaleSuccess { viewer { role locale } }
    ... on Refusal { code text(locale: $locale) retryable }
  }
}`;

export const BOARD = `
subscription Board($id: ID!, $locale: Locale!) {
  leaderboard(id: $id, top: 10, around: 2) {
    cursor previous
    content {
      __typename
      ... on BoardSnapshot {
        season { id startsAt endsAt isClosed }
        version { epoch seq } asOf total
        top { ...EntryShown }
        neighbours: around { ...EntryShown }
        myRank { ...RankShown }
      }
      ... on BoardDelta {
        from { epoch seq }
        version { epoch seq } asOf total
        changed { ...EntryShown }
        left
        around { ...EntryShown }
        myRank { ...RankShown }
      }
      ... on Heartbeat { at }
      ... on AccessChanged { snapshot at }
    }
  }
}
${BOARD_PARTS}`;

export const EVENTS = `
subscription Events($after: Cursor) {
  rewardEvents(after: $after) {
    cursor previous
    content {
      __typename
      ... on RewardEvent { id name recordedAt memberId partnerId programId }
      ... on ActivityRecorded { type quantity occurredAt }
      ... on ActivityCorrected { type quantity occurredAt }
      ... on ActivityReversed { type quantity occurredAt }
      ... on AwardGranted { awardId unit amount rule milestone maturesAt }
      ... on AwardReversed { awardId unit amount remaining indebted }
      ... on PointsMoved { walletId unit amount move }
      ... on BudgetFunded { unit amount balance }
      ... on RedemptionChanged { redemptionId version }
      ... on DeliveryChanged { redemptionId version }
      ... on Heartbeat { at }
      ... on AccessChanged { snapshot at }
      ... on CursorExpired { snapshot at }
    }
  }
}`;

export const ALL = { VIEWER, WALLETS, MORE_ENTRIES, REASONS, SET_LOCALE, BOARD, EVENTS };
