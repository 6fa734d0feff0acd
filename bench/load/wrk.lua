-- Sends one kind of request over and over, and ends with what happened as one line of JSON.
-- Arguments: the method, the octets of the body (0 is none), and `new` for a new connection each.
function init(args)
  local size = tonumber(args[2])
  wrk.method = args[1]
  if size > 0 then
    wrk.headers["Content-Type"] = "application/json"
    wrk.body = '{"text":"' .. string.rep("x", size - 11) .. '"}'
  end
  if args[3] == "new" then wrk.headers["Connection"] = "close" end
end

function done(summary, latency)
  local e = summary.errors
  print(string.format(
    '\n{"requests":%d,"bytes":%d,"seconds":%f,"errors":%d,"p50":%f,"p99":%f,"p999":%f}',
    summary.requests, summary.bytes, summary.duration / 1e6,
    e.connect + e.read + e.write + e.timeout + e.status,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency:percentile(99.9) / 1e3))
end
