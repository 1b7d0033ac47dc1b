"""The ledger of what is promised, checked from outside: nothing but SQL, and none of the code that keeps it.

`contradictions(url)` may be called at any moment, also while acts go on: it reads one snapshot.
"""

from __future__ import annotations

import asyncpg

STANDING = "('REQUESTED', 'ACCEPTED', 'IN_PROGRESS', 'ON_HOLD')"

#: The state that an event leads to; a follow-up leads to none.
_LEADS_TO = """(VALUES
    ('referral.requested', 'REQUESTED'), ('referral.taken', 'ACCEPTED'), ('referral.accepted', 'ACCEPTED'),
    ('referral.rejected', 'REJECTED'), ('referral.started', 'IN_PROGRESS'), ('referral.held', 'ON_HOLD'),
    ('referral.completed', 'COMPLETED'), ('referral.failed', 'FAILED'), ('referral.cancelled', 'CANCELLED'),
    ('referral.released', 'CANCELLED')) AS leads (kind, status)"""

_EVENTS = f"""SELECT e.entity_id AS id, e.id AS event_id, leads.status
    FROM event e JOIN {_LEADS_TO} ON leads.kind = e.kind WHERE e.entity = 'referral'"""  # noqa: S608

#: What each row found is, in words, and the statement that finds them: (number, what is said, what should be).
_CHECKS: tuple[tuple[str, str], ...] = (
    (
        "offer {}: committed {}, its referrals hold {}",
        """SELECT o.id, o.committed, coalesce(sum(r.held), 0) FROM offer o LEFT JOIN referral r ON r.offer_id = o.id
           GROUP BY o.id HAVING o.committed <> coalesce(sum(r.held), 0)""",
    ),
    (
        "need {}: committed {}, its referrals hold {}",
        """SELECT n.id, n.committed, coalesce(sum(r.held), 0) FROM need n LEFT JOIN referral r ON r.need_id = n.id
           GROUP BY n.id HAVING n.committed <> coalesce(sum(r.held), 0)""",
    ),
    (
        "need {}: delivered {}, its referrals delivered {}",
        """SELECT n.id, n.delivered, coalesce(sum(r.delivered), 0) FROM need n LEFT JOIN referral r ON r.need_id = n.id
           GROUP BY n.id HAVING n.delivered <> coalesce(sum(r.delivered), 0)""",
    ),
    (
        "offer {}: committed {} of a capacity of {}",
        "SELECT id, committed, capacity FROM offer WHERE committed NOT BETWEEN 0 AND capacity",
    ),
    (
        "need {}: committed {} of a quantity of {}",
        "SELECT id, committed, quantity FROM need WHERE committed NOT BETWEEN 0 AND quantity",
    ),
    (
        "referral {}: holds {}, its state says {}",
        f"""SELECT id, held, should FROM referral, LATERAL (SELECT CASE WHEN status IN {STANDING} THEN quantity
                WHEN status = 'COMPLETED' THEN delivered ELSE 0 END AS should) s
           WHERE held IS DISTINCT FROM should""",  # noqa: S608
    ),
    (
        "referral {}: {}, the end of its history says {}",
        """SELECT id, status, history -> -1 ->> 'status' FROM referral
           WHERE status::text IS DISTINCT FROM history -> -1 ->> 'status'""",
    ),
    (
        "referral {}: {}, its last event says {}",
        f"""SELECT r.id, r.status, e.status FROM referral r
           LEFT JOIN (SELECT DISTINCT ON (id) id, status FROM ({_EVENTS}) s ORDER BY id, event_id DESC) e ON e.id = r.id
           WHERE e.status IS DISTINCT FROM r.status::text""",  # noqa: S608
    ),
    (
        "referral {}: {} entries in its history, {} events",
        f"""SELECT r.id, entries, coalesce(events, 0) FROM referral r
           JOIN (SELECT id, (SELECT count(*) FROM jsonb_array_elements(history) h
                             WHERE h ->> 'status' IS NOT NULL) AS entries FROM referral) h ON h.id = r.id
           LEFT JOIN (SELECT id, count(*) AS events FROM ({_EVENTS}) s GROUP BY id) e ON e.id = r.id
           WHERE r.followed_up_at IS NULL AND entries <> coalesce(events, 0)
             AND NOT EXISTS (SELECT FROM follow_up f WHERE f.referral_id = r.id)""",  # noqa: S608
    ),
    (
        "event {} of {} {}, which is not there",
        """SELECT e.id, e.entity, e.entity_id FROM event e
           WHERE (e.entity = 'referral' AND NOT EXISTS (SELECT FROM referral r WHERE r.id = e.entity_id))
              OR (e.entity = 'need' AND NOT EXISTS (SELECT FROM need n WHERE n.id = e.entity_id))
              OR (e.entity = 'offer' AND e.entity_id <> 0
                  AND NOT EXISTS (SELECT FROM offer o WHERE o.id = e.entity_id))""",
    ),
    (
        "{} {} was made {} times",
        """SELECT entity, entity_id, count(*) FROM event
           WHERE kind IN ('need.submitted', 'offer.published', 'referral.requested', 'referral.taken')
           GROUP BY entity, entity_id HAVING count(*) > 1""",
    ),
    (
        "the key {} of {} has no answer (entity {})",
        "SELECT key, operation, entity_id FROM idempotency WHERE entity = '' OR entity_id = 0",
    ),
)


async def contradictions(url: str) -> list[str]:
    """Everything that a ledger in order does not say, in words; empty where all is in order.

    `url` is postgresql://. Sums of what referrals hold against `committed` and `delivered` of their offers and needs,
    limits, states against history and events, things made twice, keys without an answer. One read-only snapshot;
    O(rows of offer, need, referral and event).
    """
    connection = await asyncpg.connect(url, timeout=10)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return [words.format(*row) for words, sql in _CHECKS for row in await connection.fetch(sql)]
    finally:
        await connection.close()
