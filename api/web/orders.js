// The viewer's orders, newest first, each with where it stands.
import { useEffect } from './vendor/preact-hooks.js';
import { html } from './markup.js';
import { loadOrders, moreOrders } from './ordering.js';
import { Empty, Skeleton, Title, TroubleNote, useReader } from './parts.js';
import { Plate } from './plate.js';
import { toOrder } from './routes.js';
import { More } from './wallet.js';

export function OrdersView({ shop }) {
  const { t } = useReader();
  const { orders, ordersTrouble } = shop;
  useEffect(() => { if (!orders) loadOrders(); }, []);
  return html`
    <div class="view-head">
      <${Title}>${t('shop.orders')}<//>
      <p class="lead">${t('shop.ordersLead')}</p>
    </div>
    ${ordersTrouble && html`<${TroubleNote} trouble=${ordersTrouble} action=${html`<p><button type="button" class="button button-quiet" onClick=${loadOrders}>${t('retry')}</button></p>`} />`}
    ${!orders && !ordersTrouble && html`<${Skeleton} lines=${4} />`}
    ${orders?.items.length === 0 && html`
      <div><${Empty} shape="shop" title=${t('shop.ordersEmpty')} text=${t('shop.ordersEmptyText')} />
        <p class="centred"><a class="button" href="#/shop">${t('shop.toShop')}</a></p></div>`}
    ${orders?.items.length > 0 && html`
      <ul class="orders">${orders.items.map((order) => html`<li key=${order.id}><${OrderRow} order=${order} /></li>`)}</ul>`}
    ${orders?.pageInfo.hasNextPage && html`<p class="centred"><${More} onMore=${moreOrders} /></p>`}`;
}

function OrderRow({ order }) {
  const { f } = useReader();
  const [first] = order.lines;
  const count = order.lines.length;
  return html`
    <a class="order-row" href=${toOrder(order.id)} data-state=${order.state}>
      ${first?.item && html`<${Plate} item=${first.item} />`}
      <span class="order-words">
        <span class="card-name">${count > 1 && `${f.number(count)} × `}${first?.item?.name}</span>
        <span class="fine">${f.moment(order.recordedAt)} · ${f.amountWithUnit(order.total, order.unit)}</span>
        <${StateChip} state=${order.state} />
      </span>
    </a>`;
}

/** Where an order or a line stands, in a word. */
export function StateChip({ state }) {
  const { t } = useReader();
  return html`<span class=${`chip chip-state chip-state-${state}`}>${t(`shop.state.${state}`)}</span>`;
}
