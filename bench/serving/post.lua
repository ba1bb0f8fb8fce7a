-- wrk: the body in $BODY, its headers in $HEADERS (Name=value, joined by '|'); prints figures as one line of JSON.
local file = assert(io.open(os.getenv("BODY"), "rb"))
wrk.method = "POST"
wrk.body = file:read("*a")
for name, value in string.gmatch(os.getenv("HEADERS") or "", "([^=|]+)=([^|]+)") do wrk.headers[name] = value end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('{"per_second": %.1f, "p50_us": %.1f, "p99_us": %.1f, "failed": %d}\n',
    summary.requests / (summary.duration / 1e6), latency:percentile(50), latency:percentile(99),
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
