"""A county with a child's file, a case, and somebody to help: what tests of client files and identities begin with."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import orjson
from persons import number
from small_county import NOON, TODAY, VILLAGE, County, found
from small_county import TERMS as SMALL

from db.viewer import LOCAL, Viewer
from exchange.procedures import read_procedures
from exchange.vocabulary import read_terms, shipped
from resolvers import cases, parties
from resolvers.referral_steps import STEPS
from resolvers.vocabulary import load
from schema.execution.executor import Executor

#: An invented child.
CHILD: dict[str, Any] = {
    "name": "陈小娜",
    "phone": "13900002468",
    "address": "拳铺镇甲村东头第三户",
    "identity_number": number(date(2014, 3, 9)),
    "guardian_name": "陈大树",
    "guardian_phone": "13700008642",
}
GUARDIAN: dict[str, Any] = {
    "purpose": "STORE",
    "given_by": "GUARDIAN",
    "given_on": TODAY,
    "evidence": "监护人同意书第 1 号",
}
PROBLEM = "... on Problem { code zh: message en: message(lang: EN) } ... on InvalidInput { fields { path code } }"


def gid(typename: str, id: int) -> str:
    return base64.b64encode(f"{typename}:{id}".encode()).decode()


@dataclass
class Stage:
    county: County
    executor: Executor

    async def answer(self, document: str, viewer: Viewer = LOCAL, **variables: Any) -> Any:
        outcome = await self.executor.run(document, None, variables, viewer=viewer)
        return orjson.loads(outcome.body)

    async def ask(self, document: str, viewer: Viewer = LOCAL, **variables: Any) -> Any:
        said = await self.answer(document, viewer, **variables)
        assert "errors" not in said, said
        return said["data"]

    async def act(self, name: str, given: dict[str, Any], selection: str = "", viewer: Viewer = LOCAL) -> Any:
        """What an act answers; `selection` is that of the thing done, or empty."""
        typename = f"{name[0].upper()}{name[1:]}Input"
        document = (
            f"mutation($given: {typename}!) {{ act: {name}(input: $given) {{ __typename {selection} {PROBLEM} }} }}"
        )
        return (await self.ask(document, viewer, given=given))["act"]

    async def save(self, kind: str, viewer: Viewer = LOCAL, **given: Any) -> str:
        """The id of a record that was saved."""
        name = kind[0].lower() + kind[1:]
        said = await self.act(f"{name}Save", given, f"... on {kind}Saved {{ {name} {{ id }} }}", viewer)
        assert said["__typename"] == f"{kind}Saved", said
        return str(said[name]["id"])

    async def client(self, **changed: Any) -> int:
        given: dict[str, Any] = {"area": VILLAGE, "code": "甲-1", "identity": CHILD, "consent": GUARDIAN}
        return (await cases.open_client(self.county.context, **given | changed)).id

    async def worker(self, name: str = "李社工") -> tuple[int, Viewer]:
        """A social worker, and the viewer of its key."""
        id = (await parties.register_social_worker(self.county.context, name=name, area=VILLAGE)).id
        return id, Viewer("PARTNER", key_id=50 + id, party_id=id)

    async def case(self, client: int, worker: int | None = None, **changed: Any) -> str:
        given = {"area": VILLAGE, "code": "个-1", "title": "复学", "method": "CASEWORK", "openedOn": "2026-11-01"}
        given |= {"clientId": gid("Client", client)}
        if worker is not None:
            given["workerId"] = gid("SocialWorker", worker)
        return await self.save("CaseFile", **given | changed)

    def on(self, day: date) -> Stage:
        """The same, on another day."""
        context = self.county.on(day)
        return replace(
            self,
            county=County(context, self.county.engine),
            executor=Executor(self.executor.database, clock=context.clock),
        )


@asynccontextmanager
async def staged(url: str) -> AsyncIterator[Stage]:
    """A stage on an empty, migrated database, closed afterwards."""
    database, county = await found(url)
    steps = read_procedures([shipped("procedures.csv")], set(), STEPS).records
    known = {one.scheme for one in SMALL}
    await load(county.context, terms=[one for one in read_terms().records if one.scheme not in known], procedures=steps)
    yield Stage(county, Executor(database, clock=lambda: NOON))
    await database.close()
