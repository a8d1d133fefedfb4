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

function isSubscription(options, name) {
  return options.documentAST.definitions.some((definition) =>
    definition.kind === 'OperationDefinition' && definition.operation === 'subscription' &&
    (!name || definition.name?.value === name));
}

function fetcher(request, options) {
  return options.documentAST && isSubscription(options, request.operationName)
    ? subscribe(request, options.headers ?? {})
    : http(request, options);
}

ReactDOM.createRoot(document.getElementById('graphiql')).render(
  React.createElement(GraphiQL, {
    fetcher,
    shouldPersistHeaders: false,
    isHeadersEditorEnabled: true,
    inputValueDeprecation: true,
    schemaDescription: true,
    defaultEditorToolsVisibility: true,
    defaultHeaders: '{\n  "Authorization": "Bearer "\n}',
  }),
);
