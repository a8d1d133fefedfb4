// The shop's shelves: search, narrow down, what one saves for, and every item with what it is to the viewer now.
import { useEffect, useRef, useState } from './vendor/preact-hooks.js';
import { html } from './markup.js';
import { Empty, Skeleton, Title, TroubleNote, useReader } from './parts.js';
import { Plate, labelOf, useFace } from './plate.js';
import { toItem } from './routes.js';
import { WANTED, loadCatalog, moreItems, want } from './shopping.js';
import { bestOf, standingOf, walletFor } from './standing.js';
import { More } from './wallet.js';

const PAUSE_MS = 300;
const SORTS = ['NEWEST', 'CHEAPEST', 'DEAREST', 'NAME'];
const KINDS = ['GIFT_CARD', 'VOUCHER', 'MERCHANDISE', 'EXPERIENCE', 'TRAVEL', 'MEMBERSHIP', 'TRAINING_SEAT', 'MDF_CREDIT', 'DONATION', 'BENEFIT'];

export function ShopView({ state, shop }) {
  const { t, f } = useReader();
  const { catalog, catalogTrouble, goal, wanted } = shop;
  const [wallet] = state.wallets?.filter((one) => one.unit.kind !== 'MONEY') ?? [];
  const isNarrowed = JSON.stringify(wanted) !== JSON.stringify({ ...WANTED, sort: wanted.sort });
  useEffect(() => { if (!catalog) loadCatalog(); }, []);
  return html`
    <div class="view-head">
      <${Title}>${t('shop.title')}<//>
      <p class="lead">${t('shop.lead')}</p>
      ${wallet && html`<p class="purse" data-purse=${wallet.available}>${t('shop.available', { amount: f.amountWithUnit(wallet.available, wallet.unit) })}</p>`}
    </div>
    ${goal && html`<${Goal} goal=${goal} wallets=${state.wallets} />`}
    <${Wanted} wanted=${wanted} />
    <p class="fine found" role="status">${catalog ? (catalog.totalCount ?? null) !== null && t('shop.found', { count: catalog.totalCount }) : ''}</p>
    ${catalogTrouble && html`<${TroubleNote} trouble=${catalogTrouble} action=${html`<p><button type="button" class="button button-quiet" onClick=${() => want({})}>${t('retry')}</button></p>`} />`}
    ${!catalog && !catalogTrouble && html`<${Skeleton} lines=${6} />`}
    ${catalog?.items.length === 0 && (isNarrowed
      ? html`<div><${Empty} shape="shop" title=${t('shop.nothing')} text=${t('shop.nothingText')} />
          <p class="centred"><button type="button" class="button button-quiet" onClick=${() => want({ ...WANTED })}>${t('shop.clear')}</button></p></div>`
      : html`<${Empty} shape="shop" title=${t('shop.empty')} text=${t('shop.emptyText')} />`)}
    ${catalog?.items.length > 0 && html`
      <ul class="shelf">${catalog.items.map((item) => html`<li key=${item.id}><${Card} item=${item} wallets=${state.wallets} /></li>`)}</ul>`}
    ${catalog?.pageInfo.hasNextPage && html`<p class="centred"><${More} onMore=${moreItems} /></p>`}`;
}

function Wanted({ wanted }) {
  const { t } = useReader();
  const [text, setText] = useState(wanted.search);
  const timer = useRef(null);
  useEffect(() => { setText(wanted.search); }, [wanted.search]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const write = (search, pause) => {
    setText(search);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => search !== wanted.search && want({ search }), pause);
  };
  const toggle = (name) => html`
    <button type="button" class="filter" aria-pressed=${String(wanted[name])} onClick=${() => want({ [name]: !wanted[name] })}>${t(`shop.${name}`)}</button>`;
  return html`
    <form class="wanted" role="search" onSubmit=${(event) => { event.preventDefault(); write(text, 0); }}>
      <label class="search"><span class="unseen">${t('shop.search')}</span>
        <input type="search" maxlength="100" enterkeyhint="search" placeholder=${t('shop.searchHint')} value=${text} onInput=${(event) => write(event.currentTarget.value, PAUSE_MS)} /></label>
      <${Select} label=${t('shop.kinds')} value=${wanted.kind ?? ''} onChoose=${(kind) => want({ kind: kind || null })}
        options=${[['', t('shop.allKinds')], ...KINDS.map((kind) => [kind, t(`shop.kind.${kind}`)])]} />
      <${Select} label=${t('shop.sort')} value=${wanted.sort} onChoose=${(sort) => want({ sort })} options=${SORTS.map((sort) => [sort, t(`shop.sorts.${sort}`)])} />
      <div class="filters" role="group" aria-label=${t('shop.show')}>${toggle('canRedeem')}${toggle('includeNotForMe')}</div>
    </form>`;
}

function Select({ label, value, options, onChoose }) {
  return html`
    <label class="select"><span class="unseen">${label}</span>
      <select value=${value} onChange=${(event) => onChoose(event.currentTarget.value)}>
        ${options.map(([code, text]) => html`<option key=${code} value=${code} selected=${code === value}>${text}</option>`)}
      </select></label>`;
}

function Card({ item, wallets }) {
  const { t, f } = useReader();
  const best = bestOf(item, walletFor(wallets, item.unit));
  const face = useFace(item);
  return html`
    <a class="card" href=${toItem(item.id)}>
      <${Plate} item=${item} face=${face} />
      <span class="card-words">
        <span class="card-name">${item.name}</span>
        <span class="fine">${t(`shop.kind.${item.kind}`)}${item.priceFrom !== null && ` · ${item.priceFrom === 0 ? t('shop.free') : t('shop.from', { amount: f.amountWithUnit(item.priceFrom, item.unit) })}`}</span>
        ${best && html`<${StandingChip} standing=${best} unit=${item.unit} />`}
        ${best?.is === 'closed' && html`<span class="fine card-why">${f.said(best.reasons[0].text)}</span>`}
      </span>
    </a>`;
}

/** Yours, so many points to go, or not now. */
export function StandingChip({ standing, unit }) {
  const { t, f } = useReader();
  if (standing.is === 'shown') return null;
  const text = standing.is === 'short' ? t('shop.short', { amount: f.amountWithUnit(standing.missing, unit) }) : t(`shop.${standing.is}`);
  return html`<span class=${`chip chip-${standing.is}`}>${text}</span>`;
}

function Goal({ goal, wallets }) {
  const { t, f } = useReader();
  const { item, denomination } = goal;
  if (!item || !denomination) return null;
  const wallet = walletFor(wallets, item.unit);
  const standing = standingOf(denomination, wallet);
  const { price } = denomination;
  const reached = Math.max(0, price - standing.missing);
  const label = labelOf(denomination, f);
  return html`
    <section class="goal" aria-labelledby="goal-title" data-missing=${standing.missing}>
      <h2 id="goal-title" class="goal-label">${t('shop.goal')}</h2>
      <a class="goal-name" href=${toItem(item.id)}>${item.name}${label && ` · ${label}`}</a>
      <p class="goal-figure">${standing.missing > 0 ? t('shop.short', { amount: f.amountWithUnit(standing.missing, item.unit) }) : t('shop.goalDone')}</p>
      <progress max=${Math.max(1, price)} value=${reached} aria-labelledby="goal-title">${f.number(reached)}</progress>
      <p class="fine">${t('shop.goalProgress', { amount: f.number(reached), total: f.amountWithUnit(price, item.unit) })}</p>
    </section>`;
}
