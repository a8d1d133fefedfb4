// The client of the tutorial, as it stands in docs/: it shows the board, and a deal moves it.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { recordDeal, serveGuerdon } from './guerdon.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const WAIT_MS = 20_000;

let guerdon;
before(async () => { guerdon = await serveGuerdon(); });
after(async () => { await guerdon?.stop(); });

test('board.mjs shows the board and moves within seconds of a deal', async () => {
  // A package is found from where the file lies: the copy lies where the packages are.
  const folder = new URL('./node_modules/.tutorial/', import.meta.url);
  const client = fileURLToPath(new URL('board.mjs', folder));
  await mkdir(folder, { recursive: true });
  await copyFile(new URL('../../docs/tutorial/board.mjs', import.meta.url), client);
  const shown = [];
  const child = spawn(process.execPath, [client, guerdon.boardCode], {
    env: { ...process.env, GUERDON_URL: guerdon.url, TOKEN: token('ava') },
  });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => shown.push(String(text)));
  try {
    const scores = () => [...shown.join('').matchAll(/you: rank \d+ of 24, (\d+) POINTS/g)].map(([, score]) => Number(score));
    await until(() => scores().length > 0, shown);
    await recordDeal(guerdon, 'ava-brooks', 500_000);
    await until(() => scores().at(-1) > scores()[0], shown);
    assert.match(shown.join(''), /^Points this quarter/);
  } finally {
    child.kill();
    await once(child, 'exit');
  }
});

function token(subject) {
  const env = { ...process.env, GUERDON_HOME: guerdon.home, PORT: new URL(guerdon.url).port };
  const minted = spawnSync(process.env.PYTHON ?? 'python3', ['-m', 'api.cli', 'token', subject], { cwd: ROOT, env });
  assert.equal(minted.status, 0, String(minted.stderr));
  return String(minted.stdout).trim();
}

async function until(condition, shown) {
  const end = Date.now() + WAIT_MS;
  while (!condition()) {
    assert.ok(Date.now() < end, `nothing came:\n${shown.join('')}`);
    await sleep(50);
  }
}
