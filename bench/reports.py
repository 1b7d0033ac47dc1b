"""Reports against size: a county of 200,000 records a year, a province of 100 counties and 5 million records.

    python -m bench.reports [COUNTIES] [RECORDS]      by default 100 counties, 5,000,000 records in all

One county of the province has 200,000 records, the others share the rest. The records are written by INSERT .. SELECT
into an embedded server in a temporary folder, with every check of the tables in force but foreign keys. Each report
is asked three times with everything it tells (every measure, the period before, plans), as an administrator, over the
use case that the contract, the sheet and the page call; the median is told, and the slowest statement.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from bench.province import words
from db.database import Database
from db.server import database
from db.viewer import LOCAL, PUBLIC, Viewer
from resolvers import reports
from resolvers.context import Context

PROVINCE = "37"
COUNTIES, RECORDS, LARGEST = 100, 5_000_000, 200_000
TOWNSHIPS, VILLAGES = 14, 20
ROUNDS = 3
NOW = datetime(2026, 12, 20, 4, tzinfo=UTC)
WANTED = {"county": 2.0, "province": 60.0}

#: Villages of the counties, and how many records each county has of a thousand.
_AREAS = """
    CREATE TEMP TABLE chosen AS SELECT id, code, full_name, ancestor_ids, row_number() OVER (ORDER BY code) AS n
        FROM area WHERE level = 'COUNTY' AND ancestor_ids @> ARRAY[(SELECT id FROM area WHERE code = '{province}')]
        AND code <> '370832' ORDER BY code LIMIT {counties};
    INSERT INTO area (code, name, full_name, level, parent_id, ancestor_ids, county_id)
        SELECT c.code || lpad((100 + t)::text, 3, '0'), '第' || t || '镇', c.full_name || '第' || t || '镇', 'TOWNSHIP',
            c.id, c.ancestor_ids, c.id FROM chosen c, generate_series(1, {townships}) t;
    UPDATE area SET ancestor_ids = ancestor_ids || id WHERE level = 'TOWNSHIP' AND county_id IN (SELECT id FROM chosen);
    INSERT INTO area (code, name, full_name, level, parent_id, ancestor_ids, county_id)
        SELECT t.code || lpad((200 + v)::text, 3, '0'), '第' || v || '村', t.full_name || '第' || v || '村', 'VILLAGE',
            t.id, t.ancestor_ids, t.county_id FROM area t, generate_series(1, {villages}) v
        WHERE t.level = 'TOWNSHIP' AND t.county_id IN (SELECT id FROM chosen);
    UPDATE area SET ancestor_ids = ancestor_ids || id WHERE level = 'VILLAGE' AND county_id IN (SELECT id FROM chosen);
    CREATE TEMP TABLE village AS SELECT a.id, a.county_id, c.n,
        row_number() OVER (PARTITION BY c.n ORDER BY a.id) - 1 AS place
        FROM area a JOIN chosen c ON c.id = a.county_id WHERE a.level = 'VILLAGE';
    CREATE INDEX ON village (n, place);
    CREATE TEMP TABLE helper AS
        WITH made AS (INSERT INTO party (kind, name, area_id, county_id, source_id)
            SELECT k.kind::party_kind, k.name, c.id, c.id,
                CASE WHEN k.kind = 'FUND' THEN (SELECT min(id) FROM term WHERE scheme = 'fund_source') END
            FROM chosen c, (VALUES ('COMMUNITY', '某社区'),
                ('FUND', '某资金')) k (kind, name)
            RETURNING id, kind, county_id)
        SELECT county_id, min(id) FILTER (WHERE kind = 'COMMUNITY') AS community,
            min(id) FILTER (WHERE kind = 'FUND') AS provider FROM made GROUP BY county_id;
    CREATE TEMP TABLE offered AS
        WITH made AS (INSERT INTO offer (title, provider_id, area_id, county_id, coverage_ids, resource_type_id,
                capacity, status)
            SELECT '资金', provider, county_id, county_id, ARRAY[county_id],
                (SELECT min(id) FROM resource_type WHERE kind = 'FUNDS'), 100000000, 'ACTIVE' FROM helper
            RETURNING id, county_id)
        SELECT * FROM made;
    CREATE TEMP TABLE word AS SELECT scheme, array_agg(id ORDER BY id) AS ids FROM term GROUP BY scheme;
"""
#: Each county's share of a table: a numbered list of (village, moment).
_SPOTS = """
    CREATE TEMP TABLE spot AS
    SELECT row_number() OVER () AS k, v.id AS area_id, v.county_id, s.at, s.dice
    FROM (SELECT c.n, timestamptz '2025-12-31 16:00Z' + interval '352 days' * random() AS at,
            (random() * 1000000)::integer AS dice
        FROM chosen c, generate_series(1, CASE WHEN c.n = 1 THEN {largest} ELSE {each} END) ORDER BY at) s
    JOIN village v ON v.n = s.n AND v.place = s.dice % {places};
    CREATE INDEX ON spot (k);
"""
_TABLES: tuple[tuple[str, float, str], ...] = (
    (
        "need",
        0.14,
        """INSERT INTO need (title, community_id, area_id, county_id, resource_type_id, quantity, committed, delivered,
                status, created_at)
            SELECT '需求', h.community, s.area_id, s.county_id,
                (SELECT min(id) FROM resource_type WHERE kind = 'FUNDS'), 1, 1, 1, 'MET', s.at
            FROM spot s JOIN helper h USING (county_id) ORDER BY s.k""",
    ),
    (
        "referral",
        0.0,
        """INSERT INTO referral (need_id, offer_id, community_id, provider_id, area_id, county_id, resource_type_id,
                priority, quantity, held, delivered, status, outcome_id, due_at, awaited, owner_area_id, requested_at,
                accepted_at, started_at, closed_at, closed_by, updated_at, history)
            SELECT n.id, o.id, n.community_id, h.provider, n.area_id, n.county_id, n.resource_type_id, 'ROUTINE', 1,
                CASE WHEN f.state IN ('COMPLETED', 'ACCEPTED') THEN 1 ELSE 0 END,
                CASE WHEN f.state = 'COMPLETED' THEN 1 END, f.state::referral_status,
                CASE WHEN f.state = 'COMPLETED' THEN w.ids[1 + n.id % 7] END, n.created_at + interval '9 days',
                f.state = 'ACCEPTED', n.area_id, n.created_at + f.span, n.created_at + f.span * 3,
                CASE WHEN f.state = 'COMPLETED' THEN n.created_at + f.span * 4 END,
                CASE WHEN f.state <> 'ACCEPTED' THEN n.created_at + f.span * 6 END,
                CASE WHEN f.state <> 'ACCEPTED' THEN 'PROVIDER'::referral_side END, n.created_at + f.span * 6,
                jsonb_build_array(jsonb_build_object('status', 'REQUESTED', 'at', n.created_at + f.span),
                    jsonb_build_object('status', 'ACCEPTED', 'at', n.created_at + f.span * 3))
            FROM need n JOIN helper h USING (county_id) JOIN offered o USING (county_id)
            JOIN word w ON w.scheme = 'outcome',
            LATERAL (SELECT CASE WHEN n.id % 20 = 0 THEN 'ACCEPTED' WHEN n.id % 11 = 0 THEN 'FAILED'
                WHEN n.id % 13 = 0 THEN 'CANCELLED' ELSE 'COMPLETED' END AS state,
                interval '1 hour' * (1 + n.id % 40) AS span) f ORDER BY n.id""",
    ),
    (
        "service_record",
        0.44,
        """INSERT INTO service_record (referral_id, area_id, county_id, provider_id, community_id, resource_type_id,
                kind, served_on, sessions, persons, person_times, reach, minutes, amount, side, recorded_at)
            SELECT r.id, s.area_id, s.county_id, h.provider, h.community,
                (SELECT min(id) FROM resource_type WHERE kind = 'FUNDS'), f.kind::service_kind,
                (s.at AT TIME ZONE 'Asia/Shanghai')::date,
                CASE WHEN f.kind = 'GROUP_WORK' THEN 1 END,
                CASE WHEN f.kind <> 'HOURS' THEN 1 + s.dice % 9 END,
                CASE WHEN f.kind NOT IN ('HOURS', 'MONEY_PAID') THEN 10 + s.dice % 9 END,
                CASE WHEN f.kind = 'VISIT' THEN 12 + s.dice % 90 END,
                CASE WHEN f.kind = 'HOURS' THEN 30 + s.dice % 200 END,
                CASE WHEN f.kind = 'MONEY_PAID' THEN 100 + s.dice % 900 END, 'COORDINATOR', s.at
            FROM spot s JOIN helper h USING (county_id)
            JOIN (SELECT county_id, min(id) AS id FROM referral GROUP BY county_id) r USING (county_id),
            LATERAL (SELECT (ARRAY['VISIT', 'CASEWORK', 'GROUP_WORK', 'MONEY_PAID', 'HOURS'])[1 + s.dice % 5] AS kind) f
            ORDER BY s.k""",
    ),
    (
        "client",
        0.08,
        """INSERT INTO client (code, group_ids, opened_on, is_minor, area_id, county_id, recorded_at, changed_at)
            SELECT 'C' || s.k, ARRAY[w.ids[1 + s.dice % 18], w.ids[1 + s.dice % 5]],
                (s.at AT TIME ZONE 'Asia/Shanghai')::date, s.dice % 9 = 0, s.area_id, s.county_id, s.at, s.at
            FROM spot s, word w WHERE w.scheme = 'client_group' ORDER BY s.k""",
    ),
    (
        "visit",
        0.18,
        """INSERT INTO visit (kind, visited_on, persons, person_times, area_id, county_id, recorded_at, changed_at)
            SELECT (ARRAY['HOME', 'OFFICE', 'PHONE'])[1 + s.dice % 3]::visit_kind,
                (s.at AT TIME ZONE 'Asia/Shanghai')::date, 1 + s.dice % 3, 3 + s.dice % 3, s.area_id, s.county_id,
                s.at, s.at FROM spot s ORDER BY s.k""",
    ),
    (
        "activity",
        0.02,
        """INSERT INTO activity (name, kind_id, held_on, count, sessions, persons, person_times, reach, area_id,
                county_id, recorded_at, changed_at)
            SELECT '活动' || s.k, w.ids[1 + s.dice % 11], (s.at AT TIME ZONE 'Asia/Shanghai')::date, 1, 1 + s.dice % 3,
                5 + s.dice % 50, 60 + s.dice % 50, 200 + s.dice % 900, s.area_id, s.county_id, s.at, s.at
            FROM spot s, word w WHERE w.scheme = 'activity_kind' ORDER BY s.k""",
    ),
)


async def fill(url: str, counties: int, records: int) -> int:
    """Writes the records, the same at every run, and analyses the tables; how many there are."""
    each = max((records - LARGEST) // max(counties - 1, 1), 1)
    raw = await asyncpg.connect(url)
    try:
        await raw.execute("SELECT setseed(0.2026)")
        # Foreign keys are checked by triggers, row by row; checks and unique indexes stay.
        await raw.execute("SET session_replication_role = replica")
        await raw.execute(_AREAS.format(province=PROVINCE, counties=counties, townships=TOWNSHIPS, villages=VILLAGES))
        total = 0
        for name, share, sql in _TABLES:
            if share:
                await raw.execute("DROP TABLE IF EXISTS spot")
                await raw.execute(
                    _SPOTS.format(largest=int(LARGEST * share), each=int(each * share), places=TOWNSHIPS * VILLAGES)
                )
            began = time.perf_counter()
            done = await raw.execute(sql)
            total += int(done.split()[-1])
            _say(f"{name}: {done.split()[-1]} rows in {time.perf_counter() - began:.0f} s")
        await raw.execute("VACUUM ANALYZE")
        return total
    finally:
        await raw.close()


async def measure(url: str) -> list[str]:
    """Lines of the table: each report asked `ROUNDS` times."""
    store = Database(url)
    try:
        raw = await asyncpg.connect(url)
        largest = await raw.fetchval(
            "SELECT code FROM area WHERE id = (SELECT county_id FROM need GROUP BY 1 ORDER BY count(*) DESC LIMIT 1)"
        )
        await raw.close()
        asked: tuple[tuple[str, str, Viewer, dict[str, Any]], ...] = (
            ("county", "month", LOCAL, {"area": largest, "cadence": "MONTH", "period": "2026-11"}),
            (
                "county",
                "month, as the public sees it",
                PUBLIC,
                {"area": largest, "cadence": "MONTH", "period": "2026-11"},
            ),
            (
                "county",
                "month, as of a moment",
                LOCAL,
                {"area": largest, "cadence": "MONTH", "period": "2026-11", "as_of": datetime(2026, 12, 10, tzinfo=UTC)},
            ),
            ("county", "year so far", LOCAL, {"area": largest, "cadence": "YEAR", "period": "2026"}),
            ("province", "month", LOCAL, {"area": PROVINCE, "cadence": "MONTH", "period": "2026-11"}),
            (
                "province",
                "month by county",
                LOCAL,
                {"area": PROVINCE, "cadence": "MONTH", "period": "2026-11", "rows": "COUNTY"},
            ),
            ("province", "year so far", LOCAL, {"area": PROVINCE, "cadence": "YEAR", "period": "2026"}),
        )
        lines = []
        for where, what, viewer, question in asked:
            seconds = []
            for _ in range(ROUNDS):
                began = time.perf_counter()
                found = await reports.report(Context(store, viewer, lambda: NOW), **question)
                seconds.append(time.perf_counter() - began)
            figures = sum(len(row.figures) for row in (*found.rows, found.total))
            median = statistics.median(seconds)
            lines.append(f"| {where} | {what} | {len(found.rows)} | {figures:,} | {median:.2f} | {WANTED[where]:.0f} |")
            _say(lines[-1])
        return lines
    finally:
        await store.close()


def main() -> None:
    counties, records = map(int, sys.argv[1:3]) if len(sys.argv) > 2 else (COUNTIES, RECORDS)
    with tempfile.TemporaryDirectory(prefix="fivelink-bench-") as folder, database(None, Path(folder)) as url:
        asyncio.run(words(url))
        total = asyncio.run(fill(url, counties, records))
        print(f"{total:,} records of a year in {counties} counties, {LARGEST:,} of them in one; seconds, medians.\n")
        print("| where | report | rows | figures | s | wanted |\n|---|---|---:|---:|---:|---:|")
        print("\n".join(asyncio.run(measure(url))), flush=True)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
