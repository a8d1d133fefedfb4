// Starts GraphiQL against the server that served this page. Tokens stay in the header editor: never in the URL or in storage.
'use strict';

const address = new URL('/graphql', location.href);
const socketAddress = new URL(address);
socketAddress.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';

const http = GraphiQL.createFetcher({ url: address.href });

// Each subscription opens a socket of its own, introduced with the headers in force when it was started.
function subscribe(request, headers) {
  return {
    subscribe(sink) {
      const client = graphqlWs.createClient({
        url: socketAddress.href,
        connectionParams: headers,
        retryAttempts: 3,
      });
      const stop = client.subscribe(request, {
        ...sink,
        error: (fault) => sink.error(fault instanceof CloseEvent ? { message: `Socket closed with event ${fault.code} ${fault.reason}` } : fault),
      });
      return { unsubscribe: () => { stop(); client.dispose(); } };
    },
  };
}

// GraphiQL's parsed document lags behind the editor, so the text itself is asked which operation runs.
function isSubscription({ query, operationName }) {
  const text = query.replace(/"""[^]*?"""|"(?:\\.|[^"\\\n])*"|#[^\n]*/g, ' ');
  return operationName
    ? new RegExp(`\\bsubscription\\s+${operationName}\\b`).test(text)
    : /(^|})\s*subscription\b/.test(text);
}

function fetcher(request, options) {
  return isSubscription(request) ? subscribe(request, options.headers ?? {}) : http(request, options);
}

// GraphiQL's history keeps headers, and with them tokens; what is stored here has none.
const storage = {
  getItem: (key) => localStorage.getItem(key),
  setItem: (key, value) => localStorage.setItem(key, withoutHeaders(value)),
  removeItem: (key) => localStorage.removeItem(key),
  clear: () => localStorage.clear(),
  get length() { return localStorage.length; },
};

function withoutHeaders(value) {
  try {
    return JSON.stringify(JSON.parse(value, (key, inner) => (key === 'headers' ? null : inner)));
  } catch {
    return value;
  }
}

ReactDOM.createRoot(document.getElementById('graphiql')).render(
  React.createElement(GraphiQL, {
    fetcher,
    storage,
    shouldPersistHeaders: false,
    isHeadersEditorEnabled: true,
    inputValueDeprecation: true,
    schemaDescription: true,
    defaultEditorToolsVisibility: true,
  }),
);
