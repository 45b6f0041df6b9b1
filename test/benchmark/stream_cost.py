"""The cost of asynchronous streaming on the primary, its memory, and the WAL rate that it keeps up with."""

import contextlib
import signal
import statistics
import threading
import time
from collections import defaultdict

from harness import host, postgres

from . import streamed
from .report import spread, table
from .stream_sync import SETTINGS

HEADING = "## Streaming: what it costs"
ABOUT = """*Transactions*: `pgbench` with {clients} clients at scale {scale}, for {seconds} s each, with fsync, in turns without a receiver, with
`walship stream` into S3 at its default (5 s, gzip, AES-256), and with `pg_receivewal` to the same local disk. A cost is the median over
the turns. S3, walship, pgbench and the server share {cores} processors, so the cost contains what S3 takes. *Kept up with*: a server
writes {megabytes} MB of WAL, with pieces of WAL of pgbench and of inserts of text, as fast as it can; the speed is that from its beginning until all of it is stored. *At
100 MB/s*: the server writes at that pace for {paced} s; the lag is the largest that was seen. *Memory* is the largest resident set
(VmHWM) of walship over all of this."""
CLIENTS = 8
WAYS = ("alone", "walship", "pg_receivewal")
# payload has pieces of the WAL that pgbench and an insert of text wrote.
TEXTS = """create table texts as select g, md5(random()::text || g) || ' row ' || g t from generate_series(1, {rows}) g;
create index on texts (t); checkpoint"""
PAYLOAD = """create table payload as select row_number() over () - 1 n, pg_read_binary_file('pg_wal/' || name, part * 1048576, 1048576) t from
(select name from pg_ls_waldir() where name < pg_walfile_name(pg_current_wal_lsn()) order by name desc limit {segments}) s,
generate_series(0, 15) part; alter table payload alter t set storage external; alter table payload add primary key (n)"""
WRITE = """do $$ declare begun timestamptz := clock_timestamp(); begin for i in 1..{count} loop
  perform pg_logical_emit_message(false, 'bench', t) from payload where n = (i * 7) % {pieces};
  {pace} end loop; end $$"""
PACE = "perform pg_sleep(greatest(0, i * 0.01 - extract(epoch from clock_timestamp() - begun)));"
LAG = "select coalesce(max(pg_current_wal_flush_lsn() - restart_lsn), 0) from pg_replication_slots"


class Cost:
    """results[way] is a list of transactions a second, speeds[place] of MB/s, lags[place] of MB."""

    def __init__(self, bench, program, places, say):
        self.given, self.directory, self.say, self.program, self.places = bench.given, bench.directory, say, program, places
        self.scale, self.seconds, self.megabytes, self.paced = (2, 2, 200, 2) if bench.given.quick else (20, 30, 1000, 20)
        self.results, self.speeds, self.lags = defaultdict(list), defaultdict(list), defaultdict(list)
        self.peak_kib = 0

    def run(self):
        with contextlib.ExitStack() as stack:
            site = streamed.Site(self.directory / "cost-s3", self.program, self.places["s3"])
            stack.callback(site.end)
            cluster = postgres.Cluster(self.directory, "cost").initdb().configure(**SETTINGS).start()
            stack.callback(cluster.remove)
            stack.callback(cluster.stop, signal.SIGQUIT)
            cluster.pgbench("-i", "-q", "-s", self.scale, timeout=600)
            for number in range(2 * self.given.rounds):
                turn = number % len(WAYS)
                for way in WAYS[turn:] + WAYS[:turn]:
                    self._transactions(cluster, site, way)
            self.pieces = self._take_pieces(cluster)
            for number in range(self.given.rounds):
                for name in ("s3", "directory"):
                    self._speed(cluster, name, number)

    def _transactions(self, cluster, site, way):
        cluster.sql("checkpoint", timeout=600)
        made = {"alone": contextlib.nullcontext, "walship": lambda: streamed.streaming(site, cluster),
                "pg_receivewal": lambda: streamed.receiving(cluster, self.directory)}[way]
        with made() as process:
            value = streamed.transactions(cluster, CLIENTS, self.seconds)
            self._look_at_memory(process if way == "walship" else None)
        self.results[way].append(value)
        self.say(f"cost, {way}: {value:.0f} transactions a second")

    def _take_pieces(self, cluster):
        """Stores pieces of WAL, to be written again as messages: making new WAL would take the processors. Returns their number."""
        cluster.sql(TEXTS.format(rows=20000 if self.given.quick else 300000), timeout=600)
        cluster.pgbench("-n", "-c", CLIENTS, "-T", 2 if self.given.quick else 20, timeout=600)
        cluster.sql(PAYLOAD.format(segments=2 if self.given.quick else 6), timeout=600)
        pieces, packed = cluster.sql("select count(*), count(*) filter (where t <> decode(repeat('00', 1048576), 'hex')) from payload").split("|")
        assert pieces == packed, f"{pieces} pieces, {packed} of them with content"
        return int(pieces)

    def _look_at_memory(self, process):
        if process:
            self.peak_kib = max(self.peak_kib, streamed.peak_kib(process.pid))

    def _speed(self, cluster, name, number):
        """Uses a repository of its own, and removes it at the end: S3 is in memory."""
        site = streamed.Site(self.directory / f"speed-{name}-{number}", self.program, self.places[name])
        try:
            wrote = self._keep_up(cluster, site, name)
        finally:
            site.end()
        cluster.sql("checkpoint", timeout=600)
        self.say(f"kept up with, {name}: {self.speeds[name][-1]:.0f} MB/s (the server wrote it in {wrote:.1f} s); at 100 MB/s the largest "
                 f"lag is {self.lags[name][-1]:.0f} MB; memory {self.peak_kib / 1024:.1f} MiB")

    def _keep_up(self, cluster, site, name):
        """Returns the seconds that the server took to write the WAL."""
        with streamed.streaming(site, cluster) as process:
            self._catch_up(cluster)
            begin = time.monotonic()
            cluster.sql(WRITE.format(count=self.megabytes, pace="", pieces=self.pieces), timeout=600)
            wrote = time.monotonic() - begin
            self._catch_up(cluster)
            seconds = time.monotonic() - begin
            self.speeds[name].append(self.megabytes * 1.048576 / seconds)
            self.lags[name].append(self._paced(cluster))
            self._look_at_memory(process)
        return wrote

    @staticmethod
    def _catch_up(cluster):
        """Waits until all WAL that is flushed now is stored."""
        end = cluster.sql("select pg_switch_wal()")
        host.wait_for(lambda: cluster.sql(f"select min(restart_lsn) >= '{end}' from pg_replication_slots") == "t", f"{end} is stored", 600)

    def _paced(self, cluster):
        """The largest lag in MB while the server writes 100 messages of 1 MiB a second."""
        writer = threading.Thread(target=cluster.sql, args=(WRITE.format(count=self.paced * 100, pace=PACE, pieces=self.pieces), 600))
        writer.start()
        most = 0.0
        while writer.is_alive():
            most = max(most, float(cluster.sql(LAG)) / 1e6)
            writer.join(0.2)
        self._catch_up(cluster)
        return most

    def section(self, about):
        text = ABOUT.format(clients=CLIENTS, scale=self.scale, seconds=self.seconds, cores=host.os.cpu_count(), megabytes=self.megabytes, paced=self.paced)
        rows = [[way, spread(self.results[way], 0), "" if way == "alone" else self._share(way), "at most 3 %" if way == "walship" else ""] for way in WAYS]
        speeds = [[f"walship stream, {name}", bold(self.speeds[name], 0, statistics.median(self.speeds[name]) >= 100, "MB/s"), "100 MB/s",
                   f"{spread(self.lags[name], 0)} MB"] for name in self.speeds]
        peak = self.peak_kib / 1024
        return (about(HEADING, text) + table(["receiver", "transactions a second", "cost", "to reach"], rows) + "\n"
                + table(["", "WAL kept up with", "to reach", "largest lag at 100 MB/s"], speeds) + "\n"
                + f"Peak memory of walship stream: {bold([peak], 1, peak <= 40, 'MiB')}; to reach: at most 40 MiB.\n")

    def _share(self, way):
        costs = [100 * (1 - value / alone) for value, alone in zip(self.results[way], self.results["alone"])]
        return bold(costs, 1, way == "walship" and statistics.median(costs) <= 3, "%")


def bold(values, digits, reached, unit):
    shown = f"{spread(values, digits)} {unit}"
    return f"**{shown}**" if reached else shown
