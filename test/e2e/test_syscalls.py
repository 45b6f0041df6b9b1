"""Every system call fails once, every allocation fails once: what is acknowledged is there, and nothing else happens.

All system calls of a run; of its thousands of allocations a seeded sample (ALLOCATIONS=all takes each, TEST_SEED repeats a sample).
"""

import collections
import os
import random
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness import host, inject, strict_s3, wal, walship

SYSTEM_ID = 7601921254259666965
MIB = 1 << 20
SAMPLE = 250  # allocations for each scenario
PUSH_CODES, FETCH_CODES = {0, 2, 3, 4, 5}, {0, 255}
LIBRARY = walship.binary().parent / "test/harness/preload/libfailing_malloc.so"


class Bench:
    """One scenario on one repository: put the world as it was, run with a fault, look what there is now."""

    def __init__(self, kind, scenario, folder, program):
        self.kind, self.scenario, self.folder = kind, scenario, folder
        folder.mkdir()
        self.server = None
        if kind == "dir":
            (folder / "repo").mkdir()
            options = {"repo": f"file://{folder}/repo"}
        else:
            (folder / "store").mkdir()
            self.server = strict_s3.StrictS3(folder / "store").__enter__()
            options = self.server.options(folder, host.USER)
        self.walship = walship.Walship(program, folder, {**options, "push-timeout": "4s", "fetch-timeout": "4s"})
        self.name = wal.segment_name(1, 1, MIB)
        self.content = wal.segment(SYSTEM_ID, self.name, MIB)
        (folder / "pg_wal").mkdir()
        self.path = folder / "pg_wal" / self.name
        self.path.write_bytes(self.content)
        self.back = folder / "back"
        self.back.mkdir()
        self.dest = self.back / "segment"
        if scenario != "push":
            assert inject.run(self.argv("push")).returncode == 0
        if scenario == "other push":
            self.path.write_bytes(wal.segment(SYSTEM_ID, self.name, MIB, seed=1))

    def argv(self, scenario=None):
        scenario = scenario or self.scenario
        return self.walship.argv("push", self.path) if scenario.endswith("push") else self.walship.argv(
            "fetch", self.name, self.dest, "--system-id", SYSTEM_ID)

    def reset(self):
        if self.scenario == "push":
            if self.kind == "dir":
                shutil.rmtree(self.folder / "repo" / str(SYSTEM_ID), ignore_errors=True)
            else:
                for key in self.server.bucket.keys():
                    self.server.bucket.path(key).unlink()
        self.dest.unlink(missing_ok=True)

    def stored(self):
        """The content that is there for the name; None when there is no object."""
        if self.kind == "dir":
            there = [p for p in (self.folder / "repo").rglob("*") if p.is_file()]
        else:
            there = self.server.bucket.keys()
        if not there:
            return None
        assert len(there) == 1, f"more than the object: {there}"
        done = inject.run(self.walship.argv("cat", self.name, "--system-id", SYSTEM_ID))
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def check(self, done, what):
        """What must hold after any failure."""
        text = done.stderr.decode(errors="replace")
        shown = f"{self.kind} {self.scenario}, {what}: exit {done.returncode}, {text!r}"
        assert done.returncode in (PUSH_CODES if self.scenario.endswith("push") else FETCH_CODES), shown
        assert done.returncode == 0 or text.startswith("walship: "), f"no message: {shown}"
        there = self.stored()
        if self.scenario != "push":
            assert there == self.content, f"the object changed: {shown}"
        assert there in (None, self.content), f"a partial object: {shown}"
        if self.scenario == "other push":
            assert done.returncode != 0, f"another content was acknowledged: {shown}"
        elif self.scenario.endswith("push"):
            assert done.returncode != 0 or there == self.content, f"acknowledged and not there: {shown}"
        elif done.returncode == 0:
            assert self.dest.read_bytes() == self.content, f"a wrong file: {shown}"
        else:
            assert not self.dest.exists() or self.dest.read_bytes() == self.content, f"a wrong file: {shown}"
        assert {p.name for p in self.back.iterdir()} <= {"segment"}, f"left behind: {shown}"

    def close(self):
        if self.server:
            self.server.__exit__()


SCENARIOS = ("push", "second push", "other push", "fetch")


@pytest.fixture(scope="module")
def totals():
    counts = collections.Counter()
    yield counts
    rows = sorted({key[:3] for key in counts})
    print("\n| repository | run | fails | injected | exit codes |\n| --- | --- | --- | --- | --- |")
    for row in rows:
        codes = {key[3]: value for key, value in counts.items() if key[:3] == row}
        print("|", " | ".join(row), "|", sum(codes.values()), "|", ", ".join(f"{c}: {n}" for c, n in sorted(codes.items())), "|")


@pytest.fixture
def seed():
    value = int(os.environ.get("TEST_SEED") or int.from_bytes(os.urandom(4), "big"))
    print(f"TEST_SEED={value}")
    return value


def sample(count, seed):
    """Numbers of allocations, from 1."""
    everything = range(1, count + 1)
    if os.environ.get("ALLOCATIONS") == "all" or count <= SAMPLE:
        return list(everything)
    return random.Random(seed).sample(everything, SAMPLE)


def two_at_a_time(make, points, each):
    """Each worker has a bench of its own; the first failure ends it."""
    def work(share):
        bench = make()
        try:
            for point in share:
                bench.reset()
                each(bench, point)
        finally:
            bench.close()
    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(work, points[start::2]) for start in (0, 1)]:
            future.result()


@pytest.fixture
def benches(tmp_path_factory, program, scratch):
    def make(kind, scenario):
        return lambda: Bench(kind, scenario, Path(scratch.folder("inject")) / "b", program)
    return make


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("kind", ["dir", "s3"])
def test_each_system_call_fails_once(benches, kind, scenario, totals):
    assert shutil.which("strace"), "strace is one of the tests' packages"
    make = benches(kind, scenario)
    bench = make()
    done, points = inject.points(bench.argv(), bench.folder / "strace")
    bench.check(done, "nothing")
    bench.close()

    def each(bench, point):
        done = inject.fail_call(bench.argv(), *point)
        totals[kind, scenario, point[0], done.returncode] += 1
        bench.check(done, f"{point[0]} #{point[2]} fails with {point[1]}")
    two_at_a_time(make, points, each)


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("kind", ["dir", "s3"])
def test_each_allocation_fails_once(benches, kind, scenario, seed, totals):
    if not LIBRARY.is_file():
        pytest.skip(f"no {LIBRARY.name} beside this walship (sanitizers bring their own malloc)")
    make = benches(kind, scenario)
    bench = make()
    done, count = inject.allocations(bench.argv(), LIBRARY, bench.folder / "count")
    bench.check(done, "nothing")
    bench.close()

    def each(bench, n):
        done = inject.fail_allocation(bench.argv(), LIBRARY, n)
        totals[kind, scenario, "allocation", done.returncode] += 1
        bench.check(done, f"allocation #{n} of {count} fails")
    two_at_a_time(make, sample(count, seed), each)
