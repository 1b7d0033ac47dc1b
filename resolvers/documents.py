"""Rule documents and milestones."""

from __future__ import annotations

from urllib.parse import urlsplit

from resolvers.records import Check, check


@check("rule_document")
async def _readable(given: Check) -> None:
    row = given.row
    if row["body"] is None and row["address"] is None:
        given.problems.add(
            "body", "TO_BE_READ", "请填写正文,或写明网址", "give its text, or the address where it is to be read"
        )
    if row["address"] is not None and "address" in given.changed:
        try:
            parts = urlsplit(row["address"])
            sound = parts.scheme in ("http", "https") and bool(parts.hostname)
        except ValueError:
            sound = False
        if not sound:
            given.problems.add(
                "address",
                "NO_ADDRESS",
                "网址应以 http:// 或 https:// 开头",
                "must be an address that begins with http:// or https://",
            )


@check("milestone")
async def _done(given: Check) -> None:
    row, today = given.row, given.context.today
    row["done"] = row["done_on"] is not None
    if row["from_on"] is not None and row["due_on"] < row["from_on"]:
        given.problems.add("dueOn", "DATES_REVERSED", "完成时限早于开始日期", "due before work on it begins")
    if row["done_on"] is not None and row["done_on"] > today:
        given.problems.add("doneOn", "IN_THE_FUTURE", "完成日期还没有到", "the day it was done is still to come")
