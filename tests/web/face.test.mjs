// The face as real clients see it: graphql-http's audits, graphql-ws unchanged, GraphiQL in Chromium without a network.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { createClient } from 'graphql-ws';
import { chromium } from 'playwright-core';
import WebSocket from 'ws';
import { runAudits } from './audits.mjs';
import { withToy } from './toy.mjs';

const CHROMIUM = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);

for (const profile of ['development', 'production']) {
  test(`the ${profile} profile passes the audits it must`, async () => {
    await withToy(profile, async (url) => {
      const { results, failed } = await runAudits(`${url}/graphql`, profile === 'production');
      assert.equal(results.length, 61);
      assert.deepEqual(failed, []);
    });
  });
}

function socketClient(url, options) {
  return createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 3,
    retryWait: async () => {},
    ...options,
  });
}

test('graphql-ws reads a subscription to its end', async () => {
  await withToy('production', async (url) => {
    const client = socketClient(url, { connectionParams: { authorization: 'Bearer ann' } });
    const seen = [];
    for await (const result of client.iterate({ query: 'subscription { count(to: 4) }' })) seen.push(result.data.count);
    assert.deepEqual(seen, [0, 1, 2, 3]);
    await client.dispose();
  });
});

test('graphql-ws renews a token that expires mid-run and goes on', async () => {
  await withToy('production', async (url) => {
    let introductions = 0;
    const closes = [];
    const client = socketClient(url, {
      connectionParams: () => {
        introductions += 1;
        return introductions === 1 ? { authorization: 'Bearer ann:0.5' } : { token: 'ann', resume: { cursor: 'c7' } };
      },
      on: { closed: ({ code, reason }) => closes.push([code, reason]) },
    });
    let events = 0;
    for await (const result of client.iterate({ query: 'subscription { forever }' })) {
      assert.equal(typeof result.data.forever, 'number');
      events += 1;
      if (introductions === 2 && events > 30) break;
    }
    assert.equal(introductions, 2);
    assert.deepEqual(closes[0], [4403, 'token expired']);
    await client.dispose();
  });
});

test('graphql-ws reconnects after a cut socket and hands over its cursor', async () => {
  await withToy('production', async (url) => {
    let socket;
    const client = socketClient(url, {
      connectionParams: { resume: { cursor: 'c41' } },
      shouldRetry: () => true,
      on: { connected: (opened) => { socket ??= opened; } },
    });
    const stream = client.iterate({ query: 'subscription { forever }' });
    await stream.next();
    socket.close(4205, 'cut');
    assert.equal(typeof (await stream.next()).value.data.forever, 'number');
    await stream.return();
    const resumed = await client.iterate({ query: 'subscription { resumed }' }).next();
    assert.equal(resumed.value.data.resumed, 'c41');
    await client.dispose();
  });
});

test('GraphiQL renders without any other host and runs an authorised subscription', { skip: !CHROMIUM && 'no Chromium' }, async () => {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  try {
    await withToy('development', async (url) => {
      const page = await browser.newPage();
      const foreign = [];
      const faults = [];
      page.on('request', (request) => { if (!request.url().startsWith(url) && !request.url().startsWith('data:')) foreign.push(request.url()); });
      page.on('console', (message) => { if (message.type() === 'error') faults.push(message.text()); });
      page.on('pageerror', (error) => faults.push(String(error)));
      await page.goto(`${url}/graphql`);
      await page.locator('.graphiql-execute-button').waitFor();
      await type(page, '.graphiql-query-editor', '{ hello(name: "page") }');
      await page.locator('.graphiql-execute-button').click();
      await page.locator('.result-window', { hasText: 'hello page' }).waitFor({ timeout: 10_000 });
      await page.getByRole('button', { name: 'Headers' }).click();
      await type(page, '.graphiql-editor-tool .graphiql-editor:not(.hidden)', '{"Authorization": "Bearer ann"}');
      await type(page, '.graphiql-query-editor', 'subscription { count(to: 3) }');
      await page.locator('.graphiql-execute-button').click();
      await page.locator('.result-window', { hasText: '"count": 2' }).waitFor({ timeout: 10_000 });
      if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
      assert.deepEqual(foreign, []);
      assert.deepEqual(faults, []);
      assert.ok(!page.url().includes('ann'), 'a token reached the URL');
      const stored = await page.evaluate(() => JSON.stringify(localStorage));
      assert.ok(!stored.includes('Bearer ann'), 'a token reached the storage');
    });
  } finally {
    await browser.close();
  }
});

async function type(page, selector, text) {
  await page.locator(`${selector} .CodeMirror`).first().evaluate((editor, value) => editor.CodeMirror.setValue(value), text);
}
