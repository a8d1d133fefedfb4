// Starts the page: who reads it, in which language, and which of its faces is shown.
import { render } from './vendor/preact.js';
import { useEffect, useMemo } from './vendor/preact-hooks.js';
import { BoardPanel } from './board.js';
import { begin, end, retry, speak, start, store } from './following.js';
import { formatsOf } from './formats.js';
import { LaterShop, fetchShop } from './later.js';
import { html } from './markup.js';
import { Navigation } from './navigation.js';
import { Reader, Skeleton, TroubleNote, useReader } from './parts.js';
import { ReasonsPanel } from './reasons.js';
import { route } from './routes.js';
import { useStore } from './store.js';
import { LOCALES, textsOf } from './texts.js';
import { EventsPanel, Voice } from './ticker.js';
import { WalletPanel } from './wallet.js';

function Page() {
  const state = useStore(store);
  const place = useStore(route);
  const { locale, phase } = state;
  const isHome = place.view === 'home' || !state.viewer?.member;
  const reader = useMemo(() => {
    const f = formatsOf(locale);
    return { locale, f, t: textsOf(locale, f) };
  }, [locale]);
  useEffect(() => {
    document.documentElement.lang = locale;
    document.title = isHome ? reader.t('title') : `Guerdon – ${reader.t(place.view === 'shop' || place.view === 'item' ? 'shop.title' : 'shop.orders')}`;
  }, [reader, isHome, place.view]);
  return html`
    <${Reader.Provider} value=${reader}>
      <a class="skip" href="#content">${reader.t(isHome ? 'skip' : 'shop.skip')}</a>
      <${Top} state=${state} place=${place} />
      ${!state.online && html`<${Offline} state=${state} />`}
      ${phase === 'loading' && html`<main id="content" class="lonely"><${Skeleton} lines=${6} /></main>`}
      ${phase === 'signedOut' && html`<${Welcome} trouble=${state.trouble} />`}
      ${phase === 'refused' && html`<${Refused} trouble=${state.trouble} />`}
      ${phase === 'signedIn' && (isHome ? html`<${Sections} state=${state} />` : html`<${LaterShop} state=${state} place=${place} />`)}
      ${phase === 'signedIn' && html`<${Navigation} kind="jumps" place=${place} isMember=${Boolean(state.viewer?.member)} />`}
    <//>`;
}

function Top({ state, place }) {
  const { t } = useReader();
  const { viewer, phase } = state;
  return html`
    <header class="top">
      <p class="brand"><${Mark} /><span>Guerdon</span></p>
      ${phase === 'signedIn' && html`<${Connection} state=${state} />`}
      ${phase === 'signedIn' && html`<${Navigation} kind="views" place=${place} isMember=${Boolean(viewer?.member)} />`}
      <div class="top-end">
        <${Languages} locale=${state.locale} />
        ${viewer && html`
          <p class="person"><span class="person-name">${(viewer.account ?? viewer.member ?? viewer.partner).name}</span>
            <span class="fine">${viewer.partner ? viewer.partner.name : t(`role.${viewer.role}`)}</span></p>`}
        ${(viewer || phase === 'refused') && html`<button type="button" class="button button-quiet" onClick=${end}>${t('signOut')}</button>`}
      </div>
    </header>`;
}

function Mark() {
  return html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true"><circle cx="16" cy="16" r="15" /><path d="M22.6 11.2A8.2 8.2 0 1 0 24.2 16H16.6" /></svg>`;
}

function Connection({ state }) {
  const { t } = useReader();
  const shown = !state.online ? 'offline' : state.connection === 'live' ? 'live' : 'connecting';
  return html`<p class=${`connection connection-${shown}`} data-connection=${shown} role="status"><i aria-hidden="true"></i>${t(shown)}</p>`;
}

function Languages({ locale }) {
  const { t } = useReader();
  return html`
    <div class="languages" role="group" aria-label=${t('language')}>
      ${Object.entries(LOCALES).map(([code, name]) => html`
        <button type="button" key=${code} lang=${code} aria-label=${name} aria-pressed=${String(code === locale)} onClick=${() => speak(code)}>${code.toUpperCase()}</button>`)}
    </div>`;
}

function Offline({ state }) {
  const { t, f } = useReader();
  const at = state.board?.asOf ?? state.wallets?.[0]?.asOf;
  return html`<p class="banner" role="status">${at ? t('offlineText', { time: f.seconds(at) }) : t('offlineTextBare')}</p>`;
}

function Welcome({ trouble }) {
  const { t } = useReader();
  return html`
    <main id="content" class="welcome">
      <div class="welcome-words">
        <h1><span>${t('signInLead')}</span>${' '}<span>${t('signInLeadToo')}</span></h1>
        <p class="lead">${t('signInText')}</p>
        ${trouble && html`<${TroubleNote} trouble=${trouble} />`}
        <p><button type="button" class="button" onClick=${begin}>${t('signIn')}</button></p>
        <p class="fine">${t('signInNote')}</p>
      </div>
      <svg class="welcome-art" viewBox="0 0 320 260" aria-hidden="true">
        ${[1, 3, 4, 5, 2].map((rank) => html`
          <g key=${rank} class=${`art-row art-${rank}`}>
            <rect class="art-card" x="10" y=${rank * 52 - 50} width="300" height="42" rx="10" />
            <circle cx="36" cy=${rank * 52 - 29} r="12" />
            <rect class="art-name" x="62" y=${rank * 52 - 38} width=${70 + (rank * 23) % 40} height="7" rx="3.5" />
            <rect class="art-bar" x="62" y=${rank * 52 - 24} width=${[230, 196, 158, 132, 86][rank - 1]} height="4" rx="2" />
          </g>`)}
      </svg>
    </main>`;
}

function Refused({ trouble }) {
  const { t } = useReader();
  return html`
    <main id="content" class="lonely">
      <h1>${t('refusedTitle')}</h1>
      <${TroubleNote} trouble=${trouble} action=${html`<p><button type="button" class="button" onClick=${retry}>${t('retry')}</button></p>`} />
    </main>`;
}

function Sections({ state }) {
  const { t } = useReader();
  useEffect(() => {
    // From another face of the page: the section that was asked for was not there yet when the address changed.
    const section = route.get().isMoved && document.getElementById(location.hash.slice(1));
    section?.scrollIntoView?.();
    section?.focus?.({ preventScroll: true });
  }, []);
  return html`
    <main id="content" class="sections" tabindex="-1">
      <h1 class="unseen">${t('title')}</h1>
      <div class="column"><${BoardPanel} state=${state} /><${EventsPanel} state=${state} /></div>
      <div class="column"><${WalletPanel} state=${state} /><${ReasonsPanel} state=${state} /></div>
      <${Voice} state=${state} />
    </main>`;
}

render(html`<${Page} />`, document.getElementById('page'));
start().then(fetchShop);
