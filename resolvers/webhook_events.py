"""What a webhook is told of an event: which events it asked for, what its owner may see, and a few facts of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from db import feed, webhooks
from db.cursors import global_id
from db.entities import ENTITIES
from db.feed import FeedEvent
from db.records import camel
from db.viewer import Viewer
from resolvers.referral_steps import STEPS

#: Every kind of event that can be asked for; a test compares them with those that are written.
KINDS: Mapping[str, tuple[str, ...]] = {
    "need": ("need.submitted", "need.changed", "need.withdrawn", "need.closed"),
    "offer": (
        *("offer.published", "offer.changed", "offer.confirmed"),
        *("offer.paused", "offer.resumed", "offer.withdrawn"),
    ),
    "referral": (*dict.fromkeys(step.event for step in STEPS.values()), "referral.escalated"),
    "plan": (
        *("plan.queued", "plan.computed", "plan.updated", "plan.approved"),
        *("plan.kept", "plan.released", "plan.cancelled", "plan.failed"),
    ),
    "service": ("service.recorded", "service.corrected"),
    "certificate": ("certificate.issued", "certificate.outdated", "certificate.revoked"),
    "party": ("party.registered",),
}
ALL = frozenset(kind for kinds in KINDS.values() for kind in kinds)
#: What `webhookTest` writes; only the webhook that is tested hears of it.
TESTED, PING = "webhook.tested", "webhook.ping"
#: Facts of each entity that are sent, by column: figures and states, nothing that people typed and no person's data.
FACTS: Mapping[str, tuple[str, ...]] = {
    "need": ("status", "priority", "quantity", "committed", "delivered"),
    "offer": ("status", "capacity", "committed", "available"),
    "referral": ("status", "quantity", "delivered"),
    "plan": ("status", "demand", "met"),
    "service_record": ("kind", "sessions", "persons", "person_times", "reach", "quantity", "minutes"),
    "certificate": ("status",),
    "party": ("society",),
}
#: Events looked through at once.
PAGE = 500


@dataclass(frozen=True, slots=True)
class Message:
    """One event for one webhook. `id` is the same whenever and however often it is sent."""

    id: str
    position: int
    body: bytes


def unknown(patterns: Collection[str]) -> list[int]:
    """Which of these are neither a kind of event, nor all of an entity ("referral.*"), nor "*". Their places."""
    known = ALL | {f"{name}.*" for name in KINDS} | {"*"}
    return [place for place, pattern in enumerate(patterns) if pattern not in known]


def wanted(patterns: Collection[str], kind: str) -> bool:
    """Whether a webhook that asked for these patterns hears of this kind."""
    return kind in ALL and ("*" in patterns or kind in patterns or f"{kind.split('.')[0]}.*" in patterns)


def owner(hook: Any) -> Viewer:
    """Who registered a webhook (a row of `db.webhooks.take`), as whom everything is read."""
    return Viewer(hook.role, hook.key_id, hook.area_id, hook.area_is_county, hook.party_id)


async def pending(conn: AsyncConnection, hook: Any, position: int, limit: int) -> tuple[Sequence[Message], int, bool]:
    """(the next `limit` messages after a position, how far the feed was looked through, whether that is its end).

    What the owner may see is as of now. At most four statements and one for each entity, whatever the limit.
    """
    events = await feed.read(conn, position, PAGE)
    if not events:
        return (), position, True
    chosen = [one for one in events if wanted(hook.kinds, one.kind) or _tests(one, hook.id)]
    areas = await webhooks.areas(conn, {one.area_id for one in chosen if one.area_id is not None}, hook.scope_id)
    if hook.scope_id is not None:
        chosen = [one for one in chosen if one.area_id in areas or one.kind == TESTED]
    messages = []
    for start in range(0, len(chosen), limit):
        part = chosen[start : start + limit]
        messages += await _messages(conn, hook, part, areas)
        if len(messages) >= limit:
            return messages[:limit], messages[limit - 1].position, False
    return messages, events[-1].position, len(events) < PAGE


def _tests(event: FeedEvent, id: int) -> bool:
    return event.kind == TESTED and event.entity == "webhook" and event.entity_id == id


async def _messages(
    conn: AsyncConnection, hook: Any, events: Sequence[FeedEvent], areas: Mapping[int, str]
) -> list[Message]:
    by_entity: dict[str, set[int]] = {}
    for one in events:
        if one.entity in FACTS:
            by_entity.setdefault(one.entity, set()).add(one.entity_id)
    viewer = owner(hook)
    seen = {entity: await webhooks.facts(conn, viewer, entity, ids, FACTS[entity]) for entity, ids in by_entity.items()}
    messages = []
    data: dict[str, Any]
    for one in events:
        if one.kind == TESTED:
            data = {"typename": "Webhook", "id": global_id(f"Webhook:{hook.id}".encode())}
            messages.append(_message(one, PING, data))
        elif (row := seen.get(one.entity, {}).get(one.entity_id)) is not None:
            typename = ENTITIES[one.entity].types[row.get("__kind", "")]
            id = global_id(f"{typename}:{one.entity_id}".encode())
            data = {"typename": typename, "id": id, "area": areas.get(one.area_id or 0)}
            data |= {camel(name): row[name] for name in FACTS[one.entity]}
            messages.append(_message(one, one.kind, data))
    return messages


def _message(event: FeedEvent, kind: str, data: Mapping[str, Any]) -> Message:
    id = f"evt_{event.id}"
    body = {"id": id, "cursor": feed.cursor_of(event.position), "event": kind, "at": event.at, "data": data}
    return Message(id, event.position, orjson.dumps(body))


def markdown() -> str:
    """The table of docs/webhooks.md."""
    lines = ["| group | events |", "|---|---|"]
    lines += [f"| `{name}.*` | {', '.join(f'`{kind}`' for kind in kinds)} |" for name, kinds in KINDS.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(markdown())
