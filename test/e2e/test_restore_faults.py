"""walship restore is killed, its store goes away, system calls fail: no server starts from a part, and --delta completes it."""

import contextlib
import random
import re
import shutil
import signal
import threading
import time

import pytest

from harness import extent, host, inject, terminal
from harness.made_backups import Backups, loaded

CALLS = extent.rounds(400, 12)  # SYSCALLS=all takes each
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
    for _ in range(extent.rounds(60, 4)):
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


@contextlib.contextmanager
def stopped_in_the_middle(site, argv, into):
    """A restore that has written some files and not all; it goes on behind the block."""
    process = site.walship.popen(*argv, "--restore-threads", "1", "--restore-memory", "32MiB")
    files = []
    while process.poll() is None and len(files) < 5:
        files = [path for path in into.rglob("*") if path.is_file()] if into.exists() else []
    process.send_signal(signal.SIGSTOP)
    try:
        assert process.poll() is None and not (into / "global/pg_control").exists(), "the restore was too fast"
        yield process
    finally:
        process.send_signal(signal.SIGCONT)


def test_store_goes_away_in_the_middle(backed_up):
    """A bucket that comes back within restore-timeout: the restore goes on. One that does not: exit 3, and --delta completes it."""
    site, argv, into, wanted = backed_up
    if site.store.kind == "s3":
        site.walship.configure(restore_timeout="30s")
        with stopped_in_the_middle(site, argv, into) as process:
            site.store.go_away()
        time.sleep(2)
        assert process.poll() is None
        site.store.come_back()
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0 and content(into) == wanted, err
        shutil.rmtree(into)
    site.walship.configure(restore_timeout="3s")
    with stopped_in_the_middle(site, argv, into) as process:
        site.store.go_away()
    began = time.monotonic()
    _, err = process.communicate(timeout=60)
    site.store.come_back()
    assert process.returncode == 3 and err.startswith(b"walship: restore: "), err
    assert time.monotonic() - began < 20 * host.SLOWNESS
    assert not (into / "global/pg_control").exists()
    completed(site, argv, into, wanted)


def test_the_disk_fills_in_the_middle(dir_site, small_disk):
    """Room enough at first, and none later: exit 5 with the cause, no server starts from it, and with room again --delta completes it."""
    site = dir_site
    with loaded(site, scale="2") as primary:
        Backups(site, primary).make()
        primary.archive_all()
    site.run("restore", "--pg-data", site.directory / "whole").expect(0)
    wanted = content(site.directory / "whole")
    disk = small_disk(160 << 10)
    into = disk.path / "data"
    argv = ["restore", "--pg-data", str(into)]
    with stopped_in_the_middle(site, argv, into) as process:
        ballast = disk.fill()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 5 and b"No space left on device" in err and b"hint: " in err, (process.returncode, err)
    assert err.startswith(b"walship: restore: ") and not (into / "global/pg_control").exists()
    # Still no room: the plan says so before anything is touched.
    site.run(*argv, "--delta").expect(5, r"data needs .*, and its file system has .* left", "make room")
    ballast.unlink()
    completed(site, argv, into, wanted)


def test_progress_on_a_terminal(dir_site):
    """Backup and restore show percent, bytes, rate and time left; the line is gone at the end, and nothing of it comes without a terminal."""
    site = dir_site
    with loaded(site, scale="2") as primary:
        Backups(site, primary)
        site.walship.configure(backup_rate="40MiB")
        bar = r"(?:backup: )? ?(\d+) %, [\d.]+ \w+ of [\d.]+ \w+, [\d.]+ \w+/s, [\w. ]+ left"
        # Each file takes 2 ms: else the restore could end before the bar is due.
        slow_files = inject.strace(host.USER.write(site.directory / "strace", ""), "inject=openat2:delay_exit=2000")
        for command, args in (("backup", ()), ("restore", ("--pg-data", site.directory / "copy", "--restore-threads", "1"))):
            code, shown = terminal.run([*slow_files, *site.walship.argv(command, *args)])
            assert code == 0, shown
            steps = [int(percent) for percent in re.findall(bar, shown)]
            assert steps and steps == sorted(steps) and steps[-1] <= 100, shown
            assert command == "restore" or len(steps) >= 3, shown
            primary.archive_all()
            assert shown.rstrip().splitlines()[-1].count(" %") == 0, shown
        assert b"%" not in site.run("backup", "incr").err.encode()


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
    for call, error, number in inject.of_each_kind(found, source, CALLS):
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
