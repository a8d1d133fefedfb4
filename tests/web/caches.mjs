// urql and Apollo Client with normalised caches, behind one small face, so that one test holds for both.
import { readFileSync } from 'node:fs';
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { getMainDefinition } from '@apollo/client/utilities';
import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { buildSchema, introspectionFromSchema, parse } from 'graphql';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { ORDERS } from '../../api/web/shop_documents.js';

const SCHEMA = buildSchema(readFileSync(new URL('../../api/schema.graphql', import.meta.url), 'utf8'));
const REDIAL_MS = 50;
// Objects that are parts of another one; everything else with an id is known by it.
const PARTS = ['Viewer', 'Offer', 'Obstacle', 'SavedGoal', 'Quote', 'QuoteLine', 'QuoteLot', 'UpcomingMove'];

/** What the network saw: names of operations in their order, and how often a socket closed with which code. */
function network(guerdon, person) {
  const seen = { operations: [], closes: [], socket: null };
  const dial = createClient({
    url: `${guerdon.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 50,
    retryWait: () => new Promise((done) => { setTimeout(done, REDIAL_MS); }),
    shouldRetry: () => true,
    connectionParams: async () => ({ authorization: `Bearer ${await person.token()}` }),
    on: {
      connected: (socket) => { seen.socket = socket; },
      closed: ({ code }) => seen.closes.push(code),
    },
  });
  const ask = async (url, options) => {
    const { query } = JSON.parse(options.body);
    seen.operations.push(parse(query).definitions.find((one) => one.kind === 'OperationDefinition').name.value);
    return fetch(url, { ...options, headers: { ...options.headers, authorization: `Bearer ${await person.token()}` } });
  };
  return { seen, dial, ask, url: `${guerdon.url}/graphql` };
}

/** An order that a mutation made comes first in the list of orders: all that a client has to be told. */
function withOrder(data, redemption) {
  const { edges } = data.viewer.redemptions;
  if (edges.some(({ node }) => node.id === redemption.id)) return data;
  const edge = { __typename: 'RedemptionEdge', node: redemption };
  return { ...data, viewer: { ...data.viewer, redemptions: { ...data.viewer.redemptions, edges: [edge, ...edges] } } };
}

export function urql(guerdon, person) {
  const { seen, dial, ask, url } = network(guerdon, person);
  const client = new Client({
    url,
    fetch: ask,
    preferGetMethod: false,
    exchanges: [
      cacheExchange({
        schema: introspectionFromSchema(SCHEMA),
        keys: { ...Object.fromEntries(PARTS.map((name) => [name, () => null])), Unit: (unit) => unit.code },
        updates: {
          Mutation: {
            redeem({ redeem: { redemption } }, { locale }, cache) {
              if (redemption) cache.updateQuery({ query: ORDERS, variables: { locale, after: null } }, (data) => data && withOrder(data, redemption));
            },
          },
        },
      }),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query, variables }) => ({
          subscribe: (sink) => ({ unsubscribe: dial.subscribe({ query, variables }, sink) }),
        }),
      }),
    ],
  });
  const data = ({ data: found, error }) => {
    if (error) throw error;
    return found;
  };
  return {
    seen,
    watch: (query, variables, tell) => client.query(query, variables).subscribe((result) => tell(data(result))).unsubscribe,
    ask: async (query, variables) => data(await client.query(query, variables).toPromise()),
    mutate: async (query, variables) => data(await client.mutation(query, variables).toPromise()),
    follow: (query, variables, tell) => client.subscription(query, variables).subscribe((result) => tell(data(result))).unsubscribe,
    close: () => dial.dispose(),
  };
}

export function apollo(guerdon, person) {
  const { seen, dial, ask, url } = network(guerdon, person);
  const possibleTypes = Object.fromEntries(Object.values(SCHEMA.getTypeMap())
    .filter((type) => type.astNode?.kind === 'InterfaceTypeDefinition' || type.astNode?.kind === 'UnionTypeDefinition')
    .map((type) => [type.name, SCHEMA.getPossibleTypes(type).map(({ name }) => name)]));
  const client = new ApolloClient({
    cache: new InMemoryCache({ possibleTypes, typePolicies: { Unit: { keyFields: ['code'] }, Viewer: { merge: true } } }),
    link: ApolloLink.split(
      ({ query }) => getMainDefinition(query).operation === 'subscription',
      new GraphQLWsLink(dial),
      new HttpLink({ uri: url, fetch: ask }),
    ),
  });
  const parsed = new Map();
  const document = (text) => parsed.get(text) ?? parsed.set(text, gql(text)).get(text);
  const update = (cache, { data }, { variables }) => {
    const redemption = data.redeem?.redemption;
    if (!redemption) return;
    cache.updateQuery({ query: document(ORDERS), variables: { locale: variables.locale, after: null } }, (known) => known && withOrder(known, redemption));
  };
  return {
    seen,
    watch(query, variables, tell) {
      const watched = client.watchQuery({ query: document(query), variables }).subscribe(({ data, dataState }) => {
        if (dataState === 'complete') tell(data);
      });
      return () => watched.unsubscribe();
    },
    ask: async (query, variables) => (await client.query({ query: document(query), variables })).data,
    mutate: async (query, variables) => (await client.mutate({ mutation: document(query), variables, update })).data,
    follow(query, variables, tell) {
      const followed = client.subscribe({ query: document(query), variables }).subscribe(({ data }) => tell(data));
      return () => followed.unsubscribe();
    },
    close: () => dial.dispose(),
  };
}
