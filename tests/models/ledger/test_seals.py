"""Seals follow published test vectors, chain, and show any change to what they cover."""

import hashlib
from uuid import UUID

from sqlalchemy import text

from models.kernel.database import Database
from models.ledger import checks, seals
from tests.models.ledger.test_posting import AT, DIVISION, TwoAccounts, differences, post

# Leaves and roots of RFC 6962's own reference tests (certificate-transparency, merkle_tree_test).
LEAVES = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def test_roots_are_those_of_the_reference_tests() -> None:
    leaves = [seals.leaf_hash(bytes.fromhex(leaf)) for leaf in LEAVES]

    for size, root in ROOTS.items():
        assert seals.merkle_root(leaves[:size]).hex() == root


def test_the_canonical_bytes_of_version_1_never_change() -> None:
    ids = [UUID(int=number) for number in range(1, 8)]
    journal = {
        "id": ids[0],
        "book_id": ids[1],
        "reason": "gift_received",
        "subject": "donation",
        "subject_id": ids[2],
        "division_code": DIVISION,
        "memo": "扶贫一日捐",
        "occurred_at": AT,
        "recorded_at": AT,
    }
    transfer = {
        "id": ids[3],
        "debit_id": ids[4],
        "credit_id": ids[5],
        "amount_fen": 92_000_000,
        "kind": "posted",
        "pending_id": None,
    }

    content = seals.canonical_bytes(journal, [transfer])

    assert content.decode() == (
        '{"book":"00000000-0000-0000-0000-000000000002","division":"511702000000",'
        '"id":"00000000-0000-0000-0000-000000000001","memo":"扶贫一日捐",'
        '"occurred_at":"2017-10-17T01:00:00.000000Z","reason":"gift_received",'
        '"recorded_at":"2017-10-17T01:00:00.000000Z","subject":"donation",'
        '"subject_id":"00000000-0000-0000-0000-000000000003",'
        '"transfers":[{"amount_fen":92000000,"credit":"00000000-0000-0000-0000-000000000006",'
        '"debit":"00000000-0000-0000-0000-000000000005",'
        '"id":"00000000-0000-0000-0000-000000000004","kind":"posted","pending":null}],"version":1}'
    )
    assert hashlib.sha256(b"\x00" + content).digest() == seals.leaf_hash(content)


async def test_each_seal_takes_what_is_new_and_chains_to_the_last(database: Database) -> None:
    book = TwoAccounts()
    await database.transact(book.open)
    await post(database, book.gift(100), book.gift(200))

    assert await database.transact(lambda transaction: seals.seal(transaction, book.book))
    assert not await database.transact(lambda transaction: seals.seal(transaction, book.book))
    await post(database, book.payment(50))
    async with database.read() as connection:
        assert await seals.books_to_seal(connection) == [book.book]
    assert await database.transact(lambda transaction: seals.seal(transaction, book.book))

    async with database.read() as connection:
        assert await seals.unsealed_count(connection) == 0
    assert await differences(database) == []


async def test_a_change_under_a_seal_is_named(database: Database) -> None:
    book = TwoAccounts()
    await database.transact(book.open)
    await post(database, book.gift(100))
    await database.transact(lambda transaction: seals.seal(transaction, book.book))
    drop = (
        "DROP TRIGGER journals_no_update"
        if database.dialect == "sqlite"
        else "DROP TRIGGER journals_append_only ON journals"
    )
    await database.transact(lambda transaction: transaction.execute(text(drop)))
    await database.transact(
        lambda transaction: transaction.execute(text("UPDATE journals SET memo = 'other'"))
    )

    async with database.snapshot() as connection:
        found = [difference async for difference in checks.check(connection)]

    assert f"book {book.book}: seal 1 does not match the journals under it" in found
