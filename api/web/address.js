// Where goods go: a form whose fields the browser knows how to fill, and that says which of them is missing.
import { useRef, useState } from './vendor/preact-hooks.js';
import { html } from './markup.js';
import { useReader } from './parts.js';

const FIELDS = [
  { name: 'name', label: 'shop.fullName', fill: 'name', isNeeded: true },
  { name: 'street', label: 'shop.street', fill: 'street-address', isNeeded: true },
  { name: 'postcode', label: 'shop.postcode', fill: 'postal-code' },
  { name: 'city', label: 'shop.city', fill: 'address-level2', isNeeded: true },
  { name: 'country', label: 'shop.country', fill: 'country', isNeeded: true, pattern: '[A-Za-z]{2}', length: 2 },
  { name: 'email', label: 'shop.email', fill: 'email', type: 'email' },
];
const LENGTH = 200;

/** `value` as the API takes it, `complain()` shows what is missing. */
export function useAddress() {
  const [said, setSaid] = useState({});
  const form = useRef(null);
  const text = (name) => (said[name] ?? '').trim() || null;
  return {
    said, setSaid, form,
    value: {
      name: text('name'), lines: [text('street')].filter(Boolean), postcode: text('postcode'), city: text('city'),
      country: text('country')?.toUpperCase() ?? null, email: text('email'),
    },
    complain: () => { form.current?.reportValidity(); },
  };
}

export function isComplete({ name, lines, city, country }) {
  return Boolean(name && lines.length > 0 && city && /^[A-Z]{2}$/.test(country ?? ''));
}

export function AddressFields({ address }) {
  const { t } = useReader();
  return html`
    <form class="address" ref=${address.form} onSubmit=${(event) => event.preventDefault()}>
      <fieldset><legend>${t('shop.address')}</legend>
        ${FIELDS.map(({ name, label, fill, type, isNeeded, pattern, length }) => html`
          <label key=${name} class=${`field field-${name}`}><span>${t(label)}</span>
            <input name=${name} type=${type ?? 'text'} autocomplete=${fill} required=${isNeeded} pattern=${pattern} maxlength=${length ?? LENGTH}
              value=${address.said[name] ?? ''} onInput=${(event) => address.setSaid({ ...address.said, [name]: event.currentTarget.value })} /></label>`)}
      </fieldset>
    </form>`;
}
