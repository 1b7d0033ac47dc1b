"""Failures of commands in words: what was refused is said in both languages; faults are logged, not dumped."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


class NotWritable(Exception):
    """A file cannot be written where it should be."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


def require_writable(path: Path, endings: tuple[str, ...] | None = None) -> None:
    """Raises NotWritable, before any work is done, where the path is a folder, in none, or has another ending."""
    if endings is not None and path.suffix.lower() not in endings:
        raise NotWritable(
            f"“{path.name}”的扩展名应为 {'、'.join(endings)}", f"{path.name} must end in {' or '.join(endings)}"
        )
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise NotWritable(f"不能写入 {path}", f"{path} cannot be written")


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
    except NotWritable as refusal:
        say(refusal.zh, refusal.en, "NOT_WRITABLE")
    except FileNotFoundError as error:
        say(f"找不到文件 {error.filename}", f"no such file: {error.filename}", "NO_SUCH_FILE")
    except PermissionError as error:
        say(f"没有权限读写 {error.filename}", f"no permission for {error.filename}", "NO_PERMISSION")
    except BrokenPipeError:
        # Whoever read our output has gone: nothing is left to say to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        code, zh, en = classify(error)
        say(zh, en, code)
        _keep(error)


def _keep(error: BaseException) -> None:
    """The traceback, where whoever mends it finds it; the person at the command line is told where that is."""
    folder = Path(os.environ.get("FIVELINK_DATA_DIR") or ".fivelink")
    text = "".join(traceback.format_exception(error))
    try:
        with (folder / "fivelink.log").open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} {' '.join(sys.argv[1:2])}\n{text}\n")
    except OSError:
        print(text, file=sys.stderr)
        return
    say(f"详情已写入 {folder / 'fivelink.log'}", f"details are in {folder / 'fivelink.log'}")
