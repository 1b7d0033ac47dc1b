"""The team for a need, a household's needs or a township's, as asked over the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from small_county import (
    COUNTY,
    FAR_VILLAGE,
    HERE,
    NOON,
    OTHER_COUNTY,
    OTHER_TOWN,
    SECOND_VILLAGE,
    TODAY,
    TOWN,
    VILLAGE,
    County,
    found,
)
from sqlalchemy import event

from db.cursors import global_id
from db.viewer import LOCAL, PUBLIC, Viewer
from exchange.teams import TeamRoleRecord
from exchange.vocabulary import ResourceTypeRecord
from resolvers import needs, parties, teams
from resolvers.errors import Conflict, InvalidInput, NotAllowed, NotFound
from resolvers.vocabulary import load
from schema.execution.executor import Executor

CARE = ResourceTypeRecord(HERE, "CARE", "照料护理", "Care", "SERVICE", "小时", None)


def role(code: str, name: str, society: Any, kind: str | None = None) -> TeamRoleRecord:
    return TeamRoleRecord(HERE, code, "模板", "Template", society, kind, name, name, "出处", False)


NURSE = (
    role("NURSE", "社工", "SOCIAL_WORKER"),
    role("NURSE", "护工", None, "CARE"),
    role("NURSE", "义工", "VOLUNTEER"),
)
#: Where the community of a township is at home; the other county has no place for one.
VILLAGES = {TOWN: VILLAGE, OTHER_TOWN: FAR_VILLAGE, OTHER_COUNTY: SECOND_VILLAGE}
PAIR = (
    role("PAIR", "专职社工", "SOCIAL_WORKER"),
    role("PAIR", "兼职社工", "SOCIAL_WORKER"),
    role("PAIR", "志愿者", "VOLUNTEER"),
)
TEAM = """
    covered asked waiting optimal lowerBound missing
    members { party { id name } society offer { id } quantity role zh: text en: text(lang: EN)
              gives { need { id } offer { id } quantity } reasons { code weight value zh: text en: text(lang: EN) } }
    missingRoles { society role zh: text en: text(lang: EN) }
    missingResources { need { id } quantity zh: text en: text(lang: EN) }
    template { code } reasons { code weight value zh: text en: text(lang: EN) }
"""


@dataclass
class Stage:
    county: County
    executor: Executor

    async def answer(self, document: str, viewer: Viewer = LOCAL) -> Any:
        outcome = await self.executor.run(document, None, None, viewer=viewer)
        return orjson.loads(outcome.body)

    async def of_need(self, need: int, viewer: Viewer = LOCAL, template: str | None = None) -> Any:
        chosen = f'(template: "{template}")' if template else ""
        said = await self.answer(
            f'{{ node(id: "{gid("Need", need)}") {{ ... on Need {{ team{chosen} {{ {TEAM} }} }} }} }}', viewer
        )
        assert "errors" not in said, said
        return said["data"]["node"]["team"]

    async def team(self, arguments: str, viewer: Viewer = LOCAL) -> Any:
        said = await self.answer(f"{{ team({arguments}) {{ {TEAM} }} }}", viewer)
        assert "errors" not in said, said
        return said["data"]["team"]

    async def refused(self, arguments: str, viewer: Viewer = LOCAL) -> str:
        said = await self.answer(f"{{ team({arguments}) {{ covered }} }}", viewer)
        assert said["data"] is None
        (error,) = said["errors"]
        assert error["extensions"]["text_zh"]
        return str(error["extensions"]["code"])

    async def societies(self, area: str = TOWN) -> dict[str, int]:
        """One party of each society at home in an area, by society; the community in the village."""
        acting, name = self.county.context, area[-3:]
        return {
            "COMMUNITY": await self.county.community(VILLAGES[area], f"社区{name}"),
            "SOCIAL_ORGANIZATION": (await parties.register_organization(acting, name=f"协会{name}", area=area)).id,
            "SOCIAL_WORKER": (await parties.register_social_worker(acting, name=f"社工{name}", area=area)).id,
            "VOLUNTEER": (await parties.register_volunteer(acting, name=f"志愿队{name}", area=area, headcount=30)).id,
            "CHARITABLE_RESOURCE": await self.county.provider(area, f"公司{name}"),
            "ASSISTANT": (await parties.register_assistant(acting, name=f"助理{name}", area=area)).id,
        }


def gid(typename: str, number: int) -> str:
    return global_id(f"{typename}:{number}".encode())


def ids(team: Any) -> set[int]:
    import base64

    return {int(base64.b64decode(one["party"]["id"]).decode().rpartition(":")[2]) for one in team["members"]}


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    database, county = await found(database_url)
    await load(county.context, resource_types=[CARE], team_roles=[*NURSE, *PAIR])
    yield Stage(county, Executor(database, clock=lambda: NOON))
    await database.close()


async def test_a_team_gives_what_is_asked_and_fills_the_five_roles_with_as_few_as_possible(stage: Stage) -> None:
    everybody = await stage.societies()
    need = await stage.county.need(everybody["COMMUNITY"], quantity=2)
    offer = await stage.county.offer(everybody["SOCIAL_ORGANIZATION"])
    await stage.county.offer(await stage.county.provider(COUNTY, "别的公司"), resource_type="FUNDS")
    team = await stage.of_need(need)
    assert ids(team) == {id for society, id in everybody.items() if society != "ASSISTANT"}
    assert (team["covered"], team["asked"], team["optimal"], team["lowerBound"]) == (1, 1, True, 5)
    assert (team["missing"], team["missingRoles"], team["missingResources"]) == ([], [], [])
    assert team["template"] == {"code": "FIVE"}
    by_society = {one["society"]: one for one in team["members"]}
    giver = by_society["SOCIAL_ORGANIZATION"]
    assert (giver["role"], giver["offer"], giver["quantity"]) == ("载体", {"id": gid("Offer", offer)}, 2)
    assert (by_society["COMMUNITY"]["role"], by_society["COMMUNITY"]["offer"]) == ("平台", None)
    for one in (*team["members"], *team["reasons"], *(r for m in team["members"] for r in m["reasons"])):
        assert any("\u4e00" <= letter <= "\u9fff" for letter in one["zh"])
        assert one["en"].isascii() or "轮椅" not in one["en"]
    assert all(one["reasons"] for one in team["members"])


async def test_several_give_together_what_none_could_alone(stage: Stage) -> None:
    community = await stage.county.community()
    need = await stage.county.need(community, quantity=10)
    small = await stage.county.provider(name="小公司")
    for name, capacity in (("甲公司", 6), ("乙公司", 4)):
        await stage.county.offer(await stage.county.provider(name=name), capacity=capacity)
    await stage.county.offer(small, capacity=3)
    team = await stage.of_need(need)
    given = [gift["quantity"] for one in team["members"] for gift in one["gives"]]
    assert sorted(given) == [4, 6]
    assert small not in ids(team)
    assert team["covered"] == 1
    assert team["missing"] == ["SOCIAL_ORGANIZATION", "SOCIAL_WORKER", "VOLUNTEER"]


async def test_what_nobody_can_give_is_named_with_its_quantity(stage: Stage) -> None:
    community = await stage.county.community()
    need = await stage.county.need(community, quantity=10)
    await stage.county.offer(await stage.county.provider(), capacity=4)
    team = await stage.of_need(need)
    assert team["covered"] == 0
    (missing,) = team["missingResources"]
    assert (missing["need"], missing["quantity"]) == ({"id": gid("Need", need)}, 6)
    assert "6件" in missing["zh"]
    assert "6 件" in missing["en"]


async def test_one_party_that_gives_two_things_stands_once(stage: Stage) -> None:
    community = await stage.county.community()
    chairs = await stage.county.need(community)
    money = await stage.county.need(community, resource_type="FUNDS", quantity=500)
    both = await stage.county.provider(name="两样都有")
    for kind, capacity in (("WHEELCHAIR", 5), ("FUNDS", 900)):
        await stage.county.offer(both, resource_type=kind, capacity=capacity)
        await stage.county.offer(await stage.county.provider(name=f"只有{kind}"), resource_type=kind, capacity=5_000)
    team = await stage.team(f'needs: ["{gid("Need", chairs)}", "{gid("Need", money)}", "{gid("Need", money)}"]')
    assert (team["asked"], team["covered"]) == (2, 2)
    (giver,) = [one for one in team["members"] if one["gives"]]
    assert ids({"members": [giver]}) == {both}
    assert {(g["need"]["id"], g["quantity"]) for g in giver["gives"]} == {
        (gid("Need", chairs), 2),
        (gid("Need", money), 500),
    }


async def test_an_offer_is_not_given_twice(stage: Stage) -> None:
    """Two needs of one household compete for one offer."""
    community = await stage.county.community()
    first, second = await stage.county.need(community, quantity=6), await stage.county.need(community, quantity=6)
    await stage.county.offer(await stage.county.provider(name="甲公司"), capacity=10)
    await stage.county.offer(await stage.county.provider(name="乙公司"), capacity=2)
    team = await stage.team(f'needs: ["{gid("Need", first)}", "{gid("Need", second)}"]')
    assert sum(gift["quantity"] for one in team["members"] for gift in one["gives"]) == 12
    assert len([one for one in team["members"] if one["gives"]]) == 2


async def test_the_nearest_area_with_a_model_decides_which_roles_there_are(stage: Stage) -> None:
    everybody = await stage.societies()
    need = await stage.county.need(everybody["COMMUNITY"])

    async def societies_of() -> set[str]:
        return {one["society"] for one in (await stage.of_need(need))["members"]}

    five = await societies_of()
    await teams.set_model(stage.county.context, area=COUNTY, model="THREE", citation="试点文件")
    assert await societies_of() == {"COMMUNITY", "SOCIAL_ORGANIZATION", "SOCIAL_WORKER"}
    await teams.set_model(stage.county.context, area=TOWN, model="SIX")
    assert await societies_of() == five | {"ASSISTANT"}
    # From tomorrow on is not today; another township is another matter.
    await teams.set_model(stage.county.context, area=VILLAGE, model="FIVE", since=TODAY.replace(day=TODAY.day + 1))
    await teams.set_model(stage.county.context, area=OTHER_TOWN, model="FIVE")
    assert await societies_of() == five | {"ASSISTANT"}
    said = await stage.answer(
        f'{{ linkageModels(area: "{COUNTY}") {{ totalCount edges {{ node {{ since: sinceOn area {{ code }} }} }} }} '
        "teamTemplates { edges { node { code isLinkageModel roles { society resourceType label(lang: EN) } } } } }"
    )
    assert said["data"]["linkageModels"]["totalCount"] == 4
    roles = {one["node"]["code"]: one["node"]["roles"] for one in said["data"]["teamTemplates"]["edges"]}
    assert [one["label"] for one in roles["SIX"]] == ["Platform", "Carrier", "Support", "Tie", "Helper", "Supplement"]
    assert roles["NURSE"][1] == {"society": None, "resourceType": "CARE", "label": "护工"}


async def test_a_template_asks_for_who_can_do_it_and_for_two_of_a_kind(stage: Stage) -> None:
    everybody = await stage.societies()
    need = await stage.county.need(everybody["COMMUNITY"])
    team = await stage.of_need(need, template="NURSE")
    assert [one["role"] for one in team["missingRoles"]] == ["护工"]
    assert team["missing"] == []
    carer = (await parties.register_volunteer(stage.county.context, name="护理队", area=COUNTY, headcount=5)).id
    await stage.county.offer(carer, resource_type="CARE")
    team = await stage.of_need(need, template="NURSE")
    assert ids(team) == {everybody["SOCIAL_WORKER"], everybody["VOLUNTEER"], carer}
    assert {one["role"] for one in team["members"]} == {"社工", "护工", "义工"}
    team = await stage.of_need(need, template="PAIR")
    assert [one["role"] for one in team["missingRoles"]] == ["兼职社工"]
    assert team["missing"] == ["SOCIAL_WORKER"]
    await parties.register_social_worker(stage.county.context, name="第二位", area=COUNTY)
    team = await stage.of_need(need, template="PAIR")
    assert (team["missing"], len(team["members"])) == ([], 3)


async def test_who_is_nearer_is_taken_and_who_is_of_another_county_is_not(stage: Stage) -> None:
    far = await stage.societies(OTHER_COUNTY)
    need = await stage.county.need(await stage.county.community())
    assert ids(await stage.of_need(need)).isdisjoint({id for society, id in far.items() if society != "COMMUNITY"})
    other_town = await stage.societies(OTHER_TOWN)
    assert other_town["SOCIAL_WORKER"] in ids(await stage.of_need(need))
    near = await stage.societies(TOWN)
    assert near["SOCIAL_WORKER"] in ids(await stage.of_need(need))


async def test_a_township_is_served_with_its_most_urgent_needs_first(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teams, "MOST_NEEDS", 3)
    community, elsewhere = await stage.county.community(), await stage.county.community(FAR_VILLAGE, "丙村社区")
    asked = [await stage.county.need(community, priority=p) for p in ("ROUTINE", "STAT", "URGENT", "ASAP", "ROUTINE")]
    await stage.county.need(elsewhere, priority="STAT")
    await stage.county.offer(await stage.county.provider())
    team = await stage.team(f'area: "{TOWN}"')
    assert (team["asked"], team["waiting"], team["covered"]) == (3, 5, 3)
    served = {gift["need"]["id"] for one in team["members"] for gift in one["gives"]}
    assert served == {gid("Need", asked[n]) for n in (1, 2, 3)}
    nobody = await stage.team(f'area: "{SECOND_VILLAGE}"')
    assert (nobody["asked"], nobody["waiting"], nobody["covered"]) == (0, 0, 0)


async def test_a_team_holds_only_what_its_viewer_may_see(stage: Stage) -> None:
    everybody = await stage.societies()
    need = await stage.county.need(everybody["COMMUNITY"])
    worker, firm = everybody["SOCIAL_WORKER"], everybody["CHARITABLE_RESOURCE"]
    await stage.county.offer(worker, title="社工个人的轮椅")
    own = await stage.county.offer(firm)
    partner = Viewer("PARTNER", 7, party_id=firm)
    team = await stage.of_need(need, partner)
    assert worker not in ids(team)
    assert team["missing"] == ["SOCIAL_WORKER"]
    assert {gift["offer"]["id"] for one in team["members"] for gift in one["gives"]} == {gid("Offer", own)}
    asked = f'needs: ["{gid("Need", need)}"]'
    assert await stage.refused(asked, PUBLIC) == "NOT_FOUND"
    assert await stage.refused(asked, await stage.county.coordinator(OTHER_COUNTY)) == "NOT_FOUND"
    # What it may not see of an area is not counted either.
    assert (await stage.team(f'area: "{TOWN}"', PUBLIC))["waiting"] == 0
    assert (await stage.team(f'area: "{TOWN}"', await stage.county.coordinator(OTHER_COUNTY)))["waiting"] == 0


async def test_what_cannot_be_answered_is_refused_with_a_code(stage: Stage) -> None:
    community = await stage.county.community()
    need, gone = await stage.county.need(community), await stage.county.need(community)
    offer = await stage.county.offer(await stage.county.provider())
    await needs.withdraw(stage.county.context, gone)
    one = gid("Need", need)
    before = await stage.county.counts()
    assert await stage.refused("needs: []") == "INVALID_INPUT"
    assert await stage.refused('template: "FIVE"') == "INVALID_INPUT"
    assert await stage.refused(f'needs: ["{one}"], area: "{TOWN}"') == "INVALID_INPUT"
    assert await stage.refused(f'needs: ["{one}"], template: "SEVEN"') == "INVALID_INPUT"
    assert await stage.refused('area: "999"') == "INVALID_INPUT"
    many = ", ".join(f'"{gid("Need", n)}"' for n in range(1, 102))
    assert await stage.refused(f"needs: [{many}]") == "INVALID_INPUT"
    for wrong in (gid("Offer", offer), gid("Need", 404), gid("Need", 0), gid("Need", 2**63), "", "not an id"):
        assert await stage.refused(f'needs: ["{wrong}"]') == "NOT_FOUND"
    assert await stage.refused(f'needs: ["{gid("Need", gone)}"]') == "NEED_NOT_OPEN"
    assert await stage.county.counts() == before


async def test_teams_asked_for_at_once_are_read_together_and_are_the_same_as_one_by_one(stage: Stage) -> None:
    everybody = await stage.societies()
    await stage.societies(OTHER_TOWN)
    elsewhere = await stage.county.community(FAR_VILLAGE, "丙村社区")
    for kind in ("WHEELCHAIR", "FUNDS"):
        await stage.county.offer(everybody["VOLUNTEER"], resource_type=kind, capacity=50)
    asked = [
        await stage.county.need(at, resource_type=kind)
        for at in (everybody["COMMUNITY"], elsewhere)
        for kind in ("WHEELCHAIR", "FUNDS", "GOODS")
    ]
    alone = {gid("Need", one): await stage.of_need(one) for one in asked}
    sent = 0

    def count(*_: Any) -> None:
        nonlocal sent
        sent += 1

    event.listen(stage.county.engine.sync_engine, "before_cursor_execute", count)
    said = await stage.answer(f"{{ needs {{ edges {{ node {{ id team {{ {TEAM} }} }} }} }} }}")
    together = {one["node"]["id"]: one["node"]["team"] for one in said["data"]["needs"]["edges"]}
    assert together == alone
    assert sent <= 8


async def test_a_model_is_set_by_who_coordinates_the_area_and_by_nobody_else(stage: Stage) -> None:
    county, context = stage.county, stage.county.context
    before = await county.rows("SELECT count(*) FROM event"), await county.rows("SELECT count(*) FROM linkage_model")
    for viewer in (
        PUBLIC,
        Viewer("PARTNER", 3, party_id=1),
        Viewer("READER", 4),
        await county.coordinator(OTHER_COUNTY),
    ):
        with pytest.raises(NotAllowed):
            await teams.set_model(county.by(viewer), area=TOWN, model="SIX")
    with pytest.raises(InvalidInput) as refusal:
        await teams.set_model(context, area="999", model="NURSE", citation="\u0007", idempotency_key="")
    assert [one.code for one in refusal.value.fields] == [
        "UNKNOWN_AREA",
        "UNKNOWN_TEMPLATE",
        "CONTROL_CHARACTER",
        "INVALID_KEY",
    ]
    after = await county.rows("SELECT count(*) FROM event"), await county.rows("SELECT count(*) FROM linkage_model")
    assert after == before
    done = await teams.set_model(county.by(await county.coordinator()), area=TOWN, model="SIX")
    assert await teams.set_model(context, area=TOWN, model="SIX") == done
    assert (await county.one("SELECT count(*) FROM event WHERE kind = 'linkageModel.set'"))[0] == 1
    await teams.set_model(context, area=TOWN, model="THREE")
    row = await county.one(
        "SELECT t.code, count(*) OVER () FROM linkage_model m JOIN team_template t ON t.id = template_id"
    )
    assert tuple(row) == ("THREE", 1)


async def test_without_any_model_loaded_it_says_so(database_url: str) -> None:
    database, county = await found(database_url)
    async with county.engine.begin() as conn:
        await conn.exec_driver_sql("DELETE FROM team_template")
    need = await county.need(await county.community())
    with pytest.raises(Conflict) as refusal:
        await teams.of_need(county.context, need)
    assert refusal.value.code == "NOTHING_LOADED"
    with pytest.raises(NotFound):
        await teams.of_need(county.context, need + 1)
    await database.close()
