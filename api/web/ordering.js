// Quotes, orders and codes: every step of a redemption, each under a key of its own, and the order followed live.
import { ask } from './asking.js';
import { attempt, granted } from './attempting.js';
import { listen, store as page } from './following.js';
import { foldOrder, foldWallet } from './folding.js';
import * as documents from './shop_documents.js';
import { foldOffers, loadGoal, locale, nodes, shop, troubleOf } from './shopping.js';

/** What it would cost, which points it would take, and until when that stands, by this device's clock. */
export async function quote(denominationId, quantity) {
  const input = { lines: [{ denominationId, quantity }] };
  const { quoteRedemption } = await ask(documents.QUOTE, { locale: locale(), input });
  const { quote: given } = granted(quoteRedemption);
  return { ...given, until: Date.now() + (new Date(given.expiresAt) - new Date(given.recordedAt)) };
}

/** Accepts a quote; the id of the order. */
export async function redeem(given, address) {
  const input = { quoteId: given.id, ...(address ? { address } : {}) };
  const { redemption, wallet } = await attempt('redeem', documents.REDEEM, input, locale());
  foldOffers(redemption.lines.map((line) => line.item));
  settle(redemption, { wallet });
  loadGoal();
  return redemption.id;
}

/** Takes back every line that is not ordered yet. */
export async function cancel(redemptionId) {
  const { redemption, wallet } = await attempt('cancel', documents.CANCEL, { redemptionId }, locale());
  settle(redemption, { wallet });
}

/** The code of a line, for the caller alone: it is put into no store. The same tab may show it again at no cost. */
export async function reveal(lineId) {
  const { line, ...code } = await attempt(`reveal.${lineId}`, documents.REVEAL, { lineId }, locale(), true);
  foldLine(line);
  return code;
}

/** Says that a code does not work; somebody looks at it. */
export async function report(lineId, problem, note) {
  const answer = await attempt(`report.${lineId}`, documents.REPORT, { lineId, problem, note }, locale());
  foldLine(answer.problem.line);
  return answer.problem;
}

/** Sends what came back to another address. */
export async function correct(lineId, address) {
  const { line } = await attempt(`correct.${lineId}`, documents.CORRECT, { lineId, address }, locale());
  foldLine(line);
}

/** The newest orders. */
export async function loadOrders() {
  try {
    const { viewer } = await ask(documents.ORDERS, { locale: locale(), after: null });
    shop.change({ orders: { items: nodes(viewer.redemptions), pageInfo: viewer.redemptions.pageInfo }, ordersTrouble: null });
  } catch (error) {
    shop.change({ ordersTrouble: troubleOf(error) });
  }
}

/** One more page of orders. */
export async function moreOrders() {
  const { endCursor: after } = shop.get().orders.pageInfo;
  const { viewer } = await ask(documents.ORDERS, { locale: locale(), after });
  shop.change(({ orders }) => {
    const known = new Set(orders.items.map((one) => one.id));
    const items = [...orders.items, ...nodes(viewer.redemptions).filter((one) => !known.has(one.id))];
    return { orders: { items, pageInfo: viewer.redemptions.pageInfo } };
  });
}

/** Shows one order as it moves, until the answer is called: each message holds the whole order, so no gap matters. */
export function followOrder(id) {
  const known = shop.get().orders?.items.find((one) => one.id === id);
  if (shop.get().order?.id !== id) shop.change({ order: known ?? null, orderTrouble: null });
  const request = () => ({ query: documents.ORDER_LIVE, variables: { id, locale: locale() } });
  const stream = listen(request, ({ content }) => {
    if (content.snapshot) stream.restart();
    if (content.__typename !== 'RedemptionUpdate') return;
    if (content.redemption) settle(content.redemption);
    else shop.change({ order: null, orderTrouble: { code: 'NOT_FOUND', requestId: null } });
  }, (code) => {
    // A cut line is told by the page's own sign of life; only a no about this order is told here.
    if (code !== 'SOCKET_CLOSED' && !shop.get().order) shop.change({ orderTrouble: { code, requestId: null } });
  });
  return () => stream.stop();
}

/** Reads an order again that the event stream told of, where a list shows it. */
export async function hearOf(redemptionId) {
  if (shop.get().orders === null) return;
  const { redemption } = await ask(documents.ORDER, { locale: locale(), id: redemptionId });
  if (redemption) settle(redemption, { isOpen: false });
}

function settle(redemption, { wallet = null, isOpen = true } = {}) {
  shop.change(({ orders, order }) => ({
    orders: foldOrder(orders, redemption),
    order: isOpen || order?.id === redemption.id ? newer(order, redemption) : order,
    orderTrouble: null,
  }));
  if (wallet) page.change(({ wallets }) => ({ wallets: foldWallet(wallets, wallet) }));
}

function newer(order, redemption) {
  return order?.id === redemption.id && order.version > redemption.version ? order : redemption;
}

function foldLine(line) {
  const fold = (order) => (order?.id === line.redemptionId
    ? { ...order, lines: order.lines.map((one) => (one.id === line.id && one.version <= line.version ? line : one)) }
    : order);
  shop.change(({ order, orders }) => ({ order: fold(order), orders: orders && { ...orders, items: orders.items.map(fold) } }));
}
