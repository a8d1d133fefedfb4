// Preact with htm: markup in plain modules, nothing to build.
import { h } from './vendor/preact.js';
import htm from './vendor/htm.js';

export const html = htm.bind(h);
