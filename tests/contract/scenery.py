"""What acts are done to: a county with something of each state, built once and cloned for every test."""

from __future__ import annotations

from datetime import date
from typing import Any

from acts import gid
from coordination_acts import operated
from evaluation_scenery import evaluated
from fund_scenery import moneyed
from persons import number
from small_county import OTHER_COUNTY, TODAY, TOWN, VILLAGE, County, found
from webhook_acts import HOOK

from db.cursors import parse_id
from resolvers import cases, certificates, offers, parties, records, referrals, services, webhooks


async def built(url: str) -> dict[str, Any]:
    """Fills a database with what acts are done to; the fields of `Stage` that name it."""
    database, county = await found(url)
    community, provider = await county.community(), await county.provider()
    paused = await county.offer(provider, title="暂停的", minimum_per_need=2, maximum_per_need=4, earmark="ORPHAN")
    await offers.pause(county.context, paused)
    computed = await county.waiting_plan(TOWN)
    need = await county.need(community, client_groups=["ORPHAN"], channel="HOTLINE")
    offer = await county.offer(provider)
    async with county.engine.begin() as conn:
        await conn.exec_driver_sql("UPDATE plan SET status = 'COMPUTED' WHERE id = $1", (computed,))
        await conn.exec_driver_sql(
            "INSERT INTO allocation (plan_id, need_id, offer_id, quantity, score) VALUES ($1, $2, $3, 2, 0.5)",
            (computed, need, offer),
        )
    led = await orders(county, community, provider)
    waiting = await county.waiting_plan(OTHER_COUNTY)
    record, volunteer, certificate = await served(county, community, led["IN_PROGRESS"])
    hooked = await hooks(county)
    evaluated_there = await evaluated(county)
    filed = await files(county, led["ACCEPTED"])
    funded = await moneyed(county, provider)
    operated_there = await operated(county)
    await database.close()
    return {
        "community": gid("Community", community),
        "provider": gid("DonorFirm", provider),
        "need": gid("Need", need),
        "offer": gid("Offer", offer),
        "paused": gid("Offer", paused),
        "waiting": gid("Plan", waiting),
        "computed": gid("Plan", computed),
        "referrals": led,
        "service": record,
        "volunteer": volunteer,
        "certificate": certificate,
        "webhooks": hooked,
        "evaluations": evaluated_there,
        "files": filed,
        "funds": funded,
        "operated": operated_there,
    }


async def served(county: County, community: int, referral: str) -> tuple[str, str, str]:
    """A record of goods; a volunteer with hours; a certificate of another volunteer's hours."""
    parsed = parse_id(referral)
    assert parsed is not None
    day = {"served_on": TODAY}
    record = await services.record_service(
        county.context, referral_id=parsed[1], kind="GOODS_DELIVERED", quantity=1, persons=1, **day
    )
    volunteers = []
    for name in ("王小明", "李小红"):
        id = (await parties.register_volunteer(county.context, name=name, area=VILLAGE)).id
        need = await county.need(community, title=f"{name}的一台", quantity=1)
        offer = await county.offer(id, title=f"{name}的轮椅", capacity=1)
        order = (await referrals.request(county.context, need_id=need, offer_id=offer, quantity=1)).id
        for step in ("accept", "start"):
            await referrals.advance(county.context, step, order)
        await services.record_service(county.context, referral_id=order, kind="HOURS", minutes=100, **day)
        volunteers.append(id)
    certified = await certificates.issue(county.context, volunteer_id=volunteers[1], from_on=TODAY, until_on=TODAY)
    return (
        gid("ServiceRecord", record.id),
        gid("Volunteer", volunteers[0]),
        gid("VolunteerCertificate", certified.id),
    )


async def files(county: County, referral: str) -> dict[str, str]:
    """A client with an identity, a consent to share, and a case of which the need of an order is."""
    parsed = parse_id(referral)
    assert parsed is not None
    need = (await county.one("SELECT need_id FROM referral WHERE id = :id", id=parsed[1]))[0]
    client = await cases.open_client(
        county.context,
        area=VILLAGE,
        code="2026-001",
        identity={
            "name": "王大海",
            "phone": "13800001234",
            "address": "拳铺镇甲村 1 号",
            "identity_number": number(date(1950, 1, 2)),
        },
    )
    day = {"given_by": "CLIENT", "given_on": TODAY}
    consent = await cases.give_consent(county.context, client=client.id, purpose="SHARE", evidence="同意书", **day)
    case = {"area": VILLAGE, "code": "个 1", "title": "出行", "method": "CASEWORK", "client": client.id}
    opened = await records.save(county.context, "case_file", case | {"opened_on": TODAY}, id=None)
    await records.save(county.context, "case_need", {"case_file": opened.id, "need": need}, id=None)
    return {
        "client": gid("Client", client.id),
        "consent": gid("Consent", consent.id),
        "case_file": gid("CaseFile", opened.id),
    }


async def hooks(county: County) -> dict[str, str]:
    """A webhook in each of these states; nothing is sent here."""
    found = {}
    for status in ("ACTIVE", "PAUSED"):
        done, _ = await webhooks.register(county.context, url=HOOK, kinds=["need.*"])
        found[status] = gid("Webhook", done.id)
    await webhooks.pause(county.context, done.id)
    return found


async def orders(county: County, community: int, provider: int) -> dict[str, str]:
    """A referral in each state, that together use up a need and an offer: no match and no plan sees either."""
    steps: dict[str, list[tuple[str, dict[str, Any]]]] = {
        "REQUESTED": [],
        "ACCEPTED": [("accept", {})],
        "IN_PROGRESS": [("accept", {}), ("start", {})],
        "COMPLETED": [("accept", {}), ("start", {}), ("complete", {"delivered": 1, "outcome": "GOT_HELP"})],
    }
    need = await county.need(community, title="已全部点单", quantity=len(steps))
    offer = await county.offer(provider, title="已全部点出", capacity=len(steps))
    found = {}
    for status, taken in steps.items():
        done = await referrals.request(county.context, need_id=need, offer_id=offer, quantity=1)
        for name, given in taken:
            await referrals.advance(county.context, name, done.id, **given)
        found[status] = gid("Referral", done.id)
    return found
