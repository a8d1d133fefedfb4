// One item: what it is, its values with why or why not, saving for it, and the way to an order.
import { useEffect, useState } from './vendor/preact-hooks.js';
import { Act } from './act.js';
import { html } from './markup.js';
import { quote } from './ordering.js';
import { Skeleton, Title, TroubleNote, useReader } from './parts.js';
import { Plate, labelOf, useFace } from './plate.js';
import { QuotePanel } from './quote.js';
import { StandingChip } from './shop.js';
import { openItem, saveFor } from './shopping.js';
import { standingOf, walletFor } from './standing.js';

const QUANTITY_MAX = 5;

export function ItemView({ state, shop, id }) {
  const { t } = useReader();
  const { item, itemTrouble } = shop;
  useEffect(() => { openItem(id); }, [id]);
  const isHere = item?.id === id;
  return html`
    <p><a class="back" href="#/shop">${t('shop.back')}</a></p>
    ${itemTrouble && html`<${Title}>${t('shop.gone')}<//><${TroubleNote} trouble=${itemTrouble} />`}
    ${!isHere && !itemTrouble && html`<${Title} isHidden=${true}>${t('loading')}<//><${Skeleton} lines=${6} />`}
    ${isHere && html`<${Item} key=${id} item=${item} state=${state} goal=${shop.goal} />`}`;
}

function Item({ item, state, goal }) {
  const { t } = useReader();
  const wallet = walletFor(state.wallets, item.unit);
  const [given, setGiven] = useState(null);
  const face = useFace(item);
  return html`
    <article class="item">
      <div class="item-head">
        <${Plate} item=${item} face=${face} large=${true} />
        <div>
          <${Title}>${item.name}<//>
          <p class="fine">${[item.brand, t(`shop.kind.${item.kind}`)].filter(Boolean).join(' · ')}</p>
          ${item.description && html`<p class="prose">${item.description}</p>`}
          ${item.needsAddress && html`<p class="fine">${t('shop.needsAddress')}</p>`}
          ${item.needsApproval && html`<p class="fine">${t('shop.needsApproval')}</p>`}
          ${item.instructions && html`<details class="why"><summary>${t('shop.howUsed')}</summary><p class="prose">${item.instructions}</p></details>`}
        </div>
      </div>
      ${given
        ? html`<${QuotePanel} key=${given.id} given=${given} onAgain=${setGiven} onLeave=${() => setGiven(null)} />`
        : html`<${Choice} item=${item} wallet=${wallet} goal=${goal} onGiven=${setGiven} />`}
    </article>`;
}

function Choice({ item, wallet, goal, onGiven }) {
  const { t } = useReader();
  const { denominations } = item;
  const best = denominations.find((one) => standingOf(one, wallet).is === 'open') ?? denominations[0];
  const [chosenId, choose] = useState(best?.id);
  const [quantity, setQuantity] = useState(1);
  const chosen = denominations.find((one) => one.id === chosenId) ?? best;
  if (!chosen) return html`<p class="fine">${t('shop.closed')}</p>`;
  const standing = standingOf(chosen, wallet);
  const isGoal = goal?.denomination?.id === chosen.id;
  const most = Math.min(QUANTITY_MAX, chosen.offer?.leftOfLimit ?? QUANTITY_MAX);
  return html`
    <div class="choice-of">
      <fieldset class="values">
        <legend>${t('shop.choose')}</legend>
        ${denominations.map((one) => html`<${Value} key=${one.id} item=${item} denomination=${one} wallet=${wallet} isChosen=${one === chosen} onChoose=${() => choose(one.id)} />`)}
      </fieldset>
      ${standing.is !== 'open' && standing.is !== 'shown' && html`<${WhyNot} standing=${standing} wallet=${wallet} unit=${item.unit} />`}
      ${standing.is === 'open' && html`
        <div class="go">
          ${most > 1 && html`<label class="select"><span>${t('shop.quantity')}</span>
            <select value=${quantity} onChange=${(event) => setQuantity(Number(event.currentTarget.value))}>
              ${Array.from({ length: most }, (_, at) => html`<option key=${at} value=${at + 1} selected=${at + 1 === quantity}>${at + 1}</option>`)}
            </select></label>`}
          <${Act} id="ask-quote" onAct=${async () => onGiven({ ...await quote(chosen.id, Math.min(quantity, most)), asked: [chosen.id, Math.min(quantity, most)] })}>${t('shop.quote')}<//>
        </div>`}
      ${standing.is !== 'shown' && goal !== undefined && html`
        <${Act} id="save-for" quiet=${true} onAct=${() => saveFor(isGoal ? null : chosen.id)}>${t(isGoal ? 'shop.stopSaving' : 'shop.saveFor')}<//>`}
      ${isGoal && html`<p class="fine" role="status">${t('shop.saving')}</p>`}
    </div>`;
}

function Value({ item, denomination, wallet, isChosen, onChoose }) {
  const { t, f } = useReader();
  const standing = standingOf(denomination, wallet);
  const { leftOfLimit } = denomination.offer ?? {};
  return html`
    <label class=${`value value-${standing.is}`}>
      <input type="radio" name="value" value=${denomination.id} checked=${isChosen} onChange=${onChoose} />
      <span class="value-name">${labelOf(denomination, f) ?? item.name}
        ${typeof leftOfLimit === 'number' && leftOfLimit > 0 && html`<span class="fine">${t('shop.leftOfLimit', { count: leftOfLimit })}</span>`}</span>
      <span class="value-price"><strong>${f.amountWithUnit(denomination.price, item.unit)}</strong>
        <${StandingChip} standing=${standing} unit=${item.unit} /></span>
    </label>`;
}

function WhyNot({ standing, wallet, unit }) {
  const { t, f } = useReader();
  const amounts = { available: f.amountWithUnit(wallet?.available ?? 0, unit), missing: f.amountWithUnit(standing.missing, unit) };
  return html`
    <section class="why-not" aria-labelledby="why-not-title">
      <h2 id="why-not-title">${t('shop.whyNot')}</h2>
      <ul>
        ${standing.reasons.map((reason) => html`<li key=${reason.code} data-code=${reason.code}>${f.said(reason.text)}</li>`)}
        ${standing.missing > 0 && html`<li data-code="POINTS">${t('shop.whyShort', amounts)}</li>`}
      </ul>
    </section>`;
}
