// The shop comes after the board: its modules are fetched once the first face stands, and shown as soon as they are asked for.
import { useEffect, useState } from './vendor/preact-hooks.js';
import { store } from './following.js';
import { html } from './markup.js';
import { Skeleton, Title, TroubleNote, useReader } from './parts.js';

let fetched = null;

/** The shop's modules, fetched once and started; for who is signed in, so that the shop opens at once, even offline. */
export function fetchShop() {
  if (!store.get().viewer?.member) return null;
  fetched ??= import('./shopfront.js').then((front) => {
    front.startShop();
    return front;
  });
  return fetched.catch(() => null);
}

/** The shop's face at `place`, once it is there. */
export function LaterShop({ state, place }) {
  const { t } = useReader();
  const [front, setFront] = useState(null);
  const [isMissing, miss] = useState(false);
  useEffect(() => {
    fetchShop()?.then((found) => (found ? setFront(found) : miss(true)));
  }, []);
  if (front) return html`<${front.Shopfront} state=${state} place=${place} />`;
  // A module that could not be fetched is fetched again by a new page only; the address keeps the place.
  const again = html`<p><button type="button" class="button" onClick=${() => location.reload()}>${t('retry')}</button></p>`;
  return html`
    <main id="content" class="shopfront" tabindex="-1">
      <${Title} isHidden=${true}>${t('shop.title')}<//>
      ${isMissing ? html`<${TroubleNote} trouble=${{ code: 'UNREACHABLE' }} action=${again} />` : html`<${Skeleton} lines=${6} />`}
    </main>`;
}
