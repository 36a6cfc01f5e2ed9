import { CIRCUIT } from './circuit.js';
import { OPTIONS } from './options.js';
import { OPENING, SERVER_TIME } from './opening.js';
import { PROBES } from './probes.js';
import { WINDOW } from './window.js';

/** Applies what an instance tells about one circuit. */
const APPLY = `
-- The store has lost what the instance knows: an older generation never overwrites a newer one.
local function restore(c, gen, view)
  if gen > c.gen then
    become(c, view.state, view.reason)
    c.gen, c.attempt, c.due, c.ordered = gen, view.attempt, now + view.left, view.ordered
    -- Nobody knows any more who probes: in a new generation, all ask again.
    if view.state == 'half-open' then c.state, c.probes, c.gen = 'open', nil, nextGeneration(gen) end
  end
end

-- Of two orders the first to arrive holds, unless the second was given in knowledge of it.
local function obey(c, report)
  if c.ordered > report.gen then return end
  become(c, report.order.state, report.order.reason)
  c.ordered = c.gen
end

local function apply(c, rules, report)
  if report.view then restore(c, report.gen, report.view) end
  if report.view and report.view.config then recall(c, report) end
  if report.change then change(c, report) end
  if report.order then return obey(c, report) end
  if report.gen ~= c.gen then return end
  local isDue = c.state == 'open' and now >= c.due
  if c.state == 'closed' then
    if report.calls then count(c, rules, report) end
    if report.opened then redis.call('HSET', c.key, 'v:' .. me, now + report.opened) end
    judgeWindow(c, rules, report)
  elseif report.closedAlone and (isDue or c.state == 'half-open') then
    become(c, 'closed', 'an instance closed on its own probes')
  elseif isDue and report.want then
    become(c, 'half-open', 'the wait is over')
  end
  if c.state == 'half-open' then probe(c, rules, report) end
end

local function answer(c, report)
  local reply = {}
  local view = report.view
  local differs = c.gen ~= report.gen or c.configGen ~= report.configGen or (view and view.state ~= c.state)
  if differs then reply.state = told(c) end
  if report.calls and c.gen == report.gen then reply.window = { c.calls, c.failures, c.slow, c.oldest, c.bucket } end
  if c.probes then
    reply.leases = {}
    for _, lease in ipairs(c.probes.leases) do
      if lease.owner == me then table.insert(reply.leases, lease.id) end
    end
  end
  return reply
end

local replies = {}
for i, report in ipairs(request.circuits) do
  local c = load(KEYS[3 + i])
  local gen, configGen = c.gen, c.configGen
  if isNew then apply(c, request.rules[report.rules], report) end
  if c.gen ~= gen or c.configGen ~= configGen then
    saveState(c)
    if c.probes then redis.call('HSET', c.key, 'probes', cjson.encode(c.probes)) end
    announce({ what = 'state', id = report.id, state = told(c) })
  end
  redis.call('PEXPIRE', c.key, request.ttl)
  replies[i] = answer(c, report)
end
return cjson.encode({ epoch = epoch, rev = tonumber(redis.call('HGET', META, 'rev') or 0), instances = instances, circuits = replies })
`;

/**
 * The whole protocol: one script, so that an instance sends one command a flush.
 * KEYS: the namespace's own hash, who is alive, the instance's last sequence
 * number, then one hash for each circuit of the request. ARGV: the request as
 * JSON, and the channel. Numbers stay below 10^14, which `cjson` writes in full.
 *
 * @param time sets `now`, in milliseconds; the tests give another
 */
export function exchangeScript(time: string = SERVER_TIME): string {
  return [time, OPENING, CIRCUIT, OPTIONS, WINDOW, PROBES, APPLY].join('\n');
}
