"""What carries notices out of the inbox, as the settings say."""

from __future__ import annotations

from fivelink.settings import Settings, SettingsError
from resolvers import delivery


def carrier(settings: Settings) -> delivery.Transport:
    """What the setting of the transport of notices names. Raises SettingsError where there is no such thing."""
    try:
        return delivery.transport(settings.notice_transport)
    except ValueError as error:
        zh = f"找不到送达程序 {settings.notice_transport}"
        raise SettingsError([("FIVELINK_NOTICE_TRANSPORT", zh, str(error))]) from error
