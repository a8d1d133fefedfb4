// Sign-in by OpenID Connect in the browser: code with PKCE, rotating refresh tokens, no cookies.
import { session } from './keeping.js';

const CLIENT = 'guerdon-web';
const RENEW_SECONDS = 30;
const WAIT_MS = 10_000;

/** Why sign-in cannot go on; `code` names a text of the page. */
export class SignInRefused extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

const issuerSetting = () => document.querySelector('meta[name="guerdon-issuer"]').content;
const redirectUri = () => `${location.origin}/`;
let discovered = null;
let tokens = null;
let renewing = null;

async function discover() {
  const setting = issuerSetting();
  if (discovered === null) {
    const answer = await fetch(`${setting}/.well-known/openid-configuration`, { signal: AbortSignal.timeout(WAIT_MS) });
    if (!answer.ok) throw new SignInRefused('ISSUER_UNREACHABLE');
    const found = await answer.json();
    // The development issuer is this server: it is reached where the page came from, whatever name it goes by.
    const own = (url) => (setting.startsWith('/') ? new URL(new URL(url).pathname, location.origin).href : url);
    discovered = {
      issuer: found.issuer,
      authorize: own(found.authorization_endpoint),
      token: own(found.token_endpoint),
      revoke: found.revocation_endpoint && own(found.revocation_endpoint),
    };
  }
  return discovered;
}

/** Leaves for the issuer's page. */
export async function signIn(locale) {
  const { authorize } = await discover();
  const verifier = random();
  const state = random();
  session.put('flow', { verifier, state, hash: location.hash });
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  const asked = new URLSearchParams({
    response_type: 'code',
    client_id: CLIENT,
    redirect_uri: redirectUri(),
    scope: 'openid offline_access',
    state,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: 'S256',
    ui_locales: locale,
  });
  location.assign(`${authorize}?${asked}`);
}

/** True once there are tokens: those of the issuer's answer in the address, or renewed ones of this tab. */
export async function resume() {
  const answer = new URLSearchParams(location.search);
  if (answer.has('state')) {
    history.replaceState(null, '', location.pathname);
    await redeem(answer);
    return true;
  }
  const refresh = session.get('refresh');
  if (refresh === null) return false;
  tokens = { access: null, refresh, until: 0 };
  await accessToken();
  return tokens !== null;
}

async function redeem(answer) {
  const flow = session.get('flow');
  session.put('flow', null);
  const { issuer } = await discover();
  if (flow === null || answer.get('state') !== flow.state) throw new SignInRefused('SIGN_IN_STALE');
  if (answer.has('iss') && answer.get('iss') !== issuer) throw new SignInRefused('SIGN_IN_STALE');
  history.replaceState(null, '', location.pathname + (flow.hash ?? ''));
  if (!answer.has('code')) throw new SignInRefused('SIGN_IN_DECLINED');
  await obtain({
    grant_type: 'authorization_code',
    code: answer.get('code'),
    redirect_uri: redirectUri(),
    code_verifier: flow.verifier,
  });
}

/** A token that is good for the next call, renewed where it is about to end; null when the session is over. */
export async function accessToken() {
  if (tokens === null) return null;
  if (Date.now() < tokens.until) return tokens.access;
  renewing ??= renew().finally(() => { renewing = null; });
  await renewing;
  return tokens && tokens.access;
}

/** The server did not accept the token although its time is not over: ask for another before the next call. */
export function doubtToken() {
  if (tokens) tokens.until = 0;
}

async function renew() {
  try {
    await obtain({ grant_type: 'refresh_token', refresh_token: tokens.refresh });
  } catch (error) {
    if (!(error instanceof SignInRefused) || error.code !== 'SESSION_ENDED') throw error;
    forget();
  }
}

async function obtain(form) {
  const { token } = await discover();
  const answer = await fetch(token, {
    method: 'POST',
    body: new URLSearchParams({ ...form, client_id: CLIENT }),
    signal: AbortSignal.timeout(WAIT_MS),
  });
  if (answer.status === 400 || answer.status === 401) throw new SignInRefused('SESSION_ENDED');
  if (!answer.ok) throw new SignInRefused('ISSUER_UNREACHABLE');
  const { access_token: access, refresh_token: refresh, expires_in: seconds } = await answer.json();
  // A short-lived token is renewed after four fifths of its life.
  const margin = Math.min(RENEW_SECONDS, seconds / 5);
  tokens = { access, refresh, until: Date.now() + (seconds - margin) * 1000 };
  session.put('refresh', refresh ?? null);
}

/** Ends the session here and, where it can be reached, at the issuer. */
export async function signOut() {
  const refresh = tokens?.refresh;
  forget();
  const { revoke } = await discover();
  if (!revoke || !refresh) return;
  await fetch(revoke, {
    method: 'POST',
    body: new URLSearchParams({ token: refresh, client_id: CLIENT }),
    signal: AbortSignal.timeout(WAIT_MS),
  });
}

function forget() {
  tokens = null;
  session.clear();
}

function random() {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
