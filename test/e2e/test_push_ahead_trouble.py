"""push-ahead while calls are killed and ended, and the store goes away: what is acknowledged is there, and nothing stays."""

import random
import signal
import time

import pytest

from harness import extent, strict_s3, wal
from harness.backlog import Backlog, on_strict

SYSTEM_ID = 7601921254259666965
MIB = wal.MIB
KILLS = {"dir": extent.rounds(80, 12), "s3": extent.rounds(50, 8)}
ENDS = extent.rounds(30, 6)
AT_ONCE_S = 8  # one abort of an upload has 3 s; the machine may be busy


@pytest.fixture
def server():
    with strict_s3.StrictS3() as running:
        yield running


@pytest.fixture
def strict(scratch, program, server):
    return lambda **options: on_strict(scratch, program, server, **options)


def signalled(backlog, name, signal_number, after):
    """One call that gets a signal some time on, unless it has ended by then; how long the end took."""
    process = backlog.popen(name)
    time.sleep(after)
    start = time.monotonic()
    process.send_signal(signal_number)
    _, err = process.communicate(timeout=30)
    if process.returncode != -signal_number:
        backlog.ended(name, process.returncode, err.decode())
    return process.returncode, time.monotonic() - start


def next_batch(backlog, source, **segments):
    """The calls that notes answer, until the next one has a batch to push; and files enough for one."""
    while backlog.waiting() and backlog.waiting()[0] in backlog.noted():
        assert backlog.call().code == 0
    if len(backlog.waiting()) < 6:
        backlog.add_segments(6, 100 + len(backlog.content), **segments)
    if source.random() < 0.1:
        backlog.lose_spool()
    return backlog.waiting()[0]


def time_of_a_batch(backlog, source, **segments):
    name = next_batch(backlog, source, **segments)
    start = time.monotonic()
    assert backlog.call(name).code == 0
    return time.monotonic() - start


def test_killed_batches(site, seed):
    """kill -9 at any moment. ended and drain look at each object that is acknowledged, at once."""
    source = random.Random(seed)
    backlog = Backlog(site.scratch.directory("data"), site.walship, site.store, SYSTEM_ID)
    site.walship.configure(push_ahead=5)
    duration = time_of_a_batch(backlog, source)
    killed = 0
    for _ in range(KILLS[site.store.kind]):
        code, _ = signalled(backlog, next_batch(backlog, source), signal.SIGKILL, source.uniform(0, 1.1 * duration))
        assert code in (0, -signal.SIGKILL)
        killed += code != 0
    assert killed > 0, "every call ended before it was killed"
    # What a note would answer for is there too, before its call.
    for name in backlog.noted():
        backlog.check(name)
    backlog.drain()
    for name in backlog.content:
        backlog.check(name)
    assert len(site.store.list()) == len(backlog.content) and not backlog.left()
    print(f"{site.store.kind}: {killed} calls killed, {len(backlog.calls)} went on to their end")


def test_the_store_goes_away(strict, server, seed):
    """In the middle of a batch: an own failure is 3, and nothing is noted that is not there."""
    source = random.Random(seed)
    outcomes = set()
    for requests in source.sample(range(12), 12):  # none is too few for the first segment, eleven are enough
        backlog = strict(push_timeout="2s", repo=f"s3://strict/pre/{source.random()}")
        backlog.object = lambda name, prefix=backlog.walship.options["repo"].removeprefix("s3://strict/pre/"): \
            f"{prefix}/{wal.object_name(SYSTEM_ID, name)}"
        names = backlog.add_segments(20)
        last = server.count() + requests
        fault = source.choice(["503", "reset", "no answer", "answer lost"])
        server.faults = lambda _request, last=last, fault=fault: fault if server.count() > last else None
        done = backlog.walship.run(*backlog.argv(names[0]), cwd=backlog.data)
        server.faults = []
        outcomes.add(done.code)
        assert done.code in (0, 3), done.err
        there = backlog.store.list()
        assert done.code != 0 or backlog.object(names[0]) in there
        for name in backlog.noted():
            assert backlog.object(name) in there, f"{name} is noted and is not there"
        assert len(backlog.noted()) < 19
    assert outcomes == {0, 3}


def test_an_outage_then_a_drain(site):
    backlog = Backlog(site.scratch.directory("data"), site.walship, site.store, SYSTEM_ID)
    names = backlog.add_segments(40)
    site.walship.configure(push_timeout="3s")
    site.store.go_away()
    call = backlog.call()
    assert call.code == 3 and f"walship: push {names[0]}: " in call.err
    assert not backlog.noted()
    site.store.come_back()
    site.walship.configure(push_timeout="20s")
    assert sum(not call.answered for call in backlog.drain()) == 2


def test_an_own_failure_is_not_the_others(strict, server):
    """The store refuses the one that was asked for, and that alone: its call fails, the others are noted."""
    backlog = strict(push_timeout="2s")
    names = backlog.add_segments(6)
    server.faults = lambda request: "403 no permission" if request.key.endswith(names[0]) else None
    call = backlog.call()
    assert call.code == 3 and "AccessDenied" in call.err
    for name in backlog.noted():
        backlog.check(name)
    server.faults = []
    backlog.drain()


def test_another_failure_is_not_ones_own(strict, server):
    backlog = strict(push_timeout="4s")
    names = backlog.add_segments(6)
    server.faults = lambda request: None if request.key.endswith(names[0]) else "no answer"
    start = time.monotonic()
    assert backlog.call().code == 0
    # The others have half of the time.
    assert time.monotonic() - start < 4
    assert not backlog.noted()
    server.faults = []
    backlog.drain()


def test_it_waits_for_no_other(strict, server):
    """The first of the others takes the room there is, and hangs: the one that was asked for goes past it, each time."""
    backlog = strict(compress="none", s3_part_size="64MiB", push_timeout="5s")
    for name in backlog.add_segments(5, size=32 * MIB)[:4]:
        server.faults = lambda request, name=name: None if request.key.endswith(name) else "no answer"
        assert backlog.call().code == 0
        assert not backlog.noted()


@pytest.mark.parametrize("hangs", [1, 3, 8, 12, 17, None])
def test_an_ended_batch_leaves_no_upload(strict, server, hangs):
    """SIGTERM while uploads in parts are under way, each of them in another place; hangs: so many requests on."""
    backlog = strict(compress="none", s3_part_size="5MiB")
    backlog.add_segments(8, size=8 * MIB)
    if hangs:
        server.faults = lambda request: "no answer" if server.count() >= hangs and request.method != "DELETE" else None
    process = backlog.popen(backlog.waiting()[0])
    deadline = time.monotonic() + 20
    while server.count() < (hangs or 10) + 2 and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.005)
    start = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    took = time.monotonic() - start
    print(f"the end took {took:.2f} s")
    assert process.returncode == -signal.SIGTERM and took < AT_ONCE_S
    assert server.open_uploads == 0
    server.faults = []
    for call in backlog.drain():
        assert call.code == 0


def test_ended_at_random_moments(strict, server, seed):
    """SIGTERM, as the postmaster sends it: always the death by it, or the success of before."""
    source = random.Random(seed)
    backlog = strict(compress="none", s3_part_size="5MiB")
    duration = time_of_a_batch(backlog, source, size=8 * MIB)
    ended, longest = 0, 0
    for _ in range(ENDS):
        name = next_batch(backlog, source, size=8 * MIB)
        code, took = signalled(backlog, name, signal.SIGTERM, source.uniform(0, 1.1 * duration))
        assert code in (0, -signal.SIGTERM) and took < AT_ONCE_S
        ended, longest = ended + (code != 0), max(longest, took)
        assert server.open_uploads == 0, "an upload was left open"
        for name in backlog.noted():
            backlog.check(name)
    assert ended > 0, "every call ended before it was told to"
    backlog.drain()
    assert max(server.bucket.versions.values()) == 1
    print(f"{ended} of {ENDS} ended by SIGTERM, in {longest:.2f} s at most")
