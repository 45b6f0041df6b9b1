"""walship backup is killed, its store goes away, its disk is full, system calls fail: what is listed stays true."""

import random
import re
import shutil
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import extent, host, inject, strict_s3
from harness.made_backups import Backups, Load, loaded, settled


def unchanged(backups, labels):
    """Every byte of these backups, as the repository has it."""
    return {name: backups.site.store.get(name) for label in labels for name in
            (f"{backups.system_id}/backup/{label}/{part}" for part in backups.objects(label))}


def test_killed(site, seed):
    """SIGKILL at random moments: nothing without a manifest counts, what was there is as it was, and the next backup works."""
    source = random.Random(seed)
    with loaded(site) as primary:
        backups = Backups(site, primary)
        primary.expect("FATAL:  connection to client lost")
        began = time.monotonic()
        full = backups.make()
        longest = dict.fromkeys(("full", "diff", "incr"), 1.1 * (time.monotonic() - began))
        killed = 0
        while killed < extent.rounds(40, 3):
            labels = backups.labels()
            before = unchanged(backups, labels)
            primary.sql("update pgbench_accounts set abalance = abalance + 1 where aid % 500 = 0")
            kind = source.choice(list(longest))
            process = site.walship.popen("backup", kind)
            time.sleep(source.uniform(0, longest[kind]))
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=30)
            if process.returncode == -signal.SIGKILL:
                killed += 1
            else:
                longest[kind] *= 0.6  # it was faster than the first one
            assert len(backups.labels()) <= len(labels) + 1 and set(labels) <= set(backups.labels())
            assert unchanged(backups, labels) == before
            for label in set(backups.labels()) - set(labels):
                backups.read(label).restore(site.directory / "copy")
                shutil.rmtree(site.directory / "copy")
        last = backups.make("incr")
        assert last["parent"] in backups.labels() and full["label"] in backups.labels()
        rows = settled(primary)
        backups.proof(last["label"], rows)
        host.wait_for(lambda: primary.sql("select count(*) from pg_stat_activity where query like '%backup%' and pid <> pg_backend_pid()") == "0",
                      "the server ends the sessions of killed backups")


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_terminated(site, sig):
    """A signal ends it at once; no part of an object is left, and no upload open."""
    with loaded(site) as primary:
        backups = Backups(site, primary)
        site.walship.configure(backup_rate="8MiB")
        process = site.walship.popen("backup")
        host.wait_for(lambda: [name for name in site.store.list() if name.endswith("/begun")], "the backup begins")
        time.sleep(0.5)
        process.send_signal(sig)
        began = time.monotonic()
        process.communicate(timeout=30)
        assert process.returncode == -sig and time.monotonic() - began < 5
        assert backups.labels() == []
        if site.store.kind == "dir":
            assert not [path for path in site.store.path.rglob("*") if path.is_file() and str(path.relative_to(site.store.path)) not in site.store.list()]
        else:
            assert not site.store.client.list_multipart_uploads(Bucket=site.store.server.bucket, Prefix=site.store.prefix).get("Uploads")


def test_full_disk(dir_site, small_disk):
    """The repository's disk is full: exit 3 or 5, nothing is listed, and with room again the next backup works."""
    site = dir_site
    with loaded(site, scale="1") as primary:
        primary.archive_all()
        backups = Backups(site, primary)
        site.walship.configure(backup_timeout="2s", cipher="none", compress="none")
        primary.expect("walship: ", "archive command failed")
        disk = small_disk(8 << 10)
        site.walship.configure(repo=f"file://{host.USER.mkdir(disk.path / 'repo')}")
        site.store.path = disk.path / "repo"
        done = backups.run(timeout=120)
        assert done.code in (3, 5) and "No space left on device" in done.err, (done.code, done.err)
        assert "hint" in done.err
        assert backups.labels() == []
        shutil.rmtree(disk.path / "repo" / str(backups.system_id))


def wait_data(site):
    host.wait_for(lambda: [name for name in site.store.list() if "/data/" in name], "the first pack is there")


def test_store_away_for_a_while(s3_site):
    """The store goes away in the middle and comes back within backup-timeout: the backup goes on from where it was."""
    site = s3_site
    with loaded(site, scale="2") as primary:
        backups = Backups(site, primary)
        site.walship.configure(backup_rate="20MiB", backup_pack_size="1MiB", backup_timeout="60s")
        primary.expect("walship: ", "archive command failed")
        process = site.walship.popen("backup", "--json")
        wait_data(site)
        site.store.go_away()
        time.sleep(4)
        assert process.poll() is None
        site.store.come_back()
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        site.walship.configure(backup_rate=None)
        rows = settled(primary)
        backups.proof(backups.labels()[0], rows)


def test_store_away_for_good(site):
    """After backup-timeout (a directory: at once) there is no backup; the exit code says that the store is the cause."""
    with loaded(site, scale="2") as primary:
        backups = Backups(site, primary)
        site.walship.configure(backup_rate="20MiB", backup_pack_size="1MiB", backup_timeout="3s")
        primary.expect("walship: ", "archive command failed")
        process = site.walship.popen("backup")
        wait_data(site)
        site.store.go_away()
        began = time.monotonic()
        out, err = process.communicate(timeout=60)
        site.store.come_back()
        assert process.returncode == 3, (process.returncode, err)
        assert time.monotonic() - began < 20
        assert out == b"" and err.startswith(b"walship: backup: ")
        assert backups.labels() == []
        site.walship.configure(backup_rate=None, backup_timeout="20s")
        backups.make()


def test_answers_are_lost(dir_site):
    """The answer to the first put of each object is lost, and the second one finds the name taken: by the backup's own object."""
    site, lost = dir_site, set()

    def lose(request):
        target = request.target.split("?")[0]
        if request.method != "PUT" or "/backup/" not in target or target in lost:
            return None
        lost.add(target)
        return "answer lost"
    with loaded(site, scale="1") as primary:
        backups = Backups(site, primary)
        primary.expect("walship: ", "archive command failed")
        (site.directory / "strict").mkdir()
        with strict_s3.StrictS3(site.directory / "strict") as server:
            site.walship.configure(**{name.replace("-", "_"): value for name, value in server.options(site.directory, host.USER).items()})
            server.faults = lose
            label = backups.make()["label"]
            keys = [key for key in server.bucket.keys() if f"/{label}/" in key]
            assert {key.split("/")[-1] for key in keys} >= {"begun", "manifest"} and len(lost) == len(keys) >= 5
            primary.archive_all()
            site.run("restore", "--pg-data", site.directory / "copy").expect(0)


def test_reading_may_take_longer_than_the_timeout(site):
    """backup-timeout is for what does not answer: a pack that is filled slowly, for longer than that, is none."""
    with loaded(site, scale="1") as primary:
        backups = Backups(site, primary)
        site.walship.configure(backup_rate="4MiB", backup_timeout="2s")
        began = time.monotonic()
        made = backups.make()
        assert time.monotonic() - began > 6
        backups.proof(made["label"], settled(primary))


def test_two_at_once(site):
    """Two backups of one server at the same time, also two that begin in one second: both are right."""
    with loaded(site) as primary:
        backups = Backups(site, primary)
        site.walship.configure(backup_rate="40MiB")
        with Load(primary):
            with ThreadPoolExecutor(4) as pool:
                made = [each.result() for each in [pool.submit(backups.make, "full") for _ in range(2)]]
            with ThreadPoolExecutor(4) as pool:
                made += [each.result() for each in [pool.submit(backups.make, kind) for kind in ("diff", "incr", "full")]]
        labels = [each["label"] for each in made]
        assert len(set(labels)) == 5 and backups.labels() == sorted(labels)
        rows = settled(primary)
        for label in labels if site.store.kind == "dir" else labels[-3:]:
            backups.proof(label, rows)


CALLS = extent.rounds(400, 16)  # SYSCALLS=all takes each


def test_system_calls_fail(dir_site, seed):
    """Each system call fails once: either there is no backup and the exit code and a message say so, or it is right."""
    site, source = dir_site, random.Random(seed)
    with dir_site.primary("primary", "--wal-segsize=1") as primary:
        primary.start()
        primary.expect("FATAL:  connection to client lost")
        primary.sql("create table t as select g, md5(g::text) from generate_series(1, 2000) g")
        backups = Backups(site, primary)
        full = backups.make()
        argv, log = site.walship.argv("backup", "incr", "--json"), site.directory / "strace"
        site.walship.configure(backup_timeout="3s", backup_wal_timeout="20s", backup_threads="1")
        as_user = ["setpriv", *host.USER.setpriv_args()] if host.USER.switch else []
        host.USER.write(log, "")
        done, found = inject.points([*as_user, *argv], log)
        assert done.returncode == 0, done.stderr
        codes = set()
        for call, error, number in inject.of_each_kind(found, source, CALLS):
            labels = backups.labels()
            done, failed = inject.fail_call([*as_user, *argv], log, call, error, number)
            text = done.stderr.decode(errors="replace")
            shown = f"{call} {error} {number}: exit {done.returncode}, {text!r}"
            codes.add(done.returncode)
            assert done.returncode in (0, 2, 3, 4, 5, 6), shown
            assert done.returncode == 0 or call == "write" or re.search("^walship: ", text, re.M), f"no message: {shown}"
            added = set(backups.labels()) - set(labels)
            # What cannot be made durable or printed, once the manifest has its name, is a failure, although the backup is there.
            is_late = call == "write" or re.search(rf"^walship: backup: (fsync|open|look at|write) (?:file://)?{re.escape(str(site.store.path))}", text, re.M)
            assert len(added) == 1 if done.returncode == 0 else not added or is_late, f"{added}: {shown}"
            for label in added:
                assert label.endswith("-incr") or "warning: no backup can refer to" in text, f"{added}: {shown}"
                copy = backups.read(label).restore(site.directory / "copy")
                assert (copy / "PG_VERSION").read_text() == f"{host.PG_MAJOR}\n", shown
                shutil.rmtree(copy)
        assert 0 in codes and len(codes) > 1
        last = backups.make("incr")
        assert last["parent"] in backups.labels() and full["label"] in backups.labels()
        backups.proof(last["label"], settled(primary))


def test_the_parent_is_removed_meanwhile(dir_site):
    """A backup whose parent goes before its end is none: the error names the parent."""
    site = dir_site
    with loaded(site) as primary:
        backups = Backups(site, primary)
        full = backups.make()
        site.walship.configure(backup_rate="10MiB")
        remover = threading.Timer(1.5, lambda: (site.store.path / f"{backups.system_id}/backup/{full['label']}/manifest").unlink())
        remover.start()
        try:
            done = backups.run("diff", "--read-all")
        finally:
            remover.join()
        done.expect(4, f"backup {full['label']}, which this one refers to, was removed meanwhile", "run walship backup again")
        assert backups.labels() == []
