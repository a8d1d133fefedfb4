// Runs the 61 graphql-http audits: node audits.mjs URL [--production]. In production MAY audits are shown but don't fail.
import { pathToFileURL } from 'node:url';
import { serverAudits } from 'graphql-http';

const AUDITS = 61;

/** Every audit with its result; `failed` are those that the profile must pass. */
export async function runAudits(url, production) {
  const results = [];
  for (const audit of serverAudits({ url })) {
    const result = await audit.fn();
    results.push({ id: audit.id, name: audit.name, status: result.status, reason: result.reason });
  }
  const required = results.filter(({ name }) => !production || !name.startsWith('MAY'));
  return { results, failed: required.filter(({ status }) => status !== 'ok'), required: required.length };
}

async function main() {
  const [url, flag] = process.argv.slice(2);
  if (!url) throw new Error('usage: node audits.mjs URL [--production]');
  const { results, failed, required } = await runAudits(url, flag === '--production');
  for (const { id, name, status, reason } of results) {
    if (status !== 'ok') console.log(`${status.padEnd(6)} ${id} ${name}${reason ? `: ${reason}` : ''}`);
  }
  const passed = results.filter(({ status }) => status === 'ok').length;
  console.log(`${passed} of ${results.length} audits passed; ${required - failed.length} of ${required} required ones.`);
  if (failed.length || results.length !== AUDITS) process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main();
