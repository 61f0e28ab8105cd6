"""A draw is fair by its rules, and anyone can compute it again; every change is seen and named."""

import json
import subprocess
import sys
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from draw_verifier import verify as verify_independently
from draw_world import plan_of, world
from hypothesis import given, settings
from hypothesis import strategies as st

from yongquan.kernel.errors import BadInput
from yongquan.plumbing.merkle import leaf_hash, root_of, verify_inclusion
from yongquan.vouchers.draw_file import ENTRY_BYTES, read_draw_file
from yongquan.vouchers.draw_list import NO_WISH, PSEUDONYM_BYTES, Pseudonyms, tree_of
from yongquan.vouchers.draw_plan import announcement_of, read_announcement, share_out
from yongquan.vouchers.draw_verification import Published, verify

Document = dict[str, Any]


def verdict_of(document: Document, **published: str) -> str | None:
    return verify(read_draw_file(json.dumps(document).encode()), published=Published(**published)).difference


def records_of(document: Document) -> list[bytes]:
    blob = b64decode(document["list"]["records"])
    return [blob[n : n + 20] for n in range(0, len(blob), 20)]


def with_records(document: Document, records: list[bytes], *, root: bool = True) -> Document:
    """The document with another list, its count and (if wanted) its hash put right."""
    listed = document["list"] | {"count": len(records), "records": b64encode(b"".join(records)).decode()}
    if root:
        listed["hash"] = root_of([leaf_hash(r) for r in records]).hex()
    return document | {"list": listed}


@pytest.mark.parametrize("count", [0, 1, 2, 3, 37, 300])
def test_an_untouched_file_holds_for_us_and_for_an_outsider(count: int, tmp_path: Path) -> None:
    document = json.loads(world(count).content)
    path = tmp_path / "result.json"
    path.write_text(json.dumps(document))

    assert verdict_of(document) is None
    assert verify_independently(str(path)) == document["winners"]["hash"]


@settings(max_examples=40, deadline=None)
@given(
    places=st.lists(st.integers(0, 60), min_size=1, max_size=5),
    count=st.integers(0, 120),
    wishes_max=st.integers(1, 4),
    configured=st.booleans(),
)
def test_the_outsider_agrees_on_any_rules(
    places: list[int], count: int, wishes_max: int, configured: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    quotas = tuple((n // 2, n - n // 2 - n // 3, n // 3) for n in places) if configured else None
    if quotas and any(min(row) < 0 for row in quotas):
        quotas = None
    path = tmp_path_factory.mktemp("draw") / "result.json"
    path.write_bytes(world(count, plan_of(places, quotas=quotas, wishes_max=wishes_max)).content)

    ours = verify(read_draw_file(path.read_bytes()))

    assert ours.difference is None
    assert ours.winners_hash == verify_independently(str(path))


def test_nobody_wins_a_category_twice_and_no_place_is_lost() -> None:
    made = world(300)
    entries = b64decode(json.loads(made.content)["winners"]["entries"])

    won = [entries[n : n + ENTRY_BYTES] for n in range(0, len(entries), ENTRY_BYTES)]
    assert len(set(won)) == len(won)
    assert Counter(e[16] for e in won) == {n: c.places for n, c in enumerate(made.plan.categories)}


def test_a_districts_places_go_to_first_wishes_first() -> None:
    made = world(300)
    table, drawn = made.listed.table, made.drawn

    for turn in (1, 2):
        winners = np.nonzero(drawn.won[:, turn])[0]
        for record in winners:
            queue = (table[:, 16] == table[record, 16]) & (table[:, 17] == table[record, 17 + turn])
            assert drawn.won[queue, 0].all()


def test_places_a_district_cannot_fill_go_to_the_others() -> None:
    made = world(60, plan_of((30, 0, 0), quotas=((30, 0, 0), (0, 0, 0), (0, 0, 0))))
    table = made.listed.table

    wishing = (table[:, 17:] == 0).any(axis=1)
    assert wishing.sum() > 30 > (wishing & (table[:, 16] == 0)).sum()
    assert made.drawn.won.sum() == 30


def test_shares_add_up_and_equal_remainders_go_to_the_earlier() -> None:
    assert share_out(10, [1, 1, 1]) == [4, 3, 3]
    assert share_out(7, [0, 5, 2]) == [0, 5, 2]
    assert share_out(7, [0, 0]) == [0, 0]


def test_every_secret_draws_others() -> None:
    assert len({json.loads(world(200, secret=bytes([n] * 32)).content)["winners"]["hash"] for n in range(20)}) == 20


def test_everybody_of_a_district_with_the_same_wishes_has_the_same_chance() -> None:
    wins = np.zeros(120)
    for n in range(200):
        wins += world(120, plan_of((20,), wishes_max=1), beacon=f"beacon {n}").drawn.won[:, 0]
    table = world(120, plan_of((20,), wishes_max=1)).listed.table

    for stratum in range(3):
        rates = wins[table[:, 16] == stratum] / 200
        assert rates.std() < 2 * np.sqrt(rates.mean() * (1 - rates.mean()) / 200)


def test_the_own_record_is_found_by_a_receipt_and_proved_by_a_path() -> None:
    made = world(301)
    tree = tree_of(made.listed)

    for index in (0, 150, 299, 300):
        leaf = leaf_hash(made.listed.record(index))
        assert verify_inclusion(leaf, index=index, size=301, path=tree.path(index), root=tree.root)
    assert tree.root == root_of([leaf_hash(made.listed.record(n)) for n in range(301)])


def test_a_pseudonym_needs_the_draws_key() -> None:
    plan = plan_of()
    citizen = "00000000-0000-8000-8000-000000000001"

    names = {Pseudonyms(plan.draw_id, bytes([n] * 32)).of(citizen) for n in range(3)}

    assert len(names) == 3
    assert all(len(name) == PSEUDONYM_BYTES for name in names)


def _drop_a_registrant(document: Document) -> Document:
    return with_records(document, records_of(document)[1:])


def _add_a_registrant(document: Document) -> Document:
    return with_records(document, [*records_of(document), b"\xff" * 16 + bytes([0, 0, 255, 255])])


def _move_a_registrant(document: Document) -> Document:
    records = records_of(document)
    records[7] = records[7][:16] + bytes([(records[7][16] + 1) % 3]) + records[7][17:]
    return with_records(document, records)


def _swap_two(document: Document) -> Document:
    records = records_of(document)
    records[3], records[4] = records[4], records[3]
    return with_records(document, records)


def _repeat_one(document: Document) -> Document:
    records = records_of(document)
    return with_records(document, [*records[:5], records[4], *records[5:]])


def _wish_twice(document: Document) -> Document:
    records = records_of(document)
    records[2] = records[2][:17] + bytes([1, 1, 255])
    return with_records(document, records)


def _skip_a_wish(document: Document) -> Document:
    records = records_of(document)
    records[2] = records[2][:17] + bytes([NO_WISH, 1, 255])
    return with_records(document, records)


def _unknown_district(document: Document) -> Document:
    records = records_of(document)
    records[9] = records[9][:16] + b"\x03" + records[9][17:]
    return with_records(document, records)


def _list_without_its_hash(document: Document) -> Document:
    records = records_of(document)
    records[7] = records[7][:16] + bytes([(records[7][16] + 1) % 3]) + records[7][17:]
    return with_records(document, records, root=False)


def _other_winner(document: Document) -> Document:
    entries = bytearray(b64decode(document["winners"]["entries"]))
    entries[17 * 5 + 16] = (entries[17 * 5 + 16] + 1) % 3
    return document | {"winners": document["winners"] | {"entries": b64encode(entries).decode()}}


def _one_winner_less(document: Document) -> Document:
    entries = b64decode(document["winners"]["entries"])[:-17]
    return document | {"winners": document["winners"] | {"entries": b64encode(entries).decode()}}


def _winners_swapped(document: Document) -> Document:
    entries = b64decode(document["winners"]["entries"])
    swapped = entries[17:34] + entries[:17] + entries[34:]
    return document | {"winners": document["winners"] | {"entries": b64encode(swapped).decode()}}


def _other_quota(document: Document) -> Document:
    rows = [list(row) for row in document["quotas"]]
    rows[1][0], rows[1][2] = rows[1][0] + 1, rows[1][2] - 1
    return document | {"quotas": rows}


def _other_places(document: Document) -> Document:
    return document | {"announcement": document["announcement"].replace('"places":40', '"places":41')}


def _other_beacon_time(document: Document) -> Document:
    return document | {"announcement": document["announcement"].replace("13:30:00Z", "13:31:00Z")}


def _field(name: str, value: object) -> Callable[[Document], Document]:
    return lambda document: document | {name: value}


def _part(name: str, field: str, value: object) -> Callable[[Document], Document]:
    return lambda document: document | {name: document[name] | {field: value}}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_drop_a_registrant, "seed: "),
        (_add_a_registrant, "seed: "),
        (_move_a_registrant, "seed: "),
        (_swap_two, "list.records: record 4 does not come after record 3"),
        (_repeat_one, "list.records: record 5 does not come after record 4"),
        (_wish_twice, "list.records: record 2 has wishes that the rules do not allow"),
        (_skip_a_wish, "list.records: record 2 has wishes that the rules do not allow"),
        (_unknown_district, "list.records: record 9 names an unknown district"),
        (_list_without_its_hash, "list.hash: "),
        (_other_winner, "winners: entry 5: the file says "),
        (_one_winner_less, "winners: entry 94: the file says nothing"),
        (_winners_swapped, "winners: entry 0: "),
        (_other_quota, "quotas: c1 in 330203: "),
        (_other_places, "commitment: "),
        (_other_beacon_time, "commitment: "),
        (_field("beacon", "03 08 14 21 27 33 + 10"), "seed: "),
        (_field("secret", "ab" * 32), "commitment: "),
        (_field("commitment", "ab" * 32), "commitment: "),
        (_field("seed", "ab" * 32), "seed: "),
        (_field("quotas", [[1]]), "quotas: not a row"),
        (_part("list", "count", 299), "list.count: "),
        (_part("winners", "count", 94), "winners.count: "),
        (_part("winners", "hash", "ab" * 32), "winners.hash: "),
    ],
)
def test_a_change_is_seen_and_the_first_difference_is_named(
    change: Callable[[Document], Document], named: str, tmp_path: Path
) -> None:
    document = change(json.loads(world(300).content))
    path = tmp_path / "tampered.json"
    path.write_text(json.dumps(document))

    difference = verdict_of(document)

    assert difference is not None
    assert difference.startswith(named)
    if not named.startswith(("list.records: record 9", "winners.count")):
        with pytest.raises((AssertionError, IndexError)):
            verify_independently(str(path))


def test_a_file_drawn_anew_is_unlike_what_was_published() -> None:
    before = json.loads(world(300).content)
    anew = json.loads(world(300, secret=b"\x07" * 32).content)

    assert verdict_of(anew) is None
    assert str(verdict_of(anew, commitment=before["commitment"])).startswith("commitment: ")
    other_list = json.loads(world(299).content)
    assert str(verdict_of(other_list, list_hash=before["list"]["hash"])).startswith("list.hash: ")
    assert str(verdict_of(anew, beacon="another")).startswith("beacon: ")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_field("format", "yongquan-draw-9"), "format: "),
        (_field("secret", "xyz"), "secret: "),
        (_field("announcement", "{}"), "announcement: "),
        (_field("quotas", "none"), "quotas"),
        (_part("list", "records", "###"), "list.records: "),
        (_part("winners", "entries", "AAAA"), "winners.entries: "),
    ],
)
def test_a_file_that_is_no_result_is_bad_input(change: Callable[[Document], Document], named: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_draw_file(json.dumps(change(json.loads(world(20).content))).encode())

    assert named in str(refused.value)


@pytest.mark.parametrize(
    "plan",
    [
        plan_of((5, 5, 5), wishes_max=0),
        plan_of((5, 5, 5), wishes_max=5),
        plan_of(()),
        plan_of((5, -1, 5)),
        plan_of((5, 5, 5), quotas=((5, 0, 0), (5, 0, 0), (4, 0, 0))),
        plan_of((5, 5, 5), quotas=((5, 0, 0),)),
    ],
)
def test_rules_that_contradict_each_other_are_not_announced(plan: Any) -> None:
    with pytest.raises(BadInput):
        announcement_of(plan)


def test_an_announcement_reads_back_as_it_was() -> None:
    assert read_announcement(announcement_of(plan_of())) == plan_of()


@pytest.mark.parametrize("zipped", [False, True])
def test_the_command_says_the_hash_the_difference_or_what_is_wrong(tmp_path: Path, zipped: bool) -> None:
    import gzip

    content = world(50).content
    good, bad, none = (tmp_path / name for name in ("good.json", "bad.json", "none.json"))
    good.write_bytes(gzip.compress(content) if zipped else content)
    bad.write_text(json.dumps(json.loads(content) | {"beacon": "another"}))
    none.write_text("[]")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "yongquan", "draw", "verify", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    told = run(str(good))
    assert (told.returncode, told.stdout.strip()) == (0, json.loads(content)["winners"]["hash"])
    document = json.loads(run(str(good), "--json").stdout)
    assert document["verified"] is True
    tampered = run(str(bad))
    assert (tampered.returncode, tampered.stdout.split(":")[0]) == (1, "seed")
    refused = run(str(none))
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
