// The event ticker, and the one voice that tells a screen reader what moved: politely and never in a rush.
import { useEffect, useRef, useState } from './vendor/preact-hooks.js';
import { html } from './markup.js';
import { Empty, Panel, Skeleton, useReader } from './parts.js';

const VOICE_PAUSE_MS = 4_000;

export function EventsPanel({ state }) {
  const { t } = useReader();
  const { events } = state;
  return html`
    <${Panel} id="events" title=${t('events')}>
      <p class="fine">${t('eventsLead')}</p>
      ${!events && html`<${Skeleton} lines=${3} />`}
      ${events?.length === 0 && html`<${Empty} shape="events" title=${t('eventsEmpty')} text=${t('eventsEmptyText')} />`}
      ${events?.length > 0 && html`
        <ol class="ticker">${events.map((event) => html`<${Event} key=${event.id} event=${event} state=${state} />`)}</ol>`}
    <//>`;
}

function Event({ event, state }) {
  const { f } = useReader();
  const program = state.programs[event.programId];
  return html`
    <li class=${`event event-${event.__typename}`}>
      <time class="fine" datetime=${event.recordedAt}>${f.moment(event.recordedAt)}</time>
      <span class="event-text">${textOf(event, state, useReader())}${program && html` <span class="fine">${program}</span>`}</span>
    </li>`;
}

function textOf(event, state, { t, f }) {
  const unit = state.units[event.unit];
  const amount = event.amount === undefined ? '' : f.amountWithUnit(event.amount, unit);
  const path = `event.${event.__typename === 'PointsMoved' ? event.move : event.__typename === 'RedemptionChanged' ? event.name : event.__typename}`;
  return t(t.has(path) ? path : 'event.OtherEvent', { amount, type: typeName(event.type, state, t) });
}

function typeName(code, state, t) {
  const due = code && state.reasons?.items.find((one) => one.activity?.type === code);
  return due ? due.activity.typeName : t('anActivity');
}

/** Says the viewer's new rank and new rewards; what happens within a pause is said once, in its last state. */
export function Voice({ state }) {
  const reader = useReader();
  const { t, f } = reader;
  const rank = state.board?.myRank;
  const rankText = rank ? t('toldRank', { rank: f.number(rank.rank), total: f.number(rank.total) }) : '';
  const reward = state.events?.find((event) => event.__typename === 'AwardGranted');
  const rewardText = reward ? t('toldReward', { amount: f.amountWithUnit(reward.amount, state.units[reward.unit]) }) : '';
  const isHere = Boolean(rank);
  const said = useRef({ board: null, rank: null, reward: undefined });
  const timer = useRef(null);
  const latest = useRef(null);
  const [text, setText] = useState('');
  latest.current = { board: state.boardId, rank: rank?.rank, rankText, reward: reward?.id, rewardText };
  useEffect(() => {
    if (!isHere || timer.current !== null) return;
    timer.current = setTimeout(() => {
      timer.current = null;
      const now = latest.current;
      const before = said.current;
      said.current = { board: now.board, rank: now.rank, reward: now.reward };
      const parts = [];
      if (before.reward !== undefined && now.reward && now.reward !== before.reward) parts.push(now.rewardText);
      if (before.board === now.board && before.rank !== now.rank && now.rank) parts.push(now.rankText);
      if (now.reward === undefined) said.current.reward = null;
      if (parts.length > 0) setText(parts.join(' '));
    }, said.current.board === null ? 0 : VOICE_PAUSE_MS);
  }, [isHere, state.boardId, rank?.rank, reward?.id]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return html`<p class="unseen" role="status" aria-live="polite" aria-atomic="true">${text}</p>`;
}
