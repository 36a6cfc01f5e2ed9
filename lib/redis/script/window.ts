/** The shared window of a closed circuit, and the rules over it. */
export const WINDOW = `
local function figures(bucket)
  local calls, failures, slow = string.match(bucket or '0 0 0', '^(%d+) (%d+) (%d+)$')
  return tonumber(calls), tonumber(failures), tonumber(slow)
end

-- Once a bucket: adds up what still counts and lets go of the rest.
local function roll(c, rules, bucket)
  local all = redis.call('HGETALL', c.key)
  local buckets = {}
  for i = 1, #all, 2 do
    local at = string.match(all[i], '^b:(%d+)$')
    if at and c.width == rules.width then buckets[tonumber(at)] = all[i + 1] end
  end
  c.calls, c.failures, c.slow = 0, 0, 0
  local oldest = bucket + 1
  while oldest > bucket - rules.buckets + 1 and (rules.size == 0 or c.calls < rules.size) do
    oldest = oldest - 1
    local calls, failures, slow = figures(buckets[oldest])
    c.calls, c.failures, c.slow = c.calls + calls, c.failures + failures, c.slow + slow
  end
  c.oldest = oldest
  if c.width ~= rules.width then oldest = math.huge end
  for i = 1, #all, 2 do
    local kind, name = string.match(all[i], '^(%a):(.*)$')
    local isOld = kind == 'b' and tonumber(name) < oldest or kind == 'v' and tonumber(all[i + 1]) < now
    if (kind == 'f' or kind == 's') and tonumber(all[i + 1]) < oldest then isOld = true end
    if isOld then redis.call('HDEL', c.key, all[i]) end
  end
  c.bucket, c.width = bucket, rules.width
  if c.calls == 0 then c.streak = 0 end
end

local function count(c, rules, report)
  local bucket = math.floor(now / rules.width)
  local field = 'b:' .. string.format('%.0f', bucket)
  local calls, failures, slow = figures(redis.call('HGET', c.key, field))
  local isFull = rules.size > 0 and calls >= rules.size and c.calls > calls
  if bucket ~= c.bucket or rules.width ~= c.width or isFull then
    roll(c, rules, bucket)
  end
  local more, failed, slowed = report.calls, report.failures or 0, report.slow or 0
  c.calls, c.failures, c.slow = c.calls + more, c.failures + failed, c.slow + slowed
  c.streak = more > failed and 0 or c.streak + failed
  redis.call('HSET', c.key, field, (calls + more) .. ' ' .. (failures + failed) .. ' ' .. (slow + slowed))
  redis.call('HSET', c.key, 'bucket', c.bucket, 'oldest', c.oldest, 'width', c.width, 'calls', c.calls, 'failures', c.failures, 'slow', c.slow, 'streak', c.streak)
  if failed > 0 then redis.call('HSET', c.key, 'f:' .. me, bucket) end
  if slowed > 0 then redis.call('HSET', c.key, 's:' .. me, bucket) end
end

-- How many instances have failures (f) or slow calls (s) in the window, or are open by themselves (v).
local function witnesses(c, kind, least)
  local all = redis.call('HGETALL', c.key)
  local found = 0
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 2) == kind .. ':' and tonumber(all[i + 1]) >= least then found = found + 1 end
  end
  return found
end

-- Thresholds are thousandths and are compared as integers.
local function whyFailing(c, rules)
  if rules.consecutive > 0 and c.streak >= rules.consecutive then return c.streak .. ' calls in a row failed' end
  if rules.failureCount > 0 and c.failures >= rules.failureCount then return c.failures .. ' calls in the window failed' end
  if rules.failureRate > 0 and c.calls >= rules.minimumCalls and c.failures * 1000 >= rules.failureRate * c.calls then return c.failures .. ' of ' .. c.calls .. ' calls failed' end
end

local function whySlow(c, rules)
  if rules.slowRate > 0 and c.calls >= rules.minimumCalls and c.slow * 1000 >= rules.slowRate * c.calls then return c.slow .. ' of ' .. c.calls .. ' calls were slow' end
end

local function judgeWindow(c, rules, report)
  local failing, slow, wait = whyFailing(c, rules), whySlow(c, rules), report.wait
  local opened = report.opened and witnesses(c, 'v', now) or 0
  if failing and witnesses(c, 'f', 0) >= quorum then
    open(c, wait, failing .. ' in the fleet')
  elseif slow and witnesses(c, 's', 0) >= quorum then
    open(c, wait, slow .. ' in the fleet')
  elseif opened >= quorum then
    open(c, wait, opened .. ' instances opened by themselves')
  end
end
`;
