// Starts the toy server of tests/graph/toy.py as a child; PYTHON names the interpreter (python3 by default).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Runs `use(url)` with a server of this profile, which has stopped when the promise settles. */
export async function withToy(profile, use) {
  const child = spawn(process.env.PYTHON ?? 'python3', ['-m', 'tests.graph.toy', '--profile', profile], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [line] = await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(() => { throw new Error('the toy server ended before it was ready'); }),
    ]);
    await use(String(line).trim());
  } finally {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
  }
}
