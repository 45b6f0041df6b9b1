"""walship expire against a model in Python that was written from the documents: random histories of backups, timelines, WAL and options."""

import json
import random
import shutil
import signal
import time

import pytest

from harness import extent, host
from harness.expire_model import History
from harness.walship import Walship

PARTS = extent.rounds(10, 1)       # which workers share
HISTORIES = extent.rounds(1000, 60)  # of each
KILLED = 4      # each of so many that lose something is killed first
VERIFIED = 4    # each of so many is verified afterwards
SEALED = 20     # each of so many is encrypted: openssl is slow


def lines(done, unreadable):
    """A manifest that cannot be opened makes the exit code 4; the lines are there all the same."""
    if unreadable:
        done.expect(4, "cannot be opened", "stay")
    else:
        done.expect(0)
    return [json.loads(line) for line in done.out.splitlines()]


class Trial:
    """One history in a repository of its own."""

    def __init__(self, walship, root, seed, number):
        self.walship, self.root, self.number = walship, root, number
        self.source = random.Random(f"{seed} {number}")
        self.history = History(self.source)
        self.sealed = number % SEALED == SEALED - 1
        self.history.sealed = self.sealed
        self.made = self.history.lay_down(root, walship.key if self.sealed else None)

    def argv(self, *args):
        cipher = () if self.sealed else ("--cipher", "none")
        return ("expire", "--system-id", str(self.history.system_id), "--repo", f"file://{self.root}", *cipher, *self.history.argv(), *args)

    def left(self):
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*") if not path.is_dir()}

    def loses(self):
        """Whether a backup has to go."""
        stay, either = self.history.fates()
        return any(each.state == "complete" and each.label not in stay | either for each in self.history.backups)

    def kill(self):
        """At a random moment; what is left is true: that much is checked."""
        began = time.monotonic()
        self.walship.run(*self.argv("--dry-run"))
        lasted = time.monotonic() - began
        process = self.walship.popen(*self.argv())
        time.sleep(self.source.uniform(0.1, 1.1) * lasted)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
        left = self.left()
        self.history.check(self.made, left, removes_wal=False)
        self.verify()
        return len(left) < len(self.made)

    def run(self):
        """The dry run says what the run does, and what it does is what the model wants."""
        before = self.left()
        unreadable = self.history.of("unreadable")
        planned = lines(self.walship.run(*self.argv("--dry-run", "--json")), unreadable)
        assert self.left() == before, "the dry run changed something"
        done = lines(self.walship.run(*self.argv("--json")), unreadable)
        assert [dict(line, dry_run=None) for line in planned] == [dict(line, dry_run=None) for line in done]
        left = self.left()
        said = {line["label"]: line["keep"] for line in done if line["kind"] == "expire_backup"}
        there = {name.split("/")[2] for name in left if "/backup/" in name}
        assert {label for label, keep in said.items() if keep} == there, (said, there)
        gone = {name for name in before - left if "/wal/" in name}
        told = [line for line in done if line["kind"] == "expire_wal"]
        assert sum(line["objects"] for line in told) == len(gone) and sum(line["bytes"] for line in told) == sum(self.made[name] for name in gone)
        return left

    def verify(self):
        cipher = () if self.sealed else ("--cipher", "none")
        done = self.walship.run("verify", "--json", "--repo", f"file://{self.root}", *cipher)
        found = [json.loads(line) for line in done.out.splitlines()]
        clusters = [line for line in found if "base_backups" in line]
        for each in clusters[0]["base_backups"] if clusters else ():
            state = {backup.label: backup.state for backup in self.history.backups}[each["label"]]
            assert each["restorable"] or not each["complete"] or state != "complete", each
        assert not clusters or clusters[0]["needed_gaps"] == 0, clusters[0]


@pytest.mark.parametrize("part", range(PARTS))
def test_random_histories(scratch, program, seed, part):
    walship = Walship(program, scratch.directory(), {"repo": "file:///nonexistent"})
    killed = removed = kept = 0
    for number in range(HISTORIES):
        root = host.USER.mkdir(scratch.directory("r") / "repo", 0o750)
        trial = Trial(walship, root, f"{seed} {part}", number)
        try:
            loses = trial.loses()
            is_killed = loses and removed % KILLED == 0
            if is_killed:
                killed += trial.kill()
            left = trial.run()
            trial.history.check(trial.made, left, removes_wal=not is_killed)
            if number % VERIFIED == 0:
                trial.verify()
        except AssertionError as error:
            raise AssertionError(f"history {number}, {trial.history.settings}: {error}") from error
        removed += loses
        kept += len(left) > 0
        shutil.rmtree(root.parent)
    print(f"{HISTORIES} histories: {removed} lost a backup, {kept} kept something, {killed} were killed in the middle")
    assert removed > HISTORIES / 5 and kept > HISTORIES / 2
    assert killed or HISTORIES < 1000, "no call was killed in the middle"
