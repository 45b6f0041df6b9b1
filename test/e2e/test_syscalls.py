"""Every system call fails once, every allocation fails once: what is acknowledged is there, and nothing else happens.

In test/run full all system calls of a run on a directory and on the strict S3 server; of those on radosgw, with TLS, of
the thousands of allocations, and in shorter runs of everything, a seeded sample (SYSCALLS=all, ALLOCATIONS=all take
each; TEST_SEED repeats a sample).
"""

import collections
import os
import random
import re
import shutil
import uuid
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from harness import extent, host, inject, store, strict_s3, wal, walship

SYSTEM_ID = 7601921254259666965
MIB = 1 << 20
SAMPLE = {"SYSCALLS": 40, "ALLOCATIONS": 120} if extent.extent() == "full" else {"SYSCALLS": 15, "ALLOCATIONS": 24}  # for each scenario
PUSH_CODES = {0, 2, 3, 4, 5}
FETCH_CODES = {"fetch": {0, 255}, "standby fetch": {0, 3, 5, 255}}
LIBRARIES = walship.binary().parent / "test/harness/preload"
# libcurl's LDAP library brings GnuTLS, which says so when it is loaded without memory, and goes on; walship does not use it.
GNUTLS = re.compile(r"^Error in GnuTLS initialization: .*\n")
FAILING_MALLOC, OLD_FILE_SYSTEM = (LIBRARIES / f"lib{name}.so" for name in ("failing_malloc", "old_file_system"))

# Directories by what their file system lacks.
LACKS = {"dir": "", "dir without O_TMPFILE": "tmpfile", "dir without links": "tmpfile,links"}
SCENARIOS = ("push", "second push", "other push", "fetch", "standby fetch")


class DirectoryWorld:
    """A directory repository, on a file system as old as wanted."""

    def __init__(self, kind, directory):
        self.store = store.Directory(directory)
        self.options = self.store.options
        self.env = {"LD_PRELOAD": OLD_FILE_SYSTEM, "WITHOUT": LACKS[kind]} if LACKS[kind] else {}

    def names(self):
        return self.store.list()

    def empty(self):
        shutil.rmtree(self.store.path / str(SYSTEM_ID), ignore_errors=True)

    def close(self):
        self.store.close()


class StrictWorld:
    """A strict S3 server of its own, without TLS."""

    env = {}

    def __init__(self, directory):
        (directory / "store").mkdir()
        self.server = strict_s3.StrictS3(directory / "store").__enter__()
        self.options = self.server.options(directory, host.USER)

    def names(self):
        assert not self.server.open_uploads, "an upload was left open"
        return self.server.bucket.keys()

    def empty(self):
        for key in self.names():
            self.server.bucket.path(key).unlink()

    def close(self):
        self.server.__exit__()


class RadosgwWorld:
    """A prefix of its own on radosgw, with TLS; by the server's name, so that there is a resolver's thread too."""

    env = {}

    def __init__(self, directory, server):
        here = SimpleNamespace(port=server.tls_port, stop=lambda: None)
        self.store = store.S3(directory, server, uuid.uuid4().hex, here)
        self.options = {**self.store.options, "s3-endpoint": f"https://localhost:{server.tls_port}",
                        "s3-uri-style": "path"}

    def names(self):
        return self.store.list()

    def empty(self):
        for name in self.names():
            self.store.delete(name)

    def close(self):
        self.empty()


class Bench:
    """One scenario on one repository: put the world as it was, run with a fault, look what there is now."""

    def __init__(self, kind, scenario, directory, program, world):
        self.kind, self.scenario, self.directory, self.world = kind, scenario, directory, world
        self.pushes = scenario.endswith("push")
        self.walship = walship.Walship(program, directory, {**world.options, "push-timeout": "4s", "fetch-timeout": "4s"})
        self.name = wal.segment_name(1, 1, MIB)
        self.content = wal.segment(SYSTEM_ID, self.name, MIB)
        (directory / "pg_wal").mkdir()
        self.path = directory / "pg_wal" / self.name
        self.path.write_bytes(self.content)
        self.back = directory / "back"
        self.back.mkdir()
        self.dest = self.back / "segment"
        self.log = directory / "strace"
        if scenario != "push":
            assert inject.run(self.argv("push")).returncode == 0
        if scenario == "other push":
            self.path.write_bytes(wal.segment(SYSTEM_ID, self.name, MIB, seed=1))

    def argv(self, scenario=None):
        scenario = scenario or self.scenario
        if scenario.endswith("push"):
            return self.walship.argv("push", self.path)
        more = ("--fetch-error", "continue") if scenario == "standby fetch" else ()
        return self.walship.argv("fetch", self.name, self.dest, "--system-id", SYSTEM_ID, *more)

    def reset(self):
        if self.scenario == "push":
            self.world.empty()
        for path in self.back.iterdir():
            path.unlink()

    def points(self):
        """All places for a fault; first of all, without one everything must be well."""
        done, found = inject.points(self.argv(), self.log, env=self.world.env)
        assert done.returncode == (4 if self.scenario == "other push" else 0), done.stderr.decode()
        self.check(done, "nothing")
        return found

    def stored(self, leftover):
        """The content that is there for the name; None when there is no object."""
        names = self.world.names()
        objects = [name for name in names if name.endswith("/" + self.name)]
        assert len(objects) <= 1 and (leftover or objects == names), f"more than the object: {names}"
        for name in set(names) - set(objects):
            (self.world.store.path / name).unlink()
        if not objects:
            return None
        done = inject.run(self.walship.argv("cat", self.name, "--system-id", SYSTEM_ID))
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def check(self, done, what, call=None):
        """What must hold after any failure; call: the one that failed."""
        text = GNUTLS.sub("", done.stderr.decode(errors="replace"))
        shown = f"{self.kind}, {self.scenario}, {what}: exit {done.returncode}, {text!r}"
        assert done.returncode in (PUSH_CODES if self.pushes else FETCH_CODES[self.scenario]), shown
        assert done.returncode == 0 or call == "write" or text.startswith("walship: "), f"no message: {shown}"
        leftover = call == "unlinkat"
        there = self.stored(leftover)
        assert there == self.content or (there is None and self.scenario == "push"), f"the object is wrong: {shown}"
        if self.scenario == "other push":
            assert done.returncode != 0, f"another content was acknowledged: {shown}"
        elif self.pushes:
            assert done.returncode != 0 or there is not None, f"acknowledged and not there: {shown}"
        else:
            assert self.dest.exists() or done.returncode != 0, f"nothing was fetched: {shown}"
            assert not self.dest.exists() or self.dest.read_bytes() == self.content, f"a wrong file: {shown}"
        assert leftover or {p.name for p in self.back.iterdir()} <= {"segment"}, f"left behind: {shown}"

    def close(self):
        self.world.close()


@pytest.fixture(scope="module")
def totals():
    """For each kind, scenario and call: the errors, and how often each exit code followed."""
    counts = collections.Counter()
    yield counts
    print("\n| repository | run | fails | with | injected | exit codes |\n| --- | --- | --- | --- | --- | --- |")
    for row in sorted({key[:3] for key in counts}):
        here = {key[3:]: count for key, count in counts.items() if key[:3] == row}
        codes = collections.Counter()
        for (_, code), count in here.items():
            codes[code] += count
        print("|", " | ".join(row), "|", " ".join(sorted({error for error, _ in here})), "|", sum(codes.values()), "|",
              ", ".join(f"{code}: {count}" for code, count in sorted(codes.items())), "|")
    print(f"\n{sum(counts.values())} injected")


def sample(points, variable, seed):
    if os.environ.get(variable) == "all" or len(points) <= SAMPLE[variable]:
        return points
    return random.Random(seed).sample(points, SAMPLE[variable])


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
def benches(request, program, scratch):
    def world(kind, directory):
        if kind == "radosgw":
            return RadosgwWorld(directory, request.getfixturevalue("s3_server"))
        return StrictWorld(directory) if kind == "s3" else DirectoryWorld(kind, directory)

    def make(kind, scenario):
        if kind == "radosgw":
            request.getfixturevalue("s3_server")  # started here, not by a worker
        if LACKS.get(kind):
            need(OLD_FILE_SYSTEM)

        def one():
            directory = scratch.directory("inject")
            return Bench(kind, scenario, directory, program, world(kind, directory))
        return one
    return make


def need(library):
    if not library.is_file():
        pytest.skip(f"no {library.name} beside this walship (sanitizers bring their own malloc)")


def fail_each(make, points, totals, on=False):
    """Each point of a run; most of them must be met again, for the runs are alike."""
    met = []

    def each(bench, point):
        call, error, n = point
        done, failed = inject.fail_call(bench.argv(), bench.log, *point, on=on, env=bench.world.env)
        if failed:
            met.append(point)
            totals[bench.kind, bench.scenario, call + (" from then on" if on else ""), error, done.returncode] += 1
        bench.check(done, f"{call} #{n}{' and all after it fail' if on else ' fails'} with {error}", call)
    two_at_a_time(make, points, each)
    assert len(met) > 0.9 * len(points), f"{len(met)} of {len(points)} faults were met"


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("kind", [*LACKS, "s3", "radosgw"])
def test_each_system_call_fails_once(benches, kind, scenario, seed, totals):
    assert shutil.which("strace"), "strace is one of the tests' packages"
    make = benches(kind, scenario)
    bench = make()
    points = bench.points()
    bench.close()
    fail_each(make, sample(points, "SYSCALLS", seed) if kind == "radosgw" or extent.extent() != "full" else points, totals)


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("kind", ["dir", "dir without O_TMPFILE"])
def test_each_system_call_fails_from_then_on(benches, kind, scenario, seed, totals):
    """A disk that breaks stays broken."""
    make = benches(kind, scenario)
    bench = make()
    points = [point for point in bench.points() if point[1] != "EINTR"]
    bench.close()
    fail_each(make, points if extent.extent() == "full" else sample(points, "SYSCALLS", seed), totals, on=True)


def test_neither_links_nor_renames_without_replacing(benches):
    """What that file system refuses is told, with or without files that have no name, and nothing is acknowledged."""
    need(OLD_FILE_SYSTEM)
    bench = benches("dir", "push")()
    for lacking in ("links", "tmpfile,links,noreplace"):
        env = {"LD_PRELOAD": OLD_FILE_SYSTEM, "WITHOUT": lacking}
        done = inject.run(bench.argv(), env=env)
        assert (done.returncode, bench.world.names()) == (5, [])
        assert b": Operation not supported" in done.stderr and b"cannot create a file without the risk of replacing another" in done.stderr
    assert inject.run(bench.argv()).returncode == 0
    done = inject.run(bench.argv("fetch"), env={**env, "WITHOUT": "links"})
    assert (done.returncode, list(bench.back.iterdir())) == (255, [])
    assert b"Operation not permitted" in done.stderr
    bench.close()


def test_no_room_told_by_close(benches):
    """NFS takes what is written, and says only when a file is closed that it had no room: then there is no DEST."""
    for scenario, code in (("fetch", 255), ("standby fetch", 5)):
        bench = benches("dir", scenario)()
        inject.points(bench.argv(), bench.log)
        calls = [line for line in bench.log.read_text().splitlines() if " close(" in line]
        copies = [line for line in bench.log.read_text().splitlines() if "F_DUPFD_CLOEXEC" in line]
        copy = copies[-1].rsplit("= ", 1)[1]
        n = 1 + max(i for i, line in enumerate(calls) if f" close({copy})" in line)
        bench.reset()
        done, failed = inject.fail_call(bench.argv(), bench.log, "close", "ENOSPC", n)
        assert (failed, done.returncode, list(bench.back.iterdir())) == (1, code, [])
        assert b"No space left on device" in done.stderr
        bench.close()


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("kind", ["dir", "s3"])
def test_each_allocation_fails_once(benches, kind, scenario, seed, totals):
    need(FAILING_MALLOC)
    make = benches(kind, scenario)
    bench = make()
    done, count = inject.allocations(bench.argv(), FAILING_MALLOC, bench.directory / "count")
    bench.check(done, "nothing")
    bench.close()

    def each(bench, n):
        done = inject.fail_allocation(bench.argv(), FAILING_MALLOC, n)
        totals[kind, scenario, "allocation", "NULL", done.returncode] += 1
        bench.check(done, f"allocation #{n} of {count} fails")
    two_at_a_time(make, sample(range(1, count + 1), "ALLOCATIONS", seed), each)
