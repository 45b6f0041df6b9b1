"""walship stream beside archive_command while the store fails and processes are killed: the stream, the server, both; one fail-over
in the middle of a part. Then server and stream are lost at once, and recovery from the repository ends exactly where the parts end:
with the rows that PostgreSQL alone recovers from the server's own WAL, cut off there.

    CHAOS_STREAM_SECONDS   how long the chaos lasts (default 12)
    CHAOS_SEED             repeats the choices of a run
"""

import os
import random
import re
import signal
import threading
import time
from collections import Counter, defaultdict
from contextlib import ExitStack

import pytest

from chaos import stores, verify, workload
from harness import extent, host, postgres, wal, walship

SECONDS = float(os.environ.get("CHAOS_STREAM_SECONDS") or (60 if extent.extent() == "full" else 12))
SEED = int(os.environ.get("CHAOS_SEED") or int.from_bytes(os.urandom(4), "big"))
SEGMENT = wal.MIB
OPTIONS = {"push-timeout": "3s", "fetch-timeout": "20s", "stream-interval": "100ms", "stream-bytes": "64KiB"}
CONFLICT = 4  # the repository has other content under the name of a part, which must never happen


class Streamer:
    """walship stream as a service manager runs it: when it ends, another one begins."""

    def __init__(self, ship, log):
        self.ship, self.log = ship, log
        self.codes = Counter()
        self.process = None
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()
        return self

    def _run(self):
        while True:
            with self._lock:
                if self._stopping.is_set():
                    return
                with open(self.log, "ab") as out:
                    self.process = self.ship.popen("stream", "-v", stdout=out, stderr=out)
            self.codes[self.process.wait()] += 1
            self._stopping.wait(0.1)

    def kill(self):
        if self.process:
            self.process.kill()

    def stop(self):
        """Kills the stream, and starts no other one."""
        with self._lock:
            self._stopping.set()
            self.kill()
        self._thread.join(30)
        assert not self._thread.is_alive()


class Disaster:
    """One cluster, its stream, and what happens to both."""

    def __init__(self, directory, ship, seed, stack):
        self.directory, self.ship, self.random = directory, ship, random.Random(seed)
        self.figures = Counter()
        self.primary = self._cluster("primary", stack).initdb("--wal-segsize=1")
        self.primary.configure(archive_command=ship.command("push", "%p"), wal_keep_size="4GB", max_connections="30").start()
        ship.configure(pg_conninfo=self.primary.connection_string())
        workload.Workload.prepare(self.primary)
        self.backup = self.primary.basebackup(postgres.Cluster(directory, "backup"))
        self.primary.archive_all()
        self.streamer = Streamer(ship, directory / "stream.log").start()
        stack.callback(self.streamer.stop)
        self.load = workload.Workload(self.primary, tps=100, switch_s=1.5).start()
        stack.callback(self.load.stop)

    def _cluster(self, name, stack):
        made = postgres.Cluster(self.directory, name, self.ship.secrets)
        stack.callback(made.stop, signal.SIGQUIT)
        return made.configure(shared_buffers="16MB", checkpoint_timeout="30s")

    def happen(self, seconds):
        """Kills a process about every second; fails over in the middle."""
        end, fail_over_at = time.monotonic() + seconds, time.monotonic() + seconds / 2
        while time.monotonic() < end:
            time.sleep(self.random.uniform(0.2, 1.8))
            what = self.random.choice(("stream", "stream", "server", "both"))
            if fail_over_at and time.monotonic() > fail_over_at:
                what, fail_over_at = "fail-over", None
            if what in ("stream", "both"):
                self.streamer.kill()
            if what != "stream":
                self.primary.stop(signal.SIGQUIT)
                (self._promote if what == "fail-over" else self.primary.start)()
            self.figures[f"killed {what}"] += 1

    def _promote(self):
        """The same WAL continues on a new timeline, as on a standby that had all of the WAL."""
        self.primary.configure(restore_command="/bin/false").signal_file("recovery.signal").start(wait=False)
        self.primary.wait_promoted()

    def catch_up(self):
        """Waits until the stream has stored all WAL that is flushed now; the load continues."""
        end = self.primary.sql("select pg_current_wal_flush_lsn()")
        query = f"select restart_lsn >= '{end}' from pg_replication_slots where slot_name = 'walship'"
        host.wait_for(lambda: self.primary.sql(query) == "t", f"{end} is stored", 60)

    def lose(self):
        """Kills server and stream at once. Returns the position up to which the server was told that the WAL is stored."""
        stored = self.primary.sql("select restart_lsn from pg_replication_slots where slot_name = 'walship'")
        self.streamer.stop()
        self.primary.stop(signal.SIGQUIT)
        self.load.stop()
        self.load.check_commits()
        return workload.lsn(stored)

    def truth(self, names, into):
        """Copies the server's own file for each segment in the repository. A segment that is not archived is cut where its parts end.
        Returns the name of the cut segment."""
        archived = {name.rsplit("/", 1)[1] for name in names if "/wal/" in name}
        parts, cut = defaultdict(list), None
        for name in names:
            if "/stream/" in name:
                parts[name.split("/")[-2]].append([int(text, 16) for text in name.rsplit("/", 1)[1].split("-")])
        newest = max(name[:8] for name in archived | set(parts))
        for name in archived:
            host.run(["cp", self.primary.data / "pg_wal" / name, into / name])
        for name in sorted(set(parts) - archived):
            end = 0
            for first, behind in sorted(parts[name]):
                end = max(end, behind) if first <= end else end
            later = any(len(other) == 24 and other[:8] == name[:8] and other > name for other in archived)
            if end == SEGMENT or (not later and name[:8] == newest):
                content = (self.primary.data / "pg_wal" / name).read_bytes()
                host.USER.write(into / name, content[:end] + bytes(SEGMENT - end), 0o600)
                cut = name if end < SEGMENT else cut
        return cut

    def recover(self, name, command, stack):
        made = self._cluster(name, stack).copy_of(self.backup).signal_file("recovery.signal")
        made.configure(restore_command=command, archive_mode="off", hot_standby="off").start(wait=False)
        made.wait_promoted(300)
        rows = made.rows()
        made.stop()
        return rows, made.log_text()


@pytest.mark.parametrize("opener", [stores.strict, pytest.param(stores.behind_proxy(300_000), marks=pytest.mark.full)], ids=["answers", "network"])
def test_chaos_of_a_stream(scratch, program, opener):
    seed = f"{SEED} stream"
    print(f"CHAOS_SEED={SEED} CHAOS_STREAM_SECONDS={SECONDS:g}")
    with ExitStack() as stack:
        directory = scratch.directory("chaos")
        store, faults = opener(f"{seed} store", directory, stack)
        ship = walship.Walship(program, directory, {**store.options, **OPTIONS}, secrets=store.secrets)
        run = Disaster(directory, ship, seed, stack)
        faults.storm(0.2)
        run.happen(SECONDS)
        faults.calm()
        run.catch_up()
        stored = run.lose()
        time.sleep(1)  # a request of a killed stream or push may still arrive
        names, truth = store.list(), host.USER.mkdir(directory / "truth")
        cut = run.truth(names, truth)
        rows, log = run.recover("restored", ship.command("fetch", "%f", "%p"), stack)
        expected, _ = run.recover("truth-alone", f"cp {truth}/%f %p", stack)
        counted = verify.check_rows(rows, expected, run.load.commits, stored)
        print(f"{dict(run.figures)}, ends of the stream: {dict(run.streamer.codes)}, faults: {faults.faults.total()}, parts: "
              f"{sum('/stream/' in name for name in names)}, rows that had to be there: {counted}, there: {len(rows['counter'].splitlines())}")
        text = run.streamer.log.read_text(errors="replace")
        assert CONFLICT not in run.streamer.codes and "Sanitizer" not in text and "runtime error:" not in text, text[-3000:]
        assert cut is None or re.search(f"fetch {cut}: made from its streamed parts, up to byte", log), f"{cut}:\n{log[-3000:]}"
        assert counted >= 2 * SECONDS and sum(run.figures.values()) >= SECONDS / 3 and run.figures["killed fail-over"] == 1
