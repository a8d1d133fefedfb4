// A redeem screen without a screen: browse, quote, redeem, follow the order, reveal its code; no package is needed.
// usage: TOKEN=… node redeem.mjs [words of an item]     (GUERDON_URL: where the server is, http://localhost:8000)
import { randomUUID } from 'node:crypto';

const url = process.env.GUERDON_URL ?? 'http://localhost:8000';
const headers = { 'content-type': 'application/json', authorization: `Bearer ${process.env.TOKEN}` };

const BROWSE = `
query Browse($search: String) {
  viewer { name wallets { id unit { code } available held } }
  catalogItems(first: 10, sort: CHEAPEST, search: $search) {
    edges { node { id name instructions denominations { id name price offer { canRedeem pointsMissing obstacles { code text } } } } }
  }
}`;

const QUOTE = `
mutation Quote($input: QuoteRedemptionInput!) {
  quoteRedemption(input: $input) {
    ... on QuoteRedemptionSuccess { quote { id total availableAfter needsAddress expiresAt lots { amount expiresAt } } }
    ... on Refusal { code text }
  }
}`;

const REDEEM = `
mutation Redeem($input: RedeemInput!) {
  redeem(input: $input) {
    ... on RedeemSuccess { redemption { id version state } wallet { id version available held } }
    ... on Refusal { code text }
  }
}`;

const FOLLOW = `
subscription Follow($id: ID!) {
  redemption(id: $id) {
    cursor
    content { ... on RedemptionUpdate { change redemption { id version state lines { id version state maskedCode availableActions } } } }
  }
}`;

const REVEAL = `
mutation Reveal($input: RevealVoucherCodeInput!) {
  revealVoucherCode(input: $input) {
    ... on RevealVoucherCodeSuccess { voucherCode pin url expiresOn line { id version revealedAt } }
    ... on Refusal { code text }
  }
}`;

async function ask(query, variables) {
  const answer = await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
  const { data, errors } = await answer.json();
  if (errors) throw new Error(errors.map(({ message }) => message).join('; '));
  for (const { code, text } of Object.values(data)) if (code) throw new Error(text); // a refusal: its text is for people
  return data;
}

async function* follow(query, variables) {
  const body = JSON.stringify({ query, variables });
  const answer = await fetch(`${url}/graphql`, { method: 'POST', headers: { ...headers, accept: 'text/event-stream' }, body });
  let held = '';
  for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
    held += piece;
    for (let end; (end = held.indexOf('\n\n')) >= 0; held = held.slice(end + 2)) {
      const data = /^data: ?(\{.*)$/m.exec(held.slice(0, end));
      if (data) yield JSON.parse(data[1]).data.redemption.content;
    }
  }
}

const { viewer, catalogItems } = await ask(BROWSE, { search: process.argv[2] ?? null });
for (const { unit, available, held } of viewer.wallets) console.log(`${viewer.name}: ${available} ${unit.code}, ${held} held\n`);
const offered = catalogItems.edges.flatMap(({ node }) => node.denominations.map((each) => ({ ...each, item: node })));
for (const { item, name, price, offer } of offered) {
  const why = offer.pointsMissing ? `${offer.pointsMissing} to go` : offer.obstacles.map(({ text }) => text).join(' ');
  console.log(`${offer.canRedeem ? '✓' : ' '} ${String(price).padStart(6)}  ${item.name} ${name}  ${why}`);
}
const chosen = offered.find(({ offer }) => offer.canRedeem);
if (!chosen) throw new Error('nothing of this can be redeemed now');

const { quoteRedemption: { quote } } = await ask(QUOTE, { input: { lines: [{ denominationId: chosen.id, quantity: 1 }] } });
console.log(`\n${chosen.item.name}: ${quote.total}, leaves ${quote.availableAfter}; the price stands until ${quote.expiresAt}`);

// One key for one wish: whatever is cut, sending it again under the same key never redeems twice.
const { redeem: { redemption } } = await ask(REDEEM, { input: { idempotencyKey: randomUUID(), quoteId: quote.id } });
for await (const { redemption: order } of follow(FOLLOW, { id: redemption.id })) {
  if (!order) continue; // a heartbeat
  const [line] = order.lines;
  console.log(`order ${order.state}, you may ${line.availableActions.join(', ') || 'wait'}`);
  if (!line.availableActions.includes('REVEAL')) continue;
  const { revealVoucherCode: shown } = await ask(REVEAL, { input: { idempotencyKey: randomUUID(), lineId: line.id } });
  console.log(`${line.maskedCode} is ${shown.voucherCode}, PIN ${shown.pin}, good until ${shown.expiresOn}. ${chosen.item.instructions}`);
  break;
}
process.exit();
