// One order as it moves: every line with its steps, what became of it, and what can be done with it now.
import { useEffect, useRef, useState } from './vendor/preact-hooks.js';
import { Act } from './act.js';
import { AddressFields, isComplete, useAddress } from './address.js';
import { CodePanel } from './code.js';
import { html } from './markup.js';
import { cancel, correct, followOrder } from './ordering.js';
import { StateChip } from './orders.js';
import { Skeleton, Title, TroubleNote, useReader } from './parts.js';
import { Plate, labelOf } from './plate.js';

const STEPS = ['HELD', 'ORDERED', 'FULFILLED'];
const ENDED = new Set(['REFUNDED', 'CANCELLED', 'FAILED']);

export function OrderView({ shop, id }) {
  const { t, f, locale } = useReader();
  const { orderTrouble } = shop;
  const order = shop.order?.id === id ? shop.order : null;
  useEffect(() => followOrder(id), [id, locale]);
  return html`
    <p><a class="back" href="#/orders">${t('shop.backToOrders')}</a></p>
    ${orderTrouble && !order && html`<${Title}>${t('refusedTitle')}<//><${TroubleNote} trouble=${orderTrouble} />`}
    ${!order && !orderTrouble && html`<${Title} isHidden=${true}>${t('loading')}<//><${Skeleton} lines=${5} />`}
    ${order && html`
      <article class="order" data-order=${order.state}>
        <header class="order-head">
          <${Title}>${t('shop.order', { day: f.day(order.recordedAt) })}<//>
          <p><${StateChip} state=${order.state} /> <span class="fine">${f.amountWithUnit(order.total, order.unit)}</span></p>
        </header>
        <${Said} order=${order} />
        <ol class="lines">${order.lines.map((line) => html`<li key=${line.id}><${Line} line=${line} count=${order.lines.length} unit=${order.unit} /></li>`)}</ol>
        ${order.lines.some((line) => line.availableActions.includes('CANCEL')) && html`
          <${Act} id="cancel" quiet=${true} onAct=${() => cancel(order.id)}>${t('shop.cancel')}<//>`}
      </article>`}`;
}

/** Tells a screen reader where the order went, once it has moved. */
function Said({ order }) {
  const { t } = useReader();
  const first = useRef(order.state);
  const text = order.state === first.current ? '' : t('shop.moved', { state: t(`shop.state.${order.state}`) });
  return html`<p class="unseen" role="status" aria-live="polite">${text}</p>`;
}

function Line({ line, count, unit }) {
  const { t, f } = useReader();
  const label = labelOf({ ...line.denomination, faceValue: line.faceValue, currency: line.currency }, f);
  return html`
    <section class="line" data-state=${line.state} aria-labelledby=${`line-${line.id}`}>
      <div class="line-head">
        ${line.item && html`<${Plate} item=${line.item} face=${label} />`}
        <div>
          <h2 id=${`line-${line.id}`}>${line.item?.name ?? t('shop.line', { n: f.number(line.n) })}${label && label !== line.item?.name && html` <span class="line-label">${label}</span>`}</h2>
          <p class="fine">${count > 1 && `${t('shop.line', { n: f.number(line.n) })} · `}${f.amountWithUnit(line.price, unit)}</p>
        </div>
      </div>
      ${ENDED.has(line.state) ? html`<p><${StateChip} state=${line.state} /></p>` : html`<${Steps} line=${line} />`}
      <p class="line-text">${[t(`shop.stateText.${line.state}`), reasonOf(line, t)].filter(Boolean).join(' ')}
        ${line.heldUntil && line.state === 'HELD' && html` <span class="fine">${t('shop.heldUntil', { time: f.moment(line.heldUntil) })}</span>`}</p>
      ${line.delivery && t.has(`shop.delivery.${line.delivery}`) && line.delivery !== 'REVEALED' && html`<p class="fine">${t(`shop.delivery.${line.delivery}`)}</p>`}
      <${Parcel} tracking=${line.tracking} />
      ${line.availableActions.includes('CORRECT_DELIVERY') && html`<${Correct} line=${line} />`}
      ${(line.maskedCode || line.availableActions.includes('REVEAL')) && html`<${CodePanel} line=${line} />`}
    </section>`;
}

function Steps({ line }) {
  const { t, f } = useReader();
  const at = Math.max(0, STEPS.indexOf(line.state));
  const times = { ORDERED: line.orderedAt, FULFILLED: line.fulfilledAt };
  return html`
    <ol class="steps">${STEPS.map((step, index) => html`
      <li key=${step} class=${index < at || line.state === 'FULFILLED' ? 'step-done' : index === at ? 'step-now' : ''} aria-current=${index === at ? 'step' : null}>
        <span>${index === 0 && line.state === 'PENDING_APPROVAL' ? t('shop.state.PENDING_APPROVAL') : t(`shop.step.${step}`)}</span>
        ${times[step] && html`<time class="fine" datetime=${times[step]}>${f.moment(times[step])}</time>`}</li>`)}</ol>`;
}

function reasonOf(line, t) {
  return line.reason && t.has(`shop.reason.${line.reason}`) ? t(`shop.reason.${line.reason}`) : null;
}

function Parcel({ tracking }) {
  const { t } = useReader();
  const texts = ['carrier', 'number'].map((name) => tracking?.[name]).filter((one) => typeof one === 'string');
  const url = typeof tracking?.url === 'string' && /^https:\/\//.test(tracking.url) ? tracking.url : null;
  if (texts.length === 0 && !url) return null;
  return html`<p class="fine">${texts.join(' · ')} ${url && html`<a href=${url} target="_blank" rel="noreferrer noopener">${t('shop.track')}</a>`}</p>`;
}

function Correct({ line }) {
  const { t } = useReader();
  const address = useAddress();
  const [isOpen, open] = useState(false);
  if (!isOpen) return html`<button type="button" class="button button-quiet" onClick=${() => open(true)}>${t('shop.correct')}</button>`;
  return html`
    <div><${AddressFields} address=${address} />
      <${Act} onAct=${() => (isComplete(address.value) ? correct(line.id, address.value) : address.complain())}>${t('shop.correct')}<//></div>`;
}
