// What an item looks like: its picture, or a plate in the colour of its brand with the sign of its kind.
import { useState } from './vendor/preact-hooks.js';
import { html } from './markup.js';
import { useReader } from './parts.js';

const COLOURS = 6;
const SIGNS = {
  VOUCHER: 'M4 8h24v5a3 3 0 0 0 0 6v5H4v-5a3 3 0 0 0 0-6zM19 8v16',
  GIFT_CARD: 'M4 8h24v16H4zM4 14h24M12 8v16M12 14c-5 0-5-5-2-5 2 0 2 3 2 5 0-2 0-5 2-5 3 0 3 5-2 5',
  MERCHANDISE: 'M5 12h22v15H5zM3 7h26v5H3zM16 7v20',
  EXPERIENCE: 'M16 4l3.6 7.8 8.4 1-6.200 5.800 1.600 8.400L16 22.900 8.600 27l1.600-8.400L4 12.800l8.400-1z',
  TRAVEL: 'M3 18l26-11-9 20-4-8zM16 19l6-7',
  MEMBERSHIP: 'M16 4l10 4v8c0 6-4 10-10 12C10 26 6 22 6 16V8zM11 16l4 4 7-8',
  TRAINING_SEAT: 'M16 6L2 12l14 6 14-6zM8 15v7c4 4 12 4 16 0v-7',
  MDF_CREDIT: 'M5 13v6h5l12 7V6L10 13zM26 12v8',
  DONATION: 'M16 27S4 20 4 12c0-7 9-8 12-2 3-6 12-5 12 2 0 8-12 15-12 15z',
  BENEFIT: 'M16 4v24M4 16h24M8 8l16 16M24 8L8 24',
};

/** The item's first picture; where it has none, or it does not come, a plate. */
export function Plate({ item, face, large }) {
  const [lost, lose] = useState(null);
  const picture = item.images?.[0];
  if (!picture || picture.url === lost) return html`<${Drawn} item=${item} face=${face} large=${large} />`;
  // Who holds the picture does not learn which page shows it.
  return html`
    <img class=${`picture ${large ? 'picture-large' : ''}`} loading="lazy" decoding="async" referrerpolicy="no-referrer"
      width=${picture.width} height=${picture.height} alt=${picture.alt ?? ''} src=${picture.url} onError=${() => lose(picture.url)} />`;
}

/** Decoration: the name stands beside it. `face` is what is printed on it. */
function Drawn({ item, face, large }) {
  const { t } = useReader();
  const brand = item.brand ?? t(`shop.kind.${item.kind}`);
  return html`
    <div class=${`plate plate-${colourOf(item.brand ?? item.id)} ${large ? 'plate-large' : ''}`} aria-hidden="true">
      <svg viewBox="0 0 32 32"><path d=${SIGNS[item.kind] ?? SIGNS.BENEFIT} /></svg>
      <span class="plate-brand">${brand}</span>
      ${face && html`<span class="plate-face">${face}</span>`}
    </div>`;
}

/** How a denomination is called: its own name, or what is printed on it; null where the item's name says it all. */
export function labelOf(denomination, f) {
  if (denomination?.name) return denomination.name;
  return denomination?.faceValue && denomination.currency ? f.face(denomination.faceValue, denomination.currency) : null;
}

/** What is printed on an item whose denominations have a face value: the one, or the span of them. */
export function useFace(item) {
  const { f } = useReader();
  const faces = item.denominations?.filter((one) => one.faceValue && one.currency) ?? [];
  if (faces.length === 0) return null;
  const sorted = [...faces].sort((one, other) => one.faceValue - other.faceValue);
  const [least, most] = [sorted[0], sorted.at(-1)].map((one) => f.face(one.faceValue, one.currency));
  return least === most ? least : `${least} – ${most}`;
}

function colourOf(text) {
  let sum = 0;
  for (const letter of text) sum = (sum * 31 + letter.codePointAt(0)) % 9973;
  return sum % COLOURS;
}
