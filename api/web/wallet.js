// The wallets: what is available, pending and held, what comes next, and every entry with its reason.
import { useState } from './vendor/preact-hooks.js';
import { moreEntries } from './following.js';
import { html } from './markup.js';
import { Amount, AsOf, Empty, Panel, Skeleton, TroubleNote, useReader } from './parts.js';

const MAIN = ['pending', 'available', 'held'];
const RARE = ['payable', 'receivable'];

export function WalletPanel({ state }) {
  const { t } = useReader();
  const { wallets, walletTrouble, reasons } = state;
  return html`
    <${Panel} id="wallet" title=${t('wallet')} aside=${html`<${AsOf} at=${wallets?.[0]?.asOf} />`}>
      ${walletTrouble && html`<${TroubleNote} trouble=${walletTrouble} />`}
      ${!wallets && !walletTrouble && html`<${Skeleton} lines=${5} />`}
      ${wallets?.length === 0 && html`<${Empty} shape="wallet" title=${t('walletEmpty')} text=${t('walletEmptyText')} />`}
      ${wallets?.map((wallet) => html`<${Wallet} key=${wallet.id} wallet=${wallet} reasons=${reasons} />`)}
    <//>`;
}

function Wallet({ wallet, reasons }) {
  const { t, f } = useReader();
  const { unit } = wallet;
  const whole = Math.max(1, wallet.pending + wallet.available + wallet.held);
  return html`
    <div class="wallet">
      <p class="wallet-total"><span class="wallet-figure" data-balance="available"><${Amount} value=${wallet.available} unit=${unit} /></span>
        <span class="fine">${t('availableHint')}</span></p>
      <div class="split" aria-hidden="true">
        ${['available', 'pending', 'held'].map((name) => wallet[name] > 0 && html`<span key=${name} class=${`split-${name}`} style=${{ flexGrow: wallet[name] / whole }}></span>`)}
      </div>
      <dl class="balances">
        ${MAIN.map((name) => html`
          <div key=${name} class=${`balance balance-${name}`}><dt>${t(name)}</dt><dd data-balance=${name}>${f.amount(wallet[name], unit)}</dd></div>`)}
        ${RARE.map((name) => wallet[name] > 0 && html`
          <div key=${name} class=${`balance balance-${name}`}><dt>${t(name)}</dt><dd>${f.amount(wallet[name], unit)}</dd></div>`)}
      </dl>
      <dl class="next">
        <${Next} title=${t('nextMaturity')} moves=${wallet.upcomingMaturities} unit=${unit} />
        <${Next} title=${t('nextExpiry')} moves=${wallet.upcomingExpiries} unit=${unit} />
      </dl>
      <h3>${t('entries')}</h3>
      <${Entries} wallet=${wallet} reasons=${reasons} />
    </div>`;
}

function Next({ title, moves, unit }) {
  const { t, f } = useReader();
  const [next] = moves;
  const text = next && t('amountOn', { amount: f.amountWithUnit(next.amount, unit), day: f.day(next.at), when: f.until(next.at) });
  return html`<div><dt>${title}</dt><dd class=${next ? '' : 'fine'}>${text ?? t('nothingDue')}</dd></div>`;
}

function Entries({ wallet, reasons }) {
  const { t } = useReader();
  const { edges, pageInfo } = wallet.entries;
  if (edges.length === 0) return html`<p class="fine">${t('entriesEmpty')}</p>`;
  const byLot = new Map();
  for (const due of reasons?.items ?? []) for (const award of due.awards) byLot.set(award.lot.id, due);
  return html`
    <table class="entries">
      <caption class="unseen">${t('entriesCaption')}</caption>
      <thead class="unseen"><tr><th scope="col">${t('what')}</th><th scope="col" class="number">${t('amount')}</th></tr></thead>
      <tbody>${byTransaction(edges, pageInfo.hasNextPage).map((moves) => html`<${Transaction} key=${moves[0].transaction.id} moves=${moves} byLot=${byLot} unit=${wallet.unit} />`)}</tbody>
    </table>
    ${pageInfo.hasNextPage && html`<${More} onMore=${() => moreEntries(wallet.id)} />`}`;
}

/** Entries of one transaction stand together and are shown as one movement; one that a page cuts waits for the next. */
function byTransaction(edges, isCut) {
  const groups = new Map();
  for (const { node } of edges) groups.set(node.transaction.id, [...(groups.get(node.transaction.id) ?? []), node]);
  const whole = [...groups.values()];
  return isCut && whole.length > 1 ? whole.slice(0, -1) : whole;
}

function Transaction({ moves, byLot, unit }) {
  const { t, f } = useReader();
  const [{ transaction, effectiveAt, program }] = moves;
  const sums = sumsByBalance(moves);
  const gained = sums.filter(([, sum]) => sum > 0);
  const lost = sums.filter(([, sum]) => sum < 0);
  const [[, shown] = [null, 0]] = gained.length > 0 ? gained : lost;
  const due = moves.map((move) => byLot.get(move.lotId)).find(Boolean);
  const isLate = moves.some((move) => move.booking === 'ADJUSTMENT');
  return html`
    <tr>
      <th scope="row">
        ${t(`transaction.${transaction.kind}`)}
        ${[...lost, ...gained].map(([kind], index) => html`${index === lost.length && index > 0 ? ' → ' : ' '}<span class=${`chip chip-${kind}`}>${t(`balance.${kind}`)}</span>`)}
        <span class="fine entry-about"><time datetime=${effectiveAt}>${f.moment(effectiveAt)}</time>
          ${[program?.name, transaction.reason, isLate && t('lateBooking')].filter(Boolean).map((text) => ` · ${text}`)}
          ${due && html`${' · '}<a class="why-link" href=${`#why-${due.id}`} onClick=${() => openReason(due.id)}>${t('why')}</a>`}</span>
      </th>
      <td class=${`number ${lost.length > 0 && gained.length > 0 ? '' : shown < 0 ? 'minus' : 'plus'}`}>${lost.length > 0 && gained.length > 0 ? f.amount(shown, unit) : f.signed(shown, unit)}</td>
    </tr>`;
}

function sumsByBalance(moves) {
  const sums = new Map();
  for (const move of moves) sums.set(move.kind, (sums.get(move.kind) ?? 0) + move.amount);
  return [...sums];
}

/** Unfolds a reason and brings the reader to it. */
function openReason(id) {
  const reason = document.getElementById(`why-${id}`);
  if (!reason) return;
  reason.open = true;
  reason.querySelector('summary').focus();
}

/** Asks for one more page; cannot be asked twice at once. */
export function More({ onMore }) {
  const { t } = useReader();
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState(null);
  const more = async () => {
    setBusy(true);
    setTrouble(null);
    try {
      await onMore();
    } catch (error) {
      setTrouble({ code: error.code ?? 'INTERNAL', requestId: error.requestId });
    } finally {
      setBusy(false);
    }
  };
  return html`<button type="button" class="button button-quiet" aria-disabled=${busy ? 'true' : 'false'} onClick=${() => busy || more()}>${t(busy ? 'loading' : 'more')}</button>
    ${trouble && html`<${TroubleNote} trouble=${trouble} />`}`;
}
