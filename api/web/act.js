// A button that does one thing at a time, waits for the network, and says what stood in the way.
import { useRef, useState } from './vendor/preact-hooks.js';
import { store } from './following.js';
import { html } from './markup.js';
import { TroubleNote, useReader } from './parts.js';
import { useStore } from './store.js';

/** `run(work)` does it unless it is being done; `busy` and `trouble` tell how it goes. */
export function useAct() {
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState(null);
  const running = useRef(false);
  const run = async (work) => {
    if (running.current) return;
    running.current = true;
    setBusy(true);
    setTrouble(null);
    try {
      await work();
    } catch (error) {
      setTrouble({ code: error.code ?? 'INTERNAL', requestId: error.requestId, text: error.text });
    } finally {
      running.current = false;
      setBusy(false);
    }
  };
  return { busy, trouble, run };
}

/** A button; while there is no network it waits and says so. `unsure` replaces the words for an answer that got lost. */
export function Act({ onAct, quiet, busyText, unsure, id, children }) {
  const { t } = useReader();
  const { online } = useStore(store);
  const { busy, trouble, run } = useAct();
  const isLost = trouble && !trouble.text && unsure;
  return html`
    <div class="act">
      <button type="button" id=${id} class=${`button ${quiet ? 'button-quiet' : ''}`} aria-disabled=${busy || !online ? 'true' : 'false'}
        onClick=${() => online && run(onAct)}>${busy ? (busyText ?? t('loading')) : trouble && !trouble.text ? t('retry') : children}</button>
      ${!online && html`<p class="fine" role="status">${t('shop.offline')}</p>`}
      ${trouble && html`<${TroubleNote} trouble=${isLost ? { ...trouble, text: unsure } : trouble} />`}
    </div>`;
}
