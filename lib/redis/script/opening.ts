/** The server's own time in milliseconds: instances need no common clock. */
export const SERVER_TIME = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/** Who is there, and whether this request was applied before. */
export const OPENING = `
local request = cjson.decode(ARGV[1])
local channel = ARGV[2]
local me = request.instance
local META, ALIVE, LAST = KEYS[1], KEYS[2], KEYS[3]

redis.call('HSETNX', META, 'epoch', request.epoch)
local epoch = redis.call('HGET', META, 'epoch')
redis.call('PEXPIRE', META, request.ttl)

local isNew = request.seq > tonumber(redis.call('GET', LAST) or 0)
if isNew then redis.call('SET', LAST, request.seq, 'PX', request.ttl) end

redis.call('ZADD', ALIVE, now, me)
if request.leaving then redis.call('ZREM', ALIVE, me) end
redis.call('ZREMRANGEBYSCORE', ALIVE, '-inf', now - request.aliveFor)
redis.call('PEXPIRE', ALIVE, request.ttl)
local instances = redis.call('ZCARD', ALIVE)
local quorum = math.max(1, math.min(request.quorum, instances))
`;
