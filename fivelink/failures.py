"""Failures of commands in words: what was refused is said in both languages; faults are logged, not dumped."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

log = logging.getLogger("fivelink")


@dataclass(slots=True)
class Failure:
    code: int = 1


def say(zh: str, en: str, code: str | None = None) -> None:
    print(f"{zh}\n{en}" + (f"  [{code}]" if code else ""), file=sys.stderr)


@contextmanager
def explained() -> Iterator[Failure]:
    """Turns refusals and faults into two lines on stderr; `code` is what the command then returns."""
    from db.faults import classify
    from db.server_errors import ServerError
    from exchange.errors import Unreadable
    from fivelink.runtime import VocabularyFaulty
    from fivelink.settings import SettingsError
    from resolvers.errors import InvalidInput, Refusal

    failure = Failure()
    try:
        yield failure
    except KeyboardInterrupt:
        failure.code = 130
    except InvalidInput as refusal:
        for field in refusal.fields:
            say(field.message_zh, f"{'.'.join(field.path)}: {field.message_en}", field.code)
    except Refusal as refusal:
        say(refusal.message_zh, refusal.message_en, refusal.code)
    except Unreadable as refusal:
        say(refusal.text_zh, refusal.text_en, refusal.code)
    except (SettingsError, VocabularyFaulty) as refusal:
        print(refusal, file=sys.stderr)
    except ServerError as error:
        print(error, file=sys.stderr)
    except FileNotFoundError as error:
        say(f"找不到文件 {error.filename}", f"no such file: {error.filename}")
    except PermissionError as error:
        say(f"没有权限读写 {error.filename}", f"no permission for {error.filename}")
    except Exception as error:
        code, zh, en = classify(error)
        say(zh, en, code)
        log.exception("fault in a command")
