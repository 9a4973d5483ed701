"""Documents by themselves and in a chain: whatever is changed in them, whoever has the files finds it."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.reporting.figures.query import OF_TIME
from shared.contract.http.published_documents import FORMAT, NOTE, PUBLICATION, REVISION
from shared.domain.columns import KEYS
from shared.domain.figures import shares
from shared.publishing.cells import cell_name, cells_of, counts, differing
from shared.publishing.verification import ROWS_OF_TIME, NamedBytes, documents_in, verified
from shared.sealing import SEAL, NotSealed, opened, sealed

Document = dict[str, Any]
LATER = "2023-04-03T08:00:02+07:00"
IDENTITIES = [{"name": "3=7+11", "holds": True}, {"name": "total=sum of rows", "holds": True}]


def row(early: int, late: int, within: int, before: int = 0) -> Document:
    """A row that adds up: resolved early and late, in progress within its term; some of them were open before."""
    count = dict.fromkeys(KEYS, 0) | {
        "received_total": early + late + within,
        "received_online": early + late + within - before,
        "carried_over": before,
        "resolved_total": early + late,
        "resolved_early": early,
        "resolved_overdue": late,
        "in_progress_total": within,
        "in_progress_within": within,
    }
    found = shares(count)
    return count | {name: None if share is None else str(share) for name, share in found.items()}


def frozen(rows: Mapping[str | None, tuple[int, int, int]], before: int = 0) -> Document:
    whole = [sum(parts[place] for parts in rows.values()) for place in range(3)]
    first = next(iter(rows))
    keyed = [{"key": {"department": key}, **row(*parts, before if key == first else 0)} for key, parts in rows.items()]
    months = [{"key": {"month": "2023-01"}, **row(whole[0], whole[1], whole[2], before)}]
    return {
        "query": {"from": "2023-01-01", "to": "2023-01-31", "as_known_at": LATER},
        "total": row(whole[0], whole[1], whole[2], before),
        "open_before": before,
        "tables": [
            {"by": "department", "rows": keyed, "identities": IDENTITIES},
            {"by": "month", "rows": months, "identities": IDENTITIES[:1]},
        ],
        "log": {"events": 7, "position": 7, "set_aside": 0},
        "rules": 4,
        "catalogue": "9b",
        "software": "motcua",
    }


class Chain:
    """Documents as they are appended."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.documents: list[Document] = []

    def append(self, kind: str, number: int, members: Document) -> Document:
        previous = self.documents[-1][SEAL] if self.documents else None
        place = {"format": FORMAT, "kind": kind, "place": len(self.documents) + 1, "previous": previous}
        seal = sealed(members | place | {"number": number, "published_at": LATER})
        self.bodies.append(seal.body)
        self.documents.append(opened(seal.body))
        return self.documents[-1]


def a_chain() -> Chain:
    """A publication, a note on it, another publication, and a revision of the first: a late one was resolved."""
    chain = Chain()
    rows: dict[str | None, tuple[int, int, int]] = {"H59.15": (5, 1, 2), "H59.02": (1, 0, 0), None: (0, 0, 1)}
    first = chain.append(
        PUBLICATION,
        1,
        frozen(rows, before=1)
        | {"title": "Quý I ‘23’", "provisional": False, "notes": [a_note("total.resolved_early", 6)]},
    )
    chain.append(NOTE, 1, a_note("department.-.in_progress_within", 1) | {"note": 1, "about": first[SEAL]})
    chain.append(PUBLICATION, 2, frozen(rows) | {"title": "Q", "provisional": True, "notes": []})
    chain.append(REVISION, 1, a_revision(first, frozen(rows | {"H59.15": (5, 2, 1)}, before=1)))
    return chain


def a_note(cell: str, count: int) -> Document:
    return {"cell": cell, "count": count, "text": "Gồm hồ sơ cũ.", "author": None}


def a_revision(before: Document, after: Document) -> Document:
    """One dossier of the first department was resolved late instead of being in progress."""
    was, now = cells_of(before), cells_of(after)
    places = (("department", "H59.15"), ("month", "2023-01"), (None, None))
    left = [cell_name(by, key, name) for by, key in places for name in ("in_progress_total", "in_progress_within")]
    entered = [cell_name(by, key, name) for by, key in places for name in ("resolved_total", "resolved_overdue")]
    changes = [
        {"cell": cell, "before": was.get(cell, 0), "after": now.get(cell, 0), "recounted": 0}
        for cell in differing(was, now)
    ]
    moved = {"code": "H59.15-230103-0001", "left": left, "entered": entered, "known_at": LATER, "events": ["resolved"]}
    return after | {
        "revision": 1,
        "revises": before[SEAL],
        "known_before": LATER,
        "changes": changes,
        "moved": [moved],
        "recounted_because": [],
    }


CHAIN = a_chain()
EXPORT = b"".join(body + b"\n" for body in CHAIN.bodies)


def wrong(*bodies: bytes) -> list[str]:
    found = verified([NamedBytes(f"file {number}", body) for number, body in enumerate(bodies, 1)])
    return [one.sentence for one in found if not one.holds]


def test_what_was_published_holds_alone_and_together() -> None:
    for body in CHAIN.bodies:
        assert wrong(body) == []
    found = verified(documents_in("export", EXPORT))
    assert [one.sentence for one in found if not one.holds] == []
    assert documents_in("export", EXPORT)[0].name == "export, line 1"
    assert f"the chain holds from its beginning to 4, sha256 {CHAIN.documents[-1][SEAL]}" in found[-1].sentence


def test_the_hash_is_that_of_the_canonical_bytes_without_it() -> None:
    """Anybody can compute it with common tools: keys in their order, no blanks, the member taken out."""
    for body, document in zip(CHAIN.bodies, CHAIN.documents, strict=True):
        rest = {name: value for name, value in document.items() if name != SEAL}
        plain = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        assert hashlib.sha256(plain).hexdigest() == document[SEAL]
        assert json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == body


@settings(max_examples=300)
@given(st.data())
def test_any_other_byte_anywhere_is_found(data: st.DataObject) -> None:
    which = data.draw(st.integers(0, len(CHAIN.bodies) - 1))
    body = bytearray(CHAIN.bodies[which])
    place = data.draw(st.integers(0, len(body) - 1))
    body[place] = data.draw(st.integers(0, 255).filter(lambda other: other != body[place]))
    assert wrong(bytes(body)) != []


@settings(max_examples=200)
@given(st.integers(0, len(EXPORT) - 1), st.binary(max_size=3))
def test_bytes_that_come_in_or_go_are_found(place: int, instead: bytes) -> None:
    """In an export too: a line feed at the very end is the file's."""
    changed = EXPORT[:place] + instead + EXPORT[place + 1 :]
    if changed.removesuffix(b"\n") == EXPORT.removesuffix(b"\n"):
        return
    found = verified(documents_in("export", changed))
    assert [one for one in found if not one.holds] != []


@pytest.mark.parametrize("body", CHAIN.bodies)
def test_one_line_feed_at_the_end_of_a_file_is_no_byte_of_its_document(body: bytes) -> None:
    """An export writes it, also after a document that is the only one; whatever else is added is found."""
    assert [one.holds for one in verified(documents_in("file", body + b"\n"))] == [True]
    for added in (b"\n\n", b"\r\n", b"\r", b" ", b"\t\n", b"\x00", b"\xef\xbb\xbf"):
        assert not all(one.holds for one in verified(documents_in("file", body + added))), added
        assert not all(one.holds for one in verified(documents_in("file", added + body))), added
    assert not all(one.holds for one in verified(documents_in("file", b"\n" + body)))


@pytest.mark.parametrize(
    ("gone", "missing", "followed"),
    [
        ([2], "document 2 is not among the files, or not readable: that 3 follows 1 cannot be checked", [(3, 4)]),
        ([3], "document 3 is not among the files, or not readable: that 4 follows 2 cannot be checked", [(1, 2)]),
        ([2, 3], "documents 2 to 3 are not among the files, or not readable: that 4 follows 1 cannot be checked", []),
    ],
)
def test_a_chain_with_a_gap_does_not_hold(gone: list[int], missing: str, followed: list[tuple[int, int]]) -> None:
    """It is said what is missing, and from where to where each document follows the one before it."""
    left = b"".join(body + b"\n" for place, body in enumerate(CHAIN.bodies, 1) if place not in gone)
    found = verified(documents_in("export", left))
    assert [one.sentence for one in found if not one.holds] == [missing]
    assert "the chain holds" not in " ".join(one.sentence for one in found)
    assert [one.sentence for one in found if "follows the one before it" in one.sentence] == [
        f"each document from {first} on follows the one before it, to {last}, sha256 {CHAIN.documents[last - 1][SEAL]}"
        for first, last in followed
    ]


def test_documents_from_a_later_one_on_hold_from_there() -> None:
    """Nothing between them is missing, and it is said where they begin."""
    found = verified(documents_in("export", b"\n".join(CHAIN.bodies[1:])))
    assert all(one.holds for one in found)
    assert "the chain holds from 2 on to 4" in found[-1].sentence


def forged(change: Callable[[Document], None], which: int) -> bytes:
    """The document with something else in it, and sealed anew by somebody who knows how."""
    document = deepcopy(CHAIN.documents[which])
    change(document)
    return sealed(document).body


def others(which: int) -> Sequence[bytes]:
    return [body for place, body in enumerate(CHAIN.bodies) if place != which]


@pytest.mark.parametrize("which", range(len(CHAIN.bodies) - 1))
def test_a_document_that_is_sealed_anew_breaks_the_chain(which: int) -> None:
    again = forged(lambda document: document.update(published_at="2023-04-04T08:00:00+07:00"), which)
    assert wrong(again) == []
    assert any("does not follow" in what for what in wrong(again, *others(which)))
    assert any("both say that they are document" in what for what in wrong(again, *CHAIN.bodies))


def test_a_document_that_follows_another_one_is_found() -> None:
    again = forged(lambda document: document.update(previous=CHAIN.documents[0][SEAL]), 2)
    assert any("does not follow" in what for what in wrong(*CHAIN.bodies[:2], again))


def total(document: Document, **figures: int) -> None:
    document["total"] |= figures


def first_row(document: Document, **figures: Any) -> None:
    document["tables"][0]["rows"][0] |= figures


def recounted(document: Document) -> None:
    """No dossier explains that the first number changed."""
    change = document["changes"][0]
    change["recounted"] = change["after"] - change["before"]
    for names in (document["moved"][0]["left"], document["moved"][0]["entered"]):
        names[:] = [name for name in names if name != change["cell"]]


FORGED: dict[str, tuple[int, Callable[[Document], None], str]] = {
    "a total that its rows do not make": (0, lambda one: total(one, withdrawn=1), "total.withdrawn is 1"),
    "a broken identity": (0, lambda one: total(one, resolved_early=7), "7=8+9+10 does not hold"),
    "a broken identity of a row": (0, lambda one: first_row(one, in_progress_within=3), "11=12+13 does not hold"),
    "a share that is not one": (0, lambda one: first_row(one, online_share="99.9"), "online_share is 99.9"),
    "a count that is none": (0, lambda one: first_row(one, withdrawn=-1), "withdrawn is not a count"),
    "a text for a count": (0, lambda one: first_row(one, withdrawn="0"), "not made as a document is"),
    "another day before": (0, lambda one: one.update(open_before=2), "2 were open before the period"),
    "a row twice": (0, lambda one: one["tables"][0]["rows"].append(one["tables"][0]["rows"][0]), "is there twice"),
    "a column too many": (0, lambda one: first_row(one, invented=0), "other columns than the total"),
    "a month that does not follow": (
        0,
        lambda one: one["tables"][1]["rows"].append({"key": {"month": "2023-02"}, **row(0, 0, 0)}),
        "month 2023-02: carried_over is 0, and 3 were left",
    ),
    "an identity that was broken": (
        0,
        lambda one: one["tables"][0]["identities"][0].update(holds=False),
        "published with a broken identity, 3=7+11",
    ),
    "a note on another number": (0, lambda one: one["notes"][0].update(count=5), "a note says 5"),
    "a change that is not so": (3, lambda one: one["changes"][0].update(after=9), "and its change says 9"),
    "a change that nothing explains": (3, lambda one: one["changes"].pop(0), "do not explain"),
    "a change twice": (3, lambda one: one["changes"].append(one["changes"][0]), "a number changes twice"),
    "a dossier that explains too little": (3, lambda one: one["moved"][0]["left"].pop(), "do not explain"),
    "a recount without a reason": (3, recounted, "for no reason that it names"),
    "no first document": (0, lambda one: one.update(previous="ab"), "names none before it"),
    "no place": (1, lambda one: one.update(place=0), "its place or number is not one"),
    "another format": (0, lambda one: one.update(format="motcua-publication/9"), "and this version reads"),
    "another kind": (0, lambda one: one.update(kind="opinion"), "its kind is 'opinion'"),
    "no figures": (0, lambda one: one.pop("total"), "not made as a document is"),
    "no tables": (0, lambda one: one.update(tables=7), "not made as a document is"),
}


@pytest.mark.parametrize("name", FORGED)
def test_what_is_sealed_anew_must_still_add_up(name: str) -> None:
    which, change, said = FORGED[name]
    found = wrong(forged(change, which))
    assert any(said in what for what in found), found


def test_a_revision_is_held_against_what_it_revises() -> None:
    other = forged(lambda one: one["tables"][0]["rows"][1].update(row(1, 0, 0)), 0)
    assert wrong(other) == []

    def about_another(document: Document) -> None:
        document["revises"] = opened(CHAIN.bodies[2])[SEAL]

    found = wrong(CHAIN.bodies[2], forged(about_another, 3))
    assert any("does not say rightly which numbers changed" in what for what in found)

    def another_before(document: Document) -> None:
        document["changes"][0]["before"] += 1
        document["changes"][0]["recounted"] -= 1
        document["recounted_because"] = ["history"]

    again = forged(another_before, 3)
    assert wrong(again) == []
    assert any("does not say rightly what was published before" in what for what in wrong(CHAIN.bodies[0], again))


def test_a_note_is_held_against_its_number() -> None:
    again = forged(lambda one: one.update(count=2), 1)
    assert wrong(again) == []
    assert any("a note says 2" in what for what in wrong(CHAIN.bodies[0], again))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"sha256":7}',
        b'{"sha256":"x","a":1.5e400}',
        b'{"sha256":"x","a":90071992547409930}',
        b'{"sha256":"x","a":"\\ud800"}',
        b"[" * 200_000,
    ],
)
def test_what_is_no_document_is_told(body: bytes) -> None:
    with pytest.raises(NotSealed):
        opened(body)


def test_a_column_of_a_later_release_is_no_change() -> None:
    before, after = {"total.a": 1, "level.x.a": 1}, {"total.a": 1, "level.x.a": 1, "total.b": 4, "level.y.a": 2}
    assert differing(before, after) == ["level.y.a"]
    assert counts({"key": {}, "a": 1, "share": "62.8", "none": None, "flag": True}) == {"a": 1}


def test_whoever_verifies_knows_every_row_of_time() -> None:
    assert set(ROWS_OF_TIME) == set(OF_TIME)
