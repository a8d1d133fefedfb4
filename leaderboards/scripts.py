"""The index's scripts: each reads or changes one season whole, so that nobody ever sees half of it.

A season's keys share one hash tag: a hash with its version, and per generation a sorted set (score −value, member
`reached_at` + subject id, both of fixed width: Valkey's own order is then the total order) and a hash subject → member.
"""

# 'count' is checked against both keys on every use: a key that was evicted or deleted makes the season missing.
CURRENT = """
local function current()
  local m = redis.call('HMGET', KEYS[1], 'epoch', 'generation', 'seq', 'as_of', 'count')
  if not m[1] then return nil end
  local z = KEYS[1] .. ':g' .. m[2]
  local count = tonumber(m[5])
  if redis.call('ZCARD', z) ~= count or redis.call('HLEN', z .. ':m') ~= count then return nil end
  return m, z
end
local function peers(z, score)
  local better = redis.call('ZCOUNT', z, '-inf', '(' .. score)
  return better, redis.call('ZCOUNT', z, score, score) - 1
end
local function lines(found, z, competing)
  local out = {}
  for i = 1, #found, 2 do
    local better, tied = 0, 0
    if competing == '1' then better, tied = peers(z, found[i + 1]) end
    out[#out + 1] = {found[i], found[i + 1], better, tied}
  end
  return out
end
"""

# Changes come as one text of records of fixed width: member (reached_at 16, subject 32), score 17; a record whose
# reached_at is all dashes takes the subject away.
PATCH = """
local function patch(z, text)
  for i = 1, #text, 65 do
    local member, subject = string.sub(text, i, i + 47), string.sub(text, i + 16, i + 47)
    local held = redis.call('HGET', z .. ':m', subject)
    if held and held ~= member then redis.call('ZREM', z, held) end
    if string.sub(member, 1, 1) == '-' then
      redis.call('HDEL', z .. ':m', subject)
    else
      redis.call('ZADD', z, tonumber(string.sub(text, i + 48, i + 64)), member)
      redis.call('HSET', z .. ':m', subject, member)
    end
  end
  return redis.call('ZCARD', z)
end
"""

VERSION = CURRENT + "return current()"

# offset, limit, competing
PAGE = (
    CURRENT
    + """
local m, z = current()
if not m then return nil end
local last = tonumber(ARGV[1]) + tonumber(ARGV[2]) - 1
return {m, tonumber(ARGV[1]), lines(redis.call('ZRANGE', z, ARGV[1], last, 'WITHSCORES'), z, ARGV[3])}
"""
)

# subject, neighbours on each side, competing
AROUND = (
    CURRENT
    + """
local m, z = current()
if not m then return nil end
local member = redis.call('HGET', z .. ':m', ARGV[1])
if not member then return {m, 0, {}} end
local at, k = redis.call('ZRANK', z, member), tonumber(ARGV[2])
local first = math.max(0, at - k)
return {m, first, lines(redis.call('ZRANGE', z, first, at + k, 'WITHSCORES'), z, ARGV[3])}
"""
)

# competing, subjects…
RANKS = (
    CURRENT
    + """
local m, z = current()
if not m then return nil end
local out = {}
for i = 2, #ARGV do
  local member = redis.call('HGET', z .. ':m', ARGV[i])
  if member then
    local score = redis.call('ZSCORE', z, member)
    local better, tied = 0, 0
    if ARGV[1] == '1' then better, tied = peers(z, score) end
    out[#out + 1] = {redis.call('ZRANK', z, member), member, score, better, tied}
  else
    out[#out + 1] = {-1, '', '0', 0, 0}
  end
end
return {m, out}
"""
)

# epoch, from, to, as_of ('' keeps), records — a first change finds no version and starts one.
APPLY = (
    CURRENT
    + PATCH
    + """
local epoch, from, to = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local m, z = current()
if not m then
  if from ~= 1 or redis.call('EXISTS', KEYS[1]) == 1 then return {'MISSING', 0} end
  local g = redis.call('INCR', KEYS[1] .. ':generations')
  z = KEYS[1] .. ':g' .. g
  redis.call('DEL', z, z .. ':m')
  m = {epoch, tostring(g), '0', '0', '0'}
end
if m[1] ~= epoch then return {'EPOCH', m[3]} end
if to <= tonumber(m[3]) then return {'KNOWN', m[3]} end
if from > tonumber(m[3]) + 1 then return {'GAP', m[3]} end
local count = patch(z, ARGV[5])
local as_of = ARGV[4]
if as_of == '' then as_of = m[4] end
redis.call('HSET', KEYS[1], 'epoch', epoch, 'generation', m[2], 'seq', ARGV[3], 'as_of', as_of, 'count', count)
return {'APPLIED', ARGV[3]}
"""
)

# generation, records — changes replayed on a generation that is being built, nobody reads it yet
BUILD = (
    PATCH
    + """
return patch(KEYS[1] .. ':g' .. ARGV[1], ARGV[2])
"""
)

# generation, records, seconds — whole subjects added to a generation that is being built
LOAD = """
local z, text = KEYS[1] .. ':g' .. ARGV[1], ARGV[2]
local scores, members = {}, {}
for i = 1, #text, 65 do
  local member = string.sub(text, i, i + 47)
  scores[#scores + 1] = tonumber(string.sub(text, i + 48, i + 64))
  scores[#scores + 1] = member
  members[#members + 1] = string.sub(text, i + 16, i + 47)
  members[#members + 1] = member
end
redis.call('ZADD', z, unpack(scores))
redis.call('HSET', z .. ':m', unpack(members))
redis.call('EXPIRE', z, ARGV[3])
redis.call('EXPIRE', z .. ':m', ARGV[3])
"""

# epoch, generation, seq, as_of, count — refuses to go back, and refuses a generation that lost something meanwhile
SWAP = (
    CURRENT
    + """
local z = KEYS[1] .. ':g' .. ARGV[2]
local count = tonumber(ARGV[5])
if redis.call('ZCARD', z) ~= count or redis.call('HLEN', z .. ':m') ~= count then return {'DAMAGED', 0} end
local m, old = current()
if m and tonumber(m[1]) > tonumber(ARGV[1]) then return {'EPOCH', m[3]} end
if m and m[1] == ARGV[1] and tonumber(m[3]) > tonumber(ARGV[3]) then return {'BEHIND', m[3]} end
local held = redis.call('HGET', KEYS[1], 'generation')
redis.call('PERSIST', z)
redis.call('PERSIST', z .. ':m')
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'generation', ARGV[2], 'seq', ARGV[3], 'as_of', ARGV[4], 'count', count)
if held and held ~= ARGV[2] then
  redis.call('UNLINK', KEYS[1] .. ':g' .. held, KEYS[1] .. ':g' .. held .. ':m')
end
return {'APPLIED', ARGV[3]}
"""
)
