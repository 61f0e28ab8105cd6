"""Merkle trees against the definitions of RFC 6962 section 2.1, written out as they stand there."""

import hashlib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from yongquan.plumbing.merkle import (
    Peaks,
    consistency_path,
    inclusion_path,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

entries = st.lists(st.binary(max_size=8), min_size=1, max_size=40)


def mth(d: list[bytes]) -> bytes:
    """Section 2.1: the Merkle Tree Hash of a list of entries."""
    if not d:
        return hashlib.sha256(b"").digest()
    if len(d) == 1:
        return hashlib.sha256(b"\x00" + d[0]).digest()
    k = 1
    while k * 2 < len(d):
        k *= 2
    return hashlib.sha256(b"\x01" + mth(d[:k]) + mth(d[k:])).digest()


@given(st.lists(st.binary(max_size=8), max_size=40))
def test_root_is_the_merkle_tree_hash(d: list[bytes]) -> None:
    assert root_of([leaf_hash(entry) for entry in d]) == mth(d)


@given(entries, st.integers(0, 40))
def test_a_tree_grown_in_two_steps_has_the_same_root(d: list[bytes], cut: int) -> None:
    leaves = [leaf_hash(entry) for entry in d]

    peaks = Peaks().grown(leaves[:cut]).grown(leaves[cut:])

    assert peaks.root == mth(d)
    assert peaks.size == len(d)


def test_paths_are_those_of_the_rfc_example() -> None:
    # Section 2.1.3: the tree of seven leaves d0..d6 with nodes a..l.
    d = [bytes([n]) for n in range(7)]
    a, b, c, d3, e, f, j = (leaf_hash(entry) for entry in d)
    g, h, i = node_hash(a, b), node_hash(c, d3), node_hash(e, f)
    k, last = node_hash(g, h), node_hash(i, j)
    leaves = [a, b, c, d3, e, f, j]

    assert inclusion_path(leaves, 0) == [b, h, last]
    assert inclusion_path(leaves, 3) == [c, g, last]
    assert inclusion_path(leaves, 4) == [f, j, k]
    assert inclusion_path(leaves, 6) == [i, k]
    assert consistency_path(leaves, 3) == [c, d3, g, last]
    assert consistency_path(leaves, 4) == [last]
    assert consistency_path(leaves, 6) == [i, j, k]


@given(entries, st.data())
def test_every_leaf_is_proved_at_its_own_place_only(d: list[bytes], data: st.DataObject) -> None:
    leaves = [leaf_hash(entry) for entry in d]
    index = data.draw(st.integers(0, len(d) - 1))
    other = data.draw(st.integers(0, len(d) - 1))
    path = inclusion_path(leaves, index)

    assert verify_inclusion(leaves[index], index=index, size=len(d), path=path, root=mth(d))
    if leaves[other] != leaves[index]:
        assert not verify_inclusion(leaves[index], index=other, size=len(d), path=path, root=mth(d))
    assert not verify_inclusion(leaf_hash(b"forged!!!"), index=index, size=len(d), path=path, root=mth(d))
    assert not verify_inclusion(leaves[index], index=index, size=len(d), path=[*path, mth(d)], root=mth(d))


@given(entries, st.data())
def test_a_grown_tree_is_consistent_with_each_of_its_beginnings(d: list[bytes], data: st.DataObject) -> None:
    leaves = [leaf_hash(entry) for entry in d]
    old = data.draw(st.integers(1, len(d)))
    path = consistency_path(leaves, old)

    assert verify_consistency(old_size=old, old_root=mth(d[:old]), new_size=len(d), new_root=mth(d), path=path)


@given(entries, st.data())
def test_a_rewritten_beginning_is_not_consistent(d: list[bytes], data: st.DataObject) -> None:
    old = data.draw(st.integers(1, len(d)))
    changed = data.draw(st.integers(0, old - 1))
    rewritten = [*d[:changed], d[changed] + b"!", *d[changed + 1 :]]
    assume(mth(d[:old]) != mth(rewritten[:old]))
    path = consistency_path([leaf_hash(entry) for entry in rewritten], old)

    assert not verify_consistency(
        old_size=old, old_root=mth(d[:old]), new_size=len(d), new_root=mth(rewritten), path=path
    )


def test_a_leaf_outside_the_tree_has_no_path() -> None:
    with pytest.raises(ValueError, match="leaf 2 is not in a tree of 2"):
        inclusion_path([leaf_hash(b"a"), leaf_hash(b"b")], 2)
