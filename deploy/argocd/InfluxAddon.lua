-- Health of an InfluxAddon for Argo CD, by its conditions.
local function condition(type)
  for _, each in ipairs((obj.status or {}).conditions or {}) do
    if each.type == type then
      return each
    end
  end
  return {}
end

local function is(status, message)
  return { status = status, message = message or "" }
end

local metadata = obj.metadata or {}
local ready = condition("Ready")
local reconciling = condition("Reconciling")
local stalled = condition("Stalled")

-- Its deletion may wait for somebody, who has to hear of it.
if metadata.deletionTimestamp ~= nil then
  if stalled.status == "True" then
    return is("Degraded", stalled.message)
  end
  if ready.reason == "Deleting" then
    return is("Progressing", ready.message)
  end
  return is("Progressing", "being deleted")
end

if (metadata.annotations or {})["influxaddon.dev/paused"] == "true" then
  return is("Suspended", "influxaddon.dev/paused is set: nothing is changed or repaired until it is removed")
end

-- What is said of another generation is not said of this spec.
if ready.status == nil or (obj.status or {}).observedGeneration ~= metadata.generation then
  return is("Progressing", "waiting for the operator")
end

if stalled.status == "True" then
  return is("Degraded", stalled.message)
end
if ready.reason == "Degraded" or ready.reason == "Unschedulable" then
  return is("Degraded", ready.message)
end
if reconciling.status == "True" then
  return is("Progressing", reconciling.message)
end
if ready.reason == "Stopped" and ready.status == "True" then
  return is("Suspended", ready.message)
end
if ready.status ~= "True" then
  return is("Progressing", ready.message)
end

-- The database is as it should be. What is wrong beside it is told, and holds up no later wave of a sync: an app that
-- comes in one is missing until then.
local message = ready.message
local bad = {
  AppsCurrent = "False",
  BackupsHealthy = "False",
  StorageFilling = "True",
  CardinalityHigh = "True",
  MemoryExhausted = "True",
}
for _, each in ipairs(obj.status.conditions) do
  if bad[each.type] == each.status then
    message = message .. "; " .. each.type .. " is " .. each.status .. ": " .. each.message
  end
end
return is("Healthy", message)
