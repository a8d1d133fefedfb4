// The way around: a bar at the thumb on a phone, words in the head of the page on a desk.
import { html } from './markup.js';
import { useReader } from './parts.js';

const PLACES = [
  { href: '#board-title', text: 'board', views: ['home'], sign: 'M4 20V11h5v9M9.5 20V4h5v16M15 20v-6h5v6', isView: true },
  { href: '#wallet-title', text: 'wallet', sign: 'M3 7h18v13H3zM3 7l13-4v4M15 13h6' },
  { href: '#reasons-title', text: 'whyShort', sign: 'M12 17v-1c0-3 4-3 4-7a4 4 0 0 0-8 0M12 20.500v.500' },
  { href: '#/shop', text: 'shop.title', views: ['shop', 'item'], sign: 'M5 8h14l-1 13H6zM9 8a3 3 0 0 1 6 0', isView: true, isForMembers: true },
  { href: '#/orders', text: 'shop.orders', views: ['orders', 'order'], sign: 'M3 8l9-5 9 5v9l-9 5-9-5zM3 8l9 5 9-5M12 13v9', isView: true, isForMembers: true },
];

/** `kind` views: the faces of the page only; jumps: sections of the first face too. */
export function Navigation({ kind, place, isMember }) {
  const { t } = useReader();
  const places = PLACES.filter((one) => (isMember || !one.isForMembers) && (kind === 'jumps' || one.isView));
  if (kind === 'views' && places.length < 2) return null;
  return html`
    <nav class=${kind} aria-label=${t('sections')}>
      ${places.map(({ href, text, views, sign }) => html`
        <a key=${href} href=${href} aria-current=${views?.includes(place.view) ? 'page' : null}>
          ${kind === 'jumps' && html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d=${sign} /></svg>`}${t(text)}</a>`)}
    </nav>`;
}
