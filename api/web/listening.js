// One socket for the page: the graphql-ws client, which reconnects and resumes from the cursor kept last.
import { accessToken } from './signing.js';
import { createClient } from './vendor/graphql-ws.js';

const PING_MS = 10_000;
const PONG_MS = 5_000;
const WAIT_MAX_MS = 10_000;

/**
 * A socket that is opened by its first subscription. `cursor()` is what the server resumes from after a cut;
 * `onConnection` is told connecting, live or cut; `onEnded` is told when the session is over.
 */
export function openSocket({ cursor, onConnection, onEnded }) {
  let pong;
  let opened = null;
  const client = createClient({
    url: `${location.origin.replace('http', 'ws')}/graphql`,
    keepAlive: PING_MS,
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: async (retries) => waitOrOnline(backOff(retries)),
    connectionParams: async () => {
      const token = await accessToken();
      if (token === null) {
        onEnded();
        throw new Error('the session is over');
      }
      const after = cursor();
      return { authorization: `Bearer ${token}`, ...(after ? { resume: { cursor: after } } : {}) };
    },
    on: {
      connecting: () => onConnection('connecting'),
      connected: (socket) => {
        opened = socket;
        onConnection('live');
      },
      ping: (received) => {
        if (!received) pong = setTimeout(() => client.terminate(), PONG_MS);
      },
      pong: (received) => {
        if (received) clearTimeout(pong);
      },
      closed: () => {
        clearTimeout(pong);
        onConnection('cut');
      },
    },
  });
  return {
    /** Messages until `stop()` is called. A stream that fails for good is begun anew, ever more slowly. */
    listen(request, onMessage, onTrouble) {
      let stop = () => {};
      let failures = 0;
      let timer;
      let over = false;
      const again = (code) => {
        if (over) return;
        failures += 1;
        onTrouble(code);
        timer = setTimeout(begin, backOff(failures));
      };
      function begin() {
        stop = client.subscribe(request(), {
          next: (result) => {
            const [error] = result.errors ?? [];
            if (error) {
              stop();
              again(error.extensions?.code ?? 'INTERNAL');
              return;
            }
            failures = 0;
            onMessage(Object.values(result.data)[0]);
          },
          error: (error) => again(Array.isArray(error) ? (error[0]?.extensions?.code ?? 'INTERNAL') : 'SOCKET_CLOSED'),
          complete: () => {},
        });
      }
      begin();
      return {
        stop() {
          over = true;
          clearTimeout(timer);
          stop();
        },
        restart() {
          clearTimeout(timer);
          stop();
          begin();
        },
      };
    },
    /** Drops the connection; the client opens another at once. */
    cut: () => opened?.close(4205, 'cut'),
    close: () => client.dispose(),
  };
}

function backOff(failures) {
  return Math.min(WAIT_MAX_MS, 250 * 2 ** Math.min(failures, 6)) * (0.7 + Math.random() * 0.6);
}

function waitOrOnline(ms) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener('online', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    window.addEventListener('online', done);
  });
}
