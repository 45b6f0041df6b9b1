"""Base backups of one cluster by walship and pgBackRest 2.55, side by side: full, differential, restored; many small files."""

import copy
import datetime
import os
import signal
import statistics
import subprocess
import textwrap
import time
from collections import defaultdict

from harness import host, postgres, walship

from . import backup_limits, backup_tools, measure, memory
from .report import STORES, spread, table

HEADING = "## Base backups"
SETTINGS = {"archive_mode": "on", "archive_command": "/bin/true", "max_wal_size": "20GB", "shared_buffers": "512MB",
            "autovacuum": "off", "wal_keep_size": "1GB", "max_locks_per_transaction": "1024"}
# Times faster than pgBackRest gz, and than the faster of its zst and lz4.
TO_REACH = {("full", "directory"): (11, 2.3), ("full", "s3"): (6, 1.8), ("full", "far"): (6, 1.8), ("diff", "directory"): (15, 4),
            ("restore of the full", "directory"): (3, 2), ("restore of the diff", "directory"): (3, 2),
            ("restore of the full", "s3"): (3, 2.5), ("restore of the full", "far"): (3, 2.5), ("unchanged", "directory"): (10, None)}
LOAD_BEFORE_S = 3  # pgbench runs so long before the backup begins
ORDER = ("full", "diff", "restore of the full", "restore of the diff", "unchanged")

ABOUT = """`{command}`, {date}, on {cores} processors with a load of {load:.1f} at the start. The cluster has {gigabytes:.1f} GB: pgbench at
scale {scale}, {rows} rows of random text and JSON with an index on a uuid, {small} small tables; page checksums are on. *diff* is a
differential backup after {transactions} transactions of pgbench. *restore* makes a data directory from a backup, durably, without
replay of WAL. *unchanged* is a differential backup of another cluster, of {files} files, in which nothing has changed. walship
has its defaults: gzip, AES-256, authentication, {cores} threads. pgBackRest {version} has process-max 2, AES-256, bundles and block
incremental, gz at level 6, zst at level 3. A cell is the median of the rounds ({rounds}) and, in brackets, the spread."""

LOAD = """create table texts as select gen_random_uuid() as id, md5(g::text) || md5((g * 7)::text) || md5((g * 13)::text) as t,
  json_build_object('a', g, 'b', md5((g * 3)::text), 'c', random(), 'd', array[g, g + 1])::jsonb as j from generate_series(1, {rows}) g;
create index on texts (id)"""
SMALL = """do $$ begin for i in 1..{tables} loop
  execute format('create table small_%s (n int primary key, t text)', i); commit; end loop; end $$"""
FILL = "do $$ begin for i in 1..{tables} by 10 loop execute format('insert into small_%s select g, md5(g::text) from generate_series(1, %s) g', i, i % 400); end loop; end $$"


class Backups:
    """results[(case, place, tool)] has a number for each round."""

    def __init__(self, bench, programs, say):
        given = bench.given
        self.given, self.say, self.directory = given, say, bench.directory
        self.scale, self.rows, self.small = (5, 50000, 50) if given.quick else (100, 2000000, 500)
        self.transactions, self.tables = (1000, 300) if given.quick else (20000, 33000)
        script, loader = backup_tools.newer_pgbackrest(bench.scratch.path)
        self.script = script
        self.tools = [backup_tools.WalshipBackup(walship.install(programs), self.directory),
                      *(backup_tools.PgBackRestBackup(script, loader, self.directory, name) for name in ("gz", "zst", "lz4"))]
        self.results, self.facts = defaultdict(list), {}
        self.cluster = self.limits = None
        self.programs = programs
        self.count = 0

    def run(self, made):
        self.cluster = self._make("backed", self._load)
        try:
            for number in range(self.given.rounds):
                for place in made:
                    self._place(place, number)
            self._load_loss(made[0])
            self._limits()
        finally:
            self.cluster.stop(signal.SIGQUIT)
        self._unchanged(made[0])

    def _make(self, name, load):
        cluster = postgres.Cluster(self.directory, name).initdb("--data-checksums").configure(**SETTINGS).start()
        load(cluster)
        cluster.sql("vacuum analyze", timeout=600)
        cluster.sql("checkpoint", timeout=600)
        return cluster

    def _load(self, cluster):
        cluster.pgbench("-i", "-q", "-s", self.scale, timeout=600)
        cluster.sql(LOAD.format(rows=self.rows), timeout=600)
        cluster.sql(SMALL.format(tables=self.small), timeout=600)
        cluster.sql(FILL.format(tables=self.small), timeout=600)
        size = subprocess.run(["du", "-sb", cluster.data / "base"], capture_output=True, text=True, check=True).stdout
        self.facts["gigabytes"] = int(size.split()[0]) / 1e9
        self.say(f"cluster: {self.facts['gigabytes']:.2f} GB")

    # One store: each tool has a repository of its own.

    def _place(self, place, number):
        mine = [copy.copy(place) for _ in self.tools]
        for at, each in enumerate(mine):
            each.count += 1000 * (number * len(self.tools) + at + 1)
            each.begin()
        pairs = list(zip(self.tools, mine))
        pairs = pairs[number % len(pairs):] + pairs[:number % len(pairs)]
        for tool, each in pairs:
            self._archive_with(tool, each)
            self._backup("full", tool, each)
        self.cluster.pgbench("-n", "-c", "2", "-t", str(self.transactions // 2), timeout=600)
        self.cluster.sql("checkpoint", timeout=600)
        for tool, each in pairs:
            self._use(tool)
            self._backup("diff", tool, each)
        for tool, each in pairs:
            self._restores(tool, each)
            self._let_go(tool, each)

    def _archive_with(self, tool, place):
        tool.begin(place, self.cluster)
        self._use(tool)

    def _use(self, tool):
        """Its archive_command; the segments of the other tools' time are not its matter."""
        self._archive_by(tool.archive_command)

    def _let_go(self, tool, place):
        self._archive_by("/bin/true")
        tool.end()
        place.end()

    def _archive_by(self, command):
        command = command.replace("'", "''")
        self.cluster.sql(f"alter system set archive_command = '{command}'")
        self.cluster.sql("select pg_reload_conf()")
        self.cluster.sql("select pg_switch_wal()")
        self.cluster.wait_archived(600)

    def _backup(self, case, tool, place):
        with memory.Sampler(tool.exe, str(self.directory)) as seen:
            self._note(case, place, tool, self._seconds(tool.backup(case)))
        if not self.given.quick or place.name == "directory":
            self.facts["memory", case, place.name, tool.name] = max(seen.peak_kib, self.facts.get(("memory", case, place.name, tool.name), 0))

    def _restores(self, tool, place):
        labels = tool.labels(place)
        self.facts["bytes", place.name, tool.name] = tool.stored(labels)
        for case, label in (("restore of the full", labels[0]), ("restore of the diff", labels[1])):
            self.count += 1
            into = host.USER.mkdir(self.directory / f"restored{self.count}", 0o700)
            os.sync()
            with memory.Sampler(tool.exe, str(self.directory)) as seen:
                self._note(case, place, tool, self._seconds(tool.restore(label, into)))
            self.facts["memory", case, place.name, tool.name] = seen.peak_kib
            host.run(["rm", "-rf", into])

    def _seconds(self, argv):
        os.sync()
        begin = time.monotonic()
        done = host.run(argv, timeout=1800, check=False)
        seconds = time.monotonic() - begin
        if done.returncode != 0:
            raise measure.ToolFailed(f"{' '.join(map(str, argv))}\n{(done.stdout + done.stderr).decode(errors='replace')[-3000:]}")
        return seconds

    def _note(self, case, place, tool, seconds):
        self.results[case, place.name, tool.name].append(seconds)
        self.say(f"{case}, {place.name}, {tool.name}: {seconds:.2f} s")

    # What a server under load loses.

    def _load_loss(self, place):
        for tool in self.tools[:2]:
            each = copy.copy(place)
            each.count += 900000
            each.begin()
            self._archive_with(tool, each)
            alone = self._transactions(None)
            self.facts["loss", tool.name] = (alone, *self._transactions(tool))
            self.say(f"under load, {tool.name}: {alone:.0f} transactions a second alone, {self.facts['loss', tool.name][1:]}")
            self._let_go(tool, each)

    def _transactions(self, tool):
        """Transactions a second; with a tool: while a full backup runs, and how long that takes."""
        argv = self.cluster.pgbench_argv("-n", "-c", "4", "-P", "1", "-T", "600" if tool else "15")
        load = subprocess.Popen(argv, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=host.clean_env(), cwd="/",
                                **host.USER.popen_args())
        try:
            if not tool:
                return rate(load.communicate(timeout=120)[1])
            time.sleep(LOAD_BEFORE_S)
            seconds = self._seconds(tool.backup("full"))
            load.send_signal(signal.SIGINT)
            lines = load.communicate(timeout=60)[1].splitlines()
            return rate("\n".join(lines[LOAD_BEFORE_S:])), seconds
        finally:
            load.kill()
            load.wait()

    def _limits(self):
        if ("bytes", "directory", "walship") in self.facts:
            stored = self.facts["bytes", "directory", "walship"][0]
            self.limits = backup_limits.Limits(self.programs, self.cluster.data, self.directory, int(self.facts["gigabytes"] * 1e9), stored)

    # Many small files.

    def _unchanged(self, place):
        self.cluster.remove()
        self.cluster = self._make("many", self._load_many)
        try:
            for number in range(self.given.rounds):
                for at, tool in enumerate(self.tools):
                    each = copy.copy(place)
                    each.count += 2000000 + number * 10 + at
                    each.begin()
                    self._archive_with(tool, each)
                    self._seconds(tool.backup("full"))
                    time.sleep(12)  # a file that was written in the last seconds may change without a trace
                    self._seconds(tool.backup("full"))
                    self._note("unchanged", each, tool, self._seconds(tool.backup("diff")))
                    self._let_go(tool, each)
        finally:
            self.cluster.stop(signal.SIGQUIT)

    def _load_many(self, cluster):
        cluster.sql(SMALL.format(tables=self.tables), timeout=1200)
        cluster.sql(FILL.format(tables=self.tables), timeout=600)
        self.facts["files"] = sum(len(names) for _, _, names in os.walk(cluster.data / "base"))
        self.say(f"cluster of {self.facts['files']} files")

    # The section of doc/benchmarks.md.

    def section(self):
        version = host.run([self.script, "version"]).stdout.decode().split()[-1]
        about = ABOUT.format(command=" ".join(["./test/bench", *self.given.command]), date=f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}",
                             cores=os.cpu_count(), load=self.given.load, gigabytes=self.facts["gigabytes"], scale=self.scale, rows=self.rows,
                             small=self.small, transactions=self.transactions, files=self.facts.get("files", 0), version=version, rounds=self.given.rounds)
        parts = [f"{HEADING}\n", textwrap.fill(about, 118) + "\n", self._speed(), self._bytes(), self._memory(), self._loss(), self._beside_limits()]
        return "\n".join(part for part in parts if part)

    def _speed(self):
        rows = []
        for (case, place, name), ours in sorted(self.results.items(), key=lambda item: (ORDER.index(item[0][0]), list(STORES).index(item[0][1]))):
            if name == "walship":
                others = {tool: self.results[case, place, tool] for tool in ("gz", "zst", "lz4")}
                fast = min(("zst", "lz4"), key=lambda tool: statistics.median(others[tool]))
                rows.append([f"{case}, {STORES[place]}", f"{spread(ours, 2)} s", *(f"{spread(others[tool], 2)} s" for tool in others),
                             *(times(ours, others[tool], aim) for tool, aim in zip(("gz", fast), TO_REACH.get((case, place), (None, None))))])
        return table(["", "walship", "gz", "zst", "lz4", "times faster than gz (to reach)", "than the faster of zst and lz4"], rows)

    def _bytes(self):
        rows = []
        for tool in self.tools:
            full, diff = self.facts["bytes", "directory", tool.name]
            rows.append([tool.title, f"{full / 1e6:.1f} MB", f"{diff / 1e6:.1f} MB"])
        return table(["bytes stored", "full", "diff"], rows)

    def _memory(self):
        rows = [[f"{case}, {STORES[place]}", *(f"{self.facts['memory', case, place, tool.name] / 1024:.1f} MB" for tool in self.tools)]
                for case in ORDER for place in ("directory", "s3") if ("memory", case, place, "walship") in self.facts]
        return table(["peak memory, all processes", *(tool.title for tool in self.tools)], rows)

    def _beside_limits(self):
        if not self.limits:
            return ""
        ours = (self.results[case, "directory", "walship"] for case in ("full", "restore of the full"))
        return self.limits.section(*map(statistics.median, ours))

    def _loss(self):
        rows = []
        for tool in self.tools[:2]:
            alone, during, seconds = self.facts["loss", tool.name]
            rows.append([tool.title, f"{alone:.0f}", f"{during:.0f}", f"{100 * during / alone:.0f} %" if alone else "", f"{seconds:.1f} s",
                         f"{max(0, alone - during) * seconds:.0f}", f"{max(0, 1 - during / alone) * seconds:.1f} s" if alone else ""])
        return table(["pgbench, 4 clients", "transactions/s", "during a full backup", "that is", "duration", "transactions lost",
                      "standstill"], rows)


def times(ours, theirs, aim):
    ratio = statistics.median(their / our for their, our in zip(theirs, ours))
    shown = f"**{ratio:.1f}**" if aim and ratio >= aim else f"{ratio:.1f}"
    return f"{shown} ({aim:g})" if aim else shown


def rate(progress):
    """The mean of pgbench's own lines, one for each second."""
    found = [float(line.split()[3]) for line in progress.splitlines() if line.startswith("progress:")]
    return statistics.mean(found) if found else 0.0
