// The npm client graphql-ws, unchanged, on the real server: nothing is lost through cut sockets and expiring tokens.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { EVENTS } from '../../api/web/documents.js';
import { recordDeal, serveGuerdon } from './guerdon.mjs';
import { redeem, signInAs, until } from './people.mjs';

const TOKEN_SECONDS = 3;
const DEALS = 24;
const PAUSE_MS = 250;

let guerdon;
before(async () => { guerdon = await serveGuerdon({ GUERDON_ACCESS_TOKEN_SECONDS: String(TOKEN_SECONDS) }); });
after(async () => { await guerdon?.stop(); });

test('rewardEvents resumes without a gap through cut sockets and a token that expires mid-run', async () => {
  const person = await signInAs(guerdon, 'lena');
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
  const person = await signInAs(guerdon, 'lena');
  const stolen = person.refresh;
  await person.renew();
  await assert.rejects(redeem(guerdon, { grant_type: 'refresh_token', refresh_token: stolen }), /400/);
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
