"""The command line as its users meet it: real processes, real signals, one data folder."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and Unix sockets")

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "data" / "samples"
COUNTY = "370832"
COMPILED = tempfile.TemporaryDirectory(prefix="fivelink-tests-")


def environment(folder: Path, **more: str) -> dict[str, str]:
    dropped = ("FIVELINK_", "PYTHONDONTWRITEBYTECODE")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    # Compiled once for all the processes of this file.
    clean |= {"PYTHONPYCACHEPREFIX": str(COMPILED.name), "COLUMNS": "80"}
    return clean | {"FIVELINK_DATA_DIR": str(folder), "FIVELINK_PORT": "0"} | more


def fivelink(folder: Path, *arguments: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fivelink.cli", *map(str, arguments)]
    return subprocess.run(
        command, env=environment(folder, **more), cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )


class Server:
    """`fivelink serve` on a free port."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.folder = folder
        self.key: str | None = None
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fivelink.cli", "serve"],
            env=environment(folder, **more),
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        said = ""
        while "http://" not in said:
            line = self.process.stderr.readline()
            assert line, said
            said += line
        self.address = re.findall(r"http://\S+", said)[0]

    @property
    def port(self) -> str:
        return self.address.rpartition(":")[2]

    def ask(self, query: str, key: str | None = None) -> dict[str, Any]:
        if key is None and self.key is None:
            self.key = fivelink(self.folder, "key", "create", "--role", "ADMIN").stdout.strip()
        headers = {"content-type": "application/json", "authorization": f"Bearer {key or self.key}"}
        body = json.dumps({"query": query}).encode()
        request = urllib.request.Request(f"{self.address}/graphql", body, headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        return found

    def needs(self) -> int:
        return int(self.ask("{needs { totalCount }}")["data"]["needs"]["totalCount"])

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=60)
        return self.process.returncode


def eventually(holds: Callable[[], bool], seconds: float = 30) -> bool:
    """Asks again and again until it holds or the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if holds():
                return True
        except (OSError, KeyError, TypeError, ValueError):
            pass
        # The process that is waited for gets the processor.
        time.sleep(0.05)
    return False


def postmaster(folder: Path) -> psutil.Process | None:
    try:
        process = psutil.Process(int((folder / "postgres" / "postmaster.pid").read_text().split()[0]))
        return None if process.status() == psutil.STATUS_ZOMBIE else process
    except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
        return None


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """The data folder these tests share, the sample lists in it."""
    with tempfile.TemporaryDirectory(prefix="fivelink-tests-") as name:
        yield Path(name) / "data"


@pytest.fixture(scope="module")
def serving(folder: Path) -> Iterator[Server]:
    """A server that runs while commands come and go."""
    server = Server(folder)
    yield server
    if server.process.poll() is None:
        server.stop()


def test_lists_become_a_plan_beside_a_running_server(serving: Server, tmp_path: Path) -> None:
    folder = serving.folder
    dry = fivelink(folder, "import", SAMPLES / "needs.csv", "--dry-run", "--area", COUNTY)
    assert (dry.returncode, serving.needs()) == (2, 0)
    assert "试运行" in dry.stdout
    rejects, broken = tmp_path / "rejects.xlsx", tmp_path / "broken.xlsx"
    broken.write_bytes(b"PK\x03\x04")
    missing = tmp_path / "missing.csv"
    done = fivelink(
        folder,
        "import",
        broken,
        missing,
        SAMPLES / "needs.csv",
        SAMPLES / "offers.csv",
        "--area",
        COUNTY,
        "--rejects",
        rejects,
    )
    assert (done.returncode, serving.needs(), rejects.exists()) == (1, 11, True)
    assert "[NOT_A_WORKBOOK]" in done.stderr
    assert "[NOT_FOUND]" in done.stderr
    assert "E12" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert max(map(len, done.stdout.splitlines())) < 400
    again = fivelink(folder, "import", SAMPLES / "offers.csv")
    assert (again.returncode, again.stderr) == (0, "")
    plan = fivelink(folder, "plan", COUNTY)
    assert plan.returncode == 0
    assert "optimal, proven" in plan.stdout
    assert serving.ask('{plans(area: "370832") { totalCount }}')["data"]["plans"]["totalCount"] == 1
    for name in ("all.xlsx", "all.json"):
        out = fivelink(folder, "export", tmp_path / name)
        assert out.returncode == 0
        back = fivelink(folder, "import", tmp_path / name)
        assert (back.returncode, back.stderr) == (0, "")
    assert serving.needs() == 11


def test_a_key_is_alone_on_stdout_and_opens_until_it_is_revoked(serving: Server) -> None:
    made = fivelink(serving.folder, "key", "create", "--role", "COORDINATOR", "--area", COUNTY, "--label", "值班")
    key = made.stdout.strip()
    assert made.returncode == 0
    assert re.fullmatch(r"\S{40,}", key)
    submit = 'mutation { communityRegister(input: {name: "凤山二社", area: "370832001"}) { __typename } }'
    assert "errors" not in serving.ask(submit, key)
    listed = fivelink(serving.folder, "key", "list")
    assert "COORDINATOR" in listed.stdout
    assert key not in listed.stdout
    prefix = key.split("_")[1]
    assert fivelink(serving.folder, "key", "revoke", prefix).returncode == 0
    refused = fivelink(serving.folder, "key", "revoke", "nosuchkey")
    assert (refused.returncode, "Traceback" in refused.stderr) == (1, False)
    # A running server looks a key up again within seconds.
    assert eventually(lambda: _is_refused(serving, submit, key))


def _is_refused(server: Server, query: str, key: str) -> bool:
    try:
        server.ask(query, key)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code == 401
    return False


def test_a_second_server_on_the_port_says_so_and_leaves_the_first_alone(serving: Server) -> None:
    second = fivelink(serving.folder, "serve", FIVELINK_PORT=serving.port)
    assert second.returncode == 1
    assert "[PORT_TAKEN]" in second.stderr
    assert "已被占用" in second.stderr
    assert "Traceback" not in second.stderr
    assert serving.needs() == 11


def test_doctor_says_what_it_found(serving: Server) -> None:
    said = fivelink(serving.folder, "doctor", FIVELINK_PROT="1")
    assert said.returncode == 0
    for expected in ("18.", "fsync", "0001", "FIVELINK_DATA_DIR", "FIVELINK_PROT", "all is well"):
        assert expected in said.stdout
    assert fivelink(serving.folder, "migrate").returncode == 0


def test_doctor_tells_what_is_wrong(tmp_path: Path) -> None:
    nowhere = "postgresql://me:geheim@127.0.0.1:1/county"
    said = fivelink(tmp_path, "doctor", FIVELINK_DATABASE_URL=nowhere)
    assert said.returncode == 1
    assert "无法连接" in said.stdout
    assert "geheim" not in said.stdout + said.stderr


@pytest.mark.parametrize(
    ("arguments", "more", "code", "said"),
    [
        (("plan", "999999"), {}, 1, "UNKNOWN_AREA"),
        (("import", "needs.csv", "--area", "999999"), {}, 1, "UNKNOWN_AREA"),
        (("export", "all.pdf"), {}, 1, "NOT_WRITABLE"),
        (("doctor",), {"FIVELINK_PORT": "abc"}, 1, "FIVELINK_PORT"),
        (("plna",), {}, 64, "命令写法有误"),
        (("import",), {}, 64, "命令写法有误"),
        (("key", "create", "--role", "KING"), {}, 64, "命令写法有误"),
        (("key", "create", "--role", "PARTNER", "--party", "x"), {}, 1, "NOT_FOUND"),
        (("migrate",), {"FIVELINK_VOCABULARY_DIR": "/nonexistent"}, 1, "NO_VOCABULARY"),
        (("migrate",), {"FIVELINK_DATA_DIR": "/proc/fivelink"}, 1, "DATA_DIR_UNUSABLE"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_refusals_are_told_in_both_languages_without_a_traceback(
    serving: Server, arguments: tuple[str, ...], more: dict[str, str], code: int, said: str
) -> None:
    given = [str(SAMPLES / one) if one.endswith("needs.csv") else one for one in arguments]
    refused = fivelink(serving.folder, *given, **more)
    assert refused.returncode == code
    assert said in refused.stderr
    assert re.search("[一-鿿]", refused.stderr)
    assert re.search("[a-z]{3}", refused.stderr)
    assert "Traceback" not in refused.stderr
    assert serving.needs() == 11


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom fivelink import cli\n"
        "try:\n    cli.main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = ('sqlalchemy', 'networkx', 'strawberry', 'numpy', 'uvicorn', 'openpyxl', 'rich')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[-1] == "[]"


def test_the_contract_is_written_where_asked(tmp_path: Path) -> None:
    done = fivelink(tmp_path / "unused", "schema", tmp_path / "schema.graphql")
    assert (done.returncode, done.stderr) == (0, "")
    assert "type Query" in (tmp_path / "schema.graphql").read_text(encoding="utf-8")
    assert not (tmp_path / "unused").exists()


def test_nothing_is_lost_when_the_database_is_killed_under_the_server(serving: Server) -> None:
    process = postmaster(serving.folder)
    assert process is not None
    before = serving.needs()
    process.kill()
    # Backends of a dead postmaster answer for a moment longer: the new one is waited for first.
    assert eventually(lambda: postmaster(serving.folder) not in (None, process))
    assert eventually(lambda: serving.needs() == before)


def test_a_killed_import_leaves_nothing_half_written(serving: Server, tmp_path: Path) -> None:
    before = serving.needs()
    rows = "\n".join(f"轮椅{n},{village},{n % 9 + 1}" for n in range(4_000) for village in ("拳西村",))
    path = tmp_path / "many.csv"
    path.write_text(f"需求名称,村(社区),数量\n{rows}\n", encoding="utf-8")
    command = [sys.executable, "-m", "fivelink.cli", "import", str(path)]
    process = subprocess.Popen(command, env=environment(serving.folder), cwd=ROOT, stdout=subprocess.DEVNULL)
    assert eventually(lambda: _writing(serving.folder))
    process.kill()
    process.communicate(timeout=60)
    assert serving.needs() == before
    assert eventually(lambda: fivelink(serving.folder, "import", path, "--dry-run").returncode == 0)
    assert serving.needs() == before


def _writing(folder: Path) -> bool:
    """Whether an import has rows in a transaction that is still open."""
    import asyncio

    import asyncpg

    from db.server import database

    async def look(url: str) -> bool:
        connection = await asyncpg.connect(url)
        try:
            found = await connection.fetchval(
                "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
                " WHERE l.relation = 'need'::regclass AND l.mode = 'RowExclusiveLock'"
                " AND a.application_name = 'fivelink'"
            )
            return bool(found)
        finally:
            await connection.close()

    with database(None, folder) as url:
        return asyncio.run(look(url))


def test_the_server_killed_and_started_again_has_everything(serving: Server) -> None:
    before = serving.needs()
    assert serving.stop(signal.SIGKILL) == -signal.SIGKILL
    again = Server(serving.folder)
    again.key = serving.key
    try:
        assert again.needs() == before
    finally:
        assert again.stop() == 0
    assert eventually(lambda: postmaster(serving.folder) is None)


def test_a_county_adds_its_words_and_its_weights_renew_the_matches(serving: Server, tmp_path: Path) -> None:
    own = tmp_path / "words"
    own.mkdir()
    (own / "resource_types.csv").write_text(
        "code,label_zh,label_en,kind,unit,parent,synonyms,other_units\nHORSE,马匹,Horse,GOODS,匹,,骏马,\n",
        encoding="utf-8",
    )
    shipped = (ROOT / "data" / "weights.csv").read_text(encoding="utf-8").splitlines()
    numbers = [int(line.split(",")[1]) for line in shipped[1:]]
    moved = [numbers[1], numbers[0], *numbers[2:]]
    lines = [
        line.replace(f",{old},", f",{new},", 1) for line, old, new in zip(shipped[1:], numbers, moved, strict=True)
    ]
    (own / "weights.csv").write_text("\n".join([shipped[0], *lines]) + "\n", encoding="utf-8")
    server = Server(serving.folder)
    server.key = serving.key
    reasons = (
        "{needs(first: 20) { edges { node { matches { edges { node { score reasons { code weight value } } } } } } } }"
    )
    before = server.ask(reasons)
    assert server.stop() == 0
    server = Server(serving.folder, FIVELINK_VOCABULARY_DIR=str(own))
    server.key = serving.key
    try:
        expected = {line.split(",")[0]: number / 10_000 for line, number in zip(shipped[1:], moved, strict=True)}
        assert eventually(lambda: _weights(server.ask(reasons)) == {tuple(sorted(expected.items()))})
        assert len(_matches(server.ask(reasons))) == len(_matches(before)) > 0
        (tmp_path / "horse.csv").write_text("需求名称,村(社区),数量\n骏马,拳西村,1匹\n", encoding="utf-8")
        assert (
            fivelink(serving.folder, "import", tmp_path / "horse.csv", FIVELINK_VOCABULARY_DIR=str(own)).returncode == 0
        )
    finally:
        server.stop()
    (own / "terms.csv").write_text("scheme,code\nx,y\n", encoding="utf-8")
    (own / "weights.csv").write_text("\n".join([shipped[0], *lines[1:]]) + "\n", encoding="utf-8")
    refused = fivelink(serving.folder, "migrate", FIVELINK_VOCABULARY_DIR=str(own))
    assert refused.returncode == 1
    assert "[MISSING_COLUMN]" in refused.stderr
    assert "[WEIGHTS_SUM]" in refused.stderr


def _matches(answer: dict[str, Any]) -> list[dict[str, Any]]:
    needs = [edge["node"] for edge in answer["data"]["needs"]["edges"]]
    return [match["node"] for need in needs for match in need["matches"]["edges"]]


def _weights(answer: dict[str, Any]) -> set[Any]:
    """The weights that the scores of these matches were made with: one set where all are renewed."""
    return {tuple(sorted((one["code"], one["weight"]) for one in match["reasons"])) for match in _matches(answer)}
