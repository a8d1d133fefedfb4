// Rows travel from where they stood to where they stand now; nothing travels for who asked for less motion.
import { useLayoutEffect, useRef } from './vendor/preact-hooks.js';

const TRAVEL_MS = 700;
const calm = window.matchMedia('(prefers-reduced-motion: reduce)');

/** A ref for the element whose children carry `data-key`; each child glides from its former offset after a render. */
export function useTravel(signature) {
  const container = useRef(null);
  const offsets = useRef(new Map());
  useLayoutEffect(() => {
    const before = offsets.current;
    const now = new Map();
    for (const row of container.current?.querySelectorAll('[data-key]') ?? []) {
      const { key } = row.dataset;
      now.set(key, row.offsetTop);
      const from = before.get(key);
      if (before.size === 0 || calm.matches || from === row.offsetTop) continue;
      const first = from === undefined
        ? { transform: 'translateY(12px)', opacity: 0 }
        : { transform: `translateY(${from - row.offsetTop}px)` };
      row.animate([first, { transform: 'none', opacity: 1 }], { duration: TRAVEL_MS, easing: 'cubic-bezier(.22,.8,.26,1)' });
    }
    offsets.current = now;
  }, [signature]);
  return container;
}
