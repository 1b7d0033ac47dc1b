"""What the acts on money have in common: amounts and days as they are given, who may, and how money moves."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import acting, ledger, records
from db.areas import Area
from db.kinds import KINDS
from resolvers.acts import record, require_within
from resolvers.checks import Problems
from resolvers.context import Context
from resolvers.errors import Conflict, NotFound
from resolvers.vocabulary import CLIENT_GROUP, DOMAIN, Vocabulary, vocabulary

FEN = Decimal("0.01")
ZERO = Decimal("0.00")
LARGEST = Decimal("99999999999999.99")
#: Numbers of documents: no room for a name, and an identity number is told apart.
_REFERENCE = re.compile(r"(?=.*\d)[0-9A-Za-z〔〕\[\]()/_.号第字-]{1,40}")
_IDENTITY = re.compile(r"(?<!\d)(\d{17}[\dXx]|\d{15})(?!\d)")


@dataclass(slots=True)
class Act:
    """One act on money: who asks, in which transaction, with which words; faulty fields are collected."""

    context: Context
    conn: AsyncConnection
    words: Vocabulary
    problems: Problems = field(default_factory=Problems)

    @classmethod
    async def begun(cls, context: Context, conn: AsyncConnection) -> Act:
        return cls(context, conn, await vocabulary(context.engine, conn))

    # --- fields

    def amount(self, path: str, value: Decimal | None) -> Decimal:
        """Yuan, exact to the fen, at least 0.01; 0 with a problem for anything else."""
        if not self.problems.required(path, value) or value is None:
            return ZERO
        if not value.is_finite() or not FEN <= value <= LARGEST or value != value.quantize(FEN):
            self.problems.add(
                path,
                "INVALID_AMOUNT",
                f"应为 0.01 到 {LARGEST} 元,最多两位小数",
                f"must be from 0.01 to {LARGEST} yuan, with at most two decimal places",
            )
            return ZERO
        return value.quantize(FEN)

    def day(self, path: str, value: date | None, *, least: date | None = None, least_is: str = "") -> date:
        """The day something happened, today where none is given; not after today, not before `least`."""
        today = self.context.today
        day = value or today
        if day > today:
            self.problems.add(
                path,
                "IN_THE_FUTURE",
                f"还没有到这一天;今天是 {today.isoformat()}",
                f"lies in the future; today is {today.isoformat()}",
            )
        elif least is not None and day < least:
            self.problems.add(
                path,
                "TOO_EARLY",
                f"不能早于 {least.isoformat()}",
                f"must not lie before {least.isoformat()}",
            )
        return day

    def reference(self, path: str, value: str | None, *, required: bool = False) -> str | None:
        """Number of a voucher or document. Texts with names or identity numbers do not get into the books."""
        if value is None:
            if required:
                self.problems.required(path, None)
            return None
        kept = value.strip()
        if not _REFERENCE.fullmatch(kept) or _IDENTITY.search(kept):
            self.problems.add(
                path,
                "INVALID_REFERENCE",
                "请填写凭证或文件编号(字母、数字和 -/_.〔〕,至多 40 个字),不要填写姓名或证件号码",
                "the number of a voucher or document is expected (letters, digits, -/_. and brackets, at most 40), "
                "not a name and not an identity number",
            )
        return kept

    def earmark(self, path: str, code: str | None) -> int | None:
        """The id of a client group or domain."""
        if code is None:
            return None
        found = self.words.check_term(self.problems, path, [CLIENT_GROUP, DOMAIN], code)
        return found.id if found else None

    def source(self, path: str, code: str | None) -> int:
        """The id of a source of funds."""
        if not self.problems.required(path, code) or code is None:
            return 0
        found = self.words.check_term(self.problems, path, ["fund_source"], code)
        return found.id if found else 0

    async def area(self, path: str, code: str | None) -> Area | None:
        if not self.problems.required(path, code) or code is None:
            return None
        return await self.words.check_area(self.conn, self.problems, path, code)

    async def party(self, path: str, id: int | None, of: Sequence[str] = ()) -> Any:
        """A party that the viewer sees, of one of these kinds; None with a problem."""
        found = await acting.seen(self.conn, self.context.viewer, "party", id)
        if found is None or (of and found.kind not in of):
            self.problems.missing(path, "这个主体", "party")
            return None
        return found

    # --- rows

    async def held(self, name: str, id: int | None) -> tuple[Any, Area]:
        """A row that the act is about, locked, and its area. Raises NotFound, NotAllowed."""
        found = await acting.seen(self.conn, self.context.viewer, name, id, lock=True)
        if found is None:
            kind = KINDS[name].kind
            raise NotFound(f"这条{kind.zh}记录", kind.en)
        area = (await self.words.areas_by_id(self.conn, [found.area_id]))[found.area_id]
        require_within(self.context.viewer, area)
        return found, area

    async def insert(self, name: str, area: Area, values: Mapping[str, Any]) -> int:
        """Writes a record and its event; its id."""
        now = self.context.clock()
        given = {
            "area_id": area.id,
            "county_id": area.county_id,
            "recorded_at": now,
            "changed_at": now,
            "actor_id": self.context.viewer.key_id,
            **values,
        }
        id = await records.insert(self.conn, KINDS[name].row, given)
        await self._tell(name, id, area.id, created=True, fields=sorted(values))
        return id

    async def update(self, name: str, id: int, area_id: int, values: Mapping[str, Any], step: str) -> None:
        """Changes a locked record by the act `step`; what it was is kept."""
        key_id = self.context.viewer.key_id
        await records.update(
            self.conn,
            KINDS[name].row,
            id,
            {**values, "actor_id": key_id},
            at=self.context.clock(),
            actor_id=key_id,
            act=step,
        )
        await self._tell(name, id, area_id, created=False, fields=sorted(values))

    async def _tell(self, name: str, id: int, area_id: int, **told: Any) -> None:
        await record(self.conn, self.context.viewer, f"{name}.saved", name, id, area_id, told)

    # --- money

    async def account(self, kind: str, subject_id: int, area_id: int) -> int:
        return await ledger.account(self.conn, kind, subject_id, area_id)

    async def move(
        self,
        kind: str,
        day: date,
        area_id: int,
        entity: str,
        entity_id: int,
        lines: Sequence[tuple[int, Decimal]],
        *,
        out_of: int | None = None,
        reverses_id: int | None = None,
    ) -> int:
        """One journal. `out_of` is an account that may not fall short: then a Conflict says what is left there."""
        await ledger.lock(self.conn, [account_id for account_id, _ in lines])
        if out_of is not None:
            wanted = -sum((amount for account_id, amount in lines if account_id == out_of), ZERO)
            left = await ledger.left_since(self.conn, out_of, day)
            if wanted > left:
                raise not_enough(left, wanted)
        return await ledger.post(
            self.conn,
            kind=kind,
            day=day,
            area_id=area_id,
            entity=entity,
            entity_id=entity_id,
            lines=lines,
            at=self.context.clock(),
            actor_id=self.context.viewer.key_id,
            reverses_id=reverses_id,
        )


def not_enough(left: Decimal, wanted: Decimal) -> Conflict:
    return Conflict(
        "NOT_ENOUGH_MONEY",
        f"自该日起可用余额最低为 {left:.2f} 元,不足 {wanted:.2f} 元",
        f"{left:.2f} yuan can leave on that day, {wanted:.2f} are asked for",
    )


def serves(words: Vocabulary, earmark_id: int, group_ids: Sequence[int]) -> bool:
    """Whether one of these client groups is among those that an earmark stands for."""
    return not set(words.groups_closed((earmark_id,))).isdisjoint(group_ids)


def within_earmark(words: Vocabulary, earmark_id: int, benefit_id: int) -> bool:
    """Whether a use (a client group or domain) lies wholly within an earmark; a domain never within a client group."""
    if words.terms_by_id[benefit_id].scheme == DOMAIN != words.terms_by_id[earmark_id].scheme:
        return False
    meant = words.groups_closed((benefit_id,))
    return benefit_id == earmark_id or (bool(meant) and set(meant) <= set(words.groups_closed((earmark_id,))))


def similar(words: Vocabulary, one_id: int, other_id: int) -> bool:
    """Whether two purposes lie in one domain (charity law, art. 57: what is left goes to a similar purpose)."""
    if one_id == other_id:
        return True
    both = set(words.groups_closed((one_id,))) | set(words.groups_closed((other_id,)))
    return any(
        both <= set(words.groups_closed((term.id,))) for (scheme, _), term in words.terms.items() if scheme == DOMAIN
    )


def against_earmark(words: Vocabulary, earmark_id: int) -> Conflict:
    zh, en = words.term_labels[earmark_id]
    return Conflict(
        "AGAINST_EARMARK",
        f"这笔资金指定用于“{zh}”,不能用于别处;改变用途须先取得捐赠人同意",
        f"this money is meant for {en} and for nothing else; another use needs the donor's consent first",
    )
