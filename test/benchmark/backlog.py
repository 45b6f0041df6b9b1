"""The work to be done: one cluster whose archive_command failed while real WAL piled up, and a backup from before."""

import re
import signal

from harness import host, postgres

SEGMENT = re.compile(r"^[0-9A-F]{24}$")

# Nothing may be removed or reused, so that one data directory serves for every measurement. The checkpoints are the
# workload's own.
SETTINGS = {"archive_mode": "on", "archive_command": "/bin/false", "wal_keep_size": "1TB", "max_wal_size": "100GB",
            "autovacuum": "off", "shared_buffers": "256MB", "max_parallel_maintenance_workers": "0"}

TEXT = ("insert into texts (body, note) select string_agg(md5(random()::text || part), ''), 'row ' || g "
        "from generate_series(1, {rows}) g, generate_series(1, 3) part group by g")


class Backlog:
    """A stopped cluster with `names` (segments) waiting, and `base`, a backup that needs all of them."""

    def __init__(self, directory, say, segments, scale):
        self.directory, self.say, self.segments, self.scale = directory, say, segments, scale
        self.primary = postgres.Cluster(directory, "primary")
        self.base = postgres.Cluster(directory, "base")
        self.names, self.waiting, self.before = [], [], set()

    def make(self):
        cluster = self.primary.initdb().configure(**SETTINGS).start()
        try:
            cluster.pgbench("-i", "-q", "-s", self.scale)
            cluster.sql("create table texts (id bigserial primary key, body text, note text)")
            cluster.switch()
            self.before = set(cluster.waiting())
            self._backup(cluster)
            self._load(cluster)
            cluster.sql("checkpoint")
            cluster.switch()
        finally:
            # Not SIGINT: the archiver would be asked once more.
            cluster.stop(signal.SIGQUIT)
        # What is there when a measurement begins. The backup's own file is part of it, the load of the tables is not.
        self.waiting = self._grown()
        self.names = [name for name in self.waiting if SEGMENT.match(name)]
        self.bytes = len(self.names) * 16 * 1024 * 1024
        return self

    def _backup(self, cluster):
        """Without its WAL: that is to come from the archive. (With -X none it would wait for the archive, in vain.)"""
        cluster.basebackup(self.base, "-X", "fetch")
        for path in (self.base.data / "pg_wal").iterdir():
            if path.is_file():
                path.unlink()

    def _grown(self):
        return [name for name in self.primary.waiting() if name not in self.before]

    def _load(self, cluster):
        """TPC-B, random text, an index over it, and now and then a checkpoint: full pages come from that."""
        turn = 0
        while len(self._grown()) < self.segments:
            turn += 1
            cluster.pgbench("-n", "-c", "2", "-j", "2", "-t", "4000", timeout=600)
            cluster.sql(TEXT.format(rows=30000), timeout=600)
            cluster.sql("drop index if exists texts_body; create index texts_body on texts (body)", timeout=600)
            if turn % 3 == 0:
                cluster.sql("checkpoint", timeout=600)
            self.say(f"{len(self._grown())} of {self.segments} segments")
        self.rows = cluster.sql("select (select count(*) from texts) || ' ' || (select sum(abalance) from pgbench_accounts)",
                                timeout=600)

    def reset(self, names=None):
        """Everything (or these names) waits again, and nothing else does."""
        status = self.primary.data / "pg_wal/archive_status"
        for path in status.iterdir():
            path.unlink()
        for name in self.waiting if names is None else names:
            host.USER.write(status / f"{name}.ready", "", 0o600)

    def skeleton(self, path):
        """What a data directory has for a call of push or fetch beside a running server: no server, all the names."""
        host.USER.mkdir(path, 0o700)
        for name in ("global", "pg_wal", "pg_wal/archive_status"):
            host.USER.mkdir(path / name, 0o700)
        for name in ("PG_VERSION", "global/pg_control"):
            host.USER.write(path / name, (self.primary.data / name).read_bytes(), 0o600)
        return path
