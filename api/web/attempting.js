// One key for one intention: a request whose answer was lost is sent again under the same key, and happens once.
import { Trouble, ask } from './asking.js';
import { session } from './keeping.js';

/** An expected no of the API, in its own words. */
export class Refused extends Trouble {
  constructor({ code, text, retryable }) {
    super(code);
    this.text = text;
    this.isFinal = !retryable;
  }
}

/** The payload of a union's success. Throws Refused. */
export function granted(answer) {
  if ('retryable' in answer) throw new Refused(answer);
  return answer;
}

/**
 * Sends `input` under the key of this attempt: the one kept in this tab while the same request under `name` has no final
 * answer yet, or else a new one. With `isKept` the key outlives success too: the same again replays and costs nothing.
 */
export async function attempt(name, document, input, locale, isKept = false) {
  const drawer = `attempt.${name}`;
  const request = await digest(JSON.stringify(input));
  const known = session.get(drawer);
  const key = known?.request === request ? known.key : newKey();
  session.put(drawer, { key, request });
  const [answer] = Object.values(await ask(document, { locale, input: { idempotencyKey: key, ...input } }));
  const isRefused = 'retryable' in answer;
  if (isRefused ? !answer.retryable : !isKept) session.put(drawer, null);
  return granted(answer);
}

function newKey() {
  return `web-${[...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** What a request is known by: no address is kept, only that it is the same. */
async function digest(text) {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return btoa(String.fromCharCode(...bytes));
}
