/** A circuit's hash: read, written, and begun anew with each generation. */
export const CIRCUIT = `
local function load(key)
  local v = redis.call('HMGET', key, 'state', 'gen', 'reason', 'attempt', 'due', 'ordered', 'config', 'configGen', 'bucket', 'width', 'calls', 'failures', 'slow', 'streak', 'probes', 'oldest')
  return {
    key = key,
    state = v[1] or 'closed',
    gen = tonumber(v[2] or 0),
    reason = v[3] or '',
    attempt = tonumber(v[4] or 0),
    due = tonumber(v[5] or 0),
    ordered = tonumber(v[6] or 0),
    config = v[7] or '{}',
    configGen = tonumber(v[8] or 0),
    bucket = tonumber(v[9] or 0),
    width = tonumber(v[10] or 0),
    calls = tonumber(v[11] or 0),
    failures = tonumber(v[12] or 0),
    slow = tonumber(v[13] or 0),
    streak = tonumber(v[14] or 0),
    probes = v[15] and cjson.decode(v[15]),
    oldest = tonumber(v[16] or 0),
  }
end

local function saveState(c)
  redis.call('HSET', c.key, 'state', c.state, 'gen', c.gen, 'reason', c.reason, 'attempt', c.attempt, 'due', c.due, 'ordered', c.ordered, 'config', c.config, 'configGen', c.configGen)
end

-- A generation is never lower than the one before it, nor than the time: so that
-- it is new even where the store was emptied.
local function nextGeneration(gen)
  return math.max(gen + 1, now)
end

-- Window, witnesses, votes and leases belong to one generation and go with it.
local function become(c, state, reason)
  redis.call('DEL', c.key)
  c.gen = nextGeneration(c.gen)
  c.state, c.reason = state, reason
  c.calls, c.failures, c.slow, c.streak, c.bucket, c.oldest = 0, 0, 0, 0, 0, 0
  c.probes = nil
  if state == 'closed' then c.attempt = 0 end
  if state == 'half-open' then c.probes = { since = now, admitted = 0, succeeded = 0, failed = 0, last = 0, leases = {} } end
end

local function open(c, wait, reason)
  become(c, 'open', reason)
  c.attempt = c.attempt + 1
  c.due = now + wait
end

local function told(c)
  return {
    state = c.state,
    gen = c.gen,
    reason = c.reason,
    attempt = c.attempt,
    left = math.max(0, c.due - now),
    ordered = c.ordered,
    config = cjson.decode(c.config),
    configGen = c.configGen,
  }
end

local function announce(message)
  message.rev = redis.call('HINCRBY', META, 'rev', 1)
  message.epoch = epoch
  redis.call('PUBLISH', channel, cjson.encode(message))
end
`;
