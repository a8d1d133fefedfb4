// A quote as it stands: what it costs, which points go, how long the price holds, and the one button that orders.
import { useEffect, useRef, useState } from './vendor/preact-hooks.js';
import { Act } from './act.js';
import { AddressFields, isComplete, useAddress } from './address.js';
import { html } from './markup.js';
import { quote, redeem } from './ordering.js';
import { useReader } from './parts.js';
import { go, toOrder } from './routes.js';
import { openItem } from './shopping.js';

const TICK_MS = 1_000;

/** `given` is a quote with `until` (this device's clock) and what it was `asked` for. */
export function QuotePanel({ given, onAgain, onLeave }) {
  const { t, f } = useReader();
  const left = useLeft(given.until);
  const title = useRef(null);
  const address = useAddress();
  useEffect(() => { title.current?.focus(); }, []);
  const isStale = left === 0;
  const again = async () => onAgain({ ...await quote(...given.asked), asked: given.asked });
  const order = async () => {
    try {
      go(toOrder(await redeem(given, given.needsAddress ? address.value : null)));
    } catch (error) {
      // Refused: what stands in the way stands at the item too, for who goes back to it.
      if (error.text) openItem(given.lines[0].item.id);
      throw error;
    }
  };
  return html`
    <section class="quote" aria-labelledby="quote-title">
      <h2 id="quote-title" tabindex="-1" ref=${title}>${t('shop.quoteTitle')}</h2>
      <dl class="sum">
        ${given.lines.map((line) => html`<div key=${line.denomination.id}><dt>${line.quantity > 1 && `${f.number(line.quantity)} × `}${line.item.name}</dt><dd>${f.amountWithUnit(line.total, given.unit)}</dd></div>`)}
        <div class="sum-total"><dt>${t('shop.total')}</dt><dd data-total=${given.total}>${f.amountWithUnit(given.total, given.unit)}</dd></div>
        ${given.availableAfter !== null && html`<div><dt>${t('shop.after')}</dt><dd>${f.amountWithUnit(given.availableAfter, given.unit)}</dd></div>`}
      </dl>
      ${given.lots.length > 0 && html`<${Lots} lots=${given.lots} unit=${given.unit} />`}
      ${given.needsApproval && html`<p class="fine">${t('shop.needsApproval')}</p>`}
      ${given.heldUntil && html`<p class="fine">${t('shop.heldUntil', { time: f.moment(given.heldUntil) })}</p>`}
      ${given.needsAddress && !isStale && html`<${AddressFields} address=${address} />`}
      ${isStale
        ? html`<p class="stale" role="alert">${t('shop.stale')}</p><${Act} id="quote-again" onAct=${again}>${t('shop.again')}<//>`
        : html`
          <p class="fine stands" role="timer">${t('shop.stands', { time: f.countdown(left) })}</p>
          <${Act} id="redeem" busyText=${t('shop.redeeming')} unsure=${t('shop.unsure')}
            onAct=${() => (given.needsAddress && !isComplete(address.value) ? address.complain() : order())}>
            ${t('shop.redeem', { amount: f.amountWithUnit(given.total, given.unit) })}<//>
          <p class="fine">${t('shop.held')}</p>`}
      <button type="button" class="button button-quiet" onClick=${onLeave}>${t('shop.notNow')}</button>
    </section>`;
}

function Lots({ lots, unit }) {
  const { t, f } = useReader();
  return html`
    <h3>${t('shop.lots')}</h3>
    <ul class="lots">${lots.map((lot) => html`
      <li key=${lot.lotId}><strong>${f.amountWithUnit(lot.amount, unit)}</strong>
        <span class="fine">${[lot.program?.name, lot.expiresAt ? t('shop.lotExpires', { day: f.day(lot.expiresAt), when: f.until(lot.expiresAt) }) : t('shop.lotStays')].filter(Boolean).join(' · ')}</span></li>`)}</ul>`;
}

/** Seconds until then, never below 0. */
function useLeft(until) {
  const seconds = () => Math.max(0, Math.ceil((until - Date.now()) / 1000));
  const [left, setLeft] = useState(seconds);
  useEffect(() => {
    const timer = setInterval(() => setLeft(seconds()), TICK_MS);
    return () => clearInterval(timer);
  }, [until]);
  return left;
}
