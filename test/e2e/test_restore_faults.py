"""walship restore is killed, its store goes away, system calls fail: no server starts from a part, and --delta completes it."""

import random
import re
import shutil
import signal
import threading
import time

import pytest

from harness import extent, host, inject
from harness.made_backups import Backups, loaded

CALLS = extent.rounds(400, 12)
# What restore calls beside the calls of the other commands.
ERRORS = {**inject.ERRORS, "openat2": ("EIO", "EMFILE", "ENOSPC"), "pwrite64": ("EIO", "ENOSPC", "EINTR"), "syncfs": ("EIO", "ENOSPC"),
          "fchmod": ("EIO",), "getdents64": ("EIO",), "symlinkat": ("EIO", "ENOSPC"), "fallocate": ("EIO",)}


def content(directory):
    """Every file, without what each restore writes anew."""
    return {str(path.relative_to(directory)): path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()}


@pytest.fixture
def backed_up(site):
    """(site, argv of a restore, its directory, what a restore without faults writes)"""
    with loaded(site, scale="2") as primary:
        Backups(site, primary).make()
        primary.archive_all()
    into = site.directory / "restored"
    argv = ["restore", "--pg-data", str(into)]
    site.run(*argv).expect(0)
    wanted = content(into)
    shutil.rmtree(into)
    return site, argv, into, wanted


def completed(site, argv, into, wanted):
    """By --delta; then nothing of it is there, for the next one."""
    site.run(*argv, "--delta").expect(0)
    assert content(into) == wanted
    shutil.rmtree(into)


def is_whole_or_unusable(into, wanted):
    """A directory with pg_control is complete but for what follows it; without pg_control no server starts."""
    if (into / "global/pg_control").exists():
        assert content(into) == wanted
        return True
    return False


def test_killed(backed_up, seed):
    """SIGKILL at random moments: there is no pg_control, or all is there."""
    site, argv, into, wanted = backed_up
    source, killed = random.Random(seed), 0
    began = time.monotonic()
    site.run(*argv).expect(0)
    duration = time.monotonic() - began
    shutil.rmtree(into)
    for _ in range(extent.rounds(60, 6)):
        process = site.walship.popen(*argv)
        time.sleep(source.uniform(0, duration / 2))  # the first one was slower: its files were not in memory
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
        killed += process.returncode == -signal.SIGKILL
        if into.exists() and not is_whole_or_unusable(into, wanted) and source.random() < 0.5:
            process = site.walship.popen(*argv, "--delta")  # also killed
            time.sleep(source.uniform(0, duration))
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=30)
            is_whole_or_unusable(into, wanted)
        completed(site, argv, into, wanted)
    assert killed > 0


def test_store_away(backed_up):
    """For good: exit 3 after restore-timeout, and nothing that starts. For a moment: a bucket's restore goes on."""
    site, argv, into, wanted = backed_up
    site.walship.configure(restore_timeout="4s")
    site.store.go_away()
    began = time.monotonic()
    site.run(*argv).expect(3, "restore: ", ".")
    assert time.monotonic() - began < 20 * host.SLOWNESS and not into.exists()
    site.store.come_back()
    if site.store.kind == "s3":
        site.walship.configure(restore_timeout="30s")
        site.store.go_away()
        back = threading.Timer(2, site.store.come_back)
        back.start()
        try:
            site.run(*argv).expect(0)
        finally:
            back.join()
        assert content(into) == wanted


def of_each_kind(found, source):
    """Some points of all: the calls that write a file are so many that the others would hardly be among them."""
    kinds = {}
    for point in source.sample(found, len(found)):
        kinds.setdefault(point[:2], []).append(point)
    taken = [points.pop() for _ in range(CALLS) for points in kinds.values() if points]
    return source.sample(taken[:max(len(kinds), CALLS)], min(CALLS, len(taken)))


def test_system_calls_fail(dir_site, seed):
    """Each system call fails once: the directory is right, or no server starts from it and the exit code and a message say so."""
    site, source = dir_site, random.Random(seed)
    with site.primary("primary", "--wal-segsize=1") as primary:
        primary.start()
        primary.sql("create table t as select g, md5(g::text) from generate_series(1, 2000) g")
        Backups(site, primary).make()
        primary.archive_all()
    into, log = site.directory / "restored", host.USER.write(site.directory / "strace", "")
    site.walship.configure(fetch_timeout="3s")
    as_user = ["setpriv", *host.USER.setpriv_args()] if host.USER.switch else []
    argv = [*as_user, *site.walship.argv("restore", "--pg-data", into, "--restore-threads", "1")]
    done, found = inject.points(argv, log, errors=ERRORS)
    assert done.returncode == 0, done.stderr
    wanted, codes = content(into), set()
    shutil.rmtree(into)
    for call, error, number in of_each_kind(found, source):
        done, _ = inject.fail_call(argv, log, call, error, number)
        text = done.stderr.decode(errors="replace")
        shown = f"{call} {error} {number}: exit {done.returncode}, {text!r}"
        codes.add(done.returncode)
        assert done.returncode == 0 or call == "write" or re.search("^walship: ", text, re.M), f"no message: {shown}"
        if done.returncode == 0:
            assert content(into) == wanted, shown
        if into.exists():
            is_whole_or_unusable(into, wanted)
            completed(site, ["restore", "--pg-data", str(into), "--restore-threads", "1"], into, wanted)
    assert 5 in codes and codes <= {0, 2, 3, 5}  # 2: walship.conf could not be read
