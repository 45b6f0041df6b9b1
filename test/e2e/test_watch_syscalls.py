"""Every system call fails once while a push that fails is noted, and while status looks: neither ends otherwise than it should."""

import json
import os

import pytest

from harness import inject, store, wal, walship

NAME = wal.segment_name(1, 20, wal.MIB)


class Bench:
    """A data directory of this user's own, and a repository that can go away."""

    def __init__(self, directory, program, control_file, **options):
        self.directory, self.system_id = directory, control_file[0]
        self.store = store.Directory(directory)
        self.data = directory / "data"
        for name in (".", "global", "pg_wal", "pg_wal/archive_status"):
            (self.data / name).mkdir(0o700)
        (self.data / "global/pg_control").write_bytes(control_file[1])
        self.path = self.data / "pg_wal" / NAME
        self.path.write_bytes(wal.segment(self.system_id, NAME, wal.MIB))
        self.ready = self.data / f"pg_wal/archive_status/{NAME}.ready"
        self.ready.touch()
        self.walship = walship.Walship(program, directory, {**self.store.options, "push-timeout": "4s", **options})
        self.spool = directory / "spool"
        os.chown(self.spool, os.getuid(), os.getgid())
        self.log = directory / "strace"

    def records(self, what):
        return [path for path in self.spool.iterdir() if path.name.startswith(f"{what}-")]


@pytest.fixture(autouse=True)
def nothing_beside(scratch, monkeypatch):
    """Where walship runs it leaves nothing."""
    place = scratch.directory("cwd")
    monkeypatch.chdir(place)
    yield
    assert not os.listdir(place)


def each_fails(bench, argv, check):
    """check(done, what) after each run in which one call failed."""
    inject.run(argv)  # the first call alone makes the directory of pushed markers
    done, points = inject.points(argv, bench.log)
    check(done, "nothing")
    met = 0
    for call, error, n in points:
        done, failed = inject.fail_call(argv, bench.log, call, error, n)
        met += failed > 0
        check(done, f"{call} #{n} fails with {error}")
    assert met > 0.8 * len(points), f"{met} of {len(points)} were met"
    print(f"{met} injected")


def test_what_notes_a_failure_changes_nothing(scratch, program, control_file):
    """The push fails as it would; what is in the spool is a whole record or none."""
    bench = Bench(scratch.directory("watch"), program, control_file, **{
        "notify-command": "true", "notify-after": "1ms", "notify-interval": "1ms"})
    bench.store.go_away()

    def check(done, what):
        text = done.stderr.decode()
        said = text.startswith("walship: ") or (what.startswith("write ") and not text)  # the failing one is that of the message
        assert done.returncode in (2, 3, 5) and said, f"{what}: {done.returncode} {text}"
        for path in bench.records("failing"):
            assert path.read_text().startswith("walship 1 failing\nsince ") and "\nhint " in path.read_text(), what
        assert not list(bench.spool.glob(".walship-*")) or "unlinkat" in what, what
    each_fails(bench, bench.walship.argv("push", bench.path), check)


def test_what_notes_that_it_works_changes_nothing(scratch, program, control_file):
    """A push that has succeeded says so, whatever becomes of the record."""
    bench = Bench(scratch.directory("watch"), program, control_file)
    argv = bench.walship.argv("push", bench.path)
    assert inject.run(argv).returncode == 0
    bench.store.go_away()
    assert inject.run(argv).returncode == 3
    record = bench.records("failing")[0]
    content = record.read_bytes()
    hit = set()
    bench.store.come_back()
    for call, error in (("access", "EIO"), ("openat", "EIO"), ("read", "EIO"), ("unlink", "EIO"), ("unlink", "EROFS")):
        for n in range(1, 40):
            record.write_bytes(content)
            done, failed = inject.fail_call([*argv, "--push-ahead=0"], bench.log, call, error, n)
            touched = [line for line in bench.log.read_text().splitlines() if "failing-" in line and inject.INJECTED in line]
            if not failed:
                break
            if touched:
                hit.add(call)
                assert (done.returncode, done.stderr) == (0, b""), f"{call} #{n} {error}: {done.stderr}"
    assert hit >= {"access", "openat", "unlink"}


@pytest.mark.parametrize("state", ["well", "failing", "store away"])
def test_status_ends_with_a_code_and_says_why(scratch, program, control_file, state):
    bench = Bench(scratch.directory("watch"), program, control_file, **{"metrics-file": scratch.directory("metrics") / "walship.prom"})
    push = bench.walship.argv("push", bench.path)
    assert inject.run(push).returncode == 0
    if state != "well":
        bench.store.go_away()
        assert inject.run(push).returncode == 3
    if state == "failing":
        bench.store.come_back()
    metrics = bench.walship.options["metrics-file"]

    def check(done, what):
        text = done.stderr.decode()
        shown = f"{what}: exit {done.returncode}, {text!r}, {done.stdout!r}"
        assert done.returncode in (0, 1, 2, 3), shown
        if done.stdout.endswith(b"\n"):
            assert json.loads(done.stdout)["exit_code"] == done.returncode or text, shown
        else:
            assert done.returncode == 3 and (text.startswith("walship: ") or "write" in what), shown
        assert not metrics.exists() or metrics.read_bytes().endswith(b"# EOF\n"), shown
    each_fails(bench, bench.walship.argv("status", "--json", "--pg-data", bench.data), check)


def test_a_push_that_succeeds_pays_two_calls(scratch, program, control_file):
    """Where none had failed: a look at pg_wal, and one for a record that is not there."""
    bench = Bench(scratch.directory("watch"), program, control_file, **{"notify-command": "true"})
    argv = bench.walship.argv("push", bench.path)
    done = inject.run([*inject.strace(bench.log, "trace=all"), *argv])
    assert done.returncode == 0
    lines = bench.log.read_text().splitlines()
    assert sum("failing-" in line for line in lines) == 1
    assert sum("failing-" in line and "ENOENT" in line and " access(" in line for line in lines) == 1
    assert not any("notified-" in line or "execve" in line and "true" in line for line in lines[1:])
