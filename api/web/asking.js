// Asks the API one question: over HTTP, with the viewer's token, within a time, with a typed trouble for an answer.
import { accessToken, doubtToken } from './signing.js';

const WAIT_MS = 15_000;

/** Why a question has no answer; `code` names a text of the page, `requestId` finds the server's log. */
export class Trouble extends Error {
  constructor(code, requestId = null) {
    super(code);
    this.code = code;
    this.requestId = requestId;
  }
}

/** `data` of the operation. A refused token is renewed once. Throws Trouble. */
export async function ask(query, variables, again = true) {
  const token = await accessToken();
  if (token === null) throw new Trouble('SESSION_ENDED');
  let answer;
  let body;
  try {
    answer = await fetch('/graphql', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json;q=0.9',
        authorization: `Bearer ${token}`,
      },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(WAIT_MS),
    });
    body = await answer.json();
  } catch {
    throw new Trouble('UNREACHABLE');
  }
  if (answer.status === 401 && again) {
    doubtToken();
    return ask(query, variables, false);
  }
  const [error] = body.errors ?? [];
  if (error || !body.data) throw new Trouble(error?.extensions?.code ?? 'INTERNAL', error?.extensions?.requestId);
  return body.data;
}
