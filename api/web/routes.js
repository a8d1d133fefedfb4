// Which face of the page the address names: the part after # is all there is, so that a reload and a link find it.
import { createStore } from './store.js';

const HOME = { view: 'home', id: null };
const OF_HOME = /^(?:#\/?)?$|^#(?:board|events|wallet|reasons)-title$|^#why-/;

/** `{ view, id }` of home, shop, item, orders or order; an anchor inside what is shown keeps `current`. */
export function routeOf(hash, current = HOME) {
  const [, place, id] = /^#\/(shop|orders)(?:\/([\w=-]{1,64}))?$/.exec(hash) ?? [];
  if (place === 'shop') return id ? { view: 'item', id } : { view: 'shop', id: null };
  if (place === 'orders') return id ? { view: 'order', id } : { view: 'orders', id: null };
  return OF_HOME.test(hash) ? HOME : current;
}

/** `isMoved`: the reader has gone somewhere on this page, and is not where the browser put her. */
export const route = createStore({ ...routeOf(location.hash), isMoved: false });
window.addEventListener('hashchange', () => route.change((current) => ({ ...routeOf(location.hash, current), isMoved: true })));

export const toItem = (id) => `#/shop/${id}`;
export const toOrder = (id) => `#/orders/${id}`;

/** Goes there, as a click on a link would. */
export function go(hash) {
  location.hash = hash;
}
