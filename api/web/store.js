// One observable value: the page's state, replaced and never changed in place.
import { useEffect, useState } from './vendor/preact-hooks.js';

/** `change(patch)` merges an object, or what a function of the state returns. */
export function createStore(initial) {
  let state = initial;
  const watchers = new Set();
  return {
    get: () => state,
    change(patch) {
      state = { ...state, ...(typeof patch === 'function' ? patch(state) : patch) };
      for (const watcher of [...watchers]) watcher(state);
    },
    watch(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
  };
}

/** The state, with a new render whenever it changes. */
export function useStore(store) {
  const [state, setState] = useState(store.get());
  useEffect(() => {
    setState(store.get());
    return store.watch(setState);
  }, [store]);
  return state;
}
