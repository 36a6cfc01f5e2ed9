/** The probes of a half-open fleet: leased with an owner and a deadline, judged together. */
export const PROBES = `
-- A lease that was taken up and is overdue has failed; one that was not is free again.
local function lapse(p)
  local kept = {}
  for _, lease in ipairs(p.leases) do
    if lease.deadline >= now then
      kept[#kept + 1] = lease
    elseif lease.started then
      p.failed = p.failed + 1
    else
      p.admitted = p.admitted - 1
    end
  end
  p.leases = kept
end

local function find(p, id)
  for i, lease in ipairs(p.leases) do
    if lease.id == id and lease.owner == me then return i end
  end
end

-- Late results of leases that have lapsed change nothing.
local function take(p, id)
  local at = find(p, id)
  if at then table.remove(p.leases, at) end
  return at ~= nil
end

local function conclude(p, rules, report)
  local deadline = now + request.claimFor + rules.callDeadline
  for _, lease in ipairs(p.leases) do
    if report.keep and lease.owner == me and not lease.started then lease.deadline = deadline end
  end
  for _, id in ipairs(report.started or {}) do
    local at = find(p, id)
    if at then p.leases[at].started, p.leases[at].deadline = true, deadline end
  end
  for _, id in ipairs(report.succeeded or {}) do
    if take(p, id) then p.succeeded = p.succeeded + 1 end
  end
  for _, id in ipairs(report.failed or {}) do
    if take(p, id) then p.failed = p.failed + 1 end
  end
  for _, id in ipairs(report.returned or {}) do
    if take(p, id) then p.admitted = p.admitted - 1 end
  end
end

-- Certain as soon as the probes to come cannot change it; past maxDuration, on what there is.
local function verdict(p, rules)
  local results = p.succeeded + p.failed
  local needed = rules.successRate * rules.probes
  local best = p.succeeded + math.max(0, rules.probes - results)
  if now - p.since > rules.maxDuration and results > 0 then
    needed, best = rules.successRate * results, p.succeeded
  end
  if p.succeeded * 1000 >= needed then return 'closes' end
  if best * 1000 < needed then return 'opens' end
end

local function grant(p, rules, want)
  local granted = 0
  while granted < want and p.admitted < rules.probes and #p.leases < rules.concurrency do
    granted = granted + 1
    p.admitted = p.admitted + 1
    -- Never one that was granted before, even if a failover has lost that grant.
    p.last = nextGeneration(p.last)
    p.leases[#p.leases + 1] = { id = p.last, owner = me, deadline = now + request.claimFor + rules.callDeadline }
  end
  return granted
end

local function othersHoldIdle(p)
  for _, lease in ipairs(p.leases) do
    if lease.owner ~= me and not lease.started then return true end
  end
end

local function probe(c, rules, report)
  local p = c.probes
  lapse(p)
  conclude(p, rules, report)
  local results = p.succeeded .. ' of ' .. (p.succeeded + p.failed) .. ' probes of the fleet succeeded'
  local judged = verdict(p, rules)
  if judged == 'closes' then return become(c, 'closed', results) end
  if judged == 'opens' then return open(c, report.wait, results) end
  local want = report.want or 0
  local granted = grant(p, rules, want)
  if report.urgent and granted < want and othersHoldIdle(p) then announce({ what = 'wanted', id = report.id, gen = c.gen }) end
  redis.call('HSET', c.key, 'probes', cjson.encode(p))
end
`;
