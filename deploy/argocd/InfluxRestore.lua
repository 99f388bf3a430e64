-- Health of an InfluxRestore for Argo CD, by its conditions, of which one is true: Ready, Reconciling or Stalled.
local function holding()
  for _, each in ipairs((obj.status or {}).conditions or {}) do
    if each.status == "True" then
      return each
    end
  end
end

local metadata = obj.metadata or {}
local now = holding()

if metadata.deletionTimestamp ~= nil then
  if now ~= nil and now.type == "Stalled" then
    return { status = "Degraded", message = now.message }
  end
  return { status = "Progressing", message = "being deleted" }
end
-- What is said of another generation is not said of this spec.
if now == nil or obj.status.observedGeneration ~= metadata.generation then
  return { status = "Progressing", message = "waiting for the operator" }
end
local health = { Ready = "Healthy", Reconciling = "Progressing", Stalled = "Degraded" }
return { status = health[now.type], message = now.message }
