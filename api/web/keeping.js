// What the browser keeps: choices of this device for ever, a session's secrets and cursors until the tab closes.

const PREFIX = 'guerdon.';

/** A drawer of texts and JSON in `storage`; without storage (private mode) it forgets, and the page still works. */
function drawer(storage) {
  return {
    get(name) {
      try {
        return JSON.parse(storage().getItem(PREFIX + name));
      } catch {
        return null;
      }
    },
    put(name, value) {
      try {
        if (value === null) storage().removeItem(PREFIX + name);
        else storage().setItem(PREFIX + name, JSON.stringify(value));
      } catch {
        // Storage is full or refused: only comfort is lost.
      }
    },
    clear() {
      try {
        for (const name of Object.keys(storage())) if (name.startsWith(PREFIX)) storage().removeItem(name);
      } catch {
        // Nothing could be kept, so nothing is left.
      }
    },
  };
}

export const device = drawer(() => window.localStorage);
export const session = drawer(() => window.sessionStorage);
