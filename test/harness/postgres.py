"""Throw-away PostgreSQL clusters, reached through a Unix socket only."""

import itertools
import os
import re
import shutil
import signal
import struct
import tempfile
import time
from pathlib import Path

from . import host, wal

SETTINGS = {
    "listen_addresses": "''", "fsync": "off", "max_connections": "20", "shared_buffers": "32MB",
    "max_wal_senders": "4", "wal_level": "replica", "hot_standby": "on", "wal_log_hints": "on",
    "archive_mode": "on", "archive_timeout": "0", "wal_retrieve_retry_interval": "200ms", "log_line_prefix": "'%m [%p] '",
    "max_wal_size": "2GB", "checkpoint_timeout": "1h", "log_checkpoints": "off", "timezone": "UTC", "log_timezone": "UTC",
}

# A line of the log that matches this fails the test, unless it matches an expectation.
SUSPECT = re.compile(r"PANIC:|FATAL:|ERROR:|walship: |Sanitizer|runtime error:|archive command failed|terminated by signal"
                     r"|(server|startup|archiver) process .*exited with exit code")
HARMLESS = (r"FATAL:  the database system is (starting up|not yet accepting connections|shutting down)",
            r"FATAL:  terminating .* due to administrator command")


# What the archiver of a server says that was recovered to a moment before the end of the archive.
LEFT_BEHIND = r"walship: warning: push 0000000\d\.history: timeline \d left timeline \d at "


def checksums(wanted):
    """Options of initdb: from PostgreSQL 18 on it switches page checksums on by itself."""
    return ["--data-checksums"] if wanted else ["--no-data-checksums"] if int(host.PG_MAJOR) >= 18 else []


# Data directories that initdb made in this process: {options: folder}.
_templates = {}
_counter = itertools.count()


def new_system_id():
    """As initdb makes one: of the time and the process; the counter stands for a part of the microseconds."""
    now = time.time_ns() // 1000
    return (now // 1_000_000) << 32 | ((now + next(_counter)) % 1_000_000) << 12 | os.getpid() & 0xFFF


def give_identity(data, system_id):
    """Another system identifier for a cluster that was never started.

    It stands at the start of pg_control, which ends with a CRC-32C (catalog/pg_control.h), and in the header of each
    segment (XLogLongPageHeaderData, access/xlog_internal.h).
    """
    control = data / "global/pg_control"
    content = bytearray(control.read_bytes())
    length = next(n for n in range(200, 512, 4) if struct.unpack_from("<I", content, n)[0] == wal.crc32c(content[:n]))
    before, after = bytes(content[:8]), struct.pack("<Q", system_id)
    content[:8] = after
    struct.pack_into("<I", content, length, wal.crc32c(content[:length]))
    overwrite(control, content)
    for segment in (path for path in (data / "pg_wal").iterdir() if path.is_file()):
        with open(segment, "rb") as file:
            used = file.read(32)[24:] == before
        if used:
            overwrite(segment, after, 24)


def overwrite(path, content, offset=0):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(content)


class Cluster:
    """One data directory and, while it runs, its server. A context manager that stops and checks the log."""

    def __init__(self, directory: Path, name, secrets=()):
        self.directory, self.name, self.secrets = Path(directory), name, list(secrets)
        self.data = self.directory / name
        self.sockets = self.directory
        self.log = self.directory / f"{name}.log"
        self.settings = dict(SETTINGS)
        self.expected = list(HARMLESS)
        self.server = None

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.stop(signal.SIGQUIT if kind else signal.SIGINT)
        if kind is None:
            self.check_log()
        elif self.log.exists():
            print(f"--- {self.log}\n{self.log.read_text(errors='replace')[-6000:]}")

    # Making one.

    def initdb(self, *options):
        """A copy of what initdb makes with these options, as a cluster of its own: initdb takes a second of processor time."""
        if options not in _templates:
            _templates[options] = template = Path(tempfile.mkdtemp(prefix="template", dir=self._templates()))
            host.USER.own(template)
            self._program("initdb", "-D", template / "data", "-A", "trust", "-U", "postgres", "--locale=C", "--encoding=UTF8",
                          "--no-sync", "--no-instructions", *options)
        host.run(["cp", "-a", _templates[options] / "data", self.data])
        give_identity(self.data, new_system_id())
        return self

    def _templates(self):
        """Beside the folders of the tests, and removed with them."""
        path = self.directory.parent / "templates"
        if not path.exists():
            host.USER.mkdir(path)
        return path

    def basebackup(self, into, *options):
        """pg_basebackup into a new cluster's data directory; without WAL unless the options say so."""
        self._program("pg_basebackup", "-D", into.data, "-c", "fast", "--no-sync", *self._connection(),
                      *(options or ("-X", "none")))
        return into

    def copy_of(self, backup):
        """Take over the files of a backup (or of a stopped cluster)."""
        host.run(["cp", "-a", backup.data, self.data])
        return self

    def signal_file(self, name):
        host.USER.write(self.data / name, "", 0o600)
        return self

    def configure(self, **settings):
        """None removes a setting. Strings are quoted here."""
        for name, value in settings.items():
            self.settings.pop(name, None)
            if value is not None:
                self.settings[name] = "'" + str(value).replace("'", "''") + "'"
        return self

    # Running it.

    def start(self, wait=True, timeout=60):
        settings = {**self.settings, "unix_socket_directories": f"'{self.sockets}'", "port": str(self._port())}
        host.USER.write(self.data / "postgresql.auto.conf", "".join(f"{k} = {v}\n" for k, v in settings.items()), 0o600)
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        self.server = host.Server([host.PG_BIN / "postgres", "-D", self.data], self.log, as_user=True, cwd=self.data,
                                  at_parent_death="QUIT")
        if wait:
            self.wait_open(timeout)
        return self

    def start_restored(self, wait=True, timeout=60):
        """As walship restore left it: only the socket is given, and postgresql.auto.conf stays."""
        sockets = ["-c", f"unix_socket_directories={self.sockets}", "-c", f"port={self._port()}"]
        self.server = host.Server([host.PG_BIN / "postgres", "-D", self.data, *sockets], self.log, as_user=True, cwd=self.data,
                                  at_parent_death="QUIT")
        if wait:
            self.wait_open(timeout)
        return self

    def status(self):
        """'ready' as soon as it takes connections, be it for reading only; another word or '' before."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return ""
        return lines[7].strip() if len(lines) > 7 else ""

    def wait_open(self, timeout=60):
        host.wait_for(lambda: not self.server.alive or self.status() == "ready",
                      lambda: f"{self.name} opens, it is '{self.status()}'; log:\n{self.log_text()[-3000:]}", timeout)
        assert self.server.alive, f"{self.name} ended instead of opening:\n{self.log_text()[-3000:]}"

    def wait_end(self, timeout=60):
        """The exit code of a server that stops by itself."""
        host.wait_for(lambda: not self.server.alive,
                      lambda: f"{self.name} ends, it is '{self.status()}'; log:\n{self.log_text()[-3000:]}", timeout)
        return self.server.process.returncode

    def wait_promoted(self, timeout=60):
        self.wait_open(timeout)
        host.wait_for(lambda: not self.in_recovery(), f"{self.name} is promoted", timeout)

    def in_recovery(self):
        return self.sql("select pg_is_in_recovery()") == "t"

    def promote(self, timeout=60):
        self.sql("select pg_promote(true, 60)")
        self.wait_promoted(timeout)

    def stop(self, how=signal.SIGINT):
        """SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one."""
        if self.server:
            self.server.stop((how, 60), (signal.SIGQUIT, 10))

    # Talking to it.

    def sql(self, text, timeout=60, database="postgres"):
        done = self._program("psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", *self._connection(), "-d", database,
                             "-c", text, timeout=timeout)
        return done.stdout.decode().strip()

    def pgbench(self, *options, timeout=120):
        return self._program("pgbench", *self._connection(), *options, "postgres", timeout=timeout)

    def pgbench_argv(self, *options):
        return [str(a) for a in (host.PG_BIN / "pgbench", *self._connection(), *options, "postgres")]

    def rows(self, database="postgres"):
        """Every row of every user table of one database, as text: {table: rows}."""
        tables = self.sql("select quote_ident(tablename) from pg_tables where schemaname = 'public' order by 1", database=database).split()
        return {table: self.sql(f"copy (select * from {table} t order by t::text collate \"C\") to stdout", database=database) for table in tables}

    def all_rows(self):
        """Those of every database that can be connected to: {database: {table: rows}}."""
        names = self.sql("select datname from pg_database where datallowconn order by 1").split()
        return {name: self.rows(name) for name in names}

    def connection_string(self):
        return f"host={self.sockets} port={self._port()} user=postgres dbname=postgres"

    # Its WAL.

    def system_id(self):
        return int(self.control("Database system identifier"))

    def control(self, field):
        text = self._program("pg_controldata", self.data).stdout.decode()
        return re.search(rf"^{re.escape(field)}:\s+(.*)$", text, re.M).group(1)

    def switch(self):
        """Finish the current segment; returns its name."""
        return self.sql("select pg_walfile_name(pg_switch_wal())")

    def waiting(self):
        """Names that PostgreSQL wants archived and are not yet."""
        return sorted(p.name[:-6] for p in (self.data / "pg_wal/archive_status").glob("*.ready"))

    def archive_all(self, timeout=60):
        """Finish the current segment and wait until nothing is left to archive; returns that segment's name."""
        last = self.switch()
        self.wait_archived(timeout)
        return last

    def wait_archived(self, timeout=60):
        host.wait_for(lambda: not self.waiting(),
                      lambda: f"{self.name} archives {self.waiting()[:3]}; log:\n{self.log_text()[-3000:]}", timeout)

    def archiver(self):
        """(archived_count, failed_count)"""
        return tuple(int(n) for n in self.sql("select archived_count, failed_count from pg_stat_archiver").split("|"))

    # Its log.

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def expect(self, *patterns):
        """Suspect lines of the log that this test wants to see."""
        self.expected += patterns
        return self

    def check_log(self):
        text = self.log_text()
        wanted = re.compile("|".join(self.expected))
        unexpected = [line for line in text.splitlines() if SUSPECT.search(line) and not wanted.search(line)]
        assert not unexpected, f"unexpected lines in {self.log.name}:\n" + "\n".join(unexpected[:20])
        for secret in self.secrets:
            assert secret not in text.encode(), "a secret in PostgreSQL's log"

    def _port(self):
        """Only a part of the socket's name; different for each cluster that shares the folder."""
        return 5432 + sum(map(ord, self.name))

    def _connection(self):
        return ("-h", self.sockets, "-p", self._port(), "-U", "postgres")

    def _program(self, name, *args, timeout=120):
        return host.run([host.PG_BIN / name, *args], timeout=timeout, cwd=self.directory)

    def program(self, name, *args, timeout=120):
        """Another of PostgreSQL's programs, as the ordinary user."""
        return self._program(name, *args, timeout=timeout)

    def remove(self):
        shutil.rmtree(self.data, ignore_errors=True)
