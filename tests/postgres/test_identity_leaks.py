"""Nothing of a person lies anywhere in plain: every file of the database, its log, ours, events, exports, errors.

One story is lived through on a database of its own, then every byte it left is searched, in the forms in which bytes
are written. A second test plants what the first must not find, to show that it would.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from case_stage import CHILD, GUARDIAN, Stage, gid, staged
from persons import number
from small_county import COUNTY, VILLAGE

from db.migrate import upgrade
from db.server import database
from db.viewer import LOCAL
from resolvers import cases, exports, identities, identity_keys, record_export, sealing
from resolvers.acts import digest
from resolvers.errors import Refusal

CHANGED = {"phone": "13100007531", "address": "杨营镇丙村西头第九户", "guardian_name": "钱守望"}
#: Typed and refused: not even a mistake may be repeated.
MISTYPED = {"phone": "1390000135x", "identity_number": number(date(2014, 3, 9))[:-1] + "*", "address": "河\n边无名路"}
OPEN = """mutation($given: ClientOpenInput!) { clientOpen(input: $given) {
    ... on Problem { code message } ... on InvalidInput { fields { path code message } } } }"""


def forms(value: str) -> dict[str, bytes]:
    """How a text may stand in a file."""
    found = {}
    for encoding in ("utf-8", "utf-16-le", "utf-16-be", "gb18030"):
        plain = value.encode(encoding)
        found[encoding] = plain
        found[f"hex of {encoding}"] = plain.hex().encode()
        found[f"HEX of {encoding}"] = plain.hex().upper().encode()
        for lead in range(3):
            # What stands before shifts all letters; those at both ends hang on their neighbours.
            whole = base64.b64encode(bytes(lead) + plain)
            found[f"base64 of {encoding}, {lead} before"] = whole[4 if lead else 0 : -4]
    found["json"] = value.encode("ascii", "backslashreplace")
    found["percent"] = "".join(f"%{byte:02X}" for byte in value.encode()).encode()
    return {name: form for name, form in found.items() if len(form) >= 6}


def leaks(content: bytes, values: dict[str, str]) -> list[tuple[str, str]]:
    return [(what, form) for what, value in values.items() for form, raw in forms(value).items() if raw in content]


def files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


async def live(stage: Stage, folder: Path) -> list[Any]:
    """Saves, refusals, changes, conflicts, readings, a fault, another key, an export; what was answered."""
    county, context = stage.county, stage.county.context
    said: list[Any] = []

    async def refused(**given: Any) -> None:
        with pytest.raises(Refusal) as refusal:
            await stage.client(**given)
        said.append((str(refusal.value), refusal.value.message_zh, getattr(refusal.value, "fields", None)))

    await refused(consent=None, idempotency_key="k-0")
    client = await stage.client(idempotency_key="k-1")
    assert await stage.client(idempotency_key="k-1") == client
    await refused(identity=CHILD | CHANGED, idempotency_key="k-1")
    await refused(code="甲-2")
    await refused(code="甲-3", identity={**CHILD, **MISTYPED})
    given = {"area": VILLAGE, "code": "甲-4", "identity": {"name": CHILD["name"], "phone": MISTYPED["phone"]}}
    said.append(await stage.answer(OPEN, LOCAL, given=given))
    said.append(
        await stage.answer(OPEN, LOCAL, given=given | {"identity": {"bornOn": "不是日期", **given["identity"]}})
    )
    await cases.change_client(context, client, identity=CHANGED, idempotency_key="k-2")
    await identities.read(context, client, purpose="家访", idempotency_key="k-3")
    said.append(await stage.answer("{ clients { edges { node { id identity { name phone address } } } } }"))
    # The statement itself fails, values and all.
    async with county.engine.begin() as conn:
        await conn.exec_driver_sql("ALTER TABLE identity ADD CONSTRAINT never CHECK (client_id < 0) NOT VALID")
    secret = {**given, "code": "甲-5", "consent": {"purpose": "STORE", "givenBy": "GUARDIAN", "givenOn": "2026-11-22"}}
    secret["consent"]["evidence"] = "书面"
    secret["identity"] = {"name": CHILD["name"], "phone": CHILD["phone"], "bornOn": "2014-03-09"}
    fault = await stage.answer(OPEN, LOCAL, given=secret)
    assert [one["extensions"]["code"] for one in fault["errors"]] == ["INTERNAL"]
    said.append(fault)
    async with county.engine.begin() as conn:
        await conn.exec_driver_sql("ALTER TABLE identity DROP CONSTRAINT never")
    sealing.use(sealing.ring(county.engine).with_key(*sealing.new_key()), engine=county.engine)
    said += [one async for one in identity_keys.rotate(context)]
    sealing.use(sealing.made(), engine=county.engine)
    said.append(
        await stage.answer(f'{{ node(id: "{gid("Client", client)}") {{ ... on Client {{ identity {{ name }} }} }} }}')
    )
    for name in ("county.xlsx", "county.csv", "county.json"):
        said.append(await exports.run(context, folder / name, area=COUNTY))
    said.append(await record_export.run(context, folder / "records.xlsx", area=COUNTY))
    said.append(await county.rows("SELECT kind, entity, detail::text FROM event"))
    said.append(await county.rows("SELECT operation, digest FROM idempotency"))
    async with county.engine.connect() as conn:
        plain: Any = (await conn.get_raw_connection()).driver_connection
        await plain.execute("CHECKPOINT")
    return said


async def lived(data_dir: Path, exported: Path, caplog: pytest.LogCaptureFixture) -> tuple[list[Any], bytes]:
    """What was answered, and the bytes that are left, once the server has stopped too."""
    caplog.set_level(logging.DEBUG)
    with database(None, data_dir) as url:
        await upgrade(url)
        async with staged(url) as stage:
            said = await live(stage, exported)
        running = b"".join(path.read_bytes() for path in files(data_dir))
    stopped = b"".join(path.read_bytes() for path in [*files(data_dir), *files(exported)])
    for path in files(exported):
        # Sheets are compressed: what is in them is searched as it reads.
        if path.suffix == ".xlsx":
            with ZipFile(path) as book:
                stopped += b"".join(book.read(name) for name in book.namelist())
    assert any("pg_wal" in path.parts for path in files(data_dir))
    return said, running + stopped


async def test_nothing_of_a_person_is_left_anywhere_in_plain(
    data_dir: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    said, left = await lived(data_dir, tmp_path, caplog)
    mistyped = {f"mistyped {name}": value for name, value in MISTYPED.items()}
    people = {**CHILD, **{f"new {name}": value for name, value in CHANGED.items()}, **mistyped}
    assert leaks(left, people) == []
    assert leaks(repr(said).encode(), people) == []
    assert "fault while" in caplog.text
    logged = "\n".join(f"{one.getMessage()} {one.exc_text or ''} {one.args}" for one in caplog.records)
    assert leaks(logged.encode(), people) == []
    # The same search finds what may be read.
    assert GUARDIAN["evidence"].encode() in left


async def test_what_is_kept_of_an_answer_tells_no_guess_of_a_telephone(database_url: str) -> None:
    async with staged(database_url) as stage:
        client = await stage.client()
        given = {"phone": CHANGED["phone"]}
        await cases.change_client(stage.county.context, client, identity=given, idempotency_key="k")
        (kept,) = await stage.county.rows("SELECT digest FROM idempotency WHERE operation = 'clientChange'")
        inputs = {"id": client, "consent": None}
        assert kept[0] != digest(inputs | {"identity": given})
        ring = sealing.ring(stage.county.engine)
        assert kept[0] == digest(inputs | {"identity": identities.digests(ring, given)})
        assert kept[0] != digest(inputs | {"identity": identities.digests(sealing.made(), given)})


@pytest.mark.parametrize("form", list(forms(CHILD["address"])))
def test_the_search_finds_each_form(form: str) -> None:
    value = CHILD["address"]
    assert (("address", form)) in leaks(b"\x00\x17" + forms(value)[form] + b"\xff", {"address": value})


async def test_the_search_finds_what_is_planted_in_a_column_and_in_a_deleted_row(
    data_dir: Path, tmp_path: Path
) -> None:
    planted = {"kept": "陈小娜住在甲村", "deleted": "13900002468 是她的电话"}
    with database(None, data_dir) as url:
        await upgrade(url)
        async with staged(url) as stage:
            await stage.client(code=planted["kept"], identity=None, consent=None)
            async with stage.county.engine.begin() as conn:
                await conn.exec_driver_sql(
                    "INSERT INTO idempotency (caller, operation, key, digest, entity, entity_id)"
                    " VALUES ('a', 'b', 'c', $1, 'd', 1)",
                    (planted["deleted"],),
                )
            async with stage.county.engine.begin() as conn:
                await conn.exec_driver_sql("DELETE FROM idempotency")
    left = b"".join(path.read_bytes() for path in files(data_dir))
    assert {what for what, _ in leaks(left, planted)} == {"kept", "deleted"}
