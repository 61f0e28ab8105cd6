"""Merkle trees as RFC 6962 section 2 defines them: heads, audit paths, consistency proofs. Pure.

Sizes count leaves, indexes start at 0, hashes are 32 bytes of SHA-256. The checks follow RFC 9162 section 2.1.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

EMPTY_ROOT = hashlib.sha256().digest()


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry: the prefix 0x00 keeps a leaf from passing as a node."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees, after the prefix 0x01."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Peaks:
    """A tree that only grows, known by the roots of its full subtrees, the largest first."""

    size: int = 0
    roots: tuple[bytes, ...] = ()

    def grown(self, leaves: Iterable[bytes]) -> "Peaks":
        """The tree with these leaf hashes added at its end."""
        size, roots = self.size, list(self.roots)
        for leaf in leaves:
            full = leaf
            merges = size
            while merges & 1:
                full = node_hash(roots.pop(), full)
                merges >>= 1
            roots.append(full)
            size += 1
        return Peaks(size, tuple(roots))

    @property
    def root(self) -> bytes:
        """The tree's head, the Merkle Tree Hash of all leaves."""
        if not self.roots:
            return EMPTY_ROOT
        *rest, head = self.roots
        for peak in reversed(rest):
            head = node_hash(peak, head)
        return head


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The Merkle Tree Hash of these leaf hashes."""
    return Peaks().grown(leaves).root


def inclusion_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes that lead from leaf `index` to the root, nearest first."""
    if not 0 <= index < len(leaves):
        raise ValueError(f"leaf {index} is not in a tree of {len(leaves)}")
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion_path(leaves[:split], index), root_of(leaves[split:])]
    return [*inclusion_path(leaves[split:], index - split), root_of(leaves[:split])]


def consistency_path(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """The hashes that show the first `old_size` leaves to be a prefix of all of them."""
    if not 0 < old_size <= len(leaves):
        raise ValueError(f"a tree of {old_size} is not a beginning of a tree of {len(leaves)}")
    return _consistency(leaves, old_size, known=True)


def verify_inclusion(leaf: bytes, *, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `leaf` is at `index` of the tree of `size` leaves with this root (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, head = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if node & 1 or node == last:
            head = node_hash(step, head)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            head = node_hash(head, step)
        node, last = node >> 1, last >> 1
    return last == 0 and head == root


def verify_consistency(
    *, old_size: int, old_root: bytes, new_size: int, new_root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether the new tree only added leaves to the old one (RFC 9162 section 2.1.4.2); old_size is 1 or more."""
    if not 0 < old_size <= new_size:
        return False
    if old_size == new_size:
        return not path and old_root == new_root
    steps = [old_root, *path] if old_size & (old_size - 1) == 0 else list(path)
    if not steps:
        return False
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_head = new_head = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old_head, new_head = node_hash(step, old_head), node_hash(step, new_head)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            new_head = node_hash(new_head, step)
        node, last = node >> 1, last >> 1
    return last == 0 and old_head == old_root and new_head == new_root


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def _consistency(leaves: Sequence[bytes], old_size: int, *, known: bool) -> list[bytes]:
    # `known`: the old root itself is this subtree's root, so the verifier has it already.
    if old_size == len(leaves):
        return [] if known else [root_of(leaves)]
    split = _split(len(leaves))
    if old_size <= split:
        return [*_consistency(leaves[:split], old_size, known=known), root_of(leaves[split:])]
    return [*_consistency(leaves[split:], old_size - split, known=False), root_of(leaves[:split])]
