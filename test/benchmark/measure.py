"""The measurements. Each leaves no process behind; a tool that fails ends the bench, with its log."""

import os
import signal
import statistics
import subprocess
import time
from dataclasses import dataclass

from harness import host, postgres

from . import tools

DRAIN_LIMIT = 1800  # seconds; only so that a hanging tool does not hang the bench for ever
RECOVERY = {"archive_mode": "off", "archive_command": None, "hot_standby": "off", "shared_buffers": "256MB",
            "max_wal_size": "2GB", "autovacuum": "off"}


class ToolFailed(Exception):
    """What it was doing, and what it said."""


@dataclass
class Calls:
    """One call after another."""
    seconds: list
    peak_kib: int
    cpu: list  # seconds of processor time, without what works on in the background

    @property
    def total(self):
        return sum(self.seconds)

    @property
    def median(self):
        return statistics.median(self.seconds)


class Lab:
    """The backlog and the programs that measure with it."""

    def __init__(self, directory, backlog, programs):
        self.directory, self.backlog, self.programs = directory, backlog, programs
        self.count = 0

    def drain(self, tool, archive_command=None, names=None):
        """Seconds from the server's start until nothing (of these names) waits any more."""
        self.backlog.reset(names)
        cluster = self.backlog.primary
        command = archive_command or tool.archive_command(cluster.data)
        cluster.configure(archive_command=command)
        cluster.log.unlink(missing_ok=True)
        os.sync()
        begin = time.monotonic()
        cluster.start(wait=False)
        try:
            while cluster.waiting():
                self._look(cluster, begin)
                time.sleep(0.005)
            seconds = time.monotonic() - begin
            done = len(list((cluster.data / "pg_wal/archive_status").glob("*.done")))
            if done != len(self.backlog.waiting if names is None else names):
                raise ToolFailed(f"{done} files are marked as archived\n{cluster.log_text()[-4000:]}")
            return seconds
        finally:
            # Immediate: a fast shutdown would finish a segment and archive it.
            cluster.stop(signal.SIGQUIT)
            if tool:
                self.wait_gone(tool)

    @staticmethod
    def _look(cluster, begin):
        text = cluster.log_text()
        if not cluster.server.alive or "archive command failed" in text or "archive command was terminated" in text:
            raise ToolFailed(f"archive_command = {cluster.settings['archive_command']}\n{text[-4000:]}")
        if time.monotonic() - begin > DRAIN_LIMIT:
            raise ToolFailed(f"still waiting after {DRAIN_LIMIT} s: {cluster.waiting()[:3]}\n{text[-4000:]}")

    def wait_gone(self, tool):
        """What works in the background has ended."""
        host.wait_for(lambda: not tools.processes(tool.exe, str(self.directory)), f"{tool.title} ends", timeout=120)

    def rest(self, tool):
        """What waits in the background for a next call need not wait any longer."""
        tool.end_waiting()
        self.wait_gone(tool)

    def calls(self, argv, names, cwd, *options):
        """The C loop over these names, as the ordinary user."""
        done = subprocess.run([str(a) for a in (self.programs / "calls", *options, *argv)], cwd=cwd, env=host.clean_env(),
                              input="".join(f"{name}\n" for name in names), capture_output=True, text=True, check=False,
                              **host.USER.popen_args())
        if done.returncode != 0:
            raise ToolFailed(f"{' '.join(map(str, argv))}\n{done.stdout[-1000:]}{done.stderr[-4000:]}")
        rows = [line.split() for line in done.stdout.splitlines()]
        return Calls([float(row[1]) for row in rows], max(int(row[2]) for row in rows), [float(row[3]) for row in rows])

    def data(self, directory=None):
        """A fresh data directory without a server."""
        self.count += 1
        return self.backlog.skeleton((directory or self.directory) / f"data{self.count}")

    def fetch(self, tool, names=None, check=False, directory=None):
        """All segments, in order. check: each is what was archived (takes time, between the calls)."""
        data = self.data(directory)
        target = data / "pg_wal/RECOVERYXLOG"
        options = ("-u", target, *(("-k", self.backlog.primary.data / "pg_wal") if check else ()))
        argv = tool.fetch(data)
        os.sync()
        try:
            return self.calls(argv, names or self.backlog.names, data, *options)
        finally:
            self.rest(tool)
            host.run(["rm", "-rf", data])

    def push(self, tool, names, prepare=None):
        """Each of these pushed by a call of its own, with .ready renamed to .done behind it.

        prepare: a name that is pushed first, so that what works ahead has answers for the rest."""
        data = self.data()
        for name in ([prepare] if prepare else []) + names:
            os.link(self.backlog.primary.data / "pg_wal" / name, data / "pg_wal" / name)
            host.USER.write(data / f"pg_wal/archive_status/{name}.ready", "", 0o600)
        argv = tool.push(data)
        try:
            if prepare:
                self.calls(argv, [prepare], data, "-s")
                self.wait_gone(tool)
            os.sync()
            return self.calls(argv, names, data, "-s")
        finally:
            self.wait_gone(tool)
            host.run(["rm", "-rf", data])

    def recover(self, restore_command_for):
        """Seconds from the start of a restored backup until all the WAL is replayed and the server opens."""
        self.count += 1
        cluster = postgres.Cluster(self.directory, f"restored{self.count}").copy_of(self.backlog.base)
        cluster.signal_file("recovery.signal")
        cluster.configure(**RECOVERY, restore_command=restore_command_for(cluster.data))
        os.sync()
        begin = time.monotonic()
        try:
            cluster.start(timeout=DRAIN_LIMIT)
            seconds = time.monotonic() - begin
            self._same_rows(cluster)
            return seconds
        except AssertionError as problem:
            raise ToolFailed(f"restore_command = {cluster.settings['restore_command']}\n{problem}") from problem
        finally:
            cluster.stop(signal.SIGQUIT)
            cluster.remove()
            cluster.log.unlink(missing_ok=True)

    def _same_rows(self, cluster):
        rows = cluster.sql("select (select count(*) from texts) || ' ' || (select sum(abalance) from pgbench_accounts)")
        if rows != self.backlog.rows:
            raise ToolFailed(f"recovered {rows!r}, there was {self.backlog.rows!r}\n{cluster.log_text()[-3000:]}")


def write_synced(path, content):
    """The least that a durable new file takes."""
    with open(path, "wb", buffering=0) as file:
        file.write(content)
        os.fsync(file.fileno())
    directory = os.open(path.parent, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)
