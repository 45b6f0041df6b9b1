"""What the server works on: pgbench, and a counter whose client remembers what was committed and how far the WAL was then."""

import subprocess
import threading
import time
from dataclasses import dataclass

from harness import host

BEAT = """select pg_current_wal_insert_lsn();
insert into counter select coalesce(max(n), 0) + 1, md5(random()::text) from counter;
select max(n), pg_current_wal_insert_lsn() from counter;
"""


def lsn(text):
    high, low = text.split("/")
    return int(high, 16) << 32 | int(low, 16)


@dataclass
class Commit:
    """Row n of the counter: its commit lies between these two places in the WAL."""
    n: int
    before: int
    after: int


class Workload:
    """Runs until stopped, and goes on when the server is back."""

    def __init__(self, cluster, *, tps, switch_s):
        self.cluster, self.tps, self.switch_s = cluster, tps, switch_s
        self.commits = []
        self.lost_connections = 0
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=call, daemon=True) for call in (self._count, self._pgbench)]

    @staticmethod
    def prepare(cluster):
        cluster.pgbench("-i", "-s", "1", "-q")
        cluster.sql("create table counter (n bigint primary key, v text)")

    def start(self):
        for thread in self._threads:
            thread.start()
        return self

    def stop(self):
        self._stopping.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def check_commits(self):
        """The server kept its own promise: what a client saw committed was there after each crash."""
        numbers = [commit.n for commit in self.commits]
        assert numbers == sorted(set(numbers)), "the counter went back"

    def _count(self):
        """One row at a time, and a switch of the segment now and then."""
        psql = None
        switch_at = time.monotonic()
        while not self._stopping.is_set():
            if psql is None:
                psql = self._connect()
                continue
            text = BEAT
            if time.monotonic() >= switch_at:
                text = "select pg_switch_wal() \\g /dev/null\n" + BEAT
                switch_at = time.monotonic() + self.switch_s
            if not self._beat(psql, text):
                self.lost_connections += 1
                end(psql)
                psql = None
            self._stopping.wait(0.02)
        if psql:
            end(psql)

    def _connect(self):
        if self.cluster.status() != "ready":
            self._stopping.wait(0.05)
            return None
        argv = [host.PG_BIN / "psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.cluster.connection_string()]
        return subprocess.Popen([str(a) for a in argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                text=True, env=host.clean_env(), cwd="/", **host.USER.popen_args())

    def _beat(self, psql, text):
        try:
            psql.stdin.write(text)
            psql.stdin.flush()
        except OSError:
            return False
        before, row = psql.stdout.readline(), psql.stdout.readline()
        if not row.endswith("\n"):
            return False
        n, after = row.strip().split("|")
        self.commits.append(Commit(int(n), lsn(before.strip()), lsn(after)))
        return True

    def _pgbench(self):
        """pgbench ends when the server does."""
        argv = self.cluster.pgbench_argv("-n", "-c", "2", "-T", "1000000", "-R", str(self.tps))
        while not self._stopping.is_set():
            if self.cluster.status() != "ready":
                self._stopping.wait(0.05)
                continue
            load = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                    env=host.clean_env(), cwd="/", **host.USER.popen_args())
            while load.poll() is None and not self._stopping.wait(0.05):
                pass
            load.kill()
            load.wait()


def end(process):
    process.kill()
    process.communicate()
