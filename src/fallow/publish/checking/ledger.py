"""Step 4, checking the ledger's part of a bundle: signed head, signed tree, and what is cited in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from fallow.errors import FallowError
from fallow.publish.checking.checked import Line, fails, failure, holds
from fallow.publish.manifest import Manifest
from fallow.publish.proof.bundle import LEDGER, signatories
from fallow.publish.proof.canonical import json_of
from fallow.publish.publication import Publication
from fallow.register import SignedTree, TreeHead, keys, verify_inclusion
from fallow.register.heads import SignedHead

if TYPE_CHECKING:
    from fallow.publish.checking.figures import Sealed


def ledger(
    members: Mapping[str, bytes], manifest: Manifest, publication: Publication | None, seal: Sealed | None
) -> Iterator[Line]:
    """Whether head and tree are signed by the office, fit each other, and hold every entry that is cited."""
    if LEDGER not in members:
        return
    try:
        said = json_of(members[LEDGER], LEDGER)
        head, tree = SignedHead.from_dict(said["head"]), SignedTree.from_dict(said["tree"])
        proofs = {int(one["number"]): _proof(one) for one in said["proofs"]}
    except FallowError as error:
        yield failure(error)
        return
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        yield fails("BUNDLE_JSON", LEDGER, found=type(error).__name__)
        return
    wrong = list(_wrong(head, tree, manifest))
    for one in wrong:
        yield fails("BUNDLE_HEAD", LEDGER, found=one)
    if not wrong:
        yield holds("head", LEDGER, number=head.number, at=head.at)
    proved = 0
    for number, hash in sorted(_cited(head, publication, seal)):
        mine = proofs.get(number)
        root = TreeHead(tree.size, tree.root)
        if mine is None or (hash and mine[0] != hash) or not verify_inclusion(mine[0], number, root, mine[1]):
            yield fails("BUNDLE_INCLUSION", str(number))
        else:
            proved += 1
    if proved:
        yield holds("proofs", LEDGER, count=proved)


def _wrong(head: SignedHead, tree: SignedTree, manifest: Manifest) -> Iterator[str]:
    """In a few words that are the same in every language: names of what does not fit."""
    if head.key != manifest.office or not head.holds:
        yield "head.signature"
    if tree.key != manifest.office or not keys.verified(tree.key, tree.signature, tree.statement):
        yield "tree.signature"
    if {head.register, tree.register} != {manifest.stamp.register}:
        yield "register"
    if tree.size != head.number:
        yield f"head {head.number}, tree {tree.size}"
    if manifest.stamp.head > head.number:
        yield f"head {head.number} < {manifest.stamp.head}"


def _cited(head: SignedHead, publication: Publication | None, seal: Sealed | None) -> set[tuple[int, bytes]]:
    """Numbers of entries, with the hash they must have where something else says it."""
    cited = {(head.number, head.hash)}
    if publication is not None:
        cited.add((publication.stamp.head, _hex(publication.stamp.head_hash)))
        cited |= {(one.report, b"") for one in signatories(publication)}
    if seal is not None:
        cited |= {(one.head, _hex(one.head_hash)) for one in seal.recipes.values()}
    return {one for one in cited if isinstance(one[0], int)}


def _hex(text: Any) -> bytes:
    """The bytes, or some that no entry has."""
    try:
        return bytes.fromhex(text)
    except (TypeError, ValueError):
        return b"?"


def _proof(said: Mapping[str, Any]) -> tuple[bytes, list[bytes]]:
    return bytes.fromhex(said["hash"]), [bytes.fromhex(one) for one in said["path"]]
