"""PostGraphile 5 as a peer, where Node 22 and the npm registry are at hand; it knows no keys and checks nobody."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from bench.servers import CONNECTIONS, Server, free_port

POSTGRAPHILE, NODE = "5.1.5", "22"
INSTALL_SECONDS = 60
#: Kept between runs, outside the checkout.
FOLDER = Path(tempfile.gettempdir()) / "fivelink-bench-peers"

_CONFIG = """
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { makePgService } from "postgraphile/adaptors/pg";
export default {
  extends: [PostGraphileAmberPreset],
  // Orders and conditions on every column, not only on those that lead an index.
  disablePlugins: ["PgIndexBehaviorsPlugin"],
  pgServices: [makePgService({ connectionString: %s, schemas: ["public"], poolConfig: { max: %d } })],
  grafserv: { host: "127.0.0.1", port: %d, graphiql: false, watch: false },
  schema: { defaultBehavior: "+attribute:orderBy +attribute:filterBy" },
  grafast: { explain: false },
};
"""


class NotAtHand(Exception):
    """Why there is no PostGraphile here, in a few words."""


def start(url: str) -> Server:
    """Installs it where it is not yet, and starts it. Raises NotAtHand."""
    node = _node()
    port = free_port()
    config = FOLDER / "graphile.config.mjs"
    config.write_text(_CONFIG % (json.dumps(url), CONNECTIONS, port), encoding="utf-8")
    program = FOLDER / "node_modules" / "postgraphile" / "dist" / "cli-run.js"
    command = [node, str(program), "-C", str(config)]
    try:
        return Server.start("PostGraphile 5", command, port, {"NODE_ENV": "production", "GRAPHILE_ENV": "production"})
    except RuntimeError as error:
        raise NotAtHand(str(error).splitlines()[-1]) from None


def _node() -> str:
    """A Node of at least 22: the system's, or the one of the npm package `node`."""
    npm = shutil.which("npm")
    if npm is None:
        raise NotAtHand("no npm on this machine")
    FOLDER.mkdir(exist_ok=True)
    own = FOLDER / "node_modules" / "node" / "bin" / "node"
    if not (FOLDER / "node_modules" / "postgraphile").exists() or not (own.exists() or _recent(shutil.which("node"))):
        wanted = [f"postgraphile@{POSTGRAPHILE}"]
        if not _recent(shutil.which("node")):
            wanted.append(f"node@{NODE}")
        command = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(FOLDER), *wanted]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=INSTALL_SECONDS)
        except (OSError, subprocess.SubprocessError) as error:
            raise NotAtHand(f"npm could not install it ({type(error).__name__})") from None
    for found in (shutil.which("node"), str(own)):
        if _recent(found):
            assert found is not None
            return found
    raise NotAtHand(f"no Node {NODE} or newer")


def _recent(node: str | None) -> bool:
    if node is None or not Path(node).exists():
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)", said)
    return version is not None and int(version[1]) >= int(NODE)
