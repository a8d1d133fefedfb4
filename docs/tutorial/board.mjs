// A live leaderboard in a terminal: one query over HTTP, then a subscription that folds what moved into what is shown.
// usage: TOKEN=… node board.mjs [board code]     (GUERDON_URL: where the server is, http://localhost:8000)
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const url = process.env.GUERDON_URL ?? 'http://localhost:8000';
const code = process.argv[2] ?? 'points-this-quarter';
const authorization = `Bearer ${process.env.TOKEN}`;

const BOARD = `
query Board($code: String!) {
  leaderboard(code: $code) { id name unit { code } }
}`;

const LIVE = `
subscription Live($id: ID!) {
  leaderboard(id: $id, top: 10) {
    content {
      __typename
      ... on BoardSnapshot { total top { ...Line } myRank { ...Mine } }
      ... on BoardDelta { total changed { ...Line } left myRank { ...Mine } }
    }
  }
}
fragment Line on BoardEntry { subjectId rank place name partnerName score isMe }
fragment Mine on MyRank { rank score pointsToNext }`;

async function ask(query, variables) {
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await answer.json();
  if (errors) throw new Error(errors.map(({ message }) => message).join('; '));
  return data;
}

const lines = new Map(); // subjectId → line: a key that stays through every change

function show(content) {
  if (content.__typename === 'BoardSnapshot') {
    lines.clear();
    for (const line of content.top) lines.set(line.subjectId, line);
  } else if (content.__typename === 'BoardDelta') {
    for (const subject of content.left) lines.delete(subject);
    for (const line of content.changed) lines.set(line.subjectId, line);
  } else {
    return; // a heartbeat
  }
  const shown = [...lines.values()].sort((one, other) => one.place - other.place);
  for (const { rank, name, partnerName, score, isMe } of shown) {
    console.log(`${isMe ? '→' : ' '} ${String(rank).padStart(3)}  ${String(score).padStart(8)}  ${name}, ${partnerName}`);
  }
  const { myRank, total } = content;
  console.log(myRank ? `you: rank ${myRank.rank} of ${total}, ${myRank.score} ${board.unit.code}\n` : 'you: no line yet\n');
}

const { leaderboard: board } = await ask(BOARD, { code });
if (board === null) throw new Error(`there is no board ${code}, or you may not see it`);
console.log(`${board.name}\n`);

const client = createClient({
  url: `${url.replace('http', 'ws')}/graphql`,
  webSocketImpl: WebSocket,
  connectionParams: { authorization },
  retryAttempts: Infinity, // after a cut the subscription is sent again, and begins with a snapshot
});
for await (const { data, errors } of client.iterate({ query: LIVE, variables: { id: board.id } })) {
  if (errors) throw new Error(errors.map(({ message }) => message).join('; '));
  show(data.leaderboard.content);
}
