// The live board: the top, the places around the viewer, and the viewer's own rank with its reasons.
import { html } from './markup.js';
import { useTravel } from './moving.js';
import { Amount, AsOf, Empty, Panel, Skeleton, TroubleNote, useReader } from './parts.js';
import { choose } from './following.js';

export function BoardPanel({ state }) {
  const { t } = useReader();
  const { boards, boardId, board, boardTrouble } = state;
  const shown = boards?.find((one) => one.id === boardId);
  let body;
  if (boards && boards.length === 0) body = html`<${Empty} title=${t('boardsEmpty')} text=${t('boardsEmptyText')} />`;
  else if (board) body = html`<${Standing} board=${board} shown=${shown} /><${BoardTable} board=${board} shown=${shown} />`;
  else if (boardTrouble) body = html`<${TroubleNote} trouble=${boardTrouble} />`;
  else body = html`<${Skeleton} lines=${9} />`;
  return html`
    <${Panel} id="board" title=${shown ? shown.name : t('board')} isTitled=${boards?.length > 1} aside=${html`<${BoardChoice} boards=${boards} boardId=${boardId} />`}>
      ${shown && html`<${Season} shown=${shown} board=${board} />`}
      ${body}
    <//>`;
}

function BoardChoice({ boards, boardId }) {
  const { t } = useReader();
  if (!boards || boards.length < 2) return null;
  return html`
    <label class="choice">
      <span class="unseen">${t('boardChoice')}</span>
      <select value=${boardId} onChange=${(event) => choose(event.currentTarget.value)}>
        ${boards.map((one) => html`<option key=${one.id} value=${one.id} selected=${one.id === boardId}>${one.name}</option>`)}
      </select>
    </label>`;
}

function Season({ shown, board }) {
  const { t, f } = useReader();
  const season = board?.season;
  // A season is half open: its last day is the one before its end.
  const until = season?.endsAt && f.day(new Date(new Date(season.endsAt) - 1));
  return html`
    <p class="season fine">
      <span>${shown.program ? shown.program.name : t(`window.${shown.window}`)}</span>
      ${season && html`<span>${until ? t('season', { from: f.day(season.startsAt), until }) : t('seasonOpen', { from: f.day(season.startsAt) })}</span>`}
      ${season?.isClosed && html`<span class="chip">${t('closedSeason')}</span>`}
      ${board && html`<span>${t('rankedOf', { count: board.total })}</span><${AsOf} at=${board.asOf} />`}
    </p>`;
}

function Standing({ board, shown }) {
  const { t, f } = useReader();
  const mine = board.myRank;
  if (!mine) {
    return board.total === 0 ? null : html`
      <div class="standing standing-none"><p class="standing-label">${t('yourRank')}</p>
        <p class="standing-none-title">${t('unranked')}</p><p class="fine">${t('unrankedText')}</p></div>`;
  }
  return html`
    <div class="standing" data-rank=${mine.rank}>
      <div class="standing-rank">
        <p class="standing-label" id="my-rank">${t('yourRank')}</p>
        <p class="standing-figure" aria-labelledby="my-rank my-rank-figure"><span id="my-rank-figure">${f.number(mine.rank)}<sup>${ordinal(t, f, mine.rank)}</sup></span>
          <span class="standing-of">${t('of', { total: f.number(mine.total) })}</span></p>
      </div>
      <div class="standing-facts">
        <p class="standing-score"><${Amount} value=${mine.score} unit=${shown.unit} /></p>
        <p class="fine">${mine.pointsToNext ? t('toNext', { amount: f.amountWithUnit(mine.pointsToNext, shown.unit) }) : mine.place === 1 ? t('first') : null}
          ${mine.tiedWith > 0 && html` · ${t('tied', { count: mine.tiedWith })}`}</p>
      </div>
      <details class="why">
        <summary>${t('whyRank')}</summary>
        <ol class="reasons">${mine.reasons.map((reason, index) => html`<li key=${index}>${reason.text}</li>`)}</ol>
        ${mine.contributions.length > 0 && html`<h3>${t('counted')}</h3>`}
        <ul class="contributions">
          ${mine.contributions.map((one, index) => html`
            <li key=${index} class=${one.counts ? '' : 'uncounted'}>
              <span>${one.activity ? one.activity.typeName : t('activity')} <span class="fine">${f.day(one.occurredAt)}${!one.counts && ` · ${t('notCounting')}`}</span></span>
              <span class="number"><${Amount} value=${one.value} unit=${shown.unit} /></span>
            </li>`)}
        </ul>
      </details>
    </div>`;
}

function ordinal(t, f, rank) {
  const path = `ordinal.${f.ordinal(rank)}`;
  return t(t.has(path) ? path : 'ordinal.other');
}

function BoardTable({ board, shown }) {
  const { t } = useReader();
  const last = board.top.at(-1)?.place ?? 0;
  const around = board.around.filter((entry) => entry.place > last);
  const between = around.length > 0 ? around[0].place - last - 1 : 0;
  const most = Math.max(1, ...board.top.map((entry) => entry.score));
  const rows = useTravel(`${board.season?.id} ${board.version.epoch} ${board.version.seq}`);
  if (board.top.length === 0) return html`<${Empty} title=${t('boardEmpty')} text=${t('boardEmptyText')} />`;
  const row = (entry) => html`<${Row} key=${entry.subjectId} entry=${entry} move=${board.moves.get(entry.subjectId)} unit=${shown.unit} most=${most} seq=${board.version.seq} />`;
  return html`
    <table class="board">
      <caption class="unseen">${t('boardCaption', { name: shown.name })}</caption>
      <thead><tr><th scope="col">${t('rank')}</th><th scope="col">${t('name')}</th><th scope="col" class="number">${t('score')}</th></tr></thead>
      <tbody ref=${rows}>
        ${board.top.map(row)}
        ${between > 0 && html`<tr class="between" key="between"><td colspan="3"><span>${t('skipped', { count: between })}</span></td></tr>`}
        ${around.map(row)}
      </tbody>
    </table>`;
}

function Row({ entry, move, unit, most, seq }) {
  const { t, f } = useReader();
  const places = move?.places ?? 0;
  return html`
    <tr data-key=${entry.subjectId} class=${`row ${entry.isMe ? 'row-me' : ''} ${entry.rank <= 3 ? `row-${entry.rank}` : ''}`} aria-current=${entry.isMe ? 'true' : null}>
      <td class="rank"><span class="medal">${entry.tiedWith > 0 && html`<span class="tie" aria-hidden="true">=</span>`}${f.number(entry.rank)}</span>
        ${entry.tiedWith > 0 && html`<span class="unseen">, ${t('tied', { count: entry.tiedWith })}</span>`}</td>
      <th scope="row" class="who">
        <span class="who-name">${entry.name}${entry.isMe && html` <span class="chip chip-me">${t('you')}</span>`}${entry.isFormer && html` <span class="chip">${t('former')}</span>`}</span>
        <span class="who-partner fine">${entry.partnerName}<span class="who-counted">${entry.partnerName && ' · '}${t('dealsCounted', { count: entry.contributions })}</span></span>
        <span class="bar" aria-hidden="true"><span style=${{ transform: `scaleX(${Math.max(0, entry.score) / most})` }}></span></span>
      </th>
      <td class="number score">
        <span class=${`score-figure ${move ? 'gleam' : ''}`} key=${move ? seq : 'still'}><${Amount} value=${entry.score} unit=${unit} /></span>
        ${places !== 0 && html`<span class=${`move ${places > 0 ? 'move-up' : 'move-down'}`} key=${seq}>
          <span aria-hidden="true">${places > 0 ? '▲' : '▼'} ${f.number(Math.abs(places))}</span>
          <span class="unseen">${t(places > 0 ? 'movedUp' : 'movedDown', { count: Math.abs(places) })}</span></span>`}
      </td>
    </tr>`;
}
