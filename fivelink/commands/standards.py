"""An indicator tree among the files of an import: loaded whole, or told where it does not add up."""

from __future__ import annotations

from pathlib import Path

from exchange.errors import Unreadable
from exchange.indicators import IndicatorList
from exchange.records import Sheet
from resolvers import indicators
from resolvers.context import Context
from resolvers.imports import FileReport


def indicator_tree(path: Path) -> IndicatorList | None:
    """The tree a file holds; None for any other file."""
    try:
        return indicators.sheet_of(path)
    except Unreadable:
        return None


async def load(context: Context, tree: IndicatorList, area: str | None, *, dry_run: bool) -> FileReport:
    """Loads it unless it has a fault. Raises NotAllowed."""
    written = await indicators.load_list(context, tree, area=area, dry_run=dry_run)
    sheet = Sheet(tree.file, tree.sheet, faults=tree.faults)
    report = FileReport(tree.file, [sheet], labels={"standards": "评估标准 standards"})
    report.written, report.refused = written, bool(tree.faults)
    report.new["standards"] = 0 if tree.faults else 1
    return report
