"""What every table shares: the declarative base, naming of constraints, and PostgreSQL enums."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, DateTime, MetaData, func
from sqlalchemy.dialects.postgresql import ARRAY, ENUM, INTEGER
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


def enum(name: str, *values: str) -> ENUM:
    """A PostgreSQL enum: sorts in the order given, so PRIORITY can be ordered by."""
    return ENUM(*values, name=name, metadata=Base.metadata)


AREA_LEVEL = enum("area_level", "PROVINCE", "PREFECTURE", "COUNTY", "TOWNSHIP", "VILLAGE", "ZONE")
PARTY_KIND = enum(
    "party_kind", "COMMUNITY", "ORGANIZATION", "SOCIAL_WORKER", "VOLUNTEER", "DONOR_FIRM", "FUND", "ASSISTANT"
)
SOCIETY = enum(
    "society", "COMMUNITY", "SOCIAL_ORGANIZATION", "SOCIAL_WORKER", "VOLUNTEER", "CHARITABLE_RESOURCE", "ASSISTANT"
)
RESOURCE_KIND = enum("resource_kind", "FUNDS", "GOODS", "SERVICE", "VENUE", "VOLUNTEER_TIME")
PRIORITY = enum("priority", "ROUTINE", "URGENT", "ASAP", "STAT")
NEED_STATUS = enum("need_status", "OPEN", "MET", "CLOSED", "WITHDRAWN")
OFFER_STATUS = enum("offer_status", "DRAFT", "ACTIVE", "PAUSED", "WITHDRAWN")
PLAN_STATUS = enum("plan_status", "COMPUTED", "APPROVED", "SUPERSEDED", "QUEUED", "COMPUTING", "CANCELLED", "FAILED")
PLAN_ORDER = enum("plan_order", "URGENT_FIRST", "FAIR_FIRST")
REFERRAL_STATUS = enum(
    "referral_status",
    *("REQUESTED", "ACCEPTED", "REJECTED", "IN_PROGRESS", "ON_HOLD", "COMPLETED", "FAILED", "CANCELLED"),
)
REFERRAL_SIDE = enum("referral_side", "PROVIDER", "COMMUNITY", "COORDINATOR", "SYSTEM")
NOTICE_KIND = enum(
    "notice_kind",
    *("NEW_ORDER", "TAKEN", "DUE_TOMORROW", "OVERDUE", "ESCALATED", "RELEASED"),
    *("CANCELLED", "REJECTED", "FAILED", "TO_FOLLOW_UP", "STILL_TRUE", "WEBHOOK_DISABLED", "AGREEMENT_ENDS"),
)
SERVICE_KIND = enum(
    "service_kind",
    *("VISIT", "CASEWORK", "GROUP_WORK", "COMMUNITY_ACTIVITY", "GOODS_DELIVERED", "MONEY_PAID", "HOURS"),
)
WEBHOOK_STATUS = enum("webhook_status", "ACTIVE", "PAUSED", "FAILING", "DISABLED", "REMOVED")
WEBHOOK_ERROR = enum(
    "webhook_error", "STATUS", "REDIRECT", "TIMEOUT", "UNREACHABLE", "TLS", "ADDRESS", "GONE", "KEY_ENDED"
)
CERTIFICATE_STATUS = enum("certificate_status", "VALID", "OUTDATED", "REVOKED")
ROLE = enum("role", "ADMIN", "COORDINATOR", "PARTNER", "READER")


def primary_key() -> MappedColumn[int]:
    """A bigint identity."""
    from sqlalchemy import Identity

    return mapped_column(BigInteger, Identity(), primary_key=True)


def now_column(**options: Any) -> MappedColumn[Any]:
    """An aware UTC time, the moment of the transaction by default."""
    return mapped_column(DateTime(timezone=True), server_default=func.now(), **options)


def ids_column(**options: Any) -> MappedColumn[Any]:
    """An array of ids of small, never deleted rows (areas, terms): tested with && and @> in one index."""
    return mapped_column(ARRAY(INTEGER), server_default="{}", **options)


Ids = Mapped[list[int]]
