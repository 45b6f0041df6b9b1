"""After the chaos: what was acknowledged is there bit for bit, and a cluster rebuilt from it has every row it must have."""

import time
from dataclasses import dataclass

from harness import host, wal

# A log may say anything here but this.
NEVER = r"PANIC:|Sanitizer|runtime error:"


@dataclass
class Archive:
    """The repository beside the truth: the ledger's copies, and the lost server's own WAL for what was stored unacknowledged."""
    store: object
    walship: object
    ledger: object
    primary: object
    system_id: int

    def __post_init__(self):
        """What is stored: {file name: object name}. The store may still be at work on what a killed push sent."""
        time.sleep(1)
        self.stored = {name.rsplit("/", 1)[1]: name for name in self.store.list() if "/backup/" not in name}

    def truth(self, into):
        """A directory with every file that is in the repository, as PostgreSQL wrote it."""
        for name in self.stored:
            acked = self.ledger.acked / name
            original = acked if acked.exists() else self.primary.data / "pg_wal" / name
            host.run(["cp", original, into / name])
        return into


def check_archive(archive, truth, into):
    """Every object is whole: it opens, and is what PostgreSQL wrote. Returns how many were never acknowledged."""
    stored, acked = archive.stored, set(archive.ledger.names())
    assert archive.ledger.acknowledged_twice() == []
    assert not acked - set(stored), "acknowledged, and not in the repository"
    for name, place in stored.items():
        assert place == wal.object_name(archive.system_id, name)
        archive.walship.run("fetch", name, into / name, "--system-id", archive.system_id).expect(0)
        assert (into / name).read_bytes() == (truth / name).read_bytes(), f"{name} came back different"
        (into / name).unlink()
    return len(set(stored) - acked)


def covered(archive, first, segment_mib):
    """Where the acknowledged WAL ends that runs without a gap from the backup's first segment."""
    acked = set(archive.ledger.segments())
    log, number = int(first[8:16], 16), int(first[16:], 16)
    number += log * (4096 // segment_mib)
    while wal.segment_name(1, number, segment_mib * wal.MIB) in acked:
        number += 1
    last = wal.segment_name(1, number - 1, segment_mib * wal.MIB)
    assert max(acked) == last, f"a gap behind {last}: {max(acked)} was acknowledged"
    return number * segment_mib * wal.MIB


def recover(cluster, stopping, storms, seconds=600):
    """Start it until recovery is at its end; returns how often it had to be started again. The first storm is a long one, and
    without storms one start must do."""
    end = time.monotonic() + seconds
    storm_at, lasts = time.monotonic() + 1, storms and storms.longest_s
    cluster.start(wait=False)
    restarts = 0
    while cluster.status() != "ready":
        if not cluster.server.alive:
            restarts += 1
            assert storms and not stopping.is_set(), f"{cluster.name} ended:\n{cluster.log_text()[-3000:]}"
            cluster.start(wait=False)
        if storms and time.monotonic() >= storm_at:
            storms.happen(lasts)
            storm_at, lasts = time.monotonic() + storms.wait(), None
        assert time.monotonic() < end, f"recovery is not at its end:\n{cluster.log_text()[-3000:]}"
        time.sleep(0.05)
    assert not cluster.in_recovery()
    return restarts


def check_rows(rows, truth_rows, commits, end):
    """The same rows as PostgreSQL alone recovers from the truth, and of the counter all that the WAL up to end holds."""
    assert set(rows) == set(truth_rows)
    for table, content in rows.items():
        assert content == truth_rows[table], f"table {table} differs from what PostgreSQL alone recovers"
    numbers = [int(line.split("\t")[0]) for line in rows["counter"].splitlines()]
    assert sorted(numbers) == list(range(1, len(numbers) + 1)), "a row of the counter is missing"
    must = max((commit.n for commit in commits if commit.after <= end), default=0)
    assert len(numbers) >= must, f"{len(numbers)} rows of the counter came back, {must} were committed and covered"
    return must


def check_log(cluster):
    cluster.expect(rf"^(?!.*({NEVER}))")
    cluster.check_log()
