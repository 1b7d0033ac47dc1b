"""Needs of which a part would help nobody, in lists: read, kept where a list is silent, and written out again."""

from __future__ import annotations

from pathlib import Path

from lists import COUNTY, Desk, codes, counts, desk, desk_url, words_url  # noqa: F401

from resolvers import needs

HEADING = "需求名称,村(社区),数量,单位,编号,整体满足\n"


async def test_a_list_says_which_needs_are_whole_and_silence_changes_nothing(desk: Desk, tmp_path: Path) -> None:  # noqa: F811
    path = tmp_path / "needs.csv"
    rows = ["轮椅,拳西村,2,台,W1,是", "轮椅,拳西村,2,台,W2,否", "轮椅,拳西村,2,台,W3,", "轮椅,拳西村,2,台,W4,或许"]
    path.write_text(HEADING + "\n".join(rows) + "\n", encoding="utf-8")
    report = await desk.take(path)
    assert (counts(report)[0], codes(report)) == (3, ["NOT_YES_OR_NO"])
    whole = "SELECT reference, id, whole_or_nothing FROM need ORDER BY id"
    stored = await desk.rows(whole)
    assert [flag for _, _, flag in stored] == [True, False, False]
    # Said elsewhere, and the list is silent.
    await needs.change(desk.context, stored[2].id, whole_or_nothing=True)
    path.write_text(HEADING + "\n".join(rows[:3]) + "\n", encoding="utf-8")
    assert counts(await desk.take(path))[:3] == (0, 0, 3)
    path.write_text(HEADING + rows[2] + "否\n", encoding="utf-8")
    report = await desk.take(path)
    assert counts(report)[:3] == (0, 1, 0)
    assert [change.fields for change in report.changes] == [{"whole_or_nothing": (True, False)}]
    assert [flag for _, _, flag in await desk.rows(whole)] == [True, False, False]
