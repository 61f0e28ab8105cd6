"""A verifier written from docs/draw.md alone: the standard library, no word of the product."""

import gzip
import json
import sys
from base64 import b64decode, b64encode
from hashlib import sha256 as sha
from pathlib import Path


def verify(path: str) -> str:
    raw = Path(path).read_bytes()
    file = json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
    rules, secret, said = json.loads(file["announcement"]), bytes.fromhex(file["secret"]), file["list"]
    width, blob, districts = 17 + rules["wishes_max"], b64decode(said["records"]), range(len(rules["strata"]))
    assert file["commitment"] == sha(file["announcement"].encode() + secret).hexdigest(), "commitment"
    records = [blob[i : i + width] for i in range(0, len(blob), width)]
    wishes = [[w for w in r[17:] if w < 255] for r in records]
    assert (said["count"], records) == (len(records), sorted({r[:16]: r for r in records}.values())), "count, order"
    for r, w in zip(records, wishes, strict=True):
        assert 0 < len(set(w)) == len(w), "wishes"
        assert r[17:].startswith(bytes(w)) and max(w) < len(rules["categories"]), "wishes"  # noqa: PT018
    level = [sha(b"\0" + r).digest() for r in records] or [sha().digest()]
    while len(level) > 1:
        pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
        level = [sha(b"\1" + pair[0] + pair[1]).digest() if pair[1:] else pair[0] for pair in pairs]
    seed = sha(secret + level[0] + file["beacon"].encode()).digest()
    assert (said["hash"], file["seed"]) == (level[0].hex(), seed.hex()), "list hash, seed"
    lots, wins, quotas = [sha(seed + r[:16]).digest() for r in records], [], []
    for c, places in enumerate(category["places"] for category in rules["categories"]):
        turns = [(w.index(c), n) for n, w in enumerate(wishes) if c in w]
        queue = sorted((turn, lots[n][8 * turn : 8 * turn + 8], n, records[n][16]) for turn, n in turns)
        shares, total = [places * sum(q[3] == d for q in queue) for d in districts], len(queue) or 1
        quota = [share // total for share in shares]
        for d in sorted(districts, key=[-(share % total) for share in shares].__getitem__)[: places - sum(quota)]:
            quota[d] += 1 if queue else 0
        quotas.append(rules["quotas"][c] if rules["quotas"] else quota)
        left, won, lost = list(quotas[c]), [], []
        for turn, _, n, d in queue:
            left[d] -= 1
            (won if left[d] >= 0 else lost).append((n, turn, c))
        wins += won + lost[: places - len(won)]
    entries = b"".join(records[n][:16] + bytes([c]) for n, _, c in sorted(wins))
    winners = {"count": len(wins), "hash": sha(entries).hexdigest(), "entries": b64encode(entries).decode()}
    assert (file["quotas"], file["winners"]) == (quotas, winners), "quotas, winners"
    return winners["hash"]


if __name__ == "__main__":
    print(verify(sys.argv[1]))  # noqa: T201
