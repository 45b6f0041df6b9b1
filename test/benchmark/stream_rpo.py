"""The loss when the server's machine is lost: acknowledged commits, by the log of a witness, that recovery does not have."""

import random
import shutil
import signal
import statistics
import subprocess
import time
from collections import defaultdict
from dataclasses import dataclass

from harness import host, postgres

from . import measure, streamed
from .report import table

HEADING = "## Streaming: what is lost with the server"
ABOUT = """Each round has a server under pgbench, `walship stream` into S3, and a base backup. At a random moment SIGKILL ends all
processes of the server and of walship at once, and the data directory is removed; then `walship restore` and the server's recovery
make another one from the repository alone. The witness is the log of pgbench: it has each commit that a client was told of, and
when. A round has lost the time from the first such commit that the recovered server lacks until the kill. The recovered commits of
each client have no gap."""
INTERVAL_S = 5
BUSY, QUIET, SYNCHRONOUS = "asynchronous, as fast as it can", "asynchronous, 50 transactions a second", "synchronous"
CLIENTS = {BUSY: 4, QUIET: 4, SYNCHRONOUS: 16}
SCRIPT = """\\set n :n + 1
\\set aid random(1, 100000)
begin;
update pgbench_accounts set abalance = abalance + 1 where aid = :aid;
insert into told values (:client_id, :n);
end;
"""


@dataclass
class Round:
    """The result of one kill."""
    told: int  # commits that clients were told of
    lost: int
    lost_s: float
    recovery_s: float  # restore, and the server's start until it takes writes


class Rpo:
    """results[mode] is a list of rounds; half of the kills meet a busy server, half a quiet one."""

    def __init__(self, bench, program, place, say):
        self.given, self.directory, self.program, self.place, self.say = bench.given, bench.directory, program, place, say
        self.kills = bench.given.kills or (2 if bench.given.quick else 200)
        self.random = random.Random(1)
        self.results = defaultdict(list)
        self.count = 0

    def run(self):
        template = self._template()
        wanted = self.kills * 500 if not self.given.quick else 1
        for number in range(self.kills):
            self._round(template, QUIET if number % 2 else BUSY)
        while len(self.results[SYNCHRONOUS]) < max(2, self.kills // 4) or self._told(SYNCHRONOUS) < wanted:
            self._round(template, SYNCHRONOUS)
            if self.results[SYNCHRONOUS][-1].lost:
                raise measure.ToolFailed("a synchronous commit was lost")
        template.remove()

    def _told(self, mode):
        return sum(one.told for one in self.results[mode])

    def _template(self):
        cluster = postgres.Cluster(self.directory, "template").initdb().configure(archive_mode="off").start()
        cluster.pgbench("-i", "-q", "-s", "1")
        cluster.sql("create table told (client int, n int, primary key (client, n))")
        cluster.stop(signal.SIGINT)
        self.script = host.USER.write(self.directory / "told.sql", SCRIPT)
        return cluster

    def _round(self, template, mode):
        self.count += 1
        begin = time.monotonic()
        interval = "0s" if mode == SYNCHRONOUS else f"{INTERVAL_S}s"
        site = streamed.Site(self.directory / f"round{self.count}", self.program, self.place, **{"stream-interval": interval})
        try:
            told, killed = self._lose(site, template, mode)
            done = self._compare(site, told, killed)
        finally:
            site.end()
        self.results[mode].append(done)
        self.say(f"{mode} {len(self.results[mode])}: {done.told} commits, {done.lost} lost, {done.lost_s:.2f} s lost; "
                 f"recovered in {done.recovery_s:.2f} s; the round took {time.monotonic() - begin:.1f} s")

    def _lose(self, site, template, mode):
        """Returns the log of the witness, and the time when the machine was lost."""
        primary = site.cluster("primary", archive_command=site.walship.command("push", "%p"), max_connections="50").copy_of(template).start()
        try:
            stream = site.stream(primary)
            site.run("backup", "--pg-data", primary.data)
            if mode == SYNCHRONOUS:
                streamed.set_synchronous(primary, "walship")
                host.wait_for(lambda: primary.sql("select sync_state from pg_stat_replication") == "sync", "the stream is synchronous")
            prefix = site.directory / "told"
            argv = primary.pgbench_argv("-n", "-c", CLIENTS[mode], "-T", "600", "-l", f"--log-prefix={prefix}", "-D", "n=0", "-f", self.script,
                                         *(["-R", "50"] if mode == QUIET else []))
            load = host.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", env=host.clean_env())
            try:
                time.sleep(self.random.uniform(0.5, INTERVAL_S + 1))
                killed = self._kill(site, primary, stream)
                load.wait(30)
            finally:
                load.kill()
                load.wait()
        finally:
            primary.stop(signal.SIGQUIT)
            shutil.rmtree(primary.data)
        return witness(prefix), killed

    @staticmethod
    def _kill(site, primary, stream):
        """Kills all processes of the machine. Returns the time, by the clock of the witness."""
        server = primary.server.process
        victims = [server.pid, stream.pid, *descendants(server.pid), *site.processes()]
        killed = time.time()
        streamed.kill(victims)
        server.wait(30)
        stream.wait(30)
        return killed

    @staticmethod
    def _compare(site, told, killed):
        restored = site.cluster("restored")
        seconds = site.run("restore", f"--pg-data={restored.data}")
        try:
            seconds += streamed.recover(restored)
            found = restored.sql("select client, max(n), count(*) from told group by client")
        finally:
            restored.stop(signal.SIGQUIT)
        rows = [tuple(map(int, line.split("|"))) for line in found.splitlines()]
        if any(last != count for _, last, count in rows):
            raise measure.ToolFailed(f"the recovered commits have a gap: {rows}")
        last = {client: n for client, n, _ in rows}
        lost = [moment for client, moments in told.items() for moment in moments[last.get(client, 0):]]
        return Round(sum(map(len, told.values())), len(lost), max(0, killed - min(lost)) if lost else 0, seconds)

    def section(self, about):
        rows = []
        for mode, rounds in self.results.items():
            worst = max(one.lost_s for one in rounds)
            reached = not any(one.lost for one in rounds) if mode == SYNCHRONOUS else worst <= INTERVAL_S + 1
            shown = f"{worst:.2f} s"
            rows.append([mode, str(len(rounds)), str(self._told(mode)), str(sum(one.lost for one in rounds)),
                         f"{statistics.median(one.lost_s for one in rounds):.2f} s", f"**{shown}**" if reached else shown,
                         "no commit" if mode == SYNCHRONOUS else f"{INTERVAL_S} s and one PUT",
                         f"{statistics.median(one.recovery_s for one in rounds):.2f} s"])
        head = ["", "kills", "commits told", "commits lost", "lost, median", "lost, worst", "at most", "restore and recovery, median"]
        text = f"asynchronous: `stream-interval = {INTERVAL_S}s`, {CLIENTS[BUSY]} clients; a busy server fills parts before their time, a " \
               f"quiet one does not. synchronous: `stream-interval = 0s`, `synchronous_standby_names = 'walship'`, " \
               f"{CLIENTS[SYNCHRONOUS]} clients."
        return about(HEADING, f"{ABOUT} {text}") + table(head, rows)


def witness(prefix):
    """{client: moments at which it was told of its commits}."""
    told = defaultdict(list)
    for path in prefix.parent.glob(f"{prefix.name}.*"):
        for line in path.read_text().splitlines():
            client, _, _, _, seconds, micros = line.split()[:6]
            told[int(client)].append(int(seconds) + int(micros) / 1e6)
    return told


def descendants(pid):
    found = []
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = [int(n) for n in file.read().split()]
    except OSError:
        return found
    for child in children:
        found += [child, *descendants(child)]
    return found
