// The npm client graphql-ws, unchanged, on the real server: nothing is lost through cut sockets and expiring tokens.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { EVENTS } from '../../api/web/documents.js';
import { recordDeal, serveGuerdon } from './guerdon.mjs';

const REDIRECT = 'http://127.0.0.1/signed-in';
const CLIENT = 'graphql-ws-test';
const TOKEN_SECONDS = 3;
const DEALS = 24;
const PAUSE_MS = 250;
const WAIT_MS = 20_000;

let guerdon;
before(async () => { guerdon = await serveGuerdon({ GUERDON_ACCESS_TOKEN_SECONDS: String(TOKEN_SECONDS) }); });
after(async () => { await guerdon?.stop(); });

test('rewardEvents resumes without a gap through cut sockets and a token that expires mid-run', async () => {
  const person = await signIn('lena');
  const seen = follow(person);
  await until(() => seen.messages.length > 0);
  const recorded = [];
  for (let deal = 0; deal < DEALS; deal += 1) {
    recorded.push(await recordDeal(guerdon, 'lena-frei', 1_000 + deal));
    if (deal % 8 === 5) seen.socket.terminate();
    await sleep(PAUSE_MS);
  }
  const told = () => seen.messages.map(({ content }) => content).filter(({ __typename }) => __typename === 'ActivityRecorded');
  await until(() => told().length >= recorded.length);
  await seen.client.dispose();

  assert.deepEqual(told().map(({ activityId }) => activityId), recorded, 'each deal once, in order');
  for (const [at, message] of seen.messages.entries()) {
    if (at > 0) assert.equal(message.previous, seen.messages[at - 1].cursor, `message ${at} follows the one before`);
  }
  const codes = seen.closes.map(({ code }) => code);
  assert.ok(codes.filter((code) => code === 1006).length >= 3, `cut sockets: ${codes}`);
  assert.ok(codes.includes(4403), `expired tokens: ${codes}`);
  assert.ok(person.renewals >= 2, `${person.renewals} renewals`);
  assert.deepEqual(seen.errors, []);
});

test('a refresh token that is used twice ends its family', async () => {
  const person = await signIn('lena');
  const stolen = person.refresh;
  await person.renew();
  await assert.rejects(redeem({ grant_type: 'refresh_token', refresh_token: stolen }), /400/);
  await assert.rejects(person.renew(), /400/);
});

/** The stream of one person; the cursor kept last goes with every connection. */
function follow(person) {
  const seen = { messages: [], closes: [], errors: [], socket: null, client: null };
  seen.client = createClient({
    url: `${guerdon.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 50,
    retryWait: () => sleep(50),
    shouldRetry: () => true,
    connectionParams: async () => {
      const cursor = seen.messages.at(-1)?.cursor;
      return { authorization: `Bearer ${await person.token()}`, ...(cursor ? { resume: { cursor } } : {}) };
    },
    on: {
      connected: (socket) => { seen.socket = socket; },
      closed: ({ code, reason }) => seen.closes.push({ code, reason }),
    },
  });
  const query = EVENTS.replace('... on ActivityRecorded {', '... on ActivityRecorded { activityId');
  seen.client.subscribe({ query, variables: { after: null } }, {
    next: ({ data, errors }) => (errors ? seen.errors.push(...errors) : seen.messages.push(data.rewardEvents)),
    error: (error) => seen.errors.push(error),
    complete: () => {},
  });
  return seen;
}

/** Somebody of the demo, signed in as a native app does: code with PKCE, then rotating refresh tokens. */
async function signIn(subject) {
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
  const person = { renewals: 0, ...(await redeem({ grant_type: 'authorization_code', code, redirect_uri: REDIRECT, code_verifier: verifier })) };
  person.renew = async () => {
    person.renewals += 1;
    Object.assign(person, await redeem({ grant_type: 'refresh_token', refresh_token: person.refresh }));
  };
  // Half a second early: a token may not end between being asked for and being shown.
  person.token = async () => {
    if (Date.now() > person.until - 500) await person.renew();
    return person.access;
  };
  return person;
}

async function redeem(form) {
  const body = new URLSearchParams({ ...form, client_id: CLIENT });
  const answer = await fetch(`${guerdon.url}/issuer/token`, { method: 'POST', body });
  if (!answer.ok) throw new Error(`the issuer answered ${answer.status}`);
  const { access_token: access, refresh_token: refresh, expires_in: seconds } = await answer.json();
  return { access, refresh, until: Date.now() + seconds * 1_000 };
}

async function until(holds) {
  const end = Date.now() + WAIT_MS;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`did not become true within ${WAIT_MS} ms: ${holds}`);
    await sleep(50);
  }
}
