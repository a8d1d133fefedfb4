// Why, and why not: every activity of the viewer with what it earned and how that was worked out, in the API's words.
import { chooseReasons, moreReasons } from './following.js';
import { html } from './markup.js';
import { Empty, Panel, Skeleton, TroubleNote, useReader } from './parts.js';
import { More } from './wallet.js';

const OUTCOMES = ['GRANTED', 'TRIMMED', 'NOTHING'];

export function ReasonsPanel({ state }) {
  const { t } = useReader();
  const { reasons, reasonsTrouble, reasonsOf } = state;
  const isEmpty = reasons?.items.length === 0;
  return html`
    <${Panel} id="reasons" title=${t('whyTitle')}>
      <p class="fine">${t('whyLead')}</p>
      <div class="filters" role="group" aria-label=${t('outcomes')}>
        ${[null, ...OUTCOMES].map((outcome) => html`
          <button type="button" key=${outcome ?? 'all'} class="filter" aria-pressed=${String(outcome === reasonsOf)} onClick=${() => chooseReasons(outcome)}>
            ${outcome ? t(`outcome.${outcome}`) : t('outcomeAll')}
          </button>`)}
      </div>
      ${reasonsTrouble && html`<${TroubleNote} trouble=${reasonsTrouble} />`}
      ${!reasons && !reasonsTrouble && html`<${Skeleton} lines=${5} />`}
      ${isEmpty && (reasonsOf ? html`<p class="fine">${t('reasonsNoneSuch')}</p>` : html`<${Empty} title=${t('reasonsEmpty')} text=${t('reasonsEmptyText')} />`)}
      ${reasons && !isEmpty && html`<ul class="dues">${reasons.items.map((due) => html`<li key=${due.id}><${Due} due=${due} /></li>`)}</ul>`}
      ${reasons?.pageInfo.hasNextPage && html`<${More} onMore=${moreReasons} />`}
    <//>`;
}

function Due({ due }) {
  const { t, f } = useReader();
  const { unit } = due;
  const isTrimmed = due.outcome === 'TRIMMED' || due.granted !== due.due;
  return html`
    <details class=${`due due-${due.outcome}`} id=${`why-${due.id}`}>
      <summary>
        <span class="due-what">${due.activity ? due.activity.typeName : t('noActivity')}
          <span class="fine">${[due.activity?.externalId, f.day(due.occurredAt), due.program?.name].filter(Boolean).join(' · ')}</span></span>
        <span class="due-amount"><strong>${due.outcome === 'NOTHING' ? f.amount(0, unit) : f.signed(due.granted, unit)}</strong>
          <span class=${`chip chip-${due.outcome}`}>${t(`outcome.${due.outcome}`)}</span></span>
      </summary>
      <div class="due-body">
        <ol class="reasons">${due.explanation.map((reason, index) => html`<li key=${index}>${reason.text}</li>`)}</ol>
        <p class="fine">${[
          t('ruleNamed', { rule: due.rule }),
          due.milestone && t('milestoneNamed', { milestone: due.milestone }),
          isTrimmed && due.due > 0 && t('ofDue', { amount: f.amountWithUnit(due.due, unit) }),
        ].filter(Boolean).join(' · ')}</p>
        ${due.awards.length > 0 && html`<ul class="awards">${due.awards.map((award) => html`
          <li key=${award.id}><span><strong>${f.amountWithUnit(award.remaining, unit)}</strong> ${t(`awardState.${award.state}`)}</span>
            <span class="fine">${[
              award.state === 'PENDING' && t('matures', { day: f.day(award.maturesAt) }),
              award.expiresAt && t('expires', { day: f.day(award.expiresAt) }),
            ].filter(Boolean).join(' · ')}</span></li>`)}</ul>`}
      </div>
    </details>`;
}
