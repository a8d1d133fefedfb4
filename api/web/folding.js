// Pure folds: a board from its snapshot and deltas, and a stream's chain of cursors.

export const TOP = 10;
export const EVENTS_MAX = 40;

/** The board after one message's content, or null where the delta does not follow (a new snapshot is needed). */
export function foldBoard(board, content) {
  if (content.__typename === 'BoardSnapshot') {
    return {
      season: content.season,
      version: content.version,
      asOf: content.asOf,
      total: content.total,
      top: inOrder(content.top),
      around: inOrder(content.neighbours),
      myRank: content.myRank,
      moves: movesBetween(board, content.top, content.neighbours),
    };
  }
  if (!board || !isSame(board.version, content.from)) return null;
  const left = new Set(content.left);
  const changed = new Map(content.changed.map((entry) => [entry.subjectId, entry]));
  const kept = board.top.filter((entry) => !left.has(entry.subjectId) && !changed.has(entry.subjectId));
  const top = inOrder([...kept, ...changed.values()]).slice(0, TOP);
  const around = content.around ? inOrder(content.around) : board.around;
  return {
    ...board,
    version: content.version,
    asOf: content.asOf,
    total: content.total,
    top,
    around,
    myRank: content.myRank,
    moves: movesBetween(board, top, around),
  };
}

/** Subject → places gained (above zero) or lost since the board before; an entry that was not shown has none. */
export function movesBetween(before, top, around) {
  const moves = new Map();
  if (!before) return moves;
  const places = new Map([...before.around, ...before.top].map((entry) => [entry.subjectId, entry]));
  for (const entry of [...around, ...top]) {
    const old = places.get(entry.subjectId);
    if (old && (old.place !== entry.place || old.score !== entry.score)) {
      moves.set(entry.subjectId, { places: old.place - entry.place, points: entry.score - old.score });
    }
  }
  return moves;
}

/** True if this message follows the cursor kept last; the first message of a stream without a cursor always does. */
export function follows(last, message) {
  return last === null || message.previous === last;
}

/** Newest first, each event once, EVENTS_MAX at most. */
export function foldEvents(events, event) {
  if (events.some((known) => known.id === event.id)) return events;
  return [event, ...events].slice(0, EVENTS_MAX);
}

function inOrder(entries) {
  return [...entries].sort((one, other) => one.place - other.place);
}

function isSame(version, other) {
  return version.epoch === other.epoch && version.seq === other.seq;
}

/** A list of orders with this one as it stands now: in its place, or first where it is new; an older version says nothing. */
export function foldOrder(orders, redemption) {
  if (orders === null) return null;
  const known = orders.items.find((one) => one.id === redemption.id);
  if (!known) return { ...orders, items: [redemption, ...orders.items] };
  if (known.version > redemption.version) return orders;
  return { ...orders, items: orders.items.map((one) => (one === known ? redemption : one)) };
}

/** The wallets with these balances; older ones than are shown say nothing. */
export function foldWallet(wallets, balances) {
  return wallets && wallets.map((one) => (one.id === balances.id && one.version <= balances.version ? { ...one, ...balances } : one));
}
