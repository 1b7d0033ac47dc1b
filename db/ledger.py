"""The ledger: accounts, journals and postings. Nothing in it is ever changed; a mistake is undone by a counter-entry.

    sum of the postings of a journal = 0          balance of an account = sum of its postings, never below 0

but for the accounts money comes from (CONTRIBUTOR, BUDGET), which owe what they gave. All of this the database itself
guarantees, whoever writes: see GUARDS. A text has no place here: names and identity numbers cannot get in.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Numeric,
    SmallInteger,
    Text,
    UniqueConstraint,
    any_,
    bindparam,
    event,
    func,
    insert,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from db.areas import AreaRow
from db.base import Base, now_column, primary_key
from db.records import codes

#: Where money stands. The subject is a party, an area, a pool, a line, a donation, a commitment, a project, ...
ACCOUNT_KIND = codes(
    "account_kind",
    "AccountKind",
    "Where money stands. 账户类别。",
    CONTRIBUTOR=("A party that gave it; owes what it gave.", "出资方"),
    BUDGET=("The public budget of an area; owes what it gave.", "财政预算"),
    POOL=("A pool of funds.", "资金池"),
    LINE=("A budget line.", "预算项"),
    DONATION=("A donation.", "捐赠"),
    COMMITMENT=("Promised and not yet paid.", "已承诺待支付"),
    PROJECT=("Paid for a project.", "项目支出"),
    STATION=("Paid for a station.", "社工站支出"),
    REFERRAL=("Paid for an order.", "点单支出"),
    PAYEE=("Paid to a person as a stipend.", "津贴支出"),
)
JOURNAL_KIND = codes(
    "journal_kind",
    "JournalKind",
    "What moved money. 记账事由。",
    SHARE=("A contributor's share of a pool.", "出资"),
    BUDGET=("A budget line, set or changed.", "预算"),
    DONATION=("A donation.", "捐赠"),
    COMMITMENT=("Promised for something.", "承诺"),
    RELEASE=("A promise, or what is left of it, given back.", "解除承诺"),
    PAYMENT=("Paid out of a promise.", "支付"),
    STIPENDS=("The stipends of a month.", "津贴发放"),
    REVERSAL=("A counter-entry.", "冲销"),
    REDIRECT=("A donation put to another use, with consent.", "改变用途"),
    SURPLUS=("What was left of a donation, for a similar purpose.", "结余转用"),
)
#: Accounts that money comes from.
OWING = ("CONTRIBUTOR", "BUDGET")
#: Accounts that money ends in.
SPENT = ("PROJECT", "STATION", "REFERRAL", "PAYEE")
ZERO = Decimal("0.00")


class AccountRow(Base):
    __tablename__ = "account"

    id: Mapped[int] = primary_key()
    kind: Mapped[str] = mapped_column(ACCOUNT_KIND.type)
    #: The id of the area, party or record it is of; which, the kind says.
    subject_id: Mapped[int] = mapped_column(BigInteger)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    #: Kept by the postings themselves; nobody else may write it.
    balance: Mapped[Decimal] = mapped_column(Numeric(16, 2), server_default="0.00")

    __table_args__ = (
        UniqueConstraint("kind", "subject_id"),
        CheckConstraint("balance >= 0 OR kind IN ('CONTRIBUTOR', 'BUDGET')", name="never_below_zero"),
    )


class JournalRow(Base):
    __tablename__ = "journal"

    id: Mapped[int] = primary_key()
    kind: Mapped[str] = mapped_column(JOURNAL_KIND.type)
    #: The day the money moved; not before any other posting that it needs.
    day: Mapped[date] = mapped_column(Date)
    #: Not copied with its county: nothing of a journal ever changes, not even when areas move.
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    #: The record this came of.
    entity: Mapped[str] = mapped_column(Text)
    entity_id: Mapped[int] = mapped_column(BigInteger)
    #: How many postings it has, so that none can be added later.
    lines: Mapped[int] = mapped_column(SmallInteger)
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("journal.id"), index=True)
    recorded_at: Mapped[datetime] = now_column()
    actor_id: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        CheckConstraint("lines >= 2", name="two_sides"),
        CheckConstraint("(kind = 'REVERSAL') = (reverses_id IS NOT NULL)", name="reversal_reverses"),
        Index("ix_journal_entity", "entity", "entity_id"),
        Index("ix_journal_day", "day", "id"),
    )


class PostingRow(Base):
    __tablename__ = "posting"

    id: Mapped[int] = primary_key()
    journal_id: Mapped[int] = mapped_column(ForeignKey("journal.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    #: What comes to the account; negative: what leaves it.
    amount: Mapped[Decimal] = mapped_column(Numeric(16, 2))

    __table_args__ = (
        CheckConstraint("amount <> 0", name="moves_something"),
        Index("ix_posting_account", "account_id", "journal_id", unique=True),
    )


#: What the database itself holds to, by the table they are made after.
GUARDS: dict[type[Base], tuple[str, ...]] = {
    JournalRow: (
        """CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END
$$""",
        """CREATE FUNCTION check_journal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_journal bigint := CASE TG_TABLE_NAME WHEN 'journal' THEN (to_jsonb(NEW)->>'id')::bigint
        ELSE (to_jsonb(NEW)->>'journal_id')::bigint END;
BEGIN
    IF (SELECT count(*) <> j.lines OR coalesce(sum(p.amount), 0) <> 0
        FROM journal j LEFT JOIN posting p ON p.journal_id = j.id WHERE j.id = of_journal GROUP BY j.id) THEN
        RAISE EXCEPTION 'journal %% does not balance', of_journal USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$""",
        "CREATE CONSTRAINT TRIGGER journal_balances AFTER INSERT ON journal DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION check_journal()",
        "CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE ON journal"
        " FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change()",
        "CREATE TRIGGER journal_not_truncated BEFORE TRUNCATE ON journal"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change()",
    ),
    PostingRow: (
        """CREATE FUNCTION keep_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE account SET balance = balance + NEW.amount WHERE id = NEW.account_id;
    RETURN NULL;
END
$$""",
        "CREATE TRIGGER posting_keeps_balance AFTER INSERT ON posting FOR EACH ROW EXECUTE FUNCTION keep_balance()",
        "CREATE CONSTRAINT TRIGGER posting_balances AFTER INSERT ON posting DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION check_journal()",
        "CREATE TRIGGER posting_append_only BEFORE UPDATE OR DELETE ON posting"
        " FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change()",
        "CREATE TRIGGER posting_not_truncated BEFORE TRUNCATE ON posting"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change()",
        "CREATE TRIGGER account_of_its_postings BEFORE UPDATE OF balance ON account"
        " FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_ledger_change()",
        "CREATE TRIGGER account_begins_empty BEFORE INSERT ON account"
        " FOR EACH ROW WHEN (NEW.balance <> 0) EXECUTE FUNCTION refuse_ledger_change()",
        "CREATE TRIGGER account_stays BEFORE DELETE ON account FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change()",
    ),
}
for _row, _statements in GUARDS.items():
    for _statement in _statements:
        event.listen(_row.__table__, "after_create", DDL(_statement))  # type: ignore[no-untyped-call]

_A: Any = AccountRow.__table__
_J: Any = JournalRow.__table__
_P: Any = PostingRow.__table__


async def account(conn: AsyncConnection, kind: str, subject_id: int, area_id: int) -> int:
    """The id of an account, made where it is new."""
    made = insert_or(AccountRow).values(kind=kind, subject_id=subject_id, area_id=area_id)
    found = (await conn.execute(made.on_conflict_do_nothing().returning(_A.c.id))).scalar_one_or_none()
    if found is None:
        known = select(_A.c.id).where(_A.c.kind == kind, _A.c.subject_id == subject_id)
        found = (await conn.execute(known)).scalar_one()
    return int(found)


async def accounts(conn: AsyncConnection, kind: str, area_of: Mapping[int, int]) -> dict[int, int]:
    """Ids of the accounts of many subjects (by subject; with the area of each), made where they are new."""
    if not area_of:
        return {}
    rows = [{"kind": kind, "subject_id": id, "area_id": area_of[id]} for id in sorted(area_of)]
    await conn.execute(insert_or(AccountRow).on_conflict_do_nothing(), rows)
    known = select(_A.c.subject_id, _A.c.id).where(
        _A.c.kind == kind, _A.c.subject_id == any_(bindparam("subjects", list(area_of), ARRAY(BigInteger)))
    )
    return {row[0]: row[1] for row in await conn.execute(known)}


async def account_area(conn: AsyncConnection, kind: str, subject_id: int) -> int:
    """The id of the area of an account that is there."""
    found = await conn.execute(select(_A.c.area_id).where(_A.c.kind == kind, _A.c.subject_id == subject_id))
    return int(found.scalar_one())


async def lock(conn: AsyncConnection, ids: Collection[int]) -> dict[int, Decimal]:
    """Balances by account, locked in the order of their ids, so that two who move money never wait for each other."""
    found = await conn.execute(
        select(_A.c.id, _A.c.balance)
        .where(_A.c.id == any_(bindparam("ids", list(ids), ARRAY(BigInteger))))
        .order_by(_A.c.id)
        .with_for_update()
    )
    return {row[0]: row[1] for row in found}


async def left_since(conn: AsyncConnection, account_id: int, day: date) -> Decimal:
    """The lowest balance of an account on a day and after it: what can leave it on that day. O(its postings)."""
    by_day = (
        select(_J.c.day, func.sum(_P.c.amount).label("amount"))
        .join(_J, _J.c.id == _P.c.journal_id)
        .where(_P.c.account_id == account_id)
        .group_by(_J.c.day)
        .subquery()
    )
    running = select(by_day.c.day, func.sum(by_day.c.amount).over(order_by=by_day.c.day).label("balance")).subquery()
    begun = select(func.coalesce(func.sum(by_day.c.amount), 0)).where(by_day.c.day <= day).scalar_subquery()
    least = select(func.least(begun, select(func.min(running.c.balance)).where(running.c.day > day).scalar_subquery()))
    return Decimal((await conn.execute(least)).scalar_one())


async def post(
    conn: AsyncConnection,
    *,
    kind: str,
    day: date,
    area_id: int,
    entity: str,
    entity_id: int,
    lines: Sequence[tuple[int, Decimal]],
    at: datetime,
    actor_id: int | None,
    reverses_id: int | None = None,
) -> int:
    """Writes a journal of (account id, amount), amounts summing to 0; its id. Lines of one account are one posting.

    The caller has locked the accounts. Raises what the database raises where the sum is not 0 or a balance would be
    below it.
    """
    moved: dict[int, Decimal] = {}
    for account_id, amount in lines:
        moved[account_id] = moved.get(account_id, ZERO) + amount
    moved = {id: amount for id, amount in sorted(moved.items()) if amount}
    values = {
        "kind": kind,
        "day": day,
        "area_id": area_id,
        "entity": entity,
        "entity_id": entity_id,
        "lines": len(moved),
        "reverses_id": reverses_id,
        "recorded_at": at,
        "actor_id": actor_id,
    }
    id = int((await conn.execute(insert(JournalRow).values(**values).returning(_J.c.id))).scalar_one())
    rows = [{"journal_id": id, "account_id": account_id, "amount": amount} for account_id, amount in moved.items()]
    await conn.execute(insert(PostingRow), rows)
    return id


async def postings(conn: AsyncConnection, entity: str, entity_id: int, kind: str) -> Sequence[Any]:
    """(journal_id, account_id, amount) of the journals of a kind that a record has."""
    found = await conn.execute(
        select(_P.c.journal_id, _P.c.account_id, _P.c.amount)
        .join(_J, _J.c.id == _P.c.journal_id)
        .where(_J.c.entity == entity, _J.c.entity_id == entity_id, _J.c.kind == kind)
        .order_by(_P.c.account_id)
    )
    return found.all()


# ------------------------------------------------------------------------------------------------ reading


async def trial_balance(conn: AsyncConnection, area_id: int, day: date) -> Sequence[Any]:
    """(kind, came, gone) by kind of account: what journals of an area and all below it moved until the end of a day.

    Summed over all kinds, what came is what is gone. O(postings of the area).
    """
    inner: Any = AreaRow.__table__.alias()
    within = select(inner.c.id).where(inner.c.ancestor_ids.contains([area_id]))
    found = await conn.execute(
        select(
            _A.c.kind,
            func.coalesce(func.sum(_P.c.amount).filter(_P.c.amount > 0), ZERO).label("came"),
            func.coalesce(-func.sum(_P.c.amount).filter(_P.c.amount < 0), ZERO).label("gone"),
        )
        .join(_P, _P.c.account_id == _A.c.id)
        .join(_J, _J.c.id == _P.c.journal_id)
        .where(_J.c.area_id.in_(within), _J.c.day <= day)
        .group_by(_A.c.kind)
        .order_by(_A.c.kind)
    )
    return found.all()


async def statement(
    conn: AsyncConnection,
    account_id: int,
    since: date | None,
    until: date | None,
    after: tuple[date, int] | None,
    limit: int,
) -> Sequence[Any]:
    """Journals that touch an account, by day, then id; those behind `after`. O(postings of the account).

    (id, kind, day, entity, entity_id, reverses_id, recorded_at, amount that came to it, balance after it).
    """
    every = (
        select(
            _J.c.id,
            _J.c.kind,
            _J.c.day,
            _J.c.entity,
            _J.c.entity_id,
            _J.c.reverses_id,
            _J.c.recorded_at,
            _P.c.amount,
            func.sum(_P.c.amount).over(order_by=(_J.c.day, _J.c.id)).label("balance"),
        )
        .join(_P, _P.c.journal_id == _J.c.id)
        .where(_P.c.account_id == account_id)
        .subquery()
    )
    query = select(every).order_by(every.c.day, every.c.id).limit(limit)
    if since is not None:
        query = query.where(every.c.day >= since)
    if until is not None:
        query = query.where(every.c.day <= until)
    if after is not None:
        query = query.where(tuple_(every.c.day, every.c.id) > tuple_(*after))
    return (await conn.execute(query)).all()


async def found(conn: AsyncConnection, kind: str, subject_id: int) -> int | None:
    """The id of an account; None where no money ever touched it."""
    one = select(_A.c.id).where(_A.c.kind == kind, _A.c.subject_id == subject_id)
    id: int | None = (await conn.execute(one)).scalar_one_or_none()
    return id


async def lines_of(conn: AsyncConnection, journal_ids: Collection[int]) -> Sequence[Any]:
    """(journal_id, kind, subject_id, amount) of every posting of these journals, what leaves first."""
    found = await conn.execute(
        select(_P.c.journal_id, _A.c.kind, _A.c.subject_id, _P.c.amount)
        .join(_A, _A.c.id == _P.c.account_id)
        .where(_P.c.journal_id == any_(bindparam("ids", list(journal_ids), ARRAY(BigInteger))))
        .order_by(_P.c.journal_id, _P.c.amount, _P.c.id)
    )
    return found.all()
