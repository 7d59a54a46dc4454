"""The embedded PostgreSQL by itself."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from workers.embedded.folder import SOCKET_PATH_MAX, StackFolder
from workers.embedded.postgres import SYSTEM_USER, Postgres, as_owner, system_user
from workers.embedded.processes import LINUX, Handle, handle_of, is_running, own_handle, stop
from workers.embedded.temporary import temporary_postgres

ROOT = Path(__file__).resolve().parents[2]
SERVE = """
import asyncio, os, sys
from pathlib import Path
from workers.embedded.temporary import temporary_postgres
with temporary_postgres(Path(sys.argv[1])) as postgres:
    asyncio.run(postgres.ensure_database())
    print(asyncio.run(postgres.answers()), os.geteuid())
"""


def test_a_long_path_gets_a_socket_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("long-" * 20)
    deep.mkdir()
    with temporary_postgres(deep) as postgres:
        assert len(os.fsencode(postgres.socket / ".s.PGSQL.5432")) <= SOCKET_PATH_MAX
        asyncio.run(postgres.ensure_database())
        asyncio.run(postgres.ensure_database())
        server = postgres.running()
        assert server is not None
    assert not is_running(server)
    assert not postgres.socket.exists()
    assert list(deep.iterdir()) == []


def test_only_its_owner_can_reach_it(tmp_path: Path) -> None:
    with temporary_postgres() as postgres:
        assert postgres.socket.stat().st_mode & 0o077 == 0
        names = [path for path in postgres.socket.iterdir() if path.is_socket()]
        assert [path.stat().st_mode & 0o777 for path in names] == [0o700]


@pytest.fixture
def home_of_another() -> Iterator[Path]:
    """A folder of somebody who is not root, who also reaches this Python; without root: our own, as we are not."""
    home = Path(tempfile.mkdtemp(prefix="season-test-", dir="/tmp"))
    owner = system_user()
    modes: dict[Path, int] = {}
    if owner is not None:
        os.chown(home, owner.pw_uid, owner.pw_gid)
        for python in (Path(sys.executable).parent, Path(sys.executable).resolve(), ROOT):
            modes |= {above: stat.S_IMODE(above.stat().st_mode) for above in (python, *python.parents)}
        for above, mode in modes.items():
            above.chmod(mode | stat.S_IXOTH)
    yield home
    for above, mode in modes.items():
        above.chmod(mode)
    shutil.rmtree(home)


def test_it_runs_without_root_too(home_of_another: Path) -> None:
    home = home_of_another
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", SERVE, str(home)], capture_output=True, text=True, env=environment, **as_owner()
    )
    assert done.stdout.split() == ["True", str(os.geteuid() or pwd.getpwnam(SYSTEM_USER).pw_uid)], done.stderr


def test_a_stale_pid_that_is_somebody_elses_now_is_no_server(tmp_path: Path) -> None:
    postgres = Postgres.of(StackFolder.at(tmp_path))
    postgres.prepare()
    (postgres.data / "postmaster.pid").write_text(f"{os.getpid()}\n{postgres.data}\n", encoding="utf-8")
    assert postgres.running() is None
    assert system_user() is None or postgres.data.stat().st_uid != 0


def test_a_reused_process_id_is_another_process() -> None:
    me = own_handle()
    assert is_running(me)
    assert not is_running(Handle(pid=me.pid, birth="another boot/1"))
    assert stop(Handle(pid=me.pid, birth="another boot/1")), "gone, and nobody else was signalled"


# Elsewhere the system ties no process to its parent; what is left there, the next `season up` stops (test_supervisor.py).
if LINUX:

    def test_a_leashed_process_ends_with_its_parent() -> None:
        code = (
            "import subprocess, sys, signal, time; from workers.embedded.processes import leash\n"
            "p = subprocess.Popen(['sleep', '100'], preexec_fn=leash(signal.SIGTERM)); print(p.pid, flush=True)\n"
            "time.sleep(100)"
        )
        parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert parent.stdout is not None
        child = handle_of(int(parent.stdout.readline()))
        assert child is not None
        parent.send_signal(signal.SIGKILL)
        parent.communicate()
        try:
            for _ in range(100):
                if not is_running(child):
                    break
                time.sleep(0.05)
            assert not is_running(child)
        finally:
            stop(child)


KILLED = """
import os, signal, sys
from pathlib import Path
from workers.embedded.temporary import temporary_postgres
with temporary_postgres(Path(sys.argv[1])):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_behind_is_cleared_at_the_next_start_and_nothing_else(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    nameless, unlike = tmp_path / "season-pg-nameless", tmp_path / "season-stack"
    for other in (nameless, unlike):
        other.mkdir()
    (unlike / "owner.json").write_text((left / "owner.json").read_text())
    server = Postgres.of(StackFolder.at(left)).running()
    if server is not None:
        stop(server, signal.SIGINT)
    with temporary_postgres(tmp_path) as first:
        assert not left.exists()
        with temporary_postgres(tmp_path):
            assert asyncio.run(first.answers())
    assert sorted(tmp_path.iterdir()) == [nameless, unlike]
