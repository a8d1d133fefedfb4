// Keeps the page's state true: loads snapshots, folds what streams tell, and begins again where a chain is broken.
import { Trouble, ask } from './asking.js';
import * as documents from './documents.js';
import { foldBoard, foldEvents, follows } from './folding.js';
import { device, session } from './keeping.js';
import { openSocket } from './listening.js';
import { SignInRefused, resume, signIn, signOut } from './signing.js';
import { createStore } from './store.js';

const SETTLE_MS = 150;
const LOCALES = { en: 'EN', fr: 'FR' };
const TELLS_OF_POINTS = new Set([
  'ActivityRecorded', 'ActivityCorrected', 'ActivityReversed', 'AwardGranted', 'AwardReversed', 'PointsMoved', 'RedemptionChanged', 'OtherEvent',
]);

const SIGNED_OUT = {
  viewer: null, units: {}, programs: {}, boards: null, boardId: null, board: null, boardTrouble: null, wallets: null,
  walletTrouble: null, reasons: null, reasonsTrouble: null, reasonsOf: null, events: null, connection: 'connecting', told: null,
};

function initialLocale() {
  return device.get('locale') ?? (navigator.languages.some((one) => /^fr\b/i.test(one)) && !/^en\b/i.test(navigator.language) ? 'fr' : 'en');
}

export const store = createStore({ ...SIGNED_OUT, phase: 'loading', trouble: null, online: navigator.onLine, locale: initialLocale() });

let socket = null;
let boardStream = null;
let boardCursor = null;
let eventStream = null;
let eventCursor = null;
let settling = null;
let generation = 0;

const locale = () => LOCALES[store.get().locale];
const troubleOf = (error) => ({ code: error.code ?? 'INTERNAL', requestId: error.requestId ?? null });

/** Shows the page of whoever this tab belongs to, or the way in. */
export async function start() {
  window.addEventListener('online', () => store.change({ online: true }));
  window.addEventListener('offline', () => store.change({ online: false }));
  try {
    if (await resume()) await enter();
    else store.change({ phase: 'signedOut' });
  } catch (error) {
    leave(error);
  }
}

/** Goes to the issuer. */
export async function begin() {
  try {
    await signIn(store.get().locale);
  } catch (error) {
    store.change({ phase: 'signedOut', trouble: troubleOf(error) });
  }
}

/** Tries again where the first load failed. */
export async function retry() {
  store.change({ phase: 'loading', trouble: null });
  try {
    await enter();
  } catch (error) {
    leave(error);
  }
}

/** Ends the session; the page forgets all it showed. */
export async function end() {
  close();
  store.change({ ...SIGNED_OUT, phase: 'signedOut', trouble: null });
  await signOut().catch(() => {});
}

/** Speaks another language from now on, on this device and for this account. */
export async function speak(chosen) {
  device.put('locale', chosen);
  store.change({ locale: chosen });
  if (!store.get().viewer) return;
  try {
    await Promise.all([loadViewer(), refresh(), ask(documents.SET_LOCALE, { locale: locale() })]);
    boardStream?.restart();
  } catch (error) {
    store.change({ told: { code: troubleOf(error).code } });
  }
}

/** Shows another board. */
export function choose(boardId) {
  const board = store.get().boards.find((one) => one.id === boardId);
  device.put('board', board.code);
  followBoard(boardId);
}

/** Shows reasons with this outcome only; null for all. */
export async function chooseReasons(outcome) {
  store.change({ reasonsOf: outcome, reasons: null });
  await refresh();
}

/** One more page of reasons. */
export async function moreReasons() {
  const { reasons, reasonsOf } = store.get();
  const { viewer } = await ask(documents.REASONS, { locale: locale(), outcome: reasonsOf, after: reasons.pageInfo.endCursor });
  const known = new Set(reasons.items.map((one) => one.id));
  const items = nodes(viewer.dues).filter((one) => !known.has(one.id));
  store.change({ reasons: { items: [...reasons.items, ...items], pageInfo: viewer.dues.pageInfo } });
}

/** One more page of a wallet's entries. */
export async function moreEntries(walletId) {
  const wallet = store.get().wallets.find((one) => one.id === walletId);
  const { node } = await ask(documents.MORE_ENTRIES, { locale: locale(), walletId, after: wallet.entries.pageInfo.endCursor });
  store.change(({ wallets }) => ({
    wallets: wallets.map((one) => (one.id === walletId
      ? { ...one, entries: { edges: [...one.entries.edges, ...node.entries.edges], pageInfo: node.entries.pageInfo } }
      : one)),
  }));
}

async function enter() {
  close();
  await loadViewer();
  const { viewer, boards } = store.get();
  if (viewer === null) throw new Trouble('ACCOUNT_NOT_LINKED');
  const kept = session.get('stream');
  eventCursor = kept?.cursor ?? null;
  store.change({ phase: 'signedIn', trouble: null, events: kept?.events ?? null });
  // Listen first, then read: what happens in between is told, and read again.
  followEvents();
  const remembered = device.get('board');
  const board = boards.find((one) => one.code === remembered) ?? boards.find((one) => one.unit?.kind === 'POINTS') ?? boards[0];
  if (board) followBoard(board.id);
  await refresh();
  store.change(({ events }) => ({ events: events ?? [] }));
}

async function loadViewer() {
  const { viewer, units, programs } = await ask(documents.VIEWER, { locale: locale() });
  store.change({
    viewer,
    boards: viewer ? nodes(viewer.leaderboards) : [],
    units: Object.fromEntries(units.map((unit) => [unit.code, unit])),
    programs: Object.fromEntries(nodes(programs).map((program) => [program.id, program.name])),
  });
}

/** Wallets and reasons as they are now; a part that fails says so in its own place and keeps what it showed. */
export async function refresh() {
  const asked = ++generation;
  const shows = (change) => { if (asked === generation) store.change(change); };
  const { reasonsOf } = store.get();
  await Promise.all([
    ask(documents.WALLETS, { locale: locale() }).then(
      ({ viewer }) => shows({ wallets: viewer.wallets, walletTrouble: null }),
      (error) => shows({ walletTrouble: troubleOf(error) }),
    ),
    ask(documents.REASONS, { locale: locale(), outcome: reasonsOf, after: null }).then(
      ({ viewer }) => shows({ reasons: { items: nodes(viewer.dues), pageInfo: viewer.dues.pageInfo }, reasonsTrouble: null }),
      (error) => shows({ reasonsTrouble: troubleOf(error) }),
    ),
  ]);
}

/** A stream of its own on the page's one socket, until `stop()`; see listening.js. */
export function listen(request, onMessage, onTrouble) {
  return theSocket().listen(request, onMessage, onTrouble);
}

function theSocket() {
  socket ??= openSocket({
    cursor: () => eventCursor,
    onConnection: (connection) => store.change({ connection }),
    onEnded: () => leave(new SignInRefused('SESSION_ENDED')),
  });
  return socket;
}

function followBoard(boardId) {
  boardStream?.stop();
  boardCursor = null;
  store.change({ boardId, board: null, boardTrouble: null });
  const request = () => ({ query: documents.BOARD, variables: { id: boardId, locale: locale() } });
  boardStream = theSocket().listen(request, (message) => {
    const { content } = message;
    if (content.__typename !== 'BoardSnapshot' && !follows(boardCursor, message)) {
      restartBoard();
      return;
    }
    boardCursor = message.cursor;
    // After AccessChanged the board as it may be seen now follows by itself.
    if (content.__typename === 'Heartbeat' || content.__typename === 'AccessChanged') return;
    const board = foldBoard(store.get().board, content);
    if (board === null) restartBoard();
    else store.change({ board, boardTrouble: null });
  }, (code) => store.change({ boardTrouble: { code, requestId: null } }));
}

function restartBoard() {
  boardCursor = null;
  boardStream.restart();
}

function followEvents() {
  const request = () => ({ query: documents.EVENTS, variables: { after: eventCursor } });
  eventStream = theSocket().listen(request, (message) => {
    const { content } = message;
    const isBroken = !follows(eventCursor, message);
    keepCursor(message.cursor);
    if (isBroken || content.snapshot) settleSnapshot();
    if (TELLS_OF_POINTS.has(content.__typename)) settle();
    if (content.__typename === 'AccessChanged' || content.__typename === 'CursorExpired') {
      tell({ ...content, id: message.cursor, recordedAt: content.at });
    } else if (content.__typename !== 'Heartbeat') tell(content);
    else if (store.get().events === null) tell(null);
  }, (code) => {
    // A cursor that is not accepted any more is given up; the snapshot stands for what was missed.
    if (code !== 'SOCKET_CLOSED') {
      keepCursor(null);
      settleSnapshot();
    }
  });
}

function keepCursor(cursor) {
  eventCursor = cursor;
  session.put('stream', { cursor, events: store.get().events ?? [] });
}

function tell(event) {
  const events = store.get().events ?? [];
  store.change({ events: event === null ? events : foldEvents(events, event) });
  session.put('stream', { cursor: eventCursor, events: store.get().events });
}

function settle() {
  settling ??= setTimeout(() => {
    settling = null;
    refresh();
  }, SETTLE_MS);
}

function settleSnapshot() {
  settle();
  loadViewer().catch((error) => store.change({ told: { code: troubleOf(error).code } }));
}

function close() {
  clearTimeout(settling);
  settling = null;
  eventStream?.stop();
  boardStream?.stop();
  socket?.close();
  [eventStream, boardStream, socket, eventCursor, boardCursor] = [null, null, null, null, null];
  generation += 1;
}

function leave(error) {
  const trouble = troubleOf(error);
  close();
  const isOver = error instanceof SignInRefused || trouble.code === 'SESSION_ENDED';
  store.change({ ...SIGNED_OUT, phase: isOver ? 'signedOut' : 'refused', trouble });
}

function nodes(connection) {
  return connection.edges.map((edge) => edge.node);
}
