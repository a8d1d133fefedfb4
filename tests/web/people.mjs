// Somebody of the demo who signs in as a native app does, with tokens that end and are renewed.
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

const REDIRECT = 'http://127.0.0.1/signed-in';
const CLIENT = 'graphql-ws-test';
const WAIT_MS = 20_000;

/** Somebody of the demo, signed in as a native app does: code with PKCE, then rotating refresh tokens. */
export async function signInAs(guerdon, subject) {
  const verifier = randomBytes(32).toString('base64url');
  const asked = new URLSearchParams({
    response_type: 'code',
    client_id: CLIENT,
    redirect_uri: REDIRECT,
    scope: 'openid offline_access',
    state: 's',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    subject,
  });
  const answer = await fetch(`${guerdon.url}/issuer/authorize`, { method: 'POST', body: asked, redirect: 'manual' });
  const code = new URL(answer.headers.get('location')).searchParams.get('code');
  const person = { renewals: 0, ...(await redeem(guerdon, { grant_type: 'authorization_code', code, redirect_uri: REDIRECT, code_verifier: verifier })) };
  person.renew = async () => {
    person.renewals += 1;
    Object.assign(person, await redeem(guerdon, { grant_type: 'refresh_token', refresh_token: person.refresh }));
  };
  // Half a second early: a token may not end between being asked for and being shown.
  // One renewal at a time: a refresh token that is used twice ends its family.
  let renewing = null;
  person.token = async () => {
    if (Date.now() > person.until - 500) await (renewing ??= person.renew().finally(() => { renewing = null; }));
    return person.access;
  };
  return person;
}

/** Tokens for a grant, as the development issuer gives them. */
export async function redeem(guerdon, form) {
  const body = new URLSearchParams({ ...form, client_id: CLIENT });
  const answer = await fetch(`${guerdon.url}/issuer/token`, { method: 'POST', body });
  if (!answer.ok) throw new Error(`the issuer answered ${answer.status}`);
  const { access_token: access, refresh_token: refresh, expires_in: seconds } = await answer.json();
  return { access, refresh, until: Date.now() + seconds * 1_000 };
}

/** Waits until it holds, at most twenty seconds. */
export async function until(holds) {
  const end = Date.now() + WAIT_MS;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`did not become true within ${WAIT_MS} ms: ${holds}`);
    await sleep(50);
  }
}
