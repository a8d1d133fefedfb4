// What a test sees of the page: reach by keyboard, width, contrast, names of what can be pressed, and its language.
import assert from 'node:assert/strict';
import { TEXTS } from '../../api/web/texts.js';

/** Presses `key` until `reached()` holds in the page. */
export async function tabTo(page, reached, key = 'Tab') {
  for (let pressed = 0; pressed < 80; pressed += 1) {
    await page.keyboard.press(key);
    if (await page.evaluate(reached)) return;
  }
  assert.fail(`80 times ${key} did not reach ${reached}`);
}

/** Nothing is wider than the window. */
export async function assertNarrow(page) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.equal(content, window);
}

/** No text that only English has may be seen, read aloud or stand in the title; nor any of `others`, words of the API's. */
export async function assertFrench(page, others = []) {
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'fr');
  const seen = await page.evaluate(() => {
    const labels = ['aria-label', 'placeholder', 'title', 'alt'].flatMap((name) => [...document.querySelectorAll(`[${name}]:not([lang])`)].map((one) => one.getAttribute(name)));
    return `${document.title}\n${document.body.textContent}\n${labels.join('\n')}`;
  });
  const left = [...englishOnly(TEXTS.en, TEXTS.fr), ...others].filter((text) => new RegExp(`(?<![\\p{L}])${escape(text)}(?![\\p{L}])`, 'u').test(seen));
  assert.deepEqual(left, []);
}

/** Texts, and the words around their places, that French says otherwise. */
function englishOnly(en, fr) {
  return Object.entries(en).flatMap(([name, text]) => {
    if (typeof text !== 'string') return englishOnly(text, fr[name] ?? {});
    const french = JSON.stringify(TEXTS.fr);
    return text.split(/\{\w+\}/).map((part) => part.trim()).filter((part) => /\p{L}{3}/u.test(part) && !french.includes(part));
  });
}

function escape(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Runs in the page: things to press that have no name. */
export function unnamed() {
  return [...document.querySelectorAll('button, a, select, summary, input, textarea')]
    .filter((one) => !(one.textContent.trim() || one.getAttribute('aria-label') || one.labels?.[0]?.textContent.trim()))
    .map((one) => one.outerHTML);
}

/** Runs in the page: texts whose colour is too near to what lies behind them. */
export function faint() {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([red, green, blue]) => {
    const [r, g, b] = [red, green, blue].map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = rgba(getComputedStyle(one).backgroundColor);
      if (colour[3] > 250) return colour;
    }
    return [255, 255, 255];
  };
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const style = getComputedStyle(element);
    if (!walker.currentNode.textContent.trim() || element.closest('.unseen, .skip, [aria-hidden=true], option, noscript') || !element.getClientRects().length) continue;
    const [front, back] = [luminance(rgba(style.color)), luminance(behind(element))].sort((one, other) => other - one);
    const ratio = (front + 0.05) / (back + 0.05);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    if (ratio < least) found.add(`${element.className || element.tagName} ${ratio.toFixed(2)} ${walker.currentNode.textContent.trim().slice(0, 30)}`);
  }
  return [...found];
}
