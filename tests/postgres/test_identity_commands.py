"""The keys of identities on the command line: made at the first start, shown by doctor, added, rotated, missed."""

from __future__ import annotations

import asyncio
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from test_commands import fivelink

from db.database import Database
from db.server import database
from db.viewer import LOCAL
from fivelink.identity_keys import add_key, make_ready, path_of, ring_of, too_open
from fivelink.settings import Settings, SettingsError
from resolvers import cases, sealing
from resolvers.context import Context

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Unix sockets and modes of files")


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test has this process seal with, the next one finds what was."""
    monkeypatch.setattr(sealing, "_here", list(sealing._here))


def opened(folder: Path) -> None:
    """A client's file in the database of a data folder, sealed as a command would."""
    settings = Settings(data_dir=folder)

    async def work(url: str) -> None:
        held = Database(url)
        context = Context(held, LOCAL)
        make_ready(settings)
        identity: dict[str, Any] = {"name": "王大海", "phone": "13800001234"}
        await cases.open_client(context, area="370832", code="甲-1", identity=identity)
        await held.close()

    with database(None, folder) as url:
        asyncio.run(work(url))


def test_a_key_is_made_once_kept_to_its_owner_added_and_missed_when_it_is_gone(data_dir: Path) -> None:
    first = fivelink(data_dir, "migrate")
    path = data_dir / "identity.keys"
    assert first.returncode == 0
    assert str(path) in first.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    kept = path.read_text(encoding="utf-8")
    ring = sealing.parsed(kept)
    opened(data_dir)

    doctor = fivelink(data_dir, "doctor")
    assert doctor.returncode == 0
    assert ring.newest in doctor.stdout
    key = kept.split()[-1]
    assert key not in doctor.stdout + doctor.stderr
    path.chmod(0o644)
    assert "chmod 600" in fivelink(data_dir, "doctor").stdout
    path.chmod(0o600)

    rotated = fivelink(data_dir, "identities", "rotate", "--new-key")
    assert rotated.returncode == 0, rotated.stderr
    assert "1/1" in rotated.stderr
    both = sealing.parsed(path.read_text(encoding="utf-8"))
    assert both.ids[0] == ring.newest
    assert len(both.ids) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    listed = fivelink(data_dir, "identities", "keys")
    assert (listed.returncode, f"{ring.newest}: 0" in listed.stdout, f"{both.newest}: 1" in listed.stdout) == (
        0,
        True,
        True,
    )

    lost = {"FIVELINK_IDENTITY_KEYS": kept.splitlines()[-1]}
    for command in (["doctor"], ["identities", "keys"], ["identities", "rotate"]):
        missed = fivelink(data_dir, *command, **lost)
        assert missed.returncode == 1
        assert "IDENTITY_KEY_MISSING" in missed.stdout + missed.stderr
        assert key not in missed.stdout + missed.stderr
    refused = fivelink(data_dir, "identities", "rotate", "--new-key", **lost)
    assert refused.returncode == 1
    assert "FIVELINK_IDENTITY_KEYS" in refused.stderr


def test_faulty_keys_are_told_by_where_they_stand_and_never_shown(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("k1 c2VjcmV0IHRoYXQgaXMgdG9vIHNob3J0\n", encoding="utf-8")
    for settings in (Settings(identity_keys_file=path), Settings(identity_keys=path.read_text(encoding="utf-8"))):
        with pytest.raises(SettingsError) as refused:
            ring_of(settings)
        assert "c2VjcmV0" not in str(refused.value)
        assert "32" in str(refused.value)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError):
        ring_of(Settings(identity_keys_file=path))
    with pytest.raises(FileNotFoundError):
        make_ready(Settings(identity_keys_file=tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()


def test_the_settings_show_that_there_are_keys_and_not_which(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, identity_keys=sealing.written(sealing.made()))
    key = (settings.identity_keys or "").split()[1]
    assert key not in repr(settings)
    assert [row.value for row in settings.rows() if row.name == "FIVELINK_IDENTITY_KEYS"] == ["***"]
    assert path_of(settings) is None
    assert not (tmp_path / "identity.keys").exists()


def test_a_key_added_to_the_file_is_found_by_who_read_it_before(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    make_ready(settings)
    before = ring_of(settings)
    added = add_key(settings)
    assert ring_of(settings).ids == (*before.ids, added)
    path = path_of(settings)
    assert path is not None
    assert not too_open(path)
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    make_ready(settings)
    assert ring_of(settings).newest == added


def test_a_file_that_is_spoilt_while_it_is_served_stops_nobody(tmp_path: Path) -> None:
    class Engine:
        pass

    engine: Any = Engine()
    settings = Settings(data_dir=tmp_path)
    make_ready(settings)
    path = path_of(settings)
    assert path is not None
    ring = sealing.ring(engine)
    for spoilt in (b"k1 short\n", b"\xff\xfe", b""):
        path.write_bytes(spoilt)
        assert sealing.newest(engine).ids == ring.ids
        sealing.use(ring, sealing._here[0].again)
    path.unlink()
    assert sealing.newest(engine).ids == ring.ids
    # A value that a key seals which nobody has is closed, as ever; nothing else fails.
    with pytest.raises(sealing.KeyMissing):
        sealing.opened(engine, bytes(80), "other", "identity", 1, "name")
