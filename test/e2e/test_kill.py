"""walship is killed at random moments: never a part of a file, neither in the repository nor at DEST."""

import random
import signal
import time
from pathlib import Path

import pytest

from harness import extent, host, objects, wal

KILLS = {"dir": extent.rounds(200, 20), "s3": extent.rounds(100, 12)}


def test_killed_push(site, seed):
    """What is visible is whole, and the next push of the same file succeeds."""
    source = random.Random(seed)
    duration = measure(lambda: run_push(site, wal.segment_name(1, 999, wal.MIB)))
    killed = 0
    for n in range(KILLS[site.store.kind]):
        name = wal.segment_name(1, n, wal.MIB)
        content = wal.segment(site.system_id, name, wal.MIB, n)
        object_name = wal.object_name(site.system_id, name)
        path = site.file(name, content)
        killed += kill(site.walship.popen("push", path), source.uniform(0, 1.1 * duration))
        there = object_name in site.store.list()
        if there:
            assert objects.open_object(site.store.get(object_name), object_name, site.walship.key) == content
        site.run("push", path).expect(0)
        assert objects.open_object(site.store.get(object_name), object_name, site.walship.key) == content
        site.store.delete(object_name)
        path.unlink()
    assert killed > KILLS[site.store.kind] / 10, "most calls ended before they were killed"
    assert [n for n in site.store.list() if "999" not in n and not n.endswith(wal.segment_name(1, 999, wal.MIB))] == []


def test_killed_fetch(site, seed):
    source = random.Random(seed)
    name, content, _ = site.kind("segment")
    site.run("push", site.file(name, content)).expect(0)
    dest = site.scratch.directory("dest") / "RECOVERYXLOG"
    fetch = ("fetch", name, dest, "--system-id", site.system_id)
    duration = measure(lambda: site.run(*fetch).expect(0))
    dest.unlink()
    killed = 0
    for _ in range(KILLS[site.store.kind]):
        killed += kill(site.walship.popen(*fetch), source.uniform(0, 1.1 * duration))
        if dest.exists():
            assert dest.read_bytes() == content
            dest.unlink()
        left = list(dest.parent.iterdir())
        assert left == [], "a killed fetch left something"
    assert killed > KILLS[site.store.kind] / 10, "most calls ended before they were killed"
    site.run(*fetch).expect(0)
    assert dest.read_bytes() == content


def run_push(site, name):
    site.run("push", site.file(name, wal.segment(site.system_id, name, wal.MIB))).expect(0)


def measure(call):
    start = time.monotonic()
    call()
    return time.monotonic() - start


def kill(process, after):
    """SIGKILL after that many seconds; whether it was still running."""
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    return process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("command", ["push", "fetch"])
def test_terminated_while_waiting(s3_site, command):
    """PostgreSQL ends with its children: walship goes at once, however long the store keeps it waiting.

    A waiting process shows no secret either: not in its arguments, not in a core.
    """
    site = s3_site
    name, content, _ = site.kind("segment")
    site.run("push", site.file(name, content)).expect(0)
    dest = site.scratch.directory("dest") / "RECOVERYXLOG"
    args = ("push", site.file(name, content)) if command == "push" else ("fetch", name, dest, "--system-id", site.system_id)
    site.store.proxy.stall()
    for sig in (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT):
        before = site.store.proxy.accepted
        process = site.walship.popen(*args)
        try:
            host.wait_for(lambda: site.store.proxy.accepted > before, "walship connects")
            site.walship.check_secrets(Path(f"/proc/{process.pid}/cmdline").read_bytes())
            # The kernel gives the files of a process that dumps no core to root.
            assert Path(f"/proc/{process.pid}/environ").stat().st_uid == 0
            process.send_signal(sig)
            start = time.monotonic()
            out, err = process.communicate(timeout=30)
            assert time.monotonic() - start < 1
        finally:
            process.kill()
        site.walship.check_secrets(out, err)
        # PostgreSQL tells a shutdown from a failure by the signal that restore_command died of.
        assert process.returncode == -sig, err
        assert not list(dest.parent.iterdir())
