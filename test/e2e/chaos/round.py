"""One round: a cluster, a backup, chaos, the loss of the server, verification, recovery under faults."""

import shutil
import signal
import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from chaos import backups, disaster, verify, workload
from chaos.ledger import Ledger
from harness import host, postgres, wal, walship

PUSH_TIMEOUT_S = FETCH_TIMEOUT_S = 4
# Packs are small, so that a backup takes many requests.
BACKUP_OPTIONS = {"backup-timeout": "8s", "backup-wal-timeout": "15s", "backup-pack-size": "1MiB", "restore-timeout": "8s"}
PUSH_CODES = {0, 137, 131}  # done, killed, ended with the server


@dataclass
class Leg:
    """A kind of store and of cluster. open(seed, directory, stack) is one of stores.py's, and leaves the end to the stack."""
    name: str
    open: object
    segment_mib: int = 1
    options: dict = field(default_factory=dict)
    rate: float = 0.35  # of faults while it archives
    recovery: dict = field(default_factory=lambda: {"rate": 0.15})  # what storm() is told then
    tps: int = 60
    switch_s: float = 0.3
    kill_share: float = 0.6
    restart_every_s: float = 8
    storm_every_s: float = 8
    fault_code: int = 3  # of a push or a backup that met a fault: unreachable


class Round:
    """A leg's round, below a directory of its own."""

    def __init__(self, leg, scratch, program, seed, stopping):
        self.leg, self.program, self.seed, self.stopping = leg, program, seed, stopping
        self.directory = Path(scratch.directory("chaos"))
        self.spare, self.truth = (host.USER.mkdir(self.directory / name) for name in ("fetched", "originals"))
        self.figures = Counter()
        self.stack, self.archive = ExitStack(), None

    def __enter__(self):
        """Everything that ends with the round is on the stack."""
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, self.directory)
            self.open(stack)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *exception):
        return self.stack.__exit__(*exception)

    def open(self, stack):
        leg, seed = self.leg, self.seed
        self.store, self.faults = leg.open(f"{seed} store", self.directory, stack)
        options = {**self.store.options, **leg.options, "push-timeout": f"{PUSH_TIMEOUT_S}s", "fetch-timeout": f"{FETCH_TIMEOUT_S}s",
                   **BACKUP_OPTIONS}
        self.walship = walship.Walship(self.program, self.directory, options, secrets=self.store.secrets)
        self.ledger = Ledger(self.directory, self.walship)
        self.storms = disaster.Storms(self.faults, f"{seed} storms", every_s=leg.storm_every_s, longest_s=PUSH_TIMEOUT_S + 1)

    def cluster(self, name):
        """One that stops with the round, and shows its log if that failed."""
        made = postgres.Cluster(self.directory, name, self.walship.secrets)
        self.stack.callback(made.stop, signal.SIGQUIT)
        self.stack.push(lambda kind, *_: show(made) if kind else None)
        size = 2 * max(self.leg.segment_mib, 8)
        return made.configure(min_wal_size=f"{size}MB", max_wal_size=f"{2 * size}MB", checkpoint_timeout="30s", shared_buffers="16MB")

    def run(self, seconds):
        """All of it; returns the figures."""
        primary = self.cluster("primary").initdb(f"--wal-segsize={self.leg.segment_mib}")
        primary.configure(archive_command=self.ledger.command)
        maker = self.begin(primary)
        commits = self.chaos(primary, maker, seconds)
        self.archive = archive = verify.Archive(self.store, self.walship, self.ledger, primary, primary.system_id())
        self.verify_archive(archive)
        self.verify_backups(primary.system_id(), commits)
        verify.check_log(primary)
        return self.figures

    def begin(self, primary):
        """A first backup, without faults; returns what makes the others."""
        primary.start()
        workload.Workload.prepare(primary)
        maker = backups.Maker(self, primary)
        maker.first()
        primary.archive_all()
        return maker

    def chaos(self, primary, maker, seconds):
        leg, before = self.leg, self.ledger.codes()
        killer = disaster.Killer(primary, f"{self.seed} kills", share=leg.kill_share)
        restarts = disaster.Restarts(primary, killer, self.ledger, f"{self.seed} restarts", every_s=leg.restart_every_s)
        load = workload.Workload(primary, tps=leg.tps, switch_s=leg.switch_s).start()
        self.faults.storm(leg.rate)
        killer.start()
        maker.start()
        try:
            disaster.let_happen(seconds, restarts, self.storms, self.stopping)
        finally:
            killer.stop()
            load.stop()
            maker.stop()
            self.faults.calm()
            primary.stop(signal.SIGQUIT)
        load.check_commits()
        self.figures.update(maker.kinds)
        self.note_chaos(primary, killer, restarts, load, self.ledger.codes() - before)
        return load.commits

    def note_chaos(self, primary, killer, restarts, load, codes):
        figures = self.figures
        figures.update({f"fault {kind}": n for kind, n in self.faults.faults.items()})
        figures.update({f"killed {what}": n for what, n in killer.kills.items()})
        figures.update({f"push exit {code}": n for code, n in codes.items()})
        figures.update({"found identical": primary.log_text().count("identical to the archived file"),
                        "pushes": sum(codes.values()), "faults": self.faults.faults.total(), "server stops": restarts.count,
                        "commits seen": len(load.commits), "segments acknowledged": len(self.ledger.segments()),
                        "acknowledged again": len(self.ledger.acknowledged_again()), "waiting at the end": len(primary.waiting())})
        assert set(codes) <= PUSH_CODES | {self.leg.fault_code}, f"push ended with {codes}:\n{primary.log_text()[-3000:]}"

    def verify_archive(self, archive):
        archive.truth(self.truth)
        self.figures["stored, not acknowledged"] = verify.check_archive(archive, self.truth, self.spare)
        self.figures["uploads left open"] = self.store.open_uploads()
        # A push that could not abort its upload was killed, or its store did not answer.
        reasons = sum(self.figures[what] for what in ("faults", "killed push", "killed archive_command", "backup exit -9"))
        assert self.figures["uploads left open"] <= reasons

    def verify_backups(self, system_id, commits):
        """What is listed restores; from where the oldest one begins, the acknowledged WAL has no gap."""
        restorer = backups.Restorer(self, f"{self.seed} restores")
        listed = restorer.listed(system_id)
        first = listed[min(listed)]
        number = workload.lsn(first["start_lsn"]) // (self.leg.segment_mib * wal.MIB)
        end = verify.covered(self.archive, wal.segment_name(1, number, self.leg.segment_mib * wal.MIB), self.leg.segment_mib)
        self.figures["backups listed"] = len(listed)
        self.verify_recovery(restorer, listed, system_id, commits, end)
        self.faults.storm(**self.leg.recovery)
        restorer.to_a_commit(system_id, listed, commits, end)
        self.faults.calm()
        self.figures.update(restorer.figures)

    def verify_recovery(self, restorer, listed, system_id, commits, end):
        """Once by PostgreSQL alone from the truth, once through walship from the repository, under faults."""
        rows = {}
        before = self.faults.faults.copy()
        for name, label, command in (("truth", min(listed), f"cp {self.truth}/%f %p"),
                                     ("restored", restorer.choose(listed), self.walship.command("fetch", "%f", "%p"))):
            made = self.cluster(name)
            if name == "restored":
                self.faults.storm(**self.leg.recovery)
            restorer.restore(made, label, system_id=system_id)
            made.configure(restore_command=command, archive_mode="off", hot_standby="off")
            restarts = verify.recover(made, self.stopping, self.storms if name == "restored" else None)
            self.faults.calm()
            rows[name] = made.rows()
            verify.check_log(made)
            made.stop()
        self.figures["recovery restarts"] = restarts
        self.figures["faults in recovery"] = (self.faults.faults - before).total()
        self.figures["rows that had to be there"] = verify.check_rows(rows["restored"], rows["truth"], commits, end)
        self.figures["rows there"] = len(rows["restored"]["counter"].splitlines())


def show(cluster):
    sys.stdout.write(f"--- {cluster.log}\n{cluster.log_text()[-6000:]}\n")
