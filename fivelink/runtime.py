"""A database ready for use: server up, durable, migrated, its words loaded. What every command begins with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from db import health, migrate
from db.database import Database
from db.fund_rules import COLUMN_CODES
from db.server import database as postgres
from db.viewer import LOCAL
from exchange import duties as duty_files
from exchange import procedures as procedure_files
from exchange import rules as rule_files
from exchange import teams as team_files
from exchange import times as time_files
from exchange import vocabulary as files
from exchange.records import Fault, Place
from fivelink import identity_keys
from fivelink.settings import Settings
from graph.partners import part_weights
from graph.score import weight_vector
from resolvers import plan_jobs, referral_steps, rules_loading, vocabulary
from resolvers.context import Context

T = TypeVar("T")

FILES = (
    "areas.csv",
    "terms.csv",
    "resource_types.csv",
    "weights.csv",
    "partner_weights.csv",
    "linkage_models.csv",
    "team_templates.csv",
    "due_times.csv",
    "duties.csv",
    "rules.csv",
    "procedures.csv",
    "working_days.csv",
)


class VocabularyFaulty(Exception):
    """The vocabulary files cannot be loaded; `faults` says where."""

    def __init__(self, faults: list[Fault]) -> None:
        lines = [f"  {_place(f.place)} {f.text_zh} / {f.text_en}  [{f.code}]" for f in faults]
        super().__init__("\n".join(["词表文件有误 / The vocabulary files are faulty:", *lines]))
        self.faults = faults


def _place(place: Place) -> str:
    return place.file + (f":{place.row}" if place.row else "") + (f" ({place.cell})" if place.cell else "")


@contextmanager
def server(settings: Settings) -> Iterator[str]:
    """The URL of a PostgreSQL that runs, keeps what it acknowledges, and has the newest tables.

    This process seals identities with the settings' keys from then on.
    """
    with postgres(settings.database_url, settings.data_dir) as url:
        identity_keys.make_ready(settings)
        asyncio.run(_make_ready(url, settings.vocabulary_dir))
        yield url


async def _make_ready(url: str, vocabulary_dir: Path | None) -> None:
    health.require(await health.inspect(url))
    await migrate.upgrade(url)
    db = Database(url, pool_size=1)
    try:
        await load_words(Context(database=db, viewer=LOCAL), vocabulary_dir)
    finally:
        await db.close()


async def load_words(context: Context, vocabulary_dir: Path | None = None) -> vocabulary.Loaded:
    """Areas, terms, resource types, weights, linkage models and team templates: those shipped, and the county's own.

    From its folder areas.csv, terms.csv, resource_types.csv, linkage_models.csv, team_templates.csv, due_times.csv,
    working_days.csv, duties.csv, procedures.csv and rules.csv are added (a row of a known code, case or day takes the
    place of it), weights.csv and partner_weights.csv take the place of the shipped ones.
    Changes nothing where nothing is new. Raises VocabularyFaulty with every fault of every file.
    """
    own: dict[str, Path] = {}
    faults: list[Fault] = []
    if vocabulary_dir is not None:
        own = {name: vocabulary_dir / name for name in FILES if (vocabulary_dir / name).is_file()}
        if not own:
            faults.append(
                Fault(
                    Place(str(vocabulary_dir)),
                    "NO_VOCABULARY",
                    f"FIVELINK_VOCABULARY_DIR 里没有 {'、'.join(FILES)} 中的任何一个",
                    f"FIVELINK_VOCABULARY_DIR holds none of {', '.join(FILES)}",
                )
            )

    def both(name: str) -> list[files.File]:
        return [files.shipped(name), *([own[name]] if name in own else [])]

    areas, terms = files.read_areas(both("areas.csv")), files.read_terms(both("terms.csv"))
    types = files.read_resource_types(both("resource_types.csv"))
    weights = files.read_weights([own["weights.csv"]] if "weights.csv" in own else None)
    partner_file = own.get("partner_weights.csv") or files.shipped("partner_weights.csv")
    partner_weights = files.read_weights([partner_file])
    models = team_files.read_linkage_models(both("linkage_models.csv"))
    templates = team_files.read_team_templates(both("team_templates.csv"), {one.code for one in types.records})
    due_times = time_files.read_due_times(both("due_times.csv"), {one.code for one in areas.records})
    working_days = time_files.read_working_days(both("working_days.csv"))
    known_areas = {one.code for one in areas.records}
    duties = duty_files.read_duties(both("duties.csv"), known_areas)
    procedures = procedure_files.read_procedures(both("procedures.csv"), known_areas, referral_steps.STEPS)
    for read in (areas, terms, types, weights, partner_weights, models, templates, due_times, working_days):
        faults += read.faults
    known_terms = {(one.scheme, one.code) for one in terms.records}
    rules = rule_files.read_rules(both("rules.csv"), known_areas, COLUMN_CODES, known_terms)
    faults += [*duties.faults, *procedures.faults, *rules.faults]
    checks: list[tuple[str, files.Reading[files.WeightRecord], Callable[[dict[str, int]], object]]] = [
        ("weights.csv", weights, weight_vector),
        ("partner_weights.csv", partner_weights, part_weights),
    ]
    for name, given, check in checks:
        if given.faults:
            continue
        try:
            check({one.code: one.weight for one in given.records})
        except ValueError as error:
            faults.append(
                Fault(
                    Place(name),
                    "WEIGHTS",
                    f"权重的代码有缺漏或不认识:{error}",
                    f"the parts do not fit: {error}",
                )
            )
    if faults:
        raise VocabularyFaulty(faults)
    loaded = await vocabulary.load(
        context,
        areas=areas.records,
        terms=terms.records,
        resource_types=types.records,
        weights=weights.records,
        partner_weights=partner_weights.records,
        team_roles=[*models.records, *templates.records],
        due_times=due_times.records,
        working_days=working_days.records,
        duties=duties.records,
        procedures=procedures.records,
    )
    await rules_loading.load(context, rules.records)
    return loaded


@asynccontextmanager
async def local(url: str) -> AsyncIterator[Context]:
    """A context of the command line: whoever can read the data folder may do everything."""
    db = Database(url, pool_size=2)
    try:
        yield Context(database=db, viewer=LOCAL)
    finally:
        await plan_jobs.dismiss(db.engine)
        await db.close()


def with_context(settings: Settings, work: Callable[[Context], Coroutine[Any, Any, T]]) -> T:
    """Runs one piece of work of a command from start to end."""

    async def run(url: str) -> T:
        async with local(url) as context:
            return await work(context)

    with server(settings) as url:
        return asyncio.run(run(url))
