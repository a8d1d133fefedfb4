// The redeem screen's documents, unchanged, in two clients with normalised caches: every list follows without a refetch.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { WALLETS } from '../../api/web/documents.js';
import { CANCEL, CATALOG, ITEM, ORDERS, ORDER_LIVE, QUOTE, REDEEM, REVEAL } from '../../api/web/shop_documents.js';
import { apollo, urql } from './caches.mjs';
import { serveGuerdon } from './guerdon.mjs';
import { signInAs, until } from './people.mjs';
import { completeByHand, stockShop } from './stocking.mjs';

const TOKEN_SECONDS = 3;
const locale = 'FR';

let guerdon;
let stock;
before(async () => {
  guerdon = await serveGuerdon({ GUERDON_ACCESS_TOKEN_SECONDS: String(TOKEN_SECONDS) });
  stock = await stockShop(guerdon);
});
after(async () => { await guerdon?.stop(); });

for (const [name, open, subject] of [['urql', urql, 'camille'], ['Apollo Client', apollo, 'lena']]) {
  test(`${name}: orders, wallet and offers follow every mutation without a refetch`, async () => {
    const screen = await openScreen(open, subject, 'heure sous voile');
    const { client, shown } = screen;
    const { available } = wallet(shown);
    const [item] = shown.catalog.catalogItems.edges.map(({ node }) => node);
    const before = client.seen.operations.length;

    const first = await screen.redeem(item.denominations[0].id);
    await until(() => orders(shown)[0]?.id === first.id);
    assert.equal(orders(shown)[0].state, 'PENDING_APPROVAL');
    assert.equal(wallet(shown).available, available - 120);
    assert.equal(wallet(shown).held >= 120, true);
    // The offer stands in the list and in the open item: both know how many are left for her.
    await until(() => offer(shown.catalog.catalogItems.edges[0].node).leftOfLimit === 2);
    assert.equal(offer(shown.item.catalogItem).leftOfLimit, 2);

    const cancelled = await client.mutate(CANCEL, { locale, input: { idempotencyKey: randomUUID(), redemptionId: first.id } });
    assert.equal(cancelled.cancelRedemption.redemption.state, 'CANCELLED');
    await until(() => orders(shown)[0].state === 'CANCELLED');
    assert.equal(orders(shown)[0].lines[0].state, 'CANCELLED');
    await until(() => wallet(shown).available === available);

    assert.deepEqual(client.seen.operations.slice(before), ['Quote', 'Redeem', 'Cancel'], 'nothing was asked again');
    screen.close();
  });

  test(`${name}: the order moves in every list through a cut socket and a token that expires`, async () => {
    const screen = await openScreen(open, subject, 'livres');
    const { client, shown, person } = screen;
    const { catalogItems } = await client.ask(CATALOG, { locale, filter: {}, sort: 'NEWEST', search: 'mer plus', after: null });
    const order = await screen.redeem(catalogItems.edges[0].node.denominations[0].id);
    const states = [];
    const stop = client.follow(ORDER_LIVE, { locale, id: order.id }, ({ redemption: { content } }) => {
      if (content.redemption) states.push(content.redemption.state);
    });
    await until(() => states.includes('ORDERED'));
    const told = states.length;
    await until(() => client.seen.closes.includes(4403) && states.length > told);
    assert.ok(person.renewals > 0, 'the token was renewed');
    client.seen.socket.terminate();
    await completeByHand(guerdon, stock.handId);
    const before = client.seen.operations.length;
    await until(() => states.at(-1) === 'FULFILLED');
    await until(() => orders(shown).find(({ id }) => id === order.id).state === 'FULFILLED');
    assert.ok(client.seen.closes.includes(1006), `${client.seen.closes}`);

    // A code is revealed to the caller, and stands in no list.
    const card = await screen.redeem(shown.item.catalogItem.denominations[0].id);
    const follow = client.follow(ORDER_LIVE, { locale, id: card.id }, () => {});
    await until(() => orders(shown).find(({ id }) => id === card.id)?.state === 'FULFILLED');
    const [line] = orders(shown).find(({ id }) => id === card.id).lines;
    const { revealVoucherCode } = await client.mutate(REVEAL, { locale, input: { idempotencyKey: randomUUID(), lineId: line.id } });
    assert.ok(stock.codes.includes(revealVoucherCode.voucherCode));
    await until(() => orders(shown).find(({ id }) => id === card.id).lines[0].revealedAt !== null);
    assert.deepEqual(client.seen.operations.slice(before), ['Quote', 'Redeem', 'Reveal'], 'nothing was asked again');
    for (const end of [stop, follow]) end();
    screen.close();
  });
}

/** A screen with everything that the page shows of the shop at once, found by `search`. */
async function openScreen(open, subject, search) {
  const person = await signInAs(guerdon, subject);
  const client = open(guerdon, person);
  const shown = {};
  const found = { locale, filter: {}, sort: 'NEWEST', search, after: null };
  const ends = [
    client.watch(ORDERS, { locale, after: null }, (data) => { shown.orders = data; }),
    client.watch(WALLETS, { locale }, (data) => { shown.wallets = data; }),
    client.watch(CATALOG, found, (data) => { shown.catalog = data; }),
  ];
  await until(() => shown.orders && shown.wallets && shown.catalog);
  const { id } = shown.catalog.catalogItems.edges[0].node;
  ends.push(client.watch(ITEM, { locale, id }, (data) => { shown.item = data; }));
  await until(() => shown.item);
  return {
    client, shown, person,
    async redeem(denominationId) {
      const { quoteRedemption } = await client.mutate(QUOTE, { locale, input: { lines: [{ denominationId, quantity: 1 }] } });
      const { redeem } = await client.mutate(REDEEM, { locale, input: { idempotencyKey: randomUUID(), quoteId: quoteRedemption.quote.id } });
      assert.equal(redeem.__typename, 'RedeemSuccess', redeem.text);
      return redeem.redemption;
    },
    close() {
      for (const end of ends) end();
      client.close();
    },
  };
}

function orders(shown) {
  return shown.orders.viewer.redemptions.edges.map(({ node }) => node);
}

function wallet(shown) {
  return shown.wallets.viewer.wallets.find(({ unit }) => unit.code === 'POINTS');
}

function offer(item) {
  return item.denominations[0].offer;
}
