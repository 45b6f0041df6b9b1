"""The time of a recovery: restore and replay, beside replay alone from local files; and the time of a drill."""

import contextlib
import copy
import os
import signal
import time
from collections import defaultdict

from harness import host, postgres

from . import backup_tools, streamed
from .report import STORES, spread, table

HEADING = "## Time of a recovery"
ABOUT = """A cluster of {gigabytes:.1f} GB (pgbench at scale {scale}), its base backup, and {segments} segments of WAL that pgbench
and inserts of random text into an index wrote afterwards. *Replay alone*: the server recovers the restored files, and restore_command is `cp` from a local directory. The other rows are
the restore of the base backup and the server's recovery by the tool's restore_command. *Beyond replay* is their sum less replay alone of
the same round. All servers have fsync off. The original's machine is lost. A drill restores, recovers, checks and removes the cluster again."""
SETTINGS = {"archive_mode": "on", "shared_buffers": "256MB", "max_wal_size": "20GB", "autovacuum": "off", "wal_keep_size": "0"}
RECOVERY = {"shared_buffers": "256MB", "max_wal_size": "20GB"}
TEXTS = "insert into texts select g, md5(random()::text || g) || md5(g::text) from generate_series(1, 150000) g"
DRILL_MOST_S = 60
LIMIT_S = 3600


class Rto:
    """results[(row, part)] is a list of seconds."""

    def __init__(self, bench, program, places, say):
        self.bench, self.given, self.directory, self.say, self.program, self.places = bench, bench.given, bench.directory, say, program, places
        self.scale = bench.given.scale or (2 if bench.given.quick else 150)
        self.segments = bench.given.segments
        self.results, self.drills = defaultdict(list), []
        self.stack, self.sites, self.others = None, {}, {}
        self.facts = {}

    def run(self):
        with contextlib.ExitStack() as self.stack:
            self._open()
            self._primary()
            for number in range(self.given.rounds):
                names = [*self.sites, *self.others]
                turn = number % len(names)
                for name in names[turn:] + names[:turn]:
                    self._round(name)
                self._drill()

    def _open(self):
        for name in ("directory", "s3"):
            self.sites[f"walship, {STORES[name]}"] = site = streamed.Site(self.directory / f"rto-{name}", self.program, self.places[name])
            self.stack.callback(site.end)
        if self.given.quick:
            return
        try:
            script, loader = backup_tools.newer_pgbackrest(self.bench.scratch.path)
        except (RuntimeError, OSError, TypeError) as problem:
            self.say(f"without pgBackRest: {problem}")
            return
        for name in ("directory", "s3"):
            place = copy.copy(self.places[name])
            place.count += 500000
            place.begin()
            parent = host.USER.mkdir(self.directory / f"rto-pgbackrest-{name}")
            self.others[f"pgBackRest zst, {STORES[name]}"] = backup_tools.PgBackRestBackup(script, loader, parent, "zst"), place
            self.stack.callback(place.end)

    def _primary(self):
        """Makes the cluster, its backups, and its WAL in all archives and in a local directory. Then its server is lost."""
        primary = postgres.Cluster(self.directory, "rto").initdb("--data-checksums").configure(**SETTINGS)
        self.local = host.USER.mkdir(self.directory / "rto-wal")
        self.stack.callback(host.run, ["rm", "-rf", self.local, primary.data, self.directory / "rto-lost"])
        primary.configure(archive_command=f"test ! -f {self.local}/%f && cp %p {self.local}/%f").start()
        self.stack.callback(primary.stop, signal.SIGQUIT)
        primary.pgbench("-i", "-q", "-s", self.scale, timeout=LIMIT_S)
        primary.sql("create table texts (n int, t text); create index on texts (t)")
        primary.sql("checkpoint", timeout=LIMIT_S)
        self._archive_by_all(primary)
        for site in self.sites.values():
            site.walship.configure(pg_conninfo=primary.connection_string(), pg_data=primary.data)
            site.run("backup", "full", timeout=LIMIT_S)
        for tool, _ in self.others.values():
            host.run(tool.backup("full"), timeout=LIMIT_S)
        self.facts["gigabytes"] = int(primary.sql("select sum(pg_database_size(oid)) from pg_database")) / 1e9
        self._write(primary)
        self._lose(primary)

    def _lose(self, primary):
        """A recovery beside its original looks through all WAL for tablespaces first: here the original's machine is lost."""
        primary.stop(signal.SIGINT)
        primary.data.rename(self.directory / "rto-lost")
        for site in self.sites.values():
            site.walship.configure(pg_conninfo=None, pg_data=None)

    def _archive_by_all(self, primary):
        commands = [f"cp %p {self.local}/%f", *(site.walship.command("push", "%p") for site in self.sites.values())]
        for tool, place in self.others.values():
            tool.begin(place, primary)
            commands.append(tool.archive_command)
        text = " && ".join(commands).replace("'", "''")
        primary.sql(f"alter system set archive_command = '{text}'")
        primary.sql("select pg_reload_conf()")
        primary.archive_all(LIMIT_S)

    def _write(self, primary):
        first = len(list(self.local.iterdir()))
        while len(list(self.local.iterdir())) - first < self.segments:
            primary.pgbench("-n", "-c", 4, "-j", 2, "-T", 2, timeout=600)
            primary.sql(TEXTS, timeout=600)
        primary.wait_archived(LIMIT_S)
        self.rows = primary.sql("select sum(abalance) from pgbench_accounts", timeout=600)
        primary.archive_all(LIMIT_S)
        self.facts["segments"] = len(list(self.local.iterdir())) - first
        self.say(f"cluster: {self.facts['gigabytes']:.2f} GB, {self.facts['segments']} segments")

    def _round(self, name):
        """Restores and recovers; then recovers the same restored files again, with local WAL only."""
        target = postgres.Cluster(self.directory, f"r{time.monotonic_ns() % 1000000}")
        try:
            restored = self._restore(name, target)
            recovered = self._recover(target)
            self._restore(name, emptied(target))
            alone = self._recover(target, restore_command=f"cp {self.local}/%f %p")
        finally:
            target.stop(signal.SIGQUIT)
            target.remove()
            kill_prefetchers(self.sites)
        for part, seconds in (("restore", restored), ("recovery", recovered), ("alone", alone)):
            self.results[name, part].append(seconds)
        self.say(f"{name}: restore {restored:.1f} s, recovery {recovered:.1f} s; replay alone {alone:.1f} s")

    def _restore(self, name, target):
        os.sync()
        if name in self.sites:
            return self.sites[name].run("restore", f"--pg-data={target.data}", timeout=LIMIT_S)
        tool, place = self.others[name]
        host.USER.mkdir(target.data, 0o700)
        begin = time.monotonic()
        host.run(tool.restore(tool.labels(place)[0], target.data), timeout=LIMIT_S)
        return time.monotonic() - begin

    def _recover(self, target, **settings):
        seconds = streamed.recover(target, LIMIT_S, **RECOVERY, **settings)
        rows = target.sql("select sum(abalance) from pgbench_accounts", timeout=600)
        target.stop(signal.SIGQUIT)
        assert rows == self.rows, f"recovery ended with {rows}, not with {self.rows}"
        return seconds

    def _drill(self):
        site = self.sites[f"walship, {STORES['directory']}"]
        place = site.directory / "drills"
        if not place.exists():
            host.USER.mkdir(place, 0o700)
        os.sync()
        self.drills.append(site.run("drill", f"--drill-dir={place}", timeout=LIMIT_S))
        self.say(f"drill: {self.drills[-1]:.1f} s")

    def section(self, about):
        rows = [["replay alone", "", "", f"{spread([s for (_, part), found in self.results.items() if part == 'alone' for s in found], 1)} s", ""]]
        for name in [*self.sites, *self.others]:
            parts = [self.results[name, part] for part in ("restore", "recovery", "alone")]
            both = [one + other for one, other in zip(*parts[:2])]
            beyond = [sum_ - alone for sum_, alone in zip(both, parts[2])]
            rows.append([name, *(f"{spread(values, 1)} s" for values in (parts[0], parts[1], both, beyond))])
        worst = max(self.drills)
        drill = f"{spread(self.drills, 1)} s"
        return (about(HEADING, ABOUT.format(scale=self.scale, **self.facts)) + table(["", "restore", "recovery", "together", "beyond replay"], rows)
                + f"\n`walship drill` of that cluster, from the directory: {f'**{drill}**' if worst < DRILL_MOST_S else drill}; to reach: under "
                + f"{DRILL_MOST_S} s.\n")


def emptied(target):
    target.stop(signal.SIGQUIT)
    host.run(["rm", "-rf", target.data])
    return target


def kill_prefetchers(sites):
    """Ends the processes that fetched ahead for a server that has ended."""
    for site in sites.values():
        streamed.kill(site.processes())
