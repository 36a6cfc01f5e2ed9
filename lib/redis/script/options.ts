/**
 * Options that were changed at run time, by path, each a pair: the generation of its
 * change, and JSON that is never read here. So nothing can get lost between the
 * tables of Lua, which are lists and objects in one, and its numbers.
 */
export const OPTIONS = `
local function isUnder(path, whole)
  return string.sub(path, 1, #whole + 1) == whole .. '.'
end

-- Whether the whole that an option is a part of was set later than it.
local function hasEnded(options, path, gen)
  for whole, option in pairs(options) do
    if option[1] > gen and isUnder(path, whole) then return true end
  end
end

local function keep(c, options)
  for path, option in pairs(options) do
    if hasEnded(options, path, option[1]) then options[path] = nil end
  end
  c.config = cjson.encode(options)
end

-- Lays a change over the others: a window of another type replaces the whole window.
local function change(c, report)
  local options = cjson.decode(c.config)
  local gen = nextGeneration(c.configGen)
  local kind, before = report.change['window.type'], options['window.type']
  if kind and kind ~= (before and before[2] or '"count"') then options['window'] = { gen, '{}' } end
  for path, json in pairs(report.change) do options[path] = { gen, json } end
  c.configGen = gen
  keep(c, options)
end

-- What an instance knows and the store has lost: of each option the later change holds.
local function recall(c, report)
  local options, isNews = cjson.decode(c.config), false
  for path, option in pairs(report.view.config) do
    local known = options[path]
    if not (known and known[1] >= option[1] or hasEnded(options, path, option[1])) then
      options[path], isNews = option, true
    end
  end
  if not isNews and c.configGen >= report.configGen then return end
  c.configGen = nextGeneration(math.max(c.configGen, report.configGen))
  keep(c, options)
end
`;
