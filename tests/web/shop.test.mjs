// The shop on the live page, at phone width and in French: from the shelf to the code in the hand, and what goes wrong.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CHROMIUM, ask, openChromium, serveGuerdon, signIn } from './guerdon.mjs';
import { assertFrench, assertNarrow, faint, tabTo, unnamed } from './seeing.mjs';
import { completeByHand, feed, mutate, stockShop, tokenOf } from './stocking.mjs';

const SECONDS = 1_000;
const PHONE = { locale: 'fr-FR', viewport: { width: 360, height: 740 }, permissions: ['clipboard-read', 'clipboard-write'] };
const DOT = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const REVEAL = 'mutation Reveal($input: RevealVoucherCodeInput!) { revealVoucherCode(input: $input) { __typename ... on RevealVoucherCodeSuccess { voucherCode } ... on Refusal { code text(locale: FR) } } }';

if (CHROMIUM) {
  let guerdon;
  let browser;
  let stock;
  before(async () => {
    guerdon = process.env.GUERDON_DEMO ? JSON.parse(process.env.GUERDON_DEMO) : await serveGuerdon();
    stock = await stockShop(guerdon, `web-${process.pid}`);
    browser = await openChromium(guerdon);
  });
  after(async () => {
    await browser?.close();
    await guerdon?.stop?.();
  });

  const french = (page) => assertFrench(page, stock.english);

  async function openShop(page, subject = 'camille', search = null) {
    await signIn(guerdon, page, subject);
    await page.goto(`${guerdon.url}/#/shop`);
    await page.locator('.card').first().waitFor();
    if (search) await page.locator('.search input').fill(search);
  }

  const openItem = async (page, name) => {
    await page.locator('.card', { hasText: name }).click();
    await page.locator('.values').waitFor();
  };

  test('a rep quotes, redeems, sees the order move and reveals her code; another rep cannot', async () => {
    const { context, page, faults } = await browser.visit(PHONE);
    await openShop(page, 'camille', 'livres');
    const purse = Number(await page.locator('.purse').getAttribute('data-purse'));
    await openItem(page, 'Des livres du port');
    await french(page);
    await assertNarrow(page);
    await page.locator('#ask-quote').click();
    await page.locator('.quote').waitFor();
    assert.equal(await page.locator('[data-total]').getAttribute('data-total'), '200');
    assert.ok(await page.locator('.lots li').count() > 0);
    assert.match(await page.locator('[role=timer]').textContent(), /Ce prix tient encore (10:00|9:\d\d)\./);
    await french(page);
    await assertNarrow(page);
    await page.locator('#redeem').click();
    await page.locator('.order[data-order=FULFILLED]').waitFor({ timeout: 15 * SECONDS });
    const address = page.url();
    await french(page);
    await page.locator('#reveal-1').click();
    const code = await page.locator('.secret-main code').textContent();
    assert.ok(stock.codes.includes(code), code);
    await page.locator('.secret-main button').click();
    await page.locator('.secret-main button', { hasText: 'Copié' }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), code);
    assert.equal(await page.evaluate((text) => JSON.stringify([{ ...sessionStorage }, { ...localStorage }, location.href]).includes(text), code), false);
    await page.evaluate(() => { for (const each of document.querySelectorAll('details')) each.open = true; });
    await french(page);
    await assertNarrow(page);
    await page.getByRole('button', { name: 'Masquer le code' }).click();
    assert.equal(await page.getByText(code).count(), 0);
    // The list of orders and the wallet knew by the mutation's own answer.
    await page.locator('.back').click();
    await page.locator('.order-row[data-state=FULFILLED]').first().waitFor();
    await page.goto(`${guerdon.url}/#/shop`);
    assert.equal(Number(await page.locator('.purse').getAttribute('data-purse')), purse - 200);

    const other = await browser.visit({ ...PHONE, locale: 'fr-FR' });
    await signIn(guerdon, other.page, 'ava');
    await other.page.goto(address);
    await other.page.locator('.trouble').waitFor();
    assert.equal(await other.page.locator('.order, .code').count(), 0);
    assert.equal((await other.page.locator('body').textContent()).includes(code), false);
    const lineId = await lineOf(address);
    const refused = await mutate(guerdon, await tokenOf(guerdon, 'ava'), REVEAL, { lineId }).catch((error) => error);
    assert.match(String(refused), /NOT_FOUND/);
    assert.deepEqual([faults, other.faults], [[], []]);
    await other.context.close();
    await context.close();
  });

  /** The id of the only line of the order at this address. */
  async function lineOf(address) {
    const id = address.split('/').at(-1);
    const { redemption } = await ask(guerdon, await tokenOf(guerdon, 'camille'), 'query($id: ID!) { redemption(id: $id) { lines { id } } }', { id });
    return redemption.lines[0].id;
  }

  test('an order that people fulfil moves on the open page the moment they do', async () => {
    const { context, page, faults } = await browser.visit(PHONE);
    await openShop(page, 'camille', 'mer plus');
    await openItem(page, 'Une mer plus propre');
    await page.locator('#ask-quote').click();
    await page.locator('#redeem').click();
    await page.locator('.order[data-order=ORDERED]').waitFor();
    assert.equal(await page.locator('.step-now').textContent().then((text) => /Commandé/.test(text)), true);
    await completeByHand(guerdon, stock.handId);
    await page.locator('.order[data-order=FULFILLED]').waitFor({ timeout: 10 * SECONDS });
    assert.match(await page.locator('.order [role=status]').first().textContent(), /Votre commande : Livré/);
    await french(page);
    assert.deepEqual(faults, []);
    await context.close();
  });

  test('an answer that got lost is asked for again under the same key, and nothing is ordered twice', async () => {
    const { context, page } = await browser.visit(PHONE);
    const keys = [];
    await page.route('**/graphql', async (route) => {
      const body = route.request().postDataJSON();
      if (!body?.query?.includes('mutation Redeem')) return route.continue();
      keys.push(body.variables.input.idempotencyKey);
      const answer = await route.fetch();
      return keys.length === 1 ? route.abort('connectionreset') : route.fulfill({ response: answer });
    });
    await openShop(page, 'lena', 'livres');
    await openItem(page, 'Des livres du port');
    await page.locator('#ask-quote').click();
    await page.locator('#redeem').click();
    await page.getByText('rien n’est jamais commandé deux fois').waitFor();
    await french(page);
    await page.locator('#redeem', { hasText: 'Réessayer' }).click();
    await page.locator('.order').waitFor();
    assert.equal(keys.length, 2);
    assert.equal(keys[0], keys[1]);
    await page.locator('.back').click();
    await page.locator('.order-row', { hasText: 'Des livres du port' }).first().waitFor();
    assert.equal(await page.locator('.order-row', { hasText: 'Des livres du port' }).count(), 1);
    await context.close();
  });

  test('why not is told with its reasons, what one saves for with what is still to go', async () => {
    const { context, page, faults } = await browser.visit(PHONE);
    await openShop(page);
    await page.getByRole('button', { name: 'Aussi ce qui ne m’est pas destiné' }).click();
    await page.locator('.search input').fill('montagne');
    await openItem(page, 'Jours de montagne');
    assert.match(await page.locator('.why-not [data-code=WRONG_COUNTRY]').textContent(), /CH/);
    assert.equal(await page.locator('#ask-quote').count(), 0);
    await french(page);
    await page.locator('.back').click();
    await page.locator('.search input').fill('dîner');
    await openItem(page, 'Un long dîner à deux');
    assert.match(await page.locator('.why-not [data-code=POINTS]').textContent(), /il en manque/);
    await page.locator('#save-for').click();
    await page.getByText('Vous économisez pour ceci').waitFor();
    await page.locator('.back').click();
    const purse = Number(await page.locator('.purse').getAttribute('data-purse'));
    assert.equal(Number(await page.locator('.goal').getAttribute('data-missing')), 18_000 - purse);
    assert.match(await page.locator('.goal-figure').textContent(), /encore .*points/);
    await page.locator('.search input').fill('zzzz');
    await page.getByText('Rien ne correspond').waitFor();
    await french(page);
    await page.getByRole('button', { name: 'Tout afficher' }).click();
    await page.getByRole('button', { name: 'À ma portée' }).click();
    await page.locator('.filter[aria-pressed=true]').waitFor();
    await page.locator('.card').first().waitFor();
    assert.equal(await page.locator('.card .chip-closed, .card .chip-short').count(), 0);
    assert.deepEqual(faults, []);
    await context.close();
  });

  test('a price whose time is over orders nothing and is asked for again; without a network everything waits', async () => {
    const { context, page } = await browser.visit(PHONE);
    await openShop(page, 'camille', 'casque');
    await openItem(page, 'Un casque paisible');
    await page.locator('#ask-quote').click();
    await page.locator('.address').waitFor();
    await page.evaluate(() => { const { now } = Date; Date.now = () => now.call(Date) + 11 * 60_000; });
    await page.locator('.stale').waitFor();
    await french(page);
    await page.evaluate(() => { const { now } = Date; Date.now = () => now.call(Date) - 11 * 60_000; });
    await page.locator('#quote-again').click();
    await page.locator('.address').waitFor();
    await page.locator('#redeem').click();
    assert.equal(await page.evaluate(() => document.activeElement.name), 'name', 'the first field that is missing');
    for (const [name, text] of Object.entries({ name: 'Camille Laurent', street: '1 rue du Port', postcode: '13002', city: 'Marseille', country: 'fr' })) {
      await page.locator(`.field input[name=${name}]`).fill(text);
    }
    await context.setOffline(true);
    await page.locator('.banner').waitFor();
    await page.locator('#redeem').press('Enter');
    assert.equal(await page.locator('#redeem').getAttribute('aria-disabled'), 'true');
    await page.getByText('Il faut une connexion').first().waitFor();
    await french(page);
    await context.setOffline(false);
    await page.locator('#redeem[aria-disabled=false]').click();
    await page.locator('.order[data-order=ORDERED]').waitFor({ timeout: 15 * SECONDS });
    await context.close();
  });

  test('the shop is worked by keyboard, read aloud by name, narrow and full of contrast', async () => {
    for (const colorScheme of ['light', 'dark']) {
      const { context, page, faults } = await browser.visit({ ...PHONE, colorScheme, reducedMotion: 'reduce' });
      await openShop(page, 'ava', 'livres');
      await page.locator('.card', { hasText: 'livres' }).waitFor();
      const seen = async (name) => {
        assert.deepEqual(await page.evaluate(faint), [], `${name} ${colorScheme}`);
        assert.deepEqual(await page.evaluate(unnamed), [], name);
        assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1, name);
        await assertNarrow(page);
      };
      await seen('shop');
      await tabTo(page, () => document.activeElement.matches('.card') && /livres/.test(document.activeElement.textContent));
      await page.keyboard.press('Enter');
      await page.locator('.values').waitFor();
      assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');
      await seen('item');
      await tabTo(page, () => document.activeElement.matches('.value input'));
      await page.keyboard.press('ArrowDown');
      await tabTo(page, () => document.activeElement.id === 'ask-quote');
      await page.keyboard.press('Enter');
      await page.locator('.quote').waitFor();
      await seen('quote');
      await tabTo(page, () => document.activeElement.id === 'redeem');
      await page.keyboard.press('Enter');
      await page.locator('.order[data-order=FULFILLED]').waitFor({ timeout: 15 * SECONDS });
      await tabTo(page, () => document.activeElement.id === 'reveal-1');
      await page.keyboard.press('Enter');
      await page.locator('.code-box:focus').waitFor();
      await tabTo(page, () => document.activeElement.matches('.problem summary'));
      await page.keyboard.press('Enter');
      await seen('order');
      await tabTo(page, () => document.activeElement.id === 'report-1');
      await page.keyboard.press('Enter');
      await page.locator('.thanks').waitFor();
      await page.goto(`${guerdon.url}/#/orders`);
      await page.locator('.order-row').first().waitFor();
      await seen('orders');
      assert.deepEqual(faults, []);
      await context.close();
    }
  });

  test('an item is shown by its picture with its words; where that does not come, by its plate', async () => {
    const pictured = (name) => ({
      externalId: name, kind: 'EXPERIENCE', brand: 'Phares', categories: ['mer'],
      name: { en: `The ${name}`, fr: `Le ${name}` }, description: { en: 'Seen from afar.', fr: 'Vu de loin.' },
      images: [{ url: `https://pictures.example/${name}.png`, width: 640, height: 400, alt: { en: 'A light', fr: 'Une lumière' } }],
      denominations: [{ externalId: `${name}-1`, priceFixed: 100 }],
    });
    await feed(guerdon, await tokenOf(guerdon, 'catalog'), stock.handId, [pictured('phare'), pictured('brouillard')]);
    const { context, page } = await browser.visit(PHONE);
    const referrers = [];
    await context.route('https://pictures.example/**', (route) => {
      referrers.push(route.request().headers().referer ?? null);
      return route.request().url().includes('phare') ? route.fulfill({ contentType: 'image/png', body: Buffer.from(DOT, 'base64') }) : route.abort();
    });
    await openShop(page, 'camille', 'phare');
    const picture = page.locator('.card', { hasText: 'Le phare' }).getByAltText('Une lumière');
    await picture.waitFor();
    await page.waitForFunction(() => document.querySelector('.card img.picture')?.naturalWidth === 1);
    const said = await picture.evaluate((one) => [one.getAttribute('width'), one.getAttribute('height'), one.loading]);
    assert.deepEqual(said, ['640', '400', 'lazy']);
    await assertNarrow(page);
    await page.locator('.search input').fill('brouillard');
    await page.locator('.card', { hasText: 'Le brouillard' }).locator('.plate').waitFor();
    assert.deepEqual([...new Set(referrers)], [null]);
    await context.close();
  });
} else {
  test('the shop in Chromium', { skip: 'no Chromium' }, () => {});
}
