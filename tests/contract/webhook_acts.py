"""The acts on webhooks, as `acts.DONE` holds all others."""

from __future__ import annotations

from typing import Any

from small_county import COUNTY

from db.feed import cursor_of

HOOK = "https://1.1.1.1/fivelink"


def hook(status: str, now: str, past: str) -> Any:
    """An act on the webhook in `status`, and the state it comes to."""
    return (lambda stage: {"id": stage.webhooks[status]}, past, "webhook { status }", {"webhook": {"status": now}})


WEBHOOKS: dict[str, Any] = {
    "webhookRegister": (
        lambda _: {"url": HOOK, "kinds": ["referral.*", "need.submitted"], "area": COUNTY},
        "WebhookRegistered",
        "webhook { url kinds area { code } status failures lastError createdAt progress { behind } }",
        {
            "webhook": {
                "url": HOOK,
                "kinds": ["referral.*", "need.submitted"],
                "area": {"code": COUNTY},
                "status": "ACTIVE",
                "failures": 0,
                "lastError": None,
                "createdAt": "2026-11-22T04:00:00+00:00",
                "progress": {"behind": 0},
            }
        },
    ),
    "webhookRotateSecret": (
        lambda stage: {"id": stage.webhooks["ACTIVE"]},
        "WebhookSecretRotated",
        "webhook { status formerUntil }",
        {"webhook": {"status": "ACTIVE", "formerUntil": "2026-11-23T04:00:00+00:00"}},
    ),
    "webhookPause": hook("ACTIVE", "PAUSED", "WebhookPaused"),
    "webhookResume": hook("PAUSED", "ACTIVE", "WebhookResumed"),
    "webhookRemove": (
        lambda stage: {"id": stage.webhooks["PAUSED"]},
        "WebhookRemoved",
        "webhook { status url }",
        {"webhook": {"status": "REMOVED", "url": "https://1.1.1.1"}},
    ),
    "webhookTest": hook("ACTIVE", "ACTIVE", "WebhookTested"),
    "webhookReplay": (
        lambda stage: {"id": stage.webhooks["PAUSED"], "after": cursor_of(0)},
        "WebhookReplayed",
        "webhook { status progress { cursor behind } }",
        {"webhook": {"status": "PAUSED", "progress": {"cursor": cursor_of(0), "behind": 0}}},
    ),
}
