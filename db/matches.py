"""Matches: the best offers of every open need, stored with the parts of their score."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, SMALLINT
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, now_column, primary_key


class WeightSetRow(Base):
    """The weights a score was made with: `codes[i]` counts `weights[i]` ten-thousandths. Rows are never changed."""

    __tablename__ = "weight_set"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    codes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    weights: Mapped[list[int]] = mapped_column(ARRAY(SMALLINT))
    created_at: Mapped[datetime] = now_column()


class MatchRow(Base):
    __tablename__ = "match"

    id: Mapped[int] = primary_key()
    need_id: Mapped[int] = mapped_column(ForeignKey("need.id", ondelete="CASCADE"))
    offer_id: Mapped[int] = mapped_column(ForeignKey("offer.id", ondelete="CASCADE"))
    score: Mapped[float] = mapped_column(Float)
    quantity: Mapped[int] = mapped_column(Integer)
    #: The value of each part, in ten-thousandths, in the order of the weight set's codes.
    parts: Mapped[list[int]] = mapped_column(ARRAY(SMALLINT))
    weight_set_id: Mapped[int] = mapped_column(ForeignKey("weight_set.id"))

    __table_args__ = (
        UniqueConstraint("need_id", "offer_id"),
        CheckConstraint("score >= 0 AND score <= 1", name="score_in_range"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        Index(
            "ix_match_need", "need_id", text("score DESC"), "offer_id", postgresql_include=["id", "quantity"]
        ),
        Index("ix_match_offer", "offer_id", text("score DESC"), "need_id"),
    )


class MatchingStateRow(Base):
    """One row: the day the stored matches are true for (freshness and dates move the score every day)."""

    __tablename__ = "matching_state"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    matched_on: Mapped[date] = mapped_column(Date)
    weight_set_id: Mapped[int] = mapped_column(ForeignKey("weight_set.id"))
