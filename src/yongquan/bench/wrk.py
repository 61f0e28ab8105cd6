"""The external load generator, wrk, and what it says."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from yongquan.kernel.errors import BadInput

_UNIT_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True, slots=True)
class Load:
    """One run: answers a second, latency in milliseconds, how many answers were 2xx and not."""

    per_s: float
    p50_ms: float
    p99_ms: float
    accepted: int
    refused: int


def require_wrk() -> str:
    """The path of wrk. Raises `BadInput` naming the package."""
    found = shutil.which("wrk")
    if found is None:
        raise BadInput("this benchmark needs the load generator wrk: install the Debian package wrk")
    return found


def run_wrk(url: str, script: Path, *, connections: int, seconds: int) -> Load:
    """Drive one server with one wrk thread. Raises `BadInput` if wrk cannot be understood."""
    said = subprocess.run(  # noqa: S603
        [
            *(require_wrk(), "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "30s"),
            *("-s", str(script), url),
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    total = re.search(r"(\d+) requests in ([\d.]+)(m?s)", said)
    if total is None:
        raise BadInput(f"wrk said something else:\n{said}")
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    bad = int(refused.group(1)) if refused else 0
    per_s = re.search(r"Requests/sec:\s*([\d.]+)", said)
    return Load(
        per_s=float(per_s.group(1)) if per_s else 0.0,
        p50_ms=_percentile(said, "50%"),
        p99_ms=_percentile(said, "99%"),
        accepted=int(total.group(1)) - bad,
        refused=bad,
    )


def write_script(file: Path, *, path: str, tokens: Path) -> None:
    """A wrk script that posts to `path`, each request with the next line of `tokens` and a key of its own.

    The run must end before the last token.
    """
    file.write_text(
        f"""
local tokens, i = {{}}, 0
function init(args)
  for line in io.lines("{tokens}") do tokens[#tokens + 1] = line end
  -- A run lasts seconds: the generator's own collector, walking all tokens, would show as the server's latency.
  collectgarbage("stop")
end
function request()
  i = i + 1
  local token = tokens[i] or error("more requests than citizens")
  return wrk.format("POST", "{path}", {{["Authorization"] = "Bearer " .. token,
    ["Idempotency-Key"] = "{file.stem}-" .. i, ["Content-Type"] = "application/json"}}, "{{}}")
end
"""
    )


def write_payments_script(file: Path, *, orders: Path, amount_fen: int) -> None:
    """A wrk script that posts payments: each takes the next line (token, instrument, store) of `orders`.

    The run must end before the last line.
    """
    file.write_text(
        f"""
local orders, i = {{}}, 0
function init(args)
  for line in io.lines("{orders}") do orders[#orders + 1] = line end
  collectgarbage("stop")
end
function request()
  i = i + 1
  local order = orders[i] or error("more requests than citizens")
  local token, instrument, store = order:match("(%S+) (%S+) (%S+)")
  return wrk.format("POST", "/v1/payments", {{["Authorization"] = "Bearer " .. token,
    ["Idempotency-Key"] = "{file.stem}-" .. i, ["Content-Type"] = "application/json"}},
    '{{"store_id":"' .. store .. '","instrument_id":"' .. instrument ..
    '","amount_fen":{amount_fen},"vouchers":"best"}}')
end
"""
    )


def write_signed_script(file: Path, *, path: str, requests: Path) -> None:
    """A wrk script that posts to `path` the next line of `requests`: headers as a JSON object of texts, tab, body.

    The run must end before the last line.
    """
    file.write_text(
        f"""
local requests, i = {{}}, 0
function init(args)
  for line in io.lines("{requests}") do requests[#requests + 1] = line end
  collectgarbage("stop")
end
function request()
  i = i + 1
  local said, body = (requests[i] or error("more requests than were prepared")):match("([^\\t]*)\\t(.*)")
  local headers = {{}}
  for name, value in said:gmatch('"([%w-]+)": "(.-[^\\\\])"') do headers[name] = value:gsub('\\\\"', '"') end
  return wrk.format("POST", "{path}", headers, body)
end
"""
    )


def _percentile(said: str, name: str) -> float:
    found = re.search(rf"{name}\s+([\d.]+)(us|ms|s)", said)
    return float(found.group(1)) * _UNIT_MS[found.group(2)] if found else 0.0
