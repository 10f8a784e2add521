"""What the server does with a batch of messages, in one step: a script in Lua.

One script is atomic: nobody sees half of it, and no other client comes in between. What it decides,
in this order; whatever refuses the batch does so before anything of it is published or added:

1. *Is the prefix free?* The claim (`<stream>:log`) names the log and the writer that publish there,
   and expires when they are gone. While it names another log, the batch is refused; so it is where
   it names another writer and this one yields to such.
2. *May this user do it?* `XADD` with an id that cannot be adds nothing, and says whether the
   user may; a server from version 7 on says of every channel whether he may publish there. An older
   one says so only when he does: there a message is published first and added only when that went
   well, so that what precedes a refused message is published whole, and it is tried again.
3. *Does the server take writes?* Renewing the claim is the first write, which a server without
   memory, a replica, or one that cannot save refuses; it refuses none that follow in the script.
4. *Is the stream this log's?* In the way are: a last entry of another log, or one that names none;
   a last id beyond what the log has committed (a store since restored); under an id of the
   batch another message; and an id of the batch that the stream has passed without holding it,
   unless it is older than its first entry. Such ids were dropped by `MAXLEN`, or were published
   before the stream was begun anew: they count as published. What is not found out: a
   restored store that has grown beyond the stream's last id before it published again, as far
   as it repeats ids that were dropped.
   What the log has committed is looked up once more before that is believed: a publisher that hung
   knows it as it was then, and another may have published on in its place.
5. A stream in the way is renamed to `<stream>:<its last entry's log, or unknown>:<its last id>`,
   never onto one that exists, and the whole batch goes to a new one. A writer of the same log that
   holds the claim (a copy of the store) prevents that: the batch is refused, so that two
   never take turns in setting each other's stream aside.

What was set aside stands in the claim until the next time, so that an answer that was lost is given
again. The answer names the writer that had the claim before. Data travels as text inside of JSON,
which cjson gives back as it was.
"""

PUBLISH = """
local stream, claim = KEYS[1], KEYS[2]
local identity, writer, prefix = ARGV[1], ARGV[2], ARGV[3]
local claim_ms, longest, committed = ARGV[4], ARGV[5], tonumber(ARGV[6])
local messages, confirmed, yields = cjson.decode(ARGV[7]), ARGV[8], ARGV[9] == 'yields'

local function plain(text)
  return text and #text <= 64 and string.match(text, '^[%w-]+$') or 'unknown'
end

local holder, holding, aside, reason =
  string.match(redis.call('GET', claim) or '', '^(%S+) (%S+) (%S+) (%S+)$')
if holder and holder ~= identity then
  return {'in use', plain(holder)}
end
if holding and holding ~= writer and yields then
  return {'in use', identity}
end
if holding ~= writer then
  aside, reason = '-', '-'
end

local channels = {}

local function refused()
  local answer = redis.pcall('XADD', stream, '0-0', 'log', identity)
  if not string.find(answer.err, 'greater than 0-0', 1, true) then
    return answer
  end
  for i = 2, #messages, 3 do
    if not channels[messages[i]] then
      local channel = prefix .. messages[i]
      channels[messages[i]] = channel
      if redis.acl_check_cmd and not redis.acl_check_cmd('PUBLISH', channel, '') then
        return redis.error_reply('NOPERM this user may not publish on the channel ' .. channel)
      end
    end
  end
end

local function numbers(id)
  local position, n = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(position), tonumber(n)
end

local function is_after(id, other)
  local position, n = numbers(id)
  local other_position, other_n = numbers(other)
  return position > other_position or (position == other_position and n > other_n)
end

local function is_same(fields, channel, data)
  return #fields == 6 and fields[1] == 'log' and fields[2] == identity
    and fields[3] == 'channel' and fields[4] == channel
    and fields[5] == 'data' and fields[6] == data
end

local function log_of(entry)
  local fields = entry[2]
  for i = 1, #fields, 2 do
    if fields[i] == 'log' then
      return fields[i + 1]
    end
  end
end

local function looked_at()
  local published = {}
  if redis.call('EXISTS', stream) == 0 then
    return published
  end
  local info = {}
  local answer = redis.call('XINFO', 'STREAM', stream)
  for i = 1, #answer, 2 do
    info[answer[i]] = answer[i + 1]
  end
  local first, newest, last = info['first-entry'], info['last-entry'], info['last-generated-id']
  local log = newest and log_of(newest)
  local name = plain(log) .. ':' .. last
  if newest and log ~= identity then
    return nil, name, log and 'log' or 'former'
  end
  if numbers(last) > committed + 1 then
    return nil, name, 'beyond', last
  end
  for i = 1, #messages, 3 do
    local id = messages[i]
    if is_after(id, last) then
      break
    end
    local held = redis.call('XRANGE', stream, id, id)[1]
    if held and not is_same(held[2], messages[i + 1], messages[i + 2])
      or not held and not (first and is_after(first[1], id)) then
      return nil, name, 'differs:' .. id
    end
    published[i] = true
  end
  return published
end

local published, name = {}, nil
if #messages > 0 then
  local answer = refused()
  if answer then
    return answer
  end
  local why, last
  published, name, why, last = looked_at()
  if last and last ~= confirmed then
    return {'beyond', last}
  end
  if name then
    if holding and holding ~= writer then
      return {'in use', identity}
    end
    aside, reason = name, why
    local count = 1
    while redis.call('EXISTS', stream .. ':' .. aside) == 1 do
      count = count + 1
      aside = name .. ':' .. count
    end
  end
end
redis.call('SET', claim, table.concat({identity, writer, aside, reason}, ' '), 'PX', claim_ms)
if name then
  redis.call('RENAMENX', stream, stream .. ':' .. aside)
  published = {}
end
local call, pcall, end_of_batch = redis.call, redis.pcall, #messages - 2
for i = 1, #messages, 3 do
  if not published[i] then
    local id, channel, data = messages[i], messages[i + 1], messages[i + 2]
    local answer = pcall('PUBLISH', channels[channel], data)
    if type(answer) == 'table' then
      return answer
    end
    if i < end_of_batch then
      call('XADD', stream, id, 'log', identity, 'channel', channel, 'data', data)
    else
      call('XADD', stream, 'MAXLEN', '~', longest, id,
           'log', identity, 'channel', channel, 'data', data)
    end
  end
end
return {'published', aside, reason, holding or '-'}
"""

RELEASE = """
local holder, holding = string.match(redis.call('GET', KEYS[1]) or '', '^(%S+) (%S+) ')
if holder == ARGV[1] and holding == ARGV[2] then
  redis.call('DEL', KEYS[1])
end
"""
