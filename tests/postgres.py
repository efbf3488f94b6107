"""A real PostgreSQL server for the tests, started by them on loopback and thrown away after.

Belongs here: finding the programs, making a cluster, starting and stopping it. Does not belong
here: tests.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PASSWORD = "s3cret/p@ss"  # pragma: allowlist secret
ENCODED_PASSWORD = "s3cret%2Fp%40ss"  # pragma: allowlist secret
START_SECONDS = 300
# A machine under load takes its time to log a client in; a client asks again for as long.
LOGIN_SECONDS = 300


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        port: Port on loopback.
    """

    port: int

    def url(self, driver: str = "postgresql") -> str:
        server = f"coverage:{ENCODED_PASSWORD}@127.0.0.1:{self.port}"
        return f"{driver}://{server}/postgres?connect_timeout={LOGIN_SECONDS}"


def find_programs() -> Path:
    """The folder of initdb and pg_ctl; skips the test where there is none."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")


@contextmanager
def running_server(folder: Path) -> Iterator[Server]:
    """Make a cluster in an empty folder and run it.

    The server refuses to run as root, so root runs it as another user, who must be able to reach
    the folder (pytest's own folders are closed to others).
    """
    programs = find_programs()
    user = None
    if os.geteuid() == 0:
        known = {entry.pw_name for entry in pwd.getpwall()}
        user = next(name for name in ("postgres", "nobody") if name in known)
        shutil.chown(folder, user)
    secret = folder / "password"
    secret.write_text(PASSWORD, encoding="utf-8")
    if user:
        shutil.chown(secret, user)

    def run(*command: str) -> None:
        ended = subprocess.run(
            [str(programs / command[0]), *command[1:]],
            user=user,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=2 * START_SECONDS,
            check=False,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        )
        assert ended.returncode == 0, ended.stderr

    data = str(folder / "data")
    run(
        *(
            "initdb",
            "-D",
            data,
            "-U",
            "coverage",
            "--pwfile",
            str(secret),
            "--auth",
            "scram-sha-256",
        ),
        *("--encoding", "UTF8", "--no-sync"),
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = (
        f"-h 127.0.0.1 -p {port} -k {folder} -c fsync=off -c max_connections=50 "
        f"-c authentication_timeout={LOGIN_SECONDS}s"
    )
    log = str(folder / "log")
    run("pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "-t", str(START_SECONDS), "start")
    try:
        yield Server(port)
    finally:
        run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
