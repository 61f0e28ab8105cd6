"""A verifier written from docs/draw.md alone: the standard library, no word of the product."""

import gzip
import hashlib
import json
import sys
from base64 import b64decode


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def verify(path: str) -> str:
    raw = open(path, "rb").read()  # noqa: PTH123, SIM115
    file = json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
    rules = json.loads(file["announcement"])
    k, strata, categories = rules["wishes_max"], rules["strata"], rules["categories"]
    secret = bytes.fromhex(file["secret"])
    assert file["commitment"] == sha(file["announcement"].encode(), secret).hex(), "commitment"
    blob = b64decode(file["list"]["records"])
    records = [blob[i : i + 17 + k] for i in range(0, len(blob), 17 + k)]
    assert file["list"]["count"] == len(records), "count"
    assert all(a[:16] < b[:16] for a, b in zip(records, records[1:])), "order"  # noqa: B905, RUF007
    level = [sha(b"\0", r) for r in records] or [sha()]
    while len(level) > 1:
        level = [sha(b"\1", *level[i : i + 2]) if i + 1 < len(level) else level[i] for i in range(0, len(level), 2)]
    assert file["list"]["hash"] == level[0].hex(), "list hash"
    seed = sha(secret, level[0], file["beacon"].encode())
    assert file["seed"] == seed.hex(), "seed"
    queues: list[list[tuple[int, bytes, int, int]]] = [[] for _ in categories]
    for n, r in enumerate(records):
        wishes = [w for w in r[17:] if w != 255]
        assert 0 < len(set(wishes)) == len(wishes), "wishes"
        assert wishes == list(r[17 : 17 + len(wishes)]), "gaps"
        lots = sha(seed, r[:16])
        for turn, wish in enumerate(wishes):
            queues[wish].append((turn, lots[8 * turn : 8 * turn + 8], n, r[16]))
    quotas, wins = [], []
    for c, queue in enumerate(queues):
        counts = [sum(1 for q in queue if q[3] == s) for s in range(len(strata))]
        places, total = categories[c]["places"], len(queue) or 1
        quota = [places * x // total for x in counts]
        rest = sorted(range(len(strata)), key=lambda s: (-(places * counts[s] % total), s))
        for s in rest[: places - sum(quota)] if queue else []:
            quota[s] += 1
        quotas.append(rules["quotas"][c] if rules["quotas"] else quota)
        left, losers = list(quotas[c]), []
        for q in sorted(queue):
            left[q[3]] -= 1
            (wins if left[q[3]] >= 0 else losers).append((q[2], q[0], c))
        won = sum(1 for w in wins if w[2] == c)
        wins += losers[: places - won]
    assert file["quotas"] == quotas, "quotas"
    entries = b"".join(records[n][:16] + bytes([c]) for n, _, c in sorted(wins))
    assert b64decode(file["winners"]["entries"]) == entries, "winners"
    assert file["winners"]["hash"] == hashlib.sha256(entries).hexdigest(), "winners' hash"
    return str(file["winners"]["hash"])


if __name__ == "__main__":
    print(verify(sys.argv[1]))  # noqa: T201
