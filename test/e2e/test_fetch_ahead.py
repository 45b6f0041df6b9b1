"""Segments that wait in the spool by the time that recovery asks for them, called as restore_command calls it."""

import collections
import os
import random
import re
import signal
import stat
import time
from pathlib import Path

import pytest

from harness import ahead, extent, host, strict_s3, wal, walship
from harness.ahead import MIB, Recovery, Watch, names

SYSTEM_ID = 7601921254259666965
TIMEOUT_S = 10  # the fixtures' fetch-timeout
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root sees whose files a process without cores has open")
pytestmark = ROOT


def end_all(*recoveries):
    for recovery in recoveries:
        ahead.lose(recovery.spool)
        recovery.wait_for_end()


@pytest.fixture
def recovery(site):
    made = Recovery(site.directory, site.walship, site.store.put, SYSTEM_ID)
    yield made
    end_all(made)


@pytest.fixture
def dir_recovery(dir_site):
    made = Recovery(dir_site.directory, dir_site.walship, dir_site.store.put, SYSTEM_ID)
    yield made
    end_all(made)


@pytest.fixture
def strict():
    with strict_s3.StrictS3() as server:
        yield server


def on_strict(scratch, program, strict):
    directory = scratch.directory()
    options = {**strict.options(directory, host.USER), "push-timeout": "10s", "fetch-timeout": f"{TIMEOUT_S}s"}
    ship = walship.Walship(program, directory, options, secrets=[strict.secret_key.encode()])

    def put(name, data):
        path = strict.bucket.path(f"pre/{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return Recovery(directory, ship, put, SYSTEM_ID)


@pytest.fixture
def strict_recovery(scratch, program, strict):
    made = on_strict(scratch, program, strict)
    yield made
    end_all(made)


@pytest.fixture
def no_libraries(scratch):
    """An environment where neither libcurl nor libcrypto can be loaded."""
    directory = scratch.directory("lib")
    for name in ("libcrypto.so.3", "libcurl.so.4"):
        host.USER.write(directory / name, b"")
    return {"LD_LIBRARY_PATH": str(directory)}


def going(recovery, count, first=1, **options):
    """The first three of so many segments are fetched, and one process fetches ahead; returns the names of the others."""
    recovery.walship.configure(**options)
    return started(recovery, recovery.archive(names(count, first)))


def started(recovery, some):
    recovery.fetch(*some[:2])
    # An earlier call would leave its segment in the spool until a later call.
    host.wait_for(recovery.listens, "the process that fetches ahead opens its pipe", 20)
    recovery.fetch(some[2])
    recovery.worker()
    return some[3:]


# In order.

@pytest.mark.heart
def test_all_of_them_in_order(recovery):
    some = recovery.archive(names(40, first=230))
    recovery.fetch(*some)
    print(f"{recovery.from_spool} of {len(some)} from the spool")
    # The first two never; and some may be asked for before they are begun.
    assert recovery.from_spool >= len(some) - 6
    assert recovery.ask(names(1, first=270)[0]).code == 1


def test_one_request_for_each(strict_recovery, strict):
    some = strict_recovery.archive(names(36))
    strict_recovery.fetch(*some)
    missing = names(8, first=37)
    for _ in range(5):
        assert strict_recovery.ask(missing[0]).code == 1
    asked = collections.Counter(request.key.rsplit("/", 1)[1] for request in strict.requests)
    assert strict.count() == strict.count("GET")
    twice = {name: asked[name] for name in some if asked[name] != 1}
    print(f"asked for more than once: {twice}; behind the end: {[asked[name] for name in missing]}; "
          f"{strict_recovery.from_spool} of {len(some)} from the spool")
    # A call that came before the process had begun its segment asks for itself.
    assert sum(twice.values()) <= 4
    # Recovery's own five, and ours once; those behind it only while it was not known to be missing.
    assert asked[missing[0]] <= 6 and all(asked[name] <= 1 for name in missing[1:]) and asked[missing[4]] == 0


def test_paths_that_are_relative(scratch, program, authority):
    """To the data directory, which the process that fetches ahead leaves."""
    with strict_s3.StrictS3(tls=authority.issue("strict")) as server:
        made = on_strict(scratch, program, server)
        host.USER.write(made.data / "s3-ca-file", Path(authority.file).read_bytes(), 0o600)
        made.walship.configure(s3_ca_file="s3-ca-file")
        try:
            some = going(made, 12)
            made.wait_for_spool(some)
            made.fetch(*some)
            assert made.from_spool >= len(some)
        finally:
            end_all(made)


def test_a_later_call_needs_no_library(recovery, no_libraries):
    some = going(recovery, 12)
    recovery.wait_for_spool(some)
    recovery.fetch(*some, env=no_libraries)
    assert recovery.from_spool >= len(some)
    # Which could not have asked the store.
    done = recovery.ask(names(1, first=13)[0], env=no_libraries)
    assert done.code == 255 and "cannot load libcrypto" in done.err


@pytest.mark.parametrize("megabytes", [2, 16])
def test_other_sizes(dir_recovery, megabytes):
    size = megabytes * MIB
    some = dir_recovery.archive(names(4, 0x100000000 // size - 2, size=size), size)
    assert some[1][8:16] == "00000000" and some[2][8:16] == "00000001"
    rest = started(dir_recovery, some)
    dir_recovery.wait_for_spool(rest)
    dir_recovery.fetch(*rest)
    assert dir_recovery.from_spool >= 1


def remove(recovery, name):
    recovery.put.__self__.delete(wal.object_name(SYSTEM_ID, name))


# The end of the archive, gaps, timelines, outages: the store answers.

def test_a_gap_is_answered_by_the_store(recovery):
    """Whatever waits behind it."""
    some = recovery.archive(names(10))
    remove(recovery, some[5])
    recovery.fetch(*some[:5])
    for _ in range(2):
        done = recovery.ask(some[5])
        assert done.code == 1 and "prefetched and verified" not in done.err
    # It appears after it was seen missing.
    recovery.archive([some[5]])
    recovery.fetch(*some[5:])


def test_stale_segments_are_no_answer(recovery):
    """What an earlier recovery left behind the end says nothing of the end."""
    some = going(recovery, 8)
    recovery.wait_for_spool(some)
    ahead.kill(recovery.worker())
    recovery.wait_for_end()
    remove(recovery, some[1])
    (recovery.directory / some[1]).unlink()
    assert recovery.waiting() == [some[0], *some[2:]]
    assert recovery.ask(some[1]).code == 1
    assert recovery.ask(names(1, first=1, timeline=2)[0]).code == 1
    assert recovery.ask("00000002.history").code == 1


def test_another_timeline(recovery):
    """From one to the other and back; what was fetched ahead on the first goes."""
    first, second = recovery.archive(names(12)), recovery.archive(names(12, first=6, timeline=2))
    recovery.fetch(*first[:6])
    assert recovery.ask("00000002.history").code == 1
    recovery.fetch(*second[:5])
    host.wait_for(lambda: not any(name.startswith("00000001") for name in recovery.waiting()), "the first timeline's go")
    recovery.fetch(*second[5:])
    recovery.fetch(*first[6:])
    assert recovery.ask(names(1, first=13)[0]).code == 1


def test_an_outage_is_no_end(site, recovery):
    some = going(recovery, 12, fetch_timeout="3s", fetch_ahead="2MiB")
    recovery.wait_for_spool(some[:2])
    site.store.go_away()
    try:
        recovery.fetch(*some[:2])
        recovery.worker()
        for name in (some[2], some[3]):
            start = time.monotonic()
            done = recovery.ask(name)
            assert done.code == 255 and time.monotonic() - start < 3 + 5, done
        assert recovery.ask(some[2], "--fetch-error", "continue").code == 3
    finally:
        site.store.come_back()
    recovery.fetch(*some[2:])


def test_a_damaged_one_ahead(recovery):
    """Nobody is given it; its own call says what is wrong."""
    some = recovery.archive(names(9))
    where = wal.object_name(SYSTEM_ID, some[5])
    data = bytearray(recovery.put.__self__.get(where))
    data[len(data) // 2] ^= 1
    recovery.put(where, bytes(data))
    recovery.fetch(*some[:5])
    host.USER.write(recovery.dest, b"as before")
    for _ in range(2):
        done = recovery.ask(some[5])
        assert done.code == 255 and re.search("damaged|authentic", done.err), done
        assert recovery.dest.read_bytes() == b"as before" and some[5] not in recovery.waiting()
    recovery.archive([some[5]])
    recovery.fetch(*some[5:])


# Deaths.

def in_time(recovery, name, timeout_s=TIMEOUT_S):
    start = time.monotonic()
    recovery.fetch(name)
    took = time.monotonic() - start
    assert took < timeout_s, f"{took:.1f} s"
    return took


@pytest.mark.parametrize("whom", ["worker", "parent"])
def test_killed_at_random_moments(recovery, whom, seed):
    dice = random.Random(seed)
    # Few wait in the spool: what a dead one left is used up first, and only then there is another.
    recovery.walship.configure(fetch_ahead="2MiB")
    some = recovery.archive(names(extent.rounds(60, 25)))
    kills, slowest = 0, 0
    for name in some:
        slowest = max(slowest, in_time(recovery, name))
        if dice.random() < 0.8:
            time.sleep(dice.uniform(0, 0.03))
            for pid in recovery.workers():
                ahead.kill(pid if whom == "worker" else ahead.parent(pid))
                kills += 1
    print(f"{kills} killed, slowest call {slowest:.2f} s")
    assert kills >= 5
    recovery.fetch(*recovery.archive(names(4, first=len(some) + 1)))


def test_a_worker_whose_parent_is_killed_ends(dir_recovery):
    going(dir_recovery, 6)
    ahead.kill(ahead.parent(dir_recovery.worker()))
    dir_recovery.wait_for_end(5)


def test_calls_killed_at_random_moments(recovery, seed):
    """The next call for the same segment gets it, as PostgreSQL would ask again."""
    dice = random.Random(seed)
    some, killed = recovery.archive(names(extent.rounds(40, 20))), 0
    for name in some:
        if dice.random() < 0.9:
            child = recovery.walship.popen(*recovery.args(name), cwd=recovery.data)
            time.sleep(dice.uniform(0, 0.003))
            killed += child.poll() is None
            child.kill()
            child.communicate()
        in_time(recovery, name)
    print(f"{killed} of {len(some)} killed")
    assert killed >= 3 and len(recovery.workers()) <= 1
    leftover = [each for each in os.listdir(recovery.dest.parent) if each != "RECOVERYXLOG"]
    assert not leftover, leftover


def test_one_that_hangs_costs_half_of_the_time(dir_recovery):
    some = going(dir_recovery, 20, fetch_timeout="4s", fetch_ahead="2MiB")
    worker = dir_recovery.worker()
    dir_recovery.wait_for_spool(some[:2])
    os.kill(worker, signal.SIGSTOP)
    try:
        host.USER.write(dir_recovery.directory / f"{some[0]}.part", b"", 0o600)
        (dir_recovery.directory / some[0]).unlink()
        took = in_time(dir_recovery, some[0], 4)
        assert took >= 1.5
        # More words than one read takes, and some are cut by it.
        for name in [some[1]] * 200 + some[1:]:
            in_time(dir_recovery, name, 4)
    finally:
        os.kill(worker, signal.SIGCONT)
    with Watch(lambda: ahead.bytes_in(dir_recovery.directory)) as watch:
        dir_recovery.fetch(*dir_recovery.archive(names(12, first=21)))
    assert watch.largest < 2 * MIB + 4096


# Never two.

def test_never_two(dir_recovery):
    """Many calls at once, each of which may start one."""
    some = dir_recovery.archive(names(30))
    dir_recovery.fetch(some[0])
    for _ in range(4):
        host.USER.write(dir_recovery.directory / "last", f"walship 1 last\nsegment {some[0]}\nbytes {MIB}\nend\n", 0o600)
        calls = [dir_recovery.walship.popen(*dir_recovery.args(some[1])[:2], dir_recovery.data / f"to{i}",
                                            *dir_recovery.args(some[1])[3:], cwd=dir_recovery.data) for i in range(12)]
        for i, call in enumerate(calls):
            _, err = call.communicate(timeout=30)
            assert call.returncode == 0, err
            assert (dir_recovery.data / f"to{i}").read_bytes() == dir_recovery.content[some[1]]
        # At once, and not when they have heard nothing for long.
        host.wait_for(lambda: len(dir_recovery.workers()) == 1, lambda: f"one is left of {dir_recovery.workers()}", TIMEOUT_S / 2)
        ahead.kill(dir_recovery.worker())
        dir_recovery.wait_for_end()
    dir_recovery.fetch(*some[1:])


def test_two_clusters_in_one_spool(dir_site, dir_recovery):
    other = Recovery(dir_site.directory, dir_site.walship, dir_site.store.put, SYSTEM_ID + 1)
    some = dir_recovery.archive(names(16))
    assert other.archive(names(16)) == some
    for name in some:
        dir_recovery.fetch(name)
        other.fetch(name)
    assert dir_recovery.worker() != other.worker()
    assert dir_recovery.from_spool >= 8 and other.from_spool >= 8
    end_all(dir_recovery, other)


# The spool.

def test_a_lost_spool(recovery):
    some = going(recovery, 30)
    for name in some:
        recovery.fetch(name)
        if name in some[3::6]:
            ahead.lose(recovery.spool)
    recovery.worker()


def fill(disk):
    """While another process fills it, too."""
    try:
        return disk.fill()
    except OSError:
        return disk.path / "ballast"


def test_a_full_spool(dir_recovery, small_disk):
    disk = small_disk(3 * 1024)
    spool = host.USER.mkdir(disk.path / "spool", 0o700)
    dir_recovery.walship.configure(spool=spool)
    some = dir_recovery.archive(names(16))
    dir_recovery.fetch(*some[:4])
    ballast = fill(disk)
    dir_recovery.fetch(*some[4:10])
    ballast.unlink()
    dir_recovery.fetch(*some[10:])
    fill(disk)
    dir_recovery.fetch(*dir_recovery.archive(names(3, first=17)))


@pytest.mark.parametrize("spoil", ["mode", "owner", "link", "relative"])
def test_a_spool_that_cannot_be_believed(dir_recovery, spoil, scratch):
    some = dir_recovery.archive(names(4))
    spool = dir_recovery.spool
    if spoil == "mode":
        spool.chmod(0o750)
    elif spoil == "owner":
        os.chown(spool, 0, 0)
    elif spoil == "link":
        spool.rmdir()
        spool.symlink_to(scratch.directory("elsewhere"))
    else:
        dir_recovery.walship.configure(spool="spool")
    for name in some:
        done = dir_recovery.walship.run("fetch", name, dir_recovery.dest, "--system-id", SYSTEM_ID)
        assert done.code == 0 and dir_recovery.dest.read_bytes() == dir_recovery.content[name]
        assert re.fullmatch(r"walship: warning: fetch-ahead is off: .*\n", done.err), done.err
    dir_recovery.walship.configure(spool=spool)
    if spoil == "link":
        assert not list(spool.iterdir())
        spool.unlink()


@pytest.mark.parametrize("line", ["repo", "s3-endpoint", "cipher", "key", "boot", None])
def test_what_is_of_another_repository_is_not_used(dir_recovery, line):
    """Of another one, of another start of the machine, or of nobody: with wrong content under the right name."""
    some = going(dir_recovery, 8)
    dir_recovery.wait_for_spool(some)
    ahead.kill(dir_recovery.worker())
    dir_recovery.wait_for_end()
    identity = dir_recovery.directory / "identity"
    text = identity.read_text()
    changed = re.sub(rf"^{line} (.*)$", rf"{line} x\1", text, flags=re.M) if line else ""
    assert changed != text
    host.USER.write(identity, changed, 0o600)
    for name in some:
        host.USER.write(dir_recovery.directory / name, b"of another", 0o600)
    before = dir_recovery.from_spool
    dir_recovery.fetch(some[0])
    assert dir_recovery.from_spool == before
    # The next call begins a new one, which removes those.
    dir_recovery.fetch(some[1])
    host.wait_for(lambda: dir_recovery.listens() and identity.read_text() == text, "the new one opens its pipe")
    dir_recovery.fetch(some[2])
    dir_recovery.wait_for_spool(some[3:])
    dir_recovery.fetch(*some[3:])
    assert dir_recovery.from_spool >= before + len(some[3:])


def test_what_a_withdrawn_key_opened_is_not_used(dir_recovery):
    """It waits in the spool, opened and verified; what recovery gets is what it gets without a spool: an error."""
    some = going(dir_recovery, 8)
    dir_recovery.wait_for_spool(some)
    before, own_key = dir_recovery.from_spool, dir_recovery.walship.key_file
    other_key = host.USER.write(dir_recovery.walship.directory / "other-key", os.urandom(32).hex() + "\n", 0o600)
    dir_recovery.walship.configure(cipher_key_file=other_key)
    dir_recovery.dest.unlink()
    dir_recovery.ask(some[0]).expect(255, "key", "key")
    assert not dir_recovery.dest.exists() and dir_recovery.from_spool == before
    dir_recovery.walship.configure(cipher_key_file=own_key)
    dir_recovery.fetch(*some)
    assert dir_recovery.from_spool > before


def test_another_repository_while_the_first_ones_worker_lives(dir_site, dir_recovery, scratch, program):
    """The same cluster's system id, another archive: each recovery gets its own, and the old worker ends."""
    from conftest import make_site
    other_site = make_site("dir", None, scratch, program)
    other_site.walship.configure(spool=dir_recovery.spool, fetch_timeout="5s")
    other = Recovery(other_site.directory, other_site.walship, other_site.store.put, SYSTEM_ID)
    for name in names(60):  # another history under the same names
        other.content[name] = wal.segment(SYSTEM_ID, name, MIB, seed="other")
        where = wal.object_name(SYSTEM_ID, name)
        other.put(where, ahead.objects.make_object(other.content[name], where, other.walship.key, ahead.objects.NONE))
    some = going(dir_recovery, 12, fetch_timeout="5s")
    first = dir_recovery.worker()
    for name in list(other.content)[3:]:
        assert other.content[name] != dir_recovery.content.get(name)
        other.fetch(name)
        time.sleep(0.1)
    host.wait_for(lambda: not host.exists(first), "the first one ends", 10)
    assert other.from_spool > 5
    dir_recovery.fetch(*some)
    other_site.store.close()


# Bounds.

def test_bounded_in_bytes(recovery):
    recovery.walship.configure(fetch_ahead="4MiB")
    some = recovery.archive(names(24))
    with Watch(lambda: ahead.bytes_in(recovery.directory)) as watch:
        for name in some:
            recovery.fetch(name)
            time.sleep(0.05)
    print(f"{watch.largest / MIB:.2f} MiB at most, of {watch.looks} looks")
    # Beside the segments: the identity and the last line.
    assert 3 * MIB <= watch.largest < 4 * MIB + 4096 and watch.looks > 50
    assert recovery.from_spool >= 16


@pytest.mark.parametrize("size", ["0", "0B"])
def test_none(strict_recovery, strict, size):
    strict_recovery.walship.configure(fetch_ahead=size)
    some = strict_recovery.archive(names(6))
    strict_recovery.fetch(*some)
    assert strict.count("GET") == strict.count() == 6
    assert not strict_recovery.directory.exists() and strict_recovery.from_spool == 0


def test_smaller_than_a_segment(strict_recovery, strict):
    strict_recovery.walship.configure(fetch_ahead="1023KiB")
    some = strict_recovery.archive(names(6))
    with Watch(lambda: len(strict_recovery.workers())) as watch:
        strict_recovery.fetch(*some)
    assert strict.count() == 6 and watch.largest == 0
    assert not strict_recovery.waiting() and strict_recovery.from_spool == 0


def test_out_of_order_starts_nothing(strict_recovery, strict):
    """As pg_rewind asks, backwards; or a person."""
    some = strict_recovery.archive(names(8))
    strict_recovery.fetch(*reversed(some), some[0], some[2], some[0])
    assert strict.count() == 11 and not strict_recovery.workers()


# It ends by itself.

def test_ends_without_a_word(dir_recovery):
    some = going(dir_recovery, 10, fetch_timeout="4s")
    worker, between = dir_recovery.worker(), ahead.parent(dir_recovery.worker())
    for name in some[:3]:
        time.sleep(1)
        dir_recovery.fetch(name)
    assert dir_recovery.worker() == worker
    dir_recovery.wait_for_spool(some[3:])
    start = time.monotonic()
    dir_recovery.wait_for_end(4 + 4)
    assert time.monotonic() - start > 1
    host.wait_for(lambda: not host.exists(between), "the process in between ends", 5)
    assert not [each for each in os.listdir(dir_recovery.directory) if len(each) >= 24]
    dir_recovery.fetch(*some[3:])


def test_ends_with_the_spool(recovery):
    going(recovery, 10)
    between = ahead.parent(recovery.worker())
    ahead.lose(recovery.spool)
    recovery.wait_for_end(5)
    host.wait_for(lambda: not host.exists(between), "the process in between ends", 5)
    assert not recovery.spool.exists()


def test_holds_nothing_of_its_starter(dir_recovery):
    """Neither the data directory nor PostgreSQL's log: a file system could not be unmounted, a log not end."""
    going(dir_recovery, 6)
    worker = dir_recovery.worker()
    for pid in (worker, ahead.parent(worker)):
        process = Path(f"/proc/{pid}")
        assert os.readlink(process / "cwd") == "/"
        files = [os.readlink(fd) for fd in (process / "fd").iterdir()]
        assert not any(file.startswith(str(dir_recovery.data)) for file in files)
        assert {os.readlink(process / f"fd/{fd}") for fd in (0, 1, 2)} == {"/dev/null"}
        assert os.getsid(pid) == ahead.parent(worker)


def test_nothing_is_begun_by_a_fetch_that_fails(strict_recovery, strict):
    """A standby polls the end of the archive, in order: no other process may ask for anything then."""
    some = strict_recovery.archive(names(1))
    strict_recovery.fetch(*some)
    for _ in range(4):
        assert strict_recovery.ask(names(1, first=2)[0]).code == 1
    strict_recovery.wait_for_end(5)
    assert strict.count() == 5


# Where it goes.

def test_dest_on_another_file_system(dir_recovery, small_disk):
    disk = small_disk(4 * 1024)
    assert os.stat(disk.path).st_dev != os.stat(dir_recovery.spool).st_dev
    *some, last = going(dir_recovery, 12)
    for name in some:
        dir_recovery.wait_for_spool([*some[some.index(name):], last])
        done = dir_recovery.walship.run("fetch", name, disk.path / "x", "--system-id", SYSTEM_ID, "-v").expect(0, "prefetched")
        assert (disk.path / "x").read_bytes() == dir_recovery.content[name] and "prefetched and verified" in done.err
        assert stat.S_IMODE((disk.path / "x").stat().st_mode) == 0o600
        assert [each.name for each in disk.path.iterdir()] == ["x"]
    # No room: the words and the code are those of a fetch that no process went ahead of.
    (disk.path / "x").unlink()
    disk.fill(4096)
    dir_recovery.wait_for_spool([last])
    args = ("fetch", last, disk.path / "x", "--system-id", SYSTEM_ID)
    with_spool = dir_recovery.walship.run(*args)
    assert with_spool == dir_recovery.walship.run(*args, "--fetch-ahead", "0") and with_spool.code == 255
    assert [each.name for each in disk.path.iterdir()] == ["ballast"]


@pytest.mark.parametrize("where", ["none/x", "closed/x", "folder", ""])
def test_dest_that_cannot_be(dir_recovery, where, scratch):
    """The words and the code are those of a fetch that no process went ahead of."""
    place = scratch.directory("dest")
    host.USER.mkdir(place / "closed", 0o500)
    host.USER.mkdir(place / "folder")
    some = going(dir_recovery, 8)
    dir_recovery.wait_for_spool(some)
    args = ("fetch", some[0], f"{place}/{where}", "--system-id", SYSTEM_ID)
    with_spool = dir_recovery.walship.run(*args)
    without = dir_recovery.walship.run(*args, "--fetch-ahead", "0")
    assert with_spool == without and without.code == 255
    assert sorted(each.name for each in place.rglob("*")) == ["closed", "folder"]
    dir_recovery.fetch(*some)


# Memory.

def instrumented():
    """Whether a sanitizer's memory would be measured."""
    return any(name in walship.binary().read_bytes() for name in (b"__tsan_init", b"__asan_init"))


def high_water(pid):
    return int(re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.M)[1]) / 1024


def test_memory(recovery):
    """Of the process that fetches ahead, with all of its fetches side by side, and of a call that it serves."""
    size = 16 * MIB
    some = recovery.archive(names(14, size=size), size)
    peak = 0
    recovery.fetch(*some[:3])
    worker = recovery.worker()
    between = ahead.parent(worker)
    for name in some[3:]:
        child = recovery.walship.popen(*recovery.args(name), cwd=recovery.data)
        while child.poll() is None:
            try:
                status = Path(f"/proc/{child.pid}/status").read_text()
            except OSError:
                continue
            if status.startswith("Name:\twalship\n") and (found := re.search(r"^VmHWM:\s+(\d+) kB", status, re.M)):
                peak = max(peak, int(found[1]) / 1024)
        assert child.communicate() and child.returncode == 0
    print(f"peak memory: ahead {high_water(worker):.1f} MiB, in between {high_water(between):.1f} MiB, calls {peak:.1f} MiB")
    if not instrumented():
        assert 0 < peak <= 20 and high_water(worker) <= 20  # each of three fetches holds a frame of 1 MiB
