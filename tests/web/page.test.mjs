// The live page in Chromium, on the real server: sign-in, moving ranks, two languages, keyboard, phone, offline.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CHROMIUM, openChromium, recordDeal, serveGuerdon, signIn } from './guerdon.mjs';
import { assertFrench, assertNarrow, faint, tabTo, unnamed } from './seeing.mjs';

const AVA = 'ava-brooks';
const SECONDS = 1_000;

if (CHROMIUM) {
  let guerdon;
  let browser;
  before(async () => {
    guerdon = process.env.GUERDON_DEMO ? JSON.parse(process.env.GUERDON_DEMO) : await serveGuerdon();
    browser = await openChromium(guerdon);
  });
  after(async () => {
    await browser?.close();
    await guerdon?.stop?.();
  });

  test('a deal recorded through the API moves the rank on the open page within seconds', async () => {
    const { context, page, faults } = await browser.visit();
    await signIn(guerdon, page, 'ava');
    await page.locator('[data-connection=live]').waitFor();
    await page.locator('[data-balance=pending] >> nth=0').waitFor();
    const before = Number(await page.locator('.standing').getAttribute('data-rank'));
    const pending = await page.locator('dd[data-balance=pending]').first().textContent();
    const began = Date.now();
    await recordDeal(guerdon, AVA, 3_500_000);
    await page.waitForFunction((rank) => Number(document.querySelector('.standing').dataset.rank) < rank, before, { timeout: 5 * SECONDS });
    const tookMs = Date.now() - began;
    const after = Number(await page.locator('.standing').getAttribute('data-rank'));
    assert.ok(after < before, `${before} → ${after}`);
    assert.equal(await page.locator('tr.row-me .medal').textContent().then((text) => Number(text.replace('=', ''))), after);
    assert.match(await page.locator('tr.row-me .move-up').textContent(), /▲/);
    // The wallet, the ticker and the reasons follow by the event stream.
    await page.waitForFunction((text) => document.querySelector('dd[data-balance=pending]').textContent !== text, pending, { timeout: 5 * SECONDS });
    await page.locator('.event-AwardGranted').first().waitFor();
    await page.locator('.event-ActivityRecorded').first().waitFor();
    await page.locator('.due').first().locator('summary').click();
    assert.ok(await page.locator('.due[open] .reasons li').count() > 0);
    await page.waitForFunction(() => /place/.test(document.querySelector('[aria-live=polite][aria-atomic]').textContent), null, { timeout: 8 * SECONDS });
    assert.deepEqual(faults, []);
    console.log(`# rank ${before} → ${after}, seen ${tookMs} ms after the request was sent`);
    await context.close();
  });

  test('the session survives a reload, keeps no token where it should not, and ends with the button', async () => {
    const { context, page, faults } = await browser.visit();
    await signIn(guerdon, page, 'lena');
    assert.equal(new URL(page.url()).search, '');
    const shown = await page.locator('.person-name').textContent();
    await page.reload();
    await page.locator('table.board tbody tr').first().waitFor();
    assert.equal(await page.locator('.person-name').textContent(), shown);
    // Lena's milestones are reasons without an activity; the ticker still finds its words.
    await page.locator('.due').first().waitFor();
    await recordDeal(guerdon, 'lena-frei', 50_000);
    await page.locator('.event-AwardGranted').first().waitFor();
    assert.deepEqual(await context.cookies(), []);
    assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).filter((name) => !/^guerdon\.(locale|board)$/.test(name))), []);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.locator('.welcome').waitFor();
    assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage)), []);
    await page.reload();
    await page.locator('.welcome').waitFor();
    assert.deepEqual(faults, []);
    await context.close();
  });

  test('French has no English word left', async () => {
    const { context, page } = await browser.visit({ locale: 'fr-FR' });
    await page.goto(`${guerdon.url}/`);
    await page.locator('.welcome').waitFor();
    await assertFrench(page);
    await signIn(guerdon, page, 'camille');
    await page.locator('.due, .empty').first().waitFor();
    await assertFrench(page);
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'en');
    await page.reload();
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    await page.getByRole('button', { name: 'Français' }).click();
    await page.getByRole('button', { name: 'Se déconnecter' }).waitFor();
    await context.close();
  });

  test('the keyboard alone reaches and works everything', async () => {
    const { context, page, faults } = await browser.visit();
    await page.goto(`${guerdon.url}/`);
    await page.locator('.welcome').waitFor();
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
    await tabTo(page, () => document.activeElement.matches('.welcome .button'));
    assert.notEqual(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), 'none');
    await page.keyboard.press('Enter');
    await page.locator('button[name=subject][value=ava]').waitFor();
    await tabTo(page, () => document.activeElement.matches('button[value=ava]'));
    await page.keyboard.press('Enter');
    await page.locator('table.board tbody tr').first().waitFor();
    await tabTo(page, () => document.activeElement.matches('.standing summary'));
    await page.keyboard.press('Enter');
    assert.equal(await page.locator('.standing details[open] .reasons li').count() > 0, true);
    await tabTo(page, () => document.activeElement.matches('.due summary'));
    await page.keyboard.press('Enter');
    assert.equal(await page.locator('.due[open] .reasons li').count() > 0, true);
    await tabTo(page, () => document.activeElement.matches('.filter'), 'Shift+Tab');
    await page.keyboard.press('Space');
    await page.locator('.filter[aria-pressed=true]').waitFor();
    assert.deepEqual(faults, []);
    await context.close();
  });

  test('a screen reader finds landmarks, headings and a real table', async () => {
    const { context, page } = await browser.visit();
    await signIn(guerdon, page, 'ava');
    assert.equal(await page.getByRole('main').count(), 1);
    assert.equal(await page.getByRole('banner').count(), 1);
    assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1);
    for (const name of ['Wallet', 'Events', 'Why – and why not']) assert.equal(await page.getByRole('region', { name, exact: true }).count(), 1, name);
    const board = page.getByRole('table').first();
    assert.deepEqual(await board.getByRole('columnheader').allTextContents(), ['Rank', 'Name', 'Score']);
    const rows = await board.locator('tbody tr.row').count();
    assert.equal(await board.getByRole('rowheader').count(), rows);
    assert.equal(await board.locator('tr[aria-current=true]').count(), 1);
    assert.deepEqual(await page.evaluate(unnamed), []);
    await context.close();
  });

  test('360 pixels need no sideways scrolling, in either language and colour scheme', async () => {
    for (const [locale, colorScheme] of [['en-US', 'light'], ['fr-FR', 'dark']]) {
      const { context, page } = await browser.visit({ locale, colorScheme, viewport: { width: 360, height: 740 } });
      await page.goto(`${guerdon.url}/`);
      await page.locator('.welcome').waitFor();
      await assertNarrow(page);
      await signIn(guerdon, page, 'camille');
      await page.locator('.due').first().waitFor();
      await page.evaluate(() => { for (const each of document.querySelectorAll('details')) each.open = true; });
      await assertNarrow(page);
      await context.close();
    }
  });

  test('text is readable: every visible text has a contrast of at least 4.5, large text 3', async () => {
    for (const colorScheme of ['light', 'dark']) {
      const { context, page } = await browser.visit({ colorScheme, reducedMotion: 'reduce' });
      await signIn(guerdon, page, 'ava');
      await page.locator('.due').first().waitFor();
      await page.evaluate(() => { for (const each of document.querySelectorAll('details')) each.open = true; });
      assert.deepEqual(await page.evaluate(faint), [], colorScheme);
      await context.close();
    }
  });

  test('without a network the page says so, keeps what it showed, and goes on where it stopped', async () => {
    const { context, page } = await browser.visit();
    await signIn(guerdon, page, 'ava');
    await page.locator('[data-connection=live]').waitFor();
    await page.locator('.ticker, #events .empty').waitFor();
    await context.setOffline(true);
    await page.locator('[data-connection=offline]').waitFor();
    await page.locator('.banner').waitFor();
    assert.ok(await page.locator('table.board tbody tr').count() > 3);
    const before = await page.locator('.event').count();
    await recordDeal(guerdon, AVA, 10_000);
    await context.setOffline(false);
    await page.locator('[data-connection=live]').waitFor({ timeout: 20 * SECONDS });
    await page.waitForFunction((count) => document.querySelectorAll('.event').length > count, before, { timeout: 20 * SECONDS });
    await context.close();
  });
} else {
  test('the live page in Chromium', { skip: 'no Chromium' }, () => {});
}
