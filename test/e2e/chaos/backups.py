"""Base backups amid the chaos: made at random by `walship backup`, some killed; restored at random by `walship restore`, some killed
and completed with --delta. A backup that is listed restores, and has what was committed before its target."""

import json
import random
import shutil
import signal
import threading
import time
from collections import Counter

from chaos import verify
from chaos.workload import lsn
from harness import host

# Done; the store or the server away; damaged answers, which a later try finds whole; WAL that is missing, for the store was away; killed.
MAKE_CODES = {0, 3, 4, 6, -signal.SIGKILL}
TRIES = 12  # of one restore, under faults


class Maker:
    """Makes one backup after the other while the chaos lasts. Nothing of a backup that failed is listed later."""

    def __init__(self, round_, primary):
        self.walship, self.primary = round_.walship, primary
        self.codes = MAKE_CODES | {round_.leg.fault_code}
        self.kinds, self.failed = Counter(), []
        self._random = random.Random(f"{round_.seed} backups")
        self._process = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def first(self):
        """One that no fault disturbs, so that each round has something to restore."""
        done = self.walship.run("backup", "full", "--backup-wal-timeout", "100s", *self._place(), timeout=120)
        assert done.code == 0, done.err

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        """A backup that is under way ends with the server, as in a disaster."""
        self._stopping.set()
        if self._process:
            self._process.kill()
        self._thread.join(60)
        assert not self._thread.is_alive()
        assert not self.failed, self.failed

    def _place(self):
        return "--pg-data", self.primary.data, "--pg-conninfo", self.primary.connection_string()

    def _run(self):
        while not self._stopping.wait(self._random.uniform(0.2, 1.5)):
            kind = self._random.choice(("full", "diff", "incr", "incr"))
            self._process = self.walship.popen("backup", kind, *self._place())
            if self._random.random() < 0.2:
                self._stopping.wait(self._random.uniform(0.05, 2))
                self._process.kill()
            _, err = self._process.communicate()
            code = self._process.returncode
            self.walship.check_secrets(err)
            self.kinds[f"backup {kind}" if code == 0 else f"backup exit {code}"] += 1
            if code == 4:
                print(f"chaos: backup exit 4: {err.decode(errors='replace')}")
            # A server that is just starting again refuses the connection: 3.
            if code not in self.codes or b"runtime error:" in err or b"Sanitizer" in err:
                self.failed.append((kind, code, err))


class Restorer:
    """Restores backups of a cluster whose server is lost."""

    def __init__(self, round_, seed):
        self.round, self.walship = round_, round_.walship
        self.figures = Counter()
        self._random = random.Random(seed)

    def listed(self, system_id):
        """{label: its line of `backup list`} of the backups that are there."""
        done = self.walship.run("backup", "list", "--json", timeout=120).expect(0)
        lines = [json.loads(line) for line in done.out.splitlines()]
        found = {line["label"]: line for line in lines if line["kind"] == "base_backup" and line["complete"]}
        assert all(line["error"] is None and line["system_id"] == str(system_id) for line in found.values()), found
        return found

    def restore(self, cluster, label, *target, system_id):
        """Under the faults that are on: some tries are killed, and each later one goes on with --delta."""
        # Push-ahead has stored segments behind a gap: --force goes up to the gap.
        args = ["restore", "--pg-data", str(cluster.data), "--system-id", str(system_id), "--backup", label, *(target or ["--force"])]
        said = []
        for number in range(TRIES):
            delta = ["--delta"] if number > 0 and cluster.data.exists() and any(cluster.data.iterdir()) else []
            process = self.walship.popen(*args, *delta)
            if self._random.random() < 0.4 and number < TRIES / 2:
                self._wait(process, cluster.data)
                process.kill()
            _, err = process.communicate(timeout=300 * host.SLOWNESS)
            self.figures[f"restore exit {process.returncode}{' with --delta' if delta else ''}"] += 1
            if process.returncode == 0:
                return
            said.append((process.returncode, err))
            assert process.returncode in (3, 4, 6, -signal.SIGKILL), said
            # Killed behind its last step, all is there; else no server may start from it.
            if process.returncode != -signal.SIGKILL:
                assert not (cluster.data / "global/pg_control").exists(), said
        raise AssertionError(f"no restore of {label} in {TRIES} tries: {said}")

    def choose(self, backups):
        return self._random.choice(sorted(backups))

    def _wait(self, process, directory):
        """A moment, mostly one at which some files are there and not all."""
        if self._random.random() < 0.8:
            while process.poll() is None and not (directory / "base").exists():
                time.sleep(0.01)
        time.sleep(self._random.uniform(0, 0.5))

    def to_a_commit(self, system_id, backups, commits, end):
        """A random backup, to a random commit behind its end: that row is there, and none whose commit began later."""
        label = self.choose(backups)
        behind = [commit for commit in commits if lsn(backups[label]["stop_lsn"]) < commit.before and commit.after < end][:-5]
        if not behind:
            return
        target = self._random.choice(behind)
        place = f"{target.after >> 32:X}/{target.after & 0xFFFFFFFF:X}"
        made = self.round.cluster("to-a-commit")
        self.restore(made, label, "--target-lsn", place, "--target-action", "promote", system_id=system_id)
        self.round.faults.calm()
        made.start_restored()
        made.wait_promoted(120)
        numbers = {int(n) for n in made.sql("select n from counter").split()}
        made.stop()
        verify.check_log(made)
        later = {commit.n for commit in commits if commit.before > target.after}
        assert set(range(1, target.n + 1)) <= numbers, f"{label} to {place}: {max(numbers, default=0)} rows, {target.n} were committed"
        assert not later & numbers, f"{label} to {place}: rows of later commits: {sorted(later & numbers)[:5]}"
        shutil.rmtree(made.data)
        self.figures["restored to a commit"] += 1
