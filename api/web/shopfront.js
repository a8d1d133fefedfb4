// The shop's faces behind the page's navigation: which one is shown, and what keeps it fresh.
import { useEffect } from './vendor/preact-hooks.js';
import { store as page } from './following.js';
import { ItemView } from './item.js';
import { html } from './markup.js';
import { OrderView } from './order.js';
import { hearOf, loadOrders } from './ordering.js';
import { OrdersView } from './orders.js';
import { route } from './routes.js';
import { ShopView } from './shop.js';
import { followPage, loadCatalog, loadGoal, openItem, shop } from './shopping.js';
import { useStore } from './store.js';

const VIEWS = { shop: ShopView, item: ItemView, orders: OrdersView, order: OrderView };

/** The face that `place` names, from its top. */
export function Shopfront({ state, place }) {
  const shown = useStore(shop);
  const View = VIEWS[place.view];
  useEffect(() => { window.scrollTo(0, 0); }, [place.view, place.id]);
  return html`<main id="content" class="shopfront" tabindex="-1"><${View} state=${state} shop=${shown} id=${place.id} /></main>`;
}

/** What is shown is read anew in another language and for another person; an order told of by the event stream moves. */
export function startShop() {
  let last = page.get().events?.[0]?.id ?? null;
  loadGoal();
  followPage(() => {
    const { catalog, orders } = shop.get();
    const { view, id } = route.get();
    loadGoal();
    if (catalog || view === 'shop') loadCatalog();
    if (view === 'item') openItem(id);
    if (orders || view === 'orders') loadOrders();
  });
  page.watch(({ events }) => {
    const newest = events?.[0];
    if (!newest || newest.id === last) return;
    const isFirst = last === null;
    const fresh = isFirst ? [] : events.slice(0, events.findIndex((one) => one.id === last));
    last = newest.id;
    const told = new Set(fresh.filter((one) => ['RedemptionChanged', 'DeliveryChanged'].includes(one.__typename)).map((one) => one.redemptionId));
    // A list that cannot be read now is read when it is opened; nothing is lost by one miss.
    for (const id of told) hearOf(id).catch(() => {});
  });
}
