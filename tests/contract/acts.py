"""Every act of the contract with an input that is done, and what comes back; the stage it is done on."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from case_acts import CASES
from coordination_acts import COORDINATION
from evaluation_acts import EVALUATIONS
from fund_acts import FUNDS
from report_acts import REPORTS
from service_acts import SERVICES
from small_county import COUNTY, OTHER_COUNTY, TOWN, VILLAGE, County
from station_acts import STATIONS
from stdnum.cn import uscc
from webhook_acts import WEBHOOKS

from db.viewer import LOCAL, Viewer
from schema.contract import CONTRACT
from schema.execution.executor import Executor

MUTATION = CONTRACT._schema.mutation_type
assert MUTATION is not None
CODE = "52370832MJ1234567"
CODE += uscc.calc_check_digit(CODE)
FIRM_CODE = "91370832MA1234567"
FIRM_CODE += uscc.calc_check_digit(FIRM_CODE)
PROBLEM = """
    ... on Problem { code zh: message en: message(lang: EN) }
    ... on InvalidInput { fields { path code zh: message en: message(lang: EN) } }
"""


def gid(typename: str, number: int) -> str:
    return base64.b64encode(f"{typename}:{number}".encode()).decode()


@dataclass
class Stage:
    """A county with one community, two providers and something of each state, and the executor that clients reach."""

    county: County
    executor: Executor
    community: str
    provider: str
    need: str
    offer: str
    paused: str
    #: A plan that waits and that nobody takes.
    waiting: str
    #: A plan that is computed, with one line.
    computed: str
    #: A referral in each of these states, of a need and an offer of their own.
    referrals: dict[str, str]
    #: A record of goods, a volunteer with hours that nobody certified, and a certificate of another.
    service: str
    volunteer: str
    certificate: str
    #: An active and a paused one.
    webhooks: dict[str, str]
    #: An evaluation in each of these states.
    evaluations: dict[str, str]
    #: A client whose need is ordered, with the case, and its consent to share.
    files: dict[str, str]
    #: Money of each kind, by name (`fund_scenery`).
    funds: dict[str, str]
    #: A project with a primary operator, and another party that could be it.
    operated: dict[str, str]

    async def answer(self, document: str, variables: dict[str, Any] | None = None, viewer: Viewer = LOCAL) -> Any:
        """The whole answer, errors and all."""
        outcome = await self.executor.run(document, None, variables, viewer=viewer)
        return orjson.loads(outcome.body)

    async def send(self, act: str, given: dict[str, Any], selection: str = "", viewer: Viewer = LOCAL) -> Any:
        """What one act answers; `given` is its input, or its arguments where it takes an id."""
        arguments = MUTATION.fields[act].args  # type: ignore[union-attr]
        if "input" in arguments:
            document = f"mutation($given: {arguments['input'].type}) {{ act: {act}(input: $given) {{ @ }} }}"
            variables: dict[str, Any] = {"given": given}
        else:
            document = (
                f"mutation($id: ID!, $key: String) {{ act: {act}(id: $id, idempotencyKey: $key) {{ @ }} }}"
                if "idempotencyKey" in given
                else f"mutation($id: ID!) {{ act: {act}(id: $id) {{ @ }} }}"
            )
            variables = {"id": given["id"], "key": given.get("idempotencyKey")}
        said = await self.answer(document.replace("@", f"__typename {selection} {PROBLEM}"), variables, viewer)
        assert "errors" not in said, said
        return said["data"]["act"]


Given = Callable[[Stage], dict[str, Any]]
HOME = "area { code }"
AT_HOME = {"area": {"code": VILLAGE}}
PARTY = {"name": "新登记的", "area": VILLAGE}
NEED = "need { title quantity priority neededBy status community { name } clientGroups { code } channel { code } }"
MATCHES = "matches { edges { node { quantity offer { title } } } }"
NEED_NOW = {
    "title": "轮椅一台",
    "quantity": 2,
    "priority": "ROUTINE",
    "neededBy": None,
    "status": "OPEN",
    "community": {"name": "甲村社区"},
    "clientGroups": [{"code": "ORPHAN"}],
    "channel": {"code": "HOTLINE"},
}
OFFER = "offer { title capacity available minimumPerNeed maximumPerNeed earmark { code } status coverage { code } }"
OFFER_NOW = {
    "title": "捐赠轮椅",
    "capacity": 10,
    "available": 10,
    "minimumPerNeed": 1,
    "maximumPerNeed": None,
    "earmark": None,
    "status": "ACTIVE",
    "coverage": [{"code": COUNTY}],
}
PAUSED_NOW = OFFER_NOW | {
    "title": "暂停的",
    "status": "PAUSED",
    "minimumPerNeed": 2,
    "maximumPerNeed": 4,
    "earmark": {"code": "ORPHAN"},
}

REFERRAL = "referral { status quantity delivered outcome { code } reason { code } history { status note } }"


def step(status: str, target: str, given: dict[str, Any], now: dict[str, Any], past: str) -> Any:
    """A step on the referral in `status`: what is given, and what the answer shows."""
    before = {
        "REQUESTED": ["REQUESTED"],
        "ACCEPTED": ["REQUESTED", "ACCEPTED"],
        "IN_PROGRESS": ["REQUESTED", "ACCEPTED", "IN_PROGRESS"],
        "COMPLETED": ["REQUESTED", "ACCEPTED", "IN_PROGRESS", "COMPLETED"],
    }[status]
    history = [{"status": one, "note": None} for one in before] + [{"status": target, "note": "已电话说明"}]
    shown = {"status": target, "quantity": 1, "delivered": None, "outcome": None, "reason": None, "history": history}
    return (
        lambda stage: {"id": stage.referrals[status], "note": "已电话说明"} | given,
        past,
        REFERRAL,
        {"referral": shown | now},
    )


#: act -> what is given, the type that answers, what is selected of it, what comes back
DONE: dict[str, tuple[Given, str, str, dict[str, Any]]] = (
    SERVICES
    | REPORTS
    | COORDINATION
    | {
        "organizationRegister": (
            lambda _: PARTY | {"creditCode": CODE, "foundedOn": "2020-02-29"},
            "OrganizationRegistered",
            f"organization {{ name society {HOME} creditCode foundedOn }}",
            {
                "organization": AT_HOME
                | {
                    "name": "新登记的",
                    "society": "SOCIAL_ORGANIZATION",
                    "creditCode": CODE,
                    "foundedOn": "2020-02-29",
                }
            },
        ),
        "volunteerRegister": (
            lambda _: PARTY | {"headcount": 12},
            "VolunteerRegistered",
            f"volunteer {{ name headcount {HOME} }}",
            {"volunteer": AT_HOME | {"name": "新登记的", "headcount": 12}},
        ),
        "donorFirmRegister": (
            lambda _: PARTY | {"creditCode": FIRM_CODE, "industry": "TEXTILE"},
            "DonorFirmRegistered",
            f"donorFirm {{ name creditCode industry {{ label(lang: EN) }} {HOME} }}",
            {"donorFirm": AT_HOME | {"name": "新登记的", "creditCode": FIRM_CODE, "industry": {"label": "Textile"}}},
        ),
        "fundRegister": (
            lambda _: PARTY | {"source": "CHARITY"},
            "FundRegistered",
            "fund { name source { code } offers { totalCount } }",
            {"fund": {"name": "新登记的", "source": {"code": "CHARITY"}, "offers": {"totalCount": 0}}},
        ),
        "socialWorkerRegister": (
            lambda _: dict(PARTY),
            "SocialWorkerRegistered",
            "socialWorker { name society }",
            {"socialWorker": {"name": "新登记的", "society": "SOCIAL_WORKER"}},
        ),
        "communityRegister": (
            lambda _: dict(PARTY),
            "CommunityRegistered",
            "community { name needs { totalCount edges { node { title } } } }",
            {"community": {"name": "新登记的", "needs": {"totalCount": 0, "edges": []}}},
        ),
        "assistantRegister": (
            lambda _: dict(PARTY),
            "AssistantRegistered",
            "assistant { name society }",
            {"assistant": {"name": "新登记的", "society": "ASSISTANT"}},
        ),
        "needSubmit": (
            lambda stage: {
                "title": "轮椅三台",
                "communityId": stage.community,
                "resourceType": "WHEELCHAIR",
                "quantity": 3,
                "priority": "STAT",
                "clientGroups": ["ELDER"],
                "neededFrom": "2026-11-22",
                "neededBy": "2026-12-01",
                "channel": "HOTLINE",
            },
            "NeedSubmitted",
            f"{NEED} ...on NeedSubmitted {{ need {{ {MATCHES} }} }}",
            {
                "need": NEED_NOW
                | {
                    "title": "轮椅三台",
                    "quantity": 3,
                    "priority": "STAT",
                    "neededBy": "2026-12-01",
                    "clientGroups": [{"code": "ELDER"}],
                    "matches": {"edges": [{"node": {"quantity": 3, "offer": {"title": "捐赠轮椅"}}}]},
                }
            },
        ),
        "needChange": (
            lambda stage: {"id": stage.need, "quantity": 5, "priority": "URGENT", "clientGroups": ["CHILD"]},
            "NeedChanged",
            NEED,
            {"need": NEED_NOW | {"quantity": 5, "priority": "URGENT", "clientGroups": [{"code": "CHILD"}]}},
        ),
        "needWithdraw": (
            lambda stage: {"id": stage.need},
            "NeedWithdrawn",
            "need { status matches { totalCount } }",
            {"need": {"status": "WITHDRAWN", "matches": {"totalCount": 0}}},
        ),
        "offerPublish": (
            lambda stage: {
                "title": "轮椅四台",
                "providerId": stage.provider,
                "resourceType": "WHEELCHAIR",
                "capacity": 4,
                "coverage": [TOWN, OTHER_COUNTY],
                "clientGroups": ["CHILD"],
                "minimumPerNeed": 1,
                "maximumPerNeed": 2,
                "availableFrom": "2026-11-22",
                "availableUntil": "2027-01-01",
                "earmark": "CHILD_PROTECTION",
            },
            "OfferPublished",
            f"{OFFER} ...on OfferPublished {{ offer {{ matches {{ edges {{ node {{ quantity }} }} }} }} }}",
            {
                "offer": OFFER_NOW
                | {
                    "title": "轮椅四台",
                    "capacity": 4,
                    "available": 4,
                    "maximumPerNeed": 2,
                    "earmark": {"code": "CHILD_PROTECTION"},
                    "coverage": [{"code": TOWN}, {"code": OTHER_COUNTY}],
                    "matches": {"edges": [{"node": {"quantity": 2}}]},
                }
            },
        ),
        "offerChange": (
            lambda stage: {"id": stage.offer, "capacity": 6, "coverage": [TOWN], "minimumPerNeed": 2},
            "OfferChanged",
            OFFER,
            {"offer": OFFER_NOW | {"capacity": 6, "available": 6, "coverage": [{"code": TOWN}], "minimumPerNeed": 2}},
        ),
        "offerConfirm": (
            lambda stage: {"id": stage.offer},
            "OfferConfirmed",
            "offer { confirmedAt status }",
            {"offer": {"confirmedAt": "2026-11-22T04:00:00+00:00", "status": "ACTIVE"}},
        ),
        "offerPause": (
            lambda stage: {"id": stage.offer},
            "OfferPaused",
            OFFER,
            {"offer": OFFER_NOW | {"status": "PAUSED"}},
        ),
        "offerResume": (
            lambda stage: {"id": stage.paused},
            "OfferResumed",
            OFFER,
            {"offer": PAUSED_NOW | {"status": "ACTIVE"}},
        ),
        "offerWithdraw": (
            lambda stage: {"id": stage.offer},
            "OfferWithdrawn",
            OFFER,
            {"offer": OFFER_NOW | {"status": "WITHDRAWN"}},
        ),
        "planCompute": (
            lambda _: {"area": COUNTY},
            "PlanComputed",
            "plan { area { code } status demand met certificate { optimal violations }"
            " allocations { edges { node { quantity need { title } offer { title } } } } shortfalls { totalCount } }",
            {
                "plan": {
                    "area": {"code": COUNTY},
                    "status": "COMPUTED",
                    "demand": 1,
                    "met": 1,
                    "certificate": {"optimal": True, "violations": 0},
                    "allocations": {
                        "edges": [
                            {"node": {"quantity": 2, "need": {"title": "轮椅一台"}, "offer": {"title": "捐赠轮椅"}}}
                        ]
                    },
                    "shortfalls": {"totalCount": 0},
                }
            },
        ),
        "planCancel": (
            lambda stage: {"id": stage.waiting},
            "PlanCancelled",
            "plan { area { code } status progress demand startedAt failureCode failure }",
            {
                "plan": {
                    "area": {"code": OTHER_COUNTY},
                    "status": "CANCELLED",
                    "progress": 0.0,
                    "demand": 0,
                    "startedAt": None,
                    "failureCode": None,
                    "failure": None,
                }
            },
        ),
        "planKeep": (
            lambda stage: {"id": stage.computed, "keep": True},
            "PlanKept",
            "plan { area { code } status kept }",
            {"plan": {"area": {"code": TOWN}, "status": "COMPUTED", "kept": True}},
        ),
        "linkageModelSet": (
            lambda _: {"area": COUNTY, "model": "SIX", "since": "2026-11-01", "citation": "县“3456”实施方案"},
            "LinkageModelSet",
            "linkageModel { area { code } sinceOn citation template { code label(lang: EN) isLinkageModel } }",
            {
                "linkageModel": {
                    "area": {"code": COUNTY},
                    "sinceOn": "2026-11-01",
                    "citation": "县“3456”实施方案",
                    "template": {"code": "SIX", "label": "Six-society linkage", "isLinkageModel": True},
                }
            },
        ),
        "planApprove": (
            lambda stage: {"id": stage.computed},
            "PlanApproved",
            "plan { status approvedAt kept }",
            {"plan": {"status": "APPROVED", "approvedAt": "2026-11-22T04:00:00+00:00", "kept": False}},
        ),
        "referralRequest": (
            lambda stage: {"needId": stage.need, "offerId": stage.offer, "quantity": 2, "note": "请先电话联系"},
            "ReferralRequested",
            "referral { status quantity note taken need { committed } offer { available } steps { name requires } }",
            {
                "referral": {
                    "status": "REQUESTED",
                    "quantity": 2,
                    "note": "请先电话联系",
                    "taken": False,
                    "need": {"committed": 2},
                    "offer": {"available": 8},
                    "steps": [
                        {"name": "accept", "requires": []},
                        {"name": "reject", "requires": ["reason"]},
                        {"name": "cancel", "requires": []},
                    ],
                }
            },
        ),
        "referralTake": (
            lambda stage: {"needId": stage.need, "offerId": stage.offer, "quantity": 1},
            "ReferralTaken",
            "referral { status quantity taken need { committed } }",
            {"referral": {"status": "ACCEPTED", "quantity": 1, "taken": True, "need": {"committed": 1}}},
        ),
        "referralAccept": step("REQUESTED", "ACCEPTED", {}, {}, "ReferralAccepted"),
        "referralReject": step(
            "REQUESTED",
            "REJECTED",
            {"reason": "NO_CAPACITY"},
            {"reason": {"code": "NO_CAPACITY"}},
            "ReferralRejected",
        ),
        "referralStart": step("ACCEPTED", "IN_PROGRESS", {}, {}, "ReferralStarted"),
        "referralHold": step("IN_PROGRESS", "ON_HOLD", {}, {}, "ReferralHeld"),
        "referralComplete": step(
            "IN_PROGRESS",
            "COMPLETED",
            {"delivered": 1, "outcome": "GOT_HELP"},
            {"delivered": 1, "outcome": {"code": "GOT_HELP"}},
            "ReferralCompleted",
        ),
        "referralFail": step(
            "ACCEPTED",
            "FAILED",
            {"outcome": "NO_LONGER_INTERESTED"},
            {"outcome": {"code": "NO_LONGER_INTERESTED"}},
            "ReferralFailed",
        ),
        "referralCancel": step("IN_PROGRESS", "CANCELLED", {}, {}, "ReferralCancelled"),
        "followUpRecord": (
            lambda stage: {"id": stage.referrals["COMPLETED"], "satisfaction": 4, "furtherNeed": "还想学会使用"},
            "FollowUpRecorded",
            "referral { status awaited steps { name } followUps { edges { node { satisfaction furtherNeed side } } } }",
            {
                "referral": {
                    "status": "COMPLETED",
                    "awaited": False,
                    "steps": [],
                    "followUps": {
                        "edges": [{"node": {"satisfaction": 4, "furtherNeed": "还想学会使用", "side": "COORDINATOR"}}]
                    },
                }
            },
        ),
        "offersConfirm": (
            lambda stage: {"ids": [stage.paused, stage.offer]},
            "OffersConfirmed",
            "offers { title confirmedAt status }",
            {
                "offers": [
                    {"title": "暂停的", "confirmedAt": "2026-11-22T04:00:00+00:00", "status": "PAUSED"},
                    {"title": "捐赠轮椅", "confirmedAt": "2026-11-22T04:00:00+00:00", "status": "ACTIVE"},
                ]
            },
        ),
        "noticeRead": (
            # The first order of the stage told its provider.
            lambda stage: {"id": gid("Notice", 1)},
            "NoticeRead",
            "notice { kind title readAt party { id } area { code } about }",
            {
                "notice": {
                    "kind": "NEW_ORDER",
                    "title": "新的点单",
                    "readAt": "2026-11-22T04:00:00+00:00",
                    "party": {"id": gid("DonorFirm", 2)},
                    "area": None,
                    "about": [gid("Referral", 1)],
                }
            },
        ),
    }
)
DONE |= CASES | WEBHOOKS | STATIONS
DONE |= FUNDS
DONE |= EVALUATIONS
