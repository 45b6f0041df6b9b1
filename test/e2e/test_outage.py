"""The store goes away in the middle of work. Recovery must never end early, archiving must lose nothing."""

import time

import pytest

from conftest import Site
from harness import host, strict_s3, walship
from harness.gate import Gate

# How the store goes away.
OUTAGES = ["dir-moved", "dir-unmounted", "dir-linked", "s3-refused", "s3-stalled", "s3-cut"]


class Outage:
    """One way for a store to be gone."""

    def __init__(self, name, store):
        self.name, self.store = name, store

    def begin(self):
        if self.name == "dir-moved":
            self.store.go_away()
        elif self.name == "dir-unmounted":
            # What is left when a disk is not mounted: an empty directory.
            self.store.go_away()
            host.USER.mkdir(self.store.path)
        elif self.name == "dir-linked":
            # The segments were moved to another disk and linked; that disk is not mounted.
            [self.segments] = self.store.path.glob("*/wal/????????????????")
            self.disk = self.store.path.parent / "not-mounted"
            self.segments.rename(self.disk)
            self.segments.symlink_to(self.store.path.parent / "disk")
        elif self.name == "s3-refused":
            self.store.go_away()
        elif self.name == "s3-stalled":
            self.store.proxy.stall()
        elif self.name == "s3-cut":
            self.store.proxy.cut(6000)

    def end(self):
        if self.name == "dir-moved":
            self.store.come_back()
        elif self.name == "dir-unmounted":
            self.store.path.rmdir()
            self.store.come_back()
        elif self.name == "dir-linked":
            self.disk.rename(self.store.path.parent / "disk")
        elif self.name == "s3-refused":
            self.store.come_back()
        else:
            self.store.proxy.forward()


@pytest.fixture(params=OUTAGES)
def case(request):
    """(site, outage)"""
    site = request.getfixturevalue(f"{request.param.split('-')[0]}_site")
    site.walship.configure(push_timeout="2s", fetch_timeout="2s", fetch_ahead="0B")  # else what comes next is here already
    outage = Outage(request.param, site.store)
    outage.begun = False
    yield site, outage
    if outage.begun:
        outage.end()


def archive_batches(site):
    """A backup, then five segments of rows; returns backup, rows, the segments' names."""
    with site.primary() as primary:
        primary.start()
        primary.sql("create table t (batch int, n int, v text)")
        backup = primary.basebackup(site.cluster("backup"))
        segments = []
        for batch in range(1, 6):
            primary.sql(f"insert into t select {batch}, g, md5(g::text) from generate_series(1, 5000) g")
            segments.append(primary.archive_all())
        return backup, primary.rows(), segments


@pytest.mark.heart
def test_recovery_never_ends_early(case):
    """With recovery.signal PostgreSQL stops, as often as it is tried; when the store is back it gets to the end."""
    site, outage = case
    backup, rows, segments = archive_batches(site)
    gate = Gate(site, segments[2])
    with site.restored(backup) as restored:
        restored.configure(restore_command=gate.command)
        restored.expect(r"walship: (hint: |fetch )", r"FATAL:  could not restore file", r"startup process .* exited with exit code 1")
        restored.start(wait=False)
        gate.wait_reached()
        outage.begun = True
        outage.begin()
        gate.open()
        for attempt in range(2):
            if attempt:
                restored.start(wait=False)
            assert restored.wait_end() != 0
            text = restored.log_text()
            assert "archive recovery complete" not in text and "ready to accept connections" not in text
            assert restored.control("Database cluster state") in ("in archive recovery", "shut down in recovery")
            assert text.count("from archive: child process exited with exit code 255") == attempt + 1
            assert f"could not restore file \"{segments[2]}\" from archive: child process exited with exit code 255" in text
        assert "walship: fetch " in text
        outage.begun = False
        outage.end()
        site.walship.configure(fetch_timeout="10s")  # what was short for the outage's sake
        restored.start(wait=False)
        restored.wait_promoted()
        assert restored.rows() == rows


def test_standby_keeps_asking(case):
    """With standby.signal PostgreSQL stays up, asks again, and goes on when the store is back."""
    site, outage = case
    backup, rows, segments = archive_batches(site)
    gate = Gate(site, segments[2])
    with site.restored(backup, "standby", "standby.signal") as standby:
        standby.configure(restore_command=gate.command)
        standby.expect(r"walship: (hint: |fetch )")
        standby.start(wait=False)
        gate.wait_reached()
        outage.begun = True
        outage.begin()
        gate.open()
        host.wait_for(lambda: standby.log_text().count("walship: fetch ") >= 3, "the standby asks again", timeout=60)
        assert standby.server.alive and standby.in_recovery()
        assert standby.sql("select max(batch) from t") in ("1", "2")
        outage.begun = False
        outage.end()
        host.wait_for(lambda: standby.sql("select max(batch) from t") == "5", "the standby gets to the end")
        assert standby.rows() == rows
        standby.promote()
        assert standby.rows() == rows


@pytest.mark.heart
@pytest.mark.parametrize("case", ["dir-moved", "s3-refused", "s3-stalled"], indirect=True)
def test_archiver_retries(case):
    """The archiver fails and tries again, the server works on, and nothing is lost."""
    site, outage = case
    with site.primary() as primary:
        primary.expect(r"walship: (hint: |push )", r"archive command failed with exit code 3")
        primary.start()
        primary.sql("create table t (n int, v text)")
        backup = primary.basebackup(site.cluster("backup"))
        primary.wait_archived()
        outage.begun = True
        outage.begin()
        names = []
        for _ in range(4):
            primary.sql("insert into t select g, md5(g::text) from generate_series(1, 5000) g")
            names.append(primary.switch())
        host.wait_for(lambda: primary.archiver()[1] >= 2, lambda: "two failures\n" + primary.log_text()[-2000:])
        assert primary.server.alive and primary.waiting() == names
        primary.sql("insert into t values (0, 'still at work')")
        rows = primary.rows()
        outage.begun = False
        outage.end()
        # After three failures the archiver pauses for a minute, unless there is something new.
        end = time.monotonic() + 60
        while primary.waiting() and time.monotonic() < end:
            primary.sql("select pg_switch_wal()")
            time.sleep(0.2)
        primary.wait_archived()
        stored = {n.rsplit("/", 1)[1] for n in site.store.list()}
        assert set(names) <= stored
    with site.restored(backup) as restored:
        restored.start(wait=False)
        restored.wait_promoted()
        assert restored.rows() == rows


def test_recovery_goes_on_after_a_code_of_a_cdn(scratch, program):
    """One 520 and one 507 in the middle of the WAL, which no proxy or store means for good."""
    with strict_s3.StrictS3() as server:
        directory = scratch.directory()
        options = {**server.options(directory, host.USER), "push-timeout": "10s", "fetch-timeout": "10s", "fetch-ahead": "0B"}
        site = Site(directory, None, walship.Walship(program, directory, options, secrets=[server.secret_key.encode()]), scratch=scratch)
        with site.primary("primary", "--wal-segsize=1", min_wal_size="2MB", max_wal_size="16MB") as primary:
            primary.start()
            primary.sql("create table t (n int primary key, v text)")
            backup = primary.basebackup(site.cluster("backup"))
            for number in range(5):
                primary.sql(f"insert into t values ({number}, 'x')")
                last = primary.archive_all()
            rows = primary.rows()
        faults = {3: "520 of a CDN", 5: "507 of a store"}  # by the number of the segment that is read
        read = []

        def choose(request):
            if request.method != "GET" or not request.key.endswith(tuple("0123456789ABCDEF")):
                return None
            read.append(request.key)
            return faults.pop(len(read), None)
        server.faults = choose
        with site.restored(backup) as restored:
            restored.start(wait=False)
            restored.wait_promoted()
            assert restored.rows() == rows
        assert not faults and server.injected == {"520 of a CDN": 1, "507 of a store": 1}
        assert read[2] == read[3] and any(key.endswith(last) for key in read)
