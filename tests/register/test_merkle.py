"""The tree over the ledger: the reference vectors, the RFC's own recursion beside ours, and forged proofs.

The vectors are those that implementations of Certificate Transparency are tested with (``merkletree_test``):
eight entries, the root of every size, and chosen audit paths and consistency proofs.
"""

from __future__ import annotations

import random
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fallow.errors import FallowError
from fallow.register import (
    SignedTree,
    TreeHead,
    verify_consistency,
    verify_inclusion,
    verify_tree,
)
from fallow.register.merkle import Tree, leaf_hash, node_hash
from fixtures_register import Days, accepted, make, reopen, says

ENTRIES = [
    bytes.fromhex(one)
    for one in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
PATHS = {  # (index, size): audit path
    (0, 1): (),
    (0, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (5, 8): (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 3): ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",),
    (1, 5): (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}
PROOFS = {  # (old, new): consistency proof
    (1, 1): (),
    (1, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (6, 8): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 5): (
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}


def slow_root(entries: list[bytes]) -> bytes:
    """MTH(D[n]) as RFC 9162, 2.1.1 writes it."""
    if not entries:
        return sha256().digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = 1
    while 2 * k < len(entries):
        k *= 2
    return sha256(b"\x01" + slow_root(entries[:k]) + slow_root(entries[k:])).digest()


def slow_path(m: int, entries: list[bytes]) -> list[bytes]:
    """PATH(m, D[n]) as RFC 9162, 2.1.3.1 writes it."""
    if len(entries) == 1:
        return []
    k = 1
    while 2 * k < len(entries):
        k *= 2
    if m < k:
        return [*slow_path(m, entries[:k]), slow_root(entries[k:])]
    return [*slow_path(m - k, entries[k:]), slow_root(entries[:k])]


def slow_proof(m: int, entries: list[bytes], whole: bool = True) -> list[bytes]:
    """SUBPROOF(m, D[n], b) as RFC 9162, 2.1.4.1 writes it."""
    if m == len(entries):
        return [] if whole else [slow_root(entries)]
    k = 1
    while 2 * k < len(entries):
        k *= 2
    if m <= k:
        return [*slow_proof(m, entries[:k], whole), slow_root(entries[k:])]
    return [*slow_proof(m - k, entries[k:], False), slow_root(entries[:k])]


def hexes(hashes: list[bytes]) -> tuple[str, ...]:
    return tuple(one.hex() for one in hashes)


def test_the_reference_vectors() -> None:
    tree = Tree(ENTRIES)
    assert [tree.root(size).hex() for size in range(9)] == list(ROOTS)
    assert {key: hexes(tree.inclusion(*key)) for key in PATHS} == PATHS
    assert {key: hexes(tree.consistency(*key)) for key in PROOFS} == PROOFS


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=70), st.data())
def test_it_is_the_recursion_of_the_rfc_however_it_grew(entries: list[bytes], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(entries)))
    tree = Tree(entries[:cut])
    tree.extend(entries[cut:])
    size = data.draw(st.integers(0, len(entries)))
    assert tree.root(size) == slow_root(entries[:size])
    if not size:
        return
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    path, proof = tree.inclusion(index, size), tree.consistency(old, size)
    assert path == slow_path(index, entries[:size])
    assert proof == slow_proof(old, entries[:size])
    head, before = TreeHead(size, tree.root(size)), TreeHead(old, tree.root(old))
    assert verify_inclusion(entries[index], index + 1, head, path)
    assert verify_consistency(before, head, proof)


def test_every_entry_and_every_pair_of_small_trees_is_proved() -> None:
    entries = [bytes([one]) for one in range(40)]
    tree = Tree(entries)
    for size in range(1, 41):
        head = TreeHead(size, tree.root(size))
        for index in range(size):
            assert verify_inclusion(entries[index], index + 1, head, tree.inclusion(index, size))
            before = TreeHead(index + 1, tree.root(index + 1))
            assert verify_consistency(before, head, tree.consistency(index + 1, size))


def forged(proof: list[bytes], chance: random.Random) -> list[list[bytes]]:
    """Proofs that differ from a good one: a bit, a hash less, more, twice, or two changed places."""
    made = [
        [*proof, bytes(32)],
        [bytes(32), *proof],
        [*proof, *proof[-1:]],
        proof[:-1],
        proof[1:],
        proof[::-1],
    ]
    for at in range(len(proof)):
        one = bytearray(proof[at])
        one[chance.randrange(32)] ^= 1 << chance.randrange(8)
        made.append([*proof[:at], bytes(one), *proof[at + 1 :]])
        made.append([*proof[:at], proof[at] + b"\x00", *proof[at + 1 :]])
    return [one for one in made if one != proof]


def test_no_forged_proof_is_accepted() -> None:
    chance, entries = random.Random(9162), [bytes([one]) for one in range(33)]
    tree, tried = Tree(entries), 0
    for size in range(1, 34):
        head = TreeHead(size, tree.root(size))
        for index in range(size):
            path, number = tree.inclusion(index, size), index + 1
            for false in forged(path, chance):
                tried += 1
                assert not verify_inclusion(entries[index], number, head, false)
            for other in (0, number - 1, number + 1, size + 1, -1):
                assert not verify_inclusion(entries[index], other, head, path)
            assert not verify_inclusion(entries[index] + b"x", number, head, path)
            assert not verify_inclusion(entries[index], number, replace(head, root=bytes(32)), path)
            before, proof = TreeHead(number, tree.root(number)), tree.consistency(number, size)
            for false in forged(proof, chance):
                tried += 1
                assert not verify_consistency(before, head, false)
            assert not verify_consistency(replace(before, root=bytes(32)), head, proof)
            assert not verify_consistency(before, replace(head, root=bytes(32)), proof)
            if number < size:
                assert not verify_consistency(head, before, proof)
                assert not verify_consistency(replace(before, size=0), head, proof)
    assert tried > 5_000


def test_a_node_is_not_taken_for_an_entry() -> None:
    """Without the two first bytes the tree over two nodes would be the tree over four entries."""
    tree = Tree(ENTRIES[:4])
    nodes = [node_hash(leaf_hash(ENTRIES[at]), leaf_hash(ENTRIES[at + 1])) for at in (0, 2)]
    assert Tree(nodes).root(2) != tree.root(4) == node_hash(*nodes)


def test_the_ledger_proves_its_entries_and_that_it_only_grew(tmp_path: Path) -> None:
    days = Days("2021-01-10")
    with make(tmp_path, days) as register:
        accepted(register, *(says(f"h{one}", "2020-01-01", hazard_class="sha") for one in range(5)))
        old = register.ledger.tree_head()
        signed = register.sign_tree()
        accepted(register, *(says(f"g{one}", "2020-01-01", hazard_class="sha") for one in range(6)))
        new = register.ledger.tree_head()
        entries = [one.hash for one in register.ledger.entries()]
        assert (old.root, new.root) == (slow_root(entries[: old.size]), slow_root(entries))
        assert register.ledger.tree_head(old.size) == old == signed.head
        assert verify_consistency(old, new, register.ledger.consistency_proof(old.size))
        for number, entry in enumerate(entries, start=1):
            assert verify_inclusion(entry, number, new, register.ledger.inclusion_proof(number))
        public = register.key_public
    assert public is not None
    assert verify_tree(signed, public)
    assert SignedTree.from_dict(signed.as_dict()) == signed
    for forged_head in (
        replace(signed, root=new.root),
        replace(signed, size=new.size),
        replace(signed, at="2020-01-01T00:00:00+00:00"),
        replace(signed, register="another"),
        replace(signed, key="00" * 32),
    ):
        assert not verify_tree(forged_head, public)
    assert not verify_tree(signed, "00" * 32)


def test_a_tree_forgets_what_a_taken_back_transaction_entered(tmp_path: Path) -> None:
    days = Days("2021-01-10")
    with make(tmp_path, days) as register:
        accepted(register, says("h0", "2020-01-01", hazard_class="sha"))
        before = register.ledger.tree_head()
        with pytest.raises(RuntimeError, match="taken back"), register.writing():
            register.add([says("h1", "2020-01-01", hazard_class="sha")])
            assert register.ledger.tree_head().size == before.size + 1
            raise RuntimeError("taken back")
        assert register.ledger.tree_head() == before
        register.add([says("h2", "2020-01-01", hazard_class="cha")])
        entries = [one.hash for one in register.ledger.entries()]
        assert register.ledger.tree_head().root == slow_root(entries)


def test_what_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    days = Days("2021-01-10")
    with make(tmp_path, days) as register:
        size = register.ledger.tree_head().size
        for wanted in (0, -1, size + 1):
            with pytest.raises(FallowError) as head:
                register.ledger.tree_head(wanted)
            assert head.value.code == "HEAD_UNKNOWN"
            with pytest.raises(FallowError) as entry:
                register.ledger.inclusion_proof(wanted)
            assert entry.value.code == "ENTRY_UNKNOWN"
            with pytest.raises(FallowError) as earlier:
                register.ledger.consistency_proof(wanted)
            assert earlier.value.code == "HEAD_UNKNOWN"
    with reopen(tmp_path, read_only=True) as register, pytest.raises(FallowError) as keyless:
        register.sign_tree()
    assert keyless.value.code == "KEY_MISSING"


def test_a_ledger_with_a_hole_has_no_tree(tmp_path: Path) -> None:
    days = Days("2021-01-10")
    with make(tmp_path, days) as register:
        accepted(register, *(says(f"h{one}", "2020-01-01", hazard_class="sha") for one in range(3)))
        register._connection.execute("DELETE FROM fallow_ledger WHERE number = 3")
        with pytest.raises(FallowError) as hole:
            register.ledger.tree_head()
    assert hole.value.code == "REGISTER_DAMAGED"
