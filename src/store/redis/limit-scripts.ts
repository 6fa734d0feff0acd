import { redisScript } from '../../core/redis.ts';

/*
 * A key has one rule's cell as text, "time level previous", until the cell is as good as new. The functions are those of
 * `src/store/limits/`, with the same names, on the same whole numbers in doubles; a test holds them together.
 */
const cells = `
local at = redis.call('TIME')
local now = at[1] * 1000 + math.floor(at[2] / 1000)
local kept = redis.call('MGET', unpack(KEYS))

local function number(i)
  return tonumber(ARGV[i])
end

local function read(i)
  local text = kept[i] or ''
  local time, level, previous = string.match(text, '^(%d+) (%d+) (%d+)$')
  return { time = tonumber(time) or 0, level = tonumber(level) or 0, previous = tonumber(previous) or 0 }
end

local function ahead(rule)
  return rule.window - now % rule.window
end

local function full(rule)
  return rule.algorithm == 'gcra' and rule.burst * rule.window or rule.limit
end

local function advance(cell, rule, most)
  local level = math.min(cell.level, most)
  if rule.algorithm == 'gcra' then
    local drained = math.max(0, now - cell.time) * rule.limit
    cell.level = drained >= level and 0 or level - drained
    return
  end
  local passed = 0
  if now > cell.time then passed = math.floor(now / rule.window) - math.floor(cell.time / rule.window) end
  if passed == 0 then
    cell.previous = math.min(cell.previous, most)
    cell.level = level
  else
    cell.previous = passed == 1 and level or 0
    cell.level = 0
  end
  if rule.algorithm == 'fixed-window' then cell.previous = 0 end
end

local function fits(cell, rule, cost)
  if rule.algorithm == 'gcra' then return cell.level + cost * rule.window <= rule.burst * rule.window end
  if rule.algorithm == 'fixed-window' then return cell.level + cost <= rule.limit end
  return cell.previous * ahead(rule) + (cell.level + cost) * rule.window <= rule.limit * rule.window
end

local function add(cell, rule, cost, most)
  local units = rule.algorithm == 'gcra' and cost * rule.window or cost
  cell.level = math.max(cell.level, math.min(cell.level + units, most))
end

local function reset(cell, rule)
  if rule.algorithm == 'gcra' then return math.ceil(cell.level / rule.limit) end
  if rule.algorithm == 'sliding-window' and cell.level > 0 then return ahead(rule) + rule.window end
  if cell.level > 0 or cell.previous > 0 then return ahead(rule) end
  return 0
end

local function write(i, cell, rule)
  local text = string.format('%.0f %.0f %.0f', now, cell.level, cell.previous)
  redis.call('SET', KEYS[i], text, 'PX', string.format('%.0f', math.max(1, reset(cell, rule))))
end
`;

/**
 * Decides on one request under all its rules. A request that is refused writes nothing, so that a flood of them costs no more
 * than looking; but for a clock that was set back, from which time then counts.
 *
 * Arguments: effect, cost, and for each rule algorithm, limit, window, burst. Answer: whether it is allowed, the time in ms, and
 * for each rule level and previous level before anything was counted.
 */
export const decideScript = redisScript(
  'decide on limits',
  `${cells}
local effect, cost = ARGV[1], number(2)
local allowed, found = true, {}
for i = 1, #KEYS do
  local a = 3 + (i - 1) * 4
  local rule = { algorithm = ARGV[a], limit = number(a + 1), window = number(a + 2), burst = number(a + 3) }
  local cell = read(i)
  advance(cell, rule, full(rule))
  if not fits(cell, rule, cost) then allowed = false end
  found[i] = { cell = cell, rule = rule }
end
local counts = effect == 'charge' or (effect == 'take' and allowed)
local reply = { allowed and 1 or 0, now }
for i, each in ipairs(found) do
  local cell, rule = each.cell, each.rule
  reply[1 + i * 2] = cell.level
  reply[2 + i * 2] = cell.previous
  if counts then add(cell, rule, cost, full(rule)) end
  if counts or (effect == 'take' and now < cell.time) then write(i, cell, rule) end
end
return reply
`,
);

/**
 * Settles what a gateway has let pass by itself, also beyond the limits, and says how all gateways together stand.
 *
 * Arguments: units taken, units charged, and for each rule algorithm, limit, window, burst and the highest level. Answer: the time in
 * ms, and for each rule level and previous level.
 */
export const settleScript = redisScript(
  'settle limits',
  `${cells}
local taken, charged = number(1), number(2)
local reply = { now }
for i = 1, #KEYS do
  local a = 3 + (i - 1) * 5
  local rule = { algorithm = ARGV[a], limit = number(a + 1), window = number(a + 2), burst = number(a + 3) }
  local most = number(a + 4)
  local cell = read(i)
  advance(cell, rule, most)
  add(cell, rule, taken, most)
  add(cell, rule, charged, full(rule))
  if taken > 0 or charged > 0 then write(i, cell, rule) end
  reply[i * 2] = cell.level
  reply[1 + i * 2] = cell.previous
end
return reply
`,
);
