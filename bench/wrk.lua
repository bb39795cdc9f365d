-- Sends the requests that bench/saturate.py rendered (one a line: a JSON body), in turn, each with an id of its own.
local prepared, turn = {}, 0

function init(args)
  wrk.method = "POST"
  for line in io.lines(args[1]) do
    local name, value = line:match("^# ([^:]+): (.*)$")
    if name then
      wrk.headers[name] = value
    else
      prepared[#prepared + 1] = wrk.format(nil, nil, nil, line)
    end
  end
end

function request()
  turn = turn % #prepared + 1
  return prepared[turn]
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    "\nBENCH %d %d %d %d %d %d\n", summary.requests, summary.duration, summary.bytes, e.status,
    e.connect + e.read + e.write, e.timeout))
end
