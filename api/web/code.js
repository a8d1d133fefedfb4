// A code in its owner's hand: shown when she asks, copied, hidden again, and reported where it does not work.
import { useEffect, useRef, useState } from './vendor/preact-hooks.js';
import { Act } from './act.js';
import { html } from './markup.js';
import { report, reveal } from './ordering.js';
import { useReader } from './parts.js';

const PROBLEMS = ['ALREADY_USED', 'NOT_ACCEPTED', 'WRONG_VALUE', 'EXPIRED'];
const NOTE_LENGTH = 500;
const SAID_MS = 3_000;

/** The code itself lives here alone and goes with the panel. */
export function CodePanel({ line }) {
  const { t, f } = useReader();
  const [code, setCode] = useState(null);
  const box = useRef(null);
  useEffect(() => { if (code) box.current?.focus(); }, [code]);
  const canReveal = line.availableActions.includes('REVEAL');
  return html`
    <div class="code">
      ${!code && html`
        <p class="fine">${[line.maskedCode && t('shop.masked', { last: line.maskedCode }), line.expiresOn && t('shop.expires', { day: f.day(line.expiresOn) })].filter(Boolean).join(' · ')}</p>
        ${canReveal && html`<${Act} id=${`reveal-${line.n}`} onAct=${async () => setCode(await reveal(line.id))}>${t(line.revealedAt ? 'shop.revealAgain' : 'shop.reveal')}<//>
          <p class="fine">${t('shop.revealNote')}</p>`}`}
      ${code && html`
        <div class="code-box" tabindex="-1" ref=${box} role="group" aria-label=${t('shop.code')}>
          <${Secret} label=${t('shop.code')} value=${code.voucherCode} isMain=${true} />
          <${Secret} label=${t('shop.pin')} value=${code.pin} />
          <${Secret} label=${t('shop.serial')} value=${code.serial} />
          ${/^https:\/\//.test(code.url ?? '') && html`<p><a class="button" href=${code.url} target="_blank" rel="noreferrer noopener">${t('shop.link')}</a></p>`}
          ${code.expiresOn && html`<p class="fine">${t('shop.expires', { day: f.day(code.expiresOn) })}</p>`}
          ${line.item?.instructions && html`<details class="why"><summary>${t('shop.howUsed')}</summary><p class="prose">${line.item.instructions}</p></details>`}
          <button type="button" class="button button-quiet" onClick=${() => setCode(null)}>${t('shop.hide')}</button>
        </div>`}
      ${line.availableActions.includes('REPORT_PROBLEM') && html`<${Problem} line=${line} />`}
    </div>`;
}

function Secret({ label, value, isMain }) {
  const { t } = useReader();
  const [said, say] = useState(null);
  const timer = useRef(null);
  useEffect(() => () => clearTimeout(timer.current), []);
  if (!value) return null;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
      say('copied');
    } catch {
      say('copyFailed');
    }
    clearTimeout(timer.current);
    timer.current = setTimeout(() => say(null), SAID_MS);
  };
  return html`
    <div class=${`secret ${isMain ? 'secret-main' : ''}`}>
      <span class="fine">${label}</span>
      <code>${value}</code>
      <button type="button" class="button button-quiet" onClick=${copy} aria-label=${`${t('shop.copy')} – ${label}`}>${t(said === 'copied' ? 'shop.copied' : 'shop.copy')}</button>
      <span class=${said === 'copyFailed' ? 'fine' : 'unseen'} role="status">${said ? t(`shop.${said}`) : ''}</span>
    </div>`;
}

function Problem({ line }) {
  const { t } = useReader();
  const [problem, choose] = useState(PROBLEMS[0]);
  const [note, setNote] = useState('');
  const [isReported, setReported] = useState(false);
  if (isReported) return html`<p class="thanks" role="status">${t('shop.reported')}</p>`;
  return html`
    <details class="why problem">
      <summary>${t('shop.problemAsk')}</summary>
      <fieldset class="problems"><legend>${t('shop.problem')}</legend>
        ${PROBLEMS.map((one) => html`<label key=${one}><input type="radio" name=${`problem-${line.id}`} value=${one} checked=${one === problem} onChange=${() => choose(one)} /> ${t(`shop.problems.${one}`)}</label>`)}
      </fieldset>
      <label class="field"><span>${t('shop.note')}</span>
        <textarea rows="2" maxlength=${NOTE_LENGTH} value=${note} onInput=${(event) => setNote(event.currentTarget.value)}></textarea></label>
      <${Act} id=${`report-${line.n}`} onAct=${async () => { await report(line.id, problem, note.trim()); setReported(true); }}>${t('shop.send')}<//>
    </details>`;
}
