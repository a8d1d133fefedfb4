// Goods for the shop, fed through the public API as a vendor's people feed them; and tokens of the demo's people.
import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ask } from './guerdon.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** An access token of somebody of the demo; the loop goes on meanwhile, so that no socket is missed. */
export async function tokenOf(guerdon, subject) {
  const env = { ...process.env, DATABASE_URL: '', REDIS_URL: '', GUERDON_HOME: guerdon.home, PORT: new URL(guerdon.url).port };
  const { stdout } = await promisify(execFile)(process.env.PYTHON ?? 'python3', ['-m', 'api.cli', 'token', subject], { cwd: ROOT, env });
  return stdout.trim();
}

const REFUSED = '... on Refusal { code text(locale: EN) }';
const SUPPLIER = `mutation Supplier($input: DefineSupplierInput!) { defineSupplier(input: $input) { __typename ... on DefineSupplierSuccess { supplier { id } } ${REFUSED} } }`;
const POOL = `mutation Pool($input: CreateCodePoolInput!) { createCodePool(input: $input) { __typename ... on CreateCodePoolSuccess { pool { id } } ${REFUSED} } }`;
const CODES = `mutation Codes($input: ImportCodesInput!) { importCodes(input: $input) { __typename ... on ImportCodesSuccess { results { outcome } } ${REFUSED} } }`;
const ITEMS = `mutation Items($input: UpsertCatalogItemsInput!) { upsertCatalogItems(input: $input) { __typename ... on UpsertCatalogItemsSuccess { created results { refusal { code text(locale: EN) } } } ${REFUSED} } }`;

const CLAIM = `mutation Claim($input: ClaimFulfilmentsInput!) { claimFulfilments(input: $input) { __typename ... on ClaimFulfilmentsSuccess { orders { attemptId fence } } ${REFUSED} } }`;
const COMPLETE = `mutation Complete($input: CompleteFulfilmentInput!) { completeFulfilment(input: $input) { __typename ... on CompleteFulfilmentSuccess { results { outcome } } ${REFUSED} } }`;

/** What `input` of a mutation answers; throws what it refuses. Its idempotency key is made here. */
export async function mutate(guerdon, token, document, input) {
  const [answer] = Object.values(await ask(guerdon, token, document, { input: { idempotencyKey: randomUUID(), ...input } }));
  if (answer.code) throw new Error(`${answer.code}: ${answer.text}`);
  return answer;
}

/** A shop with something for everyone; `codes` are the cards' codes, `posters` is done by hand, `name` sets runs apart. */
export async function stockShop(guerdon, name = 'web') {
  const token = await tokenOf(guerdon, 'catalog');
  const { supplier } = await mutate(guerdon, token, SUPPLIER, { code: `${name}-cards`, name: 'Cards', adapter: 'CODE_POOL' });
  const { supplier: hand } = await mutate(guerdon, token, SUPPLIER, { code: `${name}-hand`, name: 'By hand', adapter: 'BY_HAND' });
  const { pool } = await mutate(guerdon, token, POOL, { supplierId: supplier.id, code: 'cards', name: 'Cards', lowStockAt: 1 });
  const codes = Array.from({ length: 40 }, () => `BOUT-${randomBytes(4).toString('hex').toUpperCase()}-WXYZ`);
  const expiresOn = new Date(Date.now() + 400 * 86_400_000).toISOString().slice(0, 10);
  await mutate(guerdon, token, CODES, { poolId: pool.id, batchExternalId: `${name}-1`, codes: codes.map((code) => ({ code, pin: '4711', expiresOn })) });
  await feed(guerdon, token, supplier.id, cards('cards'));
  await feed(guerdon, token, hand.id, goods());
  const english = [...cards('cards'), ...goods()].flatMap((item) => [item.name.en, item.description.en, item.instructions?.en, ...item.denominations.map((one) => one.name?.en)]);
  return { codes, supplierId: supplier.id, handId: hand.id, english: english.filter(Boolean) };
}

/** Every waiting order of a supplier that people serve is delivered. */
export async function completeByHand(guerdon, supplierId) {
  const token = await tokenOf(guerdon, 'admin');
  const { orders } = await mutate(guerdon, token, CLAIM, { supplierId, first: 100 });
  const items = orders.map(({ attemptId, fence }) => ({ attemptId, fence, outcome: 'DELIVERED' }));
  const [answer] = Object.values(await ask(guerdon, token, COMPLETE, { input: { items } }));
  if (answer.results?.length !== items.length) throw new Error(JSON.stringify(answer));
  return orders.length;
}

/** These items are the supplier's, and new. */
export async function feed(guerdon, token, supplierId, items) {
  const { created, results } = await mutate(guerdon, token, ITEMS, { supplierId, items });
  if (created !== items.length) throw new Error(JSON.stringify(results));
}

function cards(pool) {
  const card = (externalId, face, price) => ({
    externalId, faceValue: face, currency: 'EUR', priceFixed: price, fairValue: face, routes: [{ pool, sku: externalId }],
  });
  const instructions = { en: 'Enter the code when you pay.', fr: 'Saisissez ce code au moment de payer.' };
  return [
    {
      externalId: 'librairie', kind: 'GIFT_CARD', brand: 'Librairie du Port', categories: ['livres'], instructions,
      name: { en: 'Books from the harbour', fr: 'Des livres du port' },
      description: { en: 'For one more story by the sea.', fr: 'Pour une histoire de plus, face à la mer.' },
      denominations: [card('livre-10', 1_000, 200), card('livre-25', 2_500, 480), card('livre-500', 50_000, 90_000)],
    },
    {
      externalId: 'gare', kind: 'TRAVEL', brand: 'Rails', categories: ['voyage'], instructions, memberLimit: 2, memberLimitDays: 365,
      name: { en: 'A weekend by train', fr: 'Un week-end en train' },
      description: { en: 'Anywhere the rails go.', fr: 'Partout où vont les rails.' },
      denominations: [card('train-40', 4_000, 350)],
    },
    {
      externalId: 'monts', kind: 'VOUCHER', brand: 'Alpes', categories: ['montagne'], instructions, countries: ['CH'],
      name: { en: 'Mountain days', fr: 'Jours de montagne' },
      description: { en: 'Snow, air, soup.', fr: 'De la neige, de l’air, une soupe.' },
      denominations: [card('mont-30', 3_000, 300)],
    },
    {
      externalId: 'table', kind: 'EXPERIENCE', brand: 'Grande Table', categories: ['table'], instructions,
      name: { en: 'A long dinner for two', fr: 'Un long dîner à deux' },
      description: { en: 'Seven courses and no telephone.', fr: 'Sept plats et pas de téléphone.' },
      denominations: [card('table-2', 30_000, 18_000)],
    },
  ];
}

function goods() {
  return [
    {
      externalId: 'casque', kind: 'MERCHANDISE', brand: 'Sonore', categories: ['son'], needsAddress: true,
      name: { en: 'Quiet headphones', fr: 'Un casque paisible' },
      description: { en: 'The office becomes a forest.', fr: 'Le bureau devient forêt.' },
      denominations: [{ externalId: 'casque-noir', name: { en: 'Black', fr: 'Noir' }, priceFixed: 400, stock: 5 }, { externalId: 'casque-bleu', name: { en: 'Blue', fr: 'Bleu' }, priceFixed: 400, stock: 0 }],
    },
    {
      externalId: 'voile', kind: 'EXPERIENCE', brand: 'Grand Largue', categories: ['mer'], needsApproval: true, memberLimit: 3,
      name: { en: 'An hour under sail', fr: 'Une heure sous voile' },
      description: { en: 'The wind does the work.', fr: 'Le vent fait le travail.' },
      denominations: [{ externalId: 'voile-1', priceFixed: 120 }],
    },
    {
      externalId: 'mer', kind: 'DONATION', brand: 'Mer propre', categories: ['don'],
      name: { en: 'A cleaner sea', fr: 'Une mer plus propre' },
      description: { en: 'One kilo of nets taken out.', fr: 'Un kilo de filets repêché.' },
      denominations: [{ externalId: 'mer-1', priceFixed: 100 }],
    },
  ];
}
