// The state of the shop: what it has, what one saves for, and keeping both true while points and language change.
import { ask } from './asking.js';
import { attempt } from './attempting.js';
import { store as page } from './following.js';
import * as documents from './shop_documents.js';
import { createStore } from './store.js';

export const WANTED = { search: '', kind: null, sort: 'NEWEST', canRedeem: false, includeNotForMe: false };
const EMPTY = {
  wanted: WANTED, catalog: null, catalogTrouble: null, item: null, itemTrouble: null, goal: undefined,
  orders: null, ordersTrouble: null, order: null, orderTrouble: null,
};

export const shop = createStore(EMPTY);
let asked = 0;

export const locale = () => page.get().locale.toUpperCase();
export const troubleOf = (error) => ({ code: error.code ?? 'INTERNAL', requestId: error.requestId ?? null, text: error.text });
export const nodes = (connection) => connection.edges.map((edge) => edge.node);

/** The first page of what is wanted; an answer that was overtaken is dropped. */
export async function loadCatalog() {
  const mine = ++asked;
  const answer = await askCatalog(null).catch((error) => ({ catalogTrouble: troubleOf(error) }));
  if (mine === asked) shop.change(answer);
}

/** Narrows, searches or sorts anew. */
export async function want(patch) {
  shop.change(({ wanted }) => ({ wanted: { ...wanted, ...patch }, catalog: null, catalogTrouble: null }));
  await loadCatalog();
}

/** One more page. */
export async function moreItems() {
  const mine = asked;
  const { catalog } = await askCatalog(shop.get().catalog.pageInfo.endCursor);
  if (mine !== asked) return;
  const known = new Set(shop.get().catalog.items.map((one) => one.id));
  shop.change((state) => ({
    catalog: { ...catalog, items: [...state.catalog.items, ...catalog.items.filter((one) => !known.has(one.id))] },
  }));
}

async function askCatalog(after) {
  const { search, sort, ...filter } = shop.get().wanted;
  const variables = { locale: locale(), sort, search: search.trim() || null, filter, after };
  const { catalogItems } = await ask(documents.CATALOG, variables);
  const { pageInfo, totalCount } = catalogItems;
  return { catalog: { items: nodes(catalogItems), pageInfo, totalCount }, catalogTrouble: null };
}

/** One item with everything that is said of it; what the list knows of it is shown meanwhile. */
export async function openItem(id) {
  const { item, catalog } = shop.get();
  if (item?.id !== id) shop.change({ item: catalog?.items.find((one) => one.id === id) ?? null, itemTrouble: null });
  try {
    const { catalogItem } = await ask(documents.ITEM, { locale: locale(), id });
    if (catalogItem) shop.change({ item: catalogItem, itemTrouble: null });
    else shop.change({ item: null, itemTrouble: { code: 'NOT_FOUND', requestId: null } });
  } catch (error) {
    shop.change({ itemTrouble: troubleOf(error) });
  }
}

/** What one saves for, null for nothing; without an answer it stays as it is shown. */
export async function loadGoal() {
  try {
    const { viewer } = await ask(documents.SAVED_GOAL, { locale: locale() });
    shop.change({ goal: viewer.savedGoal });
  } catch {
    // The goal is a comfort: what matters on the page says by itself that it cannot be read.
  }
}

/** Saves for a denomination from now on; null: for nothing. */
export async function saveFor(denominationId) {
  const { goal } = await attempt('goal', documents.SET_SAVED_GOAL, { denominationId }, locale());
  shop.change({ goal });
}

/** Offers as an answer tells them now, in the list and in the open item. */
export function foldOffers(items) {
  const offers = new Map(items.flatMap((item) => item?.denominations ?? []).map((one) => [one.id, one.offer]));
  const fold = (item) => item && {
    ...item,
    denominations: item.denominations.map((one) => (offers.has(one.id) ? { ...one, offer: offers.get(one.id) } : one)),
  };
  shop.change(({ item, catalog }) => ({
    item: fold(item),
    catalog: catalog && { ...catalog, items: catalog.items.map(fold) },
  }));
}

/** Follows the page: another language reads anew, another person starts anew, the end of a session forgets. */
export function followPage(reload) {
  let { phase, locale: spoken } = page.get();
  page.watch((state) => {
    if (state.phase !== phase && state.phase !== 'signedIn') {
      asked += 1;
      shop.change(EMPTY);
    }
    if (state.phase === 'signedIn' && (phase !== 'signedIn' || spoken !== state.locale)) {
      [phase, spoken] = [state.phase, state.locale];
      reload();
    }
    [phase, spoken] = [state.phase, state.locale];
  });
}
