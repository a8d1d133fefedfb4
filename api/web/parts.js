// Small parts that every section is built from: panels, empty states, troubles, amounts.
import { createContext } from './vendor/preact.js';
import { useContext, useEffect, useRef } from './vendor/preact-hooks.js';
import { html } from './markup.js';
import { route } from './routes.js';

/** The reader: `t` (texts), `f` (formats), `locale`. */
export const Reader = createContext(null);
export const useReader = () => useContext(Reader);

/** A titled section of the page; `isTitled` where `aside` already shows the title. */
export function Panel({ id, title, isTitled, aside, children }) {
  return html`
    <section class="panel" id=${id} aria-labelledby=${`${id}-title`}>
      <header class="panel-head">
        <h2 id=${`${id}-title`} tabindex="-1" class=${isTitled ? 'unseen' : ''}>${title}</h2>
        ${aside}
      </header>
      ${children}
    </section>`;
}

/** The title of a face: who came here by a link inside the page, and stands nowhere any more, stands at it. */
export function Title({ isHidden, children }) {
  const title = useRef(null);
  useEffect(() => {
    if (route.get().isMoved && !document.activeElement?.closest('#content')) title.current.focus({ preventScroll: true });
  }, []);
  return html`<h1 class=${isHidden ? 'unseen' : 'view-title'} tabindex="-1" ref=${title}>${children}</h1>`;
}

/** Nothing to show yet, said kindly. */
export function Empty({ title, text, shape }) {
  return html`
    <div class="empty">
      <svg class="empty-mark" viewBox="0 0 64 40" aria-hidden="true">
        ${shape === 'shop'
          ? html`<path d="M12 17h40v19H12zM9 10h46v7H9zM32 10v26M32 10c-4-9-15-8-11-2 2 2 8 2 11 2c4-9 15-8 11-2-2 2-8 2-11 2" />` : shape === 'wallet'
          ? html`<rect x="9" y="7" width="46" height="27" rx="5" /><path d="M9 14h46M43 24h6" />`
          : shape === 'events'
            ? html`<path d="M4 21h14l6-12 9 23 7-15 4 4h16" />`
            : html`<path d="M6 35V23h16v12M24 35V11h16v24M42 35V27h16v8M3 35h58" />`}
      </svg>
      <p class="empty-title">${title}</p>
      ${text && html`<p>${text}</p>`}
    </div>`;
}

/** Lines that breathe until the content is there. */
export function Skeleton({ lines }) {
  const { t } = useReader();
  return html`
    <div class="skeleton" role="status">
      <span class="unseen">${t('loading')}</span>
      ${Array.from({ length: lines }, (_, line) => html`<i key=${line} aria-hidden="true"></i>`)}
    </div>`;
}

/** What could not be done, in the reader's words, with the server's reference. */
export function TroubleNote({ trouble, action }) {
  const { t, f } = useReader();
  const path = `code.${trouble.code}`;
  return html`
    <div class="trouble" role="alert">
      <p>${trouble.text ? f.said(trouble.text) : t(t.has(path) ? path : 'code.other')}</p>
      ${trouble.requestId && html`<p class="fine">${t('reference', { id: trouble.requestId })}</p>`}
      ${action}
    </div>`;
}

/** A figure with its unit set small; money carries its own sign. */
export function Amount({ value, unit, signed }) {
  const { f } = useReader();
  const figure = signed ? f.signed(value, unit) : f.amount(value, unit);
  return html`<span class="figure">${figure}</span>${unit && unit.kind !== 'MONEY' && html`${' '}<span class="unit">${unit.name.toLocaleLowerCase(f.tag)}</span>`}`;
}

/** When the shown state was true. */
export function AsOf({ at }) {
  const { t, f } = useReader();
  return at && html`<time class="fine as-of" datetime=${at}>${t('asOf', { time: f.seconds(at) })}</time>`;
}
