// Starts `guerdon serve` with the demo story in a folder of its own, and records deals as the demo's integration does.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const READY_MS = 120_000;
const STOP_MS = 20_000;
const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export const CHROMIUM = process.env.CHROMIUM ?? BROWSERS.find(existsSync);

/** A running server: `url`, `home`, `integrationKey`, `boardCode`, `people`; `stop()` ends it and removes its folder. */
export async function serveGuerdon(settings = {}) {
  // A short folder: the embedded servers' sockets live in it, and their paths may have 107 bytes.
  const home = await mkdtemp(join(tmpdir(), 'gw-'));
  const port = await freePort();
  const child = spawn(process.env.PYTHON ?? 'python3', ['-m', 'api.cli', 'serve'], {
    cwd: ROOT,
    env: { ...process.env, DATABASE_URL: '', REDIS_URL: '', GUERDON_HOME: home, PORT: String(port), ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => said.push(text));
  const stop = async () => {
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    clearTimeout(late);
    await rm(home, { recursive: true, force: true });
  };
  try {
    await ready(`http://127.0.0.1:${port}`, child);
    const told = JSON.parse(await readFile(join(home, 'demo.json'), 'utf8'));
    return { ...told, home, url: `http://localhost:${port}`, stop };
  } catch (error) {
    await stop();
    throw new Error(`guerdon serve did not start:\n${said.join('')}`, { cause: error });
  }
}

async function ready(url, child) {
  const until = Date.now() + READY_MS;
  while (Date.now() < until) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    const answer = await fetch(`${url}/ready`).catch(() => null);
    if (answer?.ok) return;
    await sleep(200);
  }
  throw new Error(`not ready within ${READY_MS} ms`);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Asks the API; `data` of the answer. */
export async function ask(guerdon, credential, query, variables) {
  const answer = await fetch(`${guerdon.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${credential}` },
    body: JSON.stringify({ query, variables }),
  });
  const body = await answer.json();
  if (body.errors) throw new Error(JSON.stringify(body.errors));
  return body.data;
}

const RECORD = `
mutation Record($items: [ActivityInput!]!) {
  recordActivities(input: { items: $items }) {
    __typename
    ... on RecordActivitiesSuccess { recorded results { activity { id } refusal { code text(locale: EN) } } }
    ... on Refusal { code text(locale: EN) }
  }
}`;

/** The id of one deal won by this member just now, worth `cents` US cents. */
export async function recordDeal(guerdon, memberExternalId, cents) {
  const id = randomUUID().slice(0, 13);
  const item = {
    externalId: `web-${id}`,
    type: 'deal.won',
    occurredAt: new Date().toISOString(),
    memberExternalId,
    amounts: [{ basis: 'NET', amount: cents, unit: 'USD' }],
    attributes: { product: 'Edge Router', opportunity: `web-${id}` },
  };
  const { recordActivities } = await ask(guerdon, guerdon.integrationKey, RECORD, { items: [item] });
  if (recordActivities.recorded !== 1) throw new Error(JSON.stringify(recordActivities));
  return recordActivities.results[0]?.activity.id;
}

/** Chromium with a profile of its own, and `visit(options)`: a page of a fresh person that notes what went wrong. */
export async function openChromium(guerdon) {
  const profile = await mkdtemp(join(tmpdir(), 'gc-'));
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', `--disk-cache-dir=${profile}`,
    ],
  });
  return {
    async visit(options = {}) {
      const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1280, height: 900 }, ...options });
      const page = await context.newPage();
      const faults = [];
      page.on('request', (request) => {
        const { protocol, origin } = new URL(request.url());
        if (protocol.startsWith('http') && origin !== new URL(guerdon.url).origin) faults.push(`foreign ${request.url()}`);
      });
      page.on('console', (message) => {
        // Chromium asks for /favicon.ico on the issuer's page, and says so when a socket or request was cut on purpose.
        if (message.type() === 'error' && !/favicon|ERR_INTERNET_DISCONNECTED|WebSocket connection/.test(message.text() + message.location().url)) faults.push(message.text());
      });
      page.on('pageerror', (error) => faults.push(String(error)));
      return { context, page, faults };
    },
    async close() {
      await browser.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

/** Signs in by clicking, as the person with this subject. */
export async function signIn(guerdon, page, subject) {
  await page.goto(`${guerdon.url}/`);
  await page.locator('.welcome .button').click();
  await page.locator(`button[name=subject][value=${subject}]`).click();
  await page.locator('table.board tbody tr').first().waitFor();
}
