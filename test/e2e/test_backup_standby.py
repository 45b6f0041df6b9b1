"""Backups of a standby, whose primary archives; and of a server that is promoted meanwhile."""

import threading
import time

import pytest

from harness import host
from harness.made_backups import Backups, Load, loaded, settled


class Switching(threading.Thread):
    """Finishes segments again and again, as archive_timeout does: a standby's backup waits for its last segment."""

    def __init__(self, primary):
        super().__init__()
        self.primary, self.stop = primary, threading.Event()

    def run(self):
        while not self.stop.wait(0.5):
            self.primary.sql("create table if not exists beat (t timestamptz); insert into beat values (now()); select pg_switch_wal()")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.join(60)


def standby_of(site, primary, **settings):
    """Follows the archive; archives nothing itself."""
    copy = primary.basebackup(site.cluster("copy"))
    standby = site.restored(copy, "standby", "standby.signal", **settings)
    copy.remove()
    standby.start()
    return standby


def test_of_a_standby(site):
    """Full and incremental, under load on the primary; both recover to every row of the primary."""
    with loaded(site, "--data-checksums") as primary:
        with standby_of(site, primary) as standby:
            backups = Backups(site, standby)
            assert backups.system_id == primary.system_id()
            with Load(primary), Switching(primary):
                full = backups.make()
                incr = backups.make("incr")
            manifest = backups.read(full["label"]).manifest
            assert manifest["from_standby"] is True and "BACKUP FROM: standby" in manifest["backup_label"]
            assert incr["parent"] == full["label"] and full["wrong_pages"] == incr["wrong_pages"] == 0
        rows = settled(primary)
    for label in backups.labels():
        backups.proof(label, rows, checksums=True)


def test_of_the_primary_after_the_standby(dir_site):
    """A differential of the primary refers to the standby's full backup: blocks are compared, whatever the inodes are."""
    site = dir_site
    with loaded(site) as primary:
        with standby_of(site, primary) as standby:
            backups = Backups(site, standby)
            with Switching(primary):
                full = backups.make()
            standby.stop()
            backups = Backups(site, primary)
            primary.sql("update pgbench_accounts set abalance = 7 where aid % 1000 = 0")
            diff = backups.make("diff")
            assert diff["parent"] == full["label"] and diff["changed_bytes"] < full["changed_bytes"] / 2
            rows = settled(primary)
        backups.proof(diff["label"], rows)


def test_wal_of_a_standby_that_does_not_come(dir_site):
    """A primary that writes nothing finishes no segment: the hint says what to do there."""
    site = dir_site
    with loaded(site, scale="1") as primary:
        primary.archive_all()
        with standby_of(site, primary) as standby:
            primary.sql("create table t (n int)")
            backups = Backups(site, standby)
            site.walship.configure(backup_wal_timeout="2s")
            standby.configure(primary_conninfo=primary.connection_string())
            standby.stop()
            standby.start()
            host.wait_for(lambda: standby.sql("select to_regclass('t') is not null") == "t", "the standby has the table, by streaming")
            done = backups.run()
            done.expect(6, "which the backup needs, is not in the repository after 2 s", "archive_timeout there, or run pg_switch_wal")
            assert backups.labels() == []
            standby.expect(r"FATAL:  (could not|terminating|streaming)", "replication terminated")


@pytest.mark.heart
def test_promotion_in_the_middle(dir_site):
    """The standby is promoted during its backup: the server makes the backup void, and walship says so."""
    site = dir_site
    with loaded(site) as primary:
        with standby_of(site, primary) as standby:
            backups = Backups(site, standby)
            site.walship.configure(backup_rate="8MiB")
            process = site.walship.popen("backup")
            host.wait_for(lambda: [name for name in site.store.list() if "/backup/" in name], "the backup begins")
            time.sleep(0.5)
            primary.stop()
            standby.promote()
            out, err = process.communicate(timeout=120)
            assert process.returncode == 3, (process.returncode, err)
            assert b"the standby was promoted during the backup, so the backup is void" in err and b"run walship backup again" in err
            assert out == b"" and backups.labels() == []
            # The promoted server is another timeline's primary, and its backups are complete.
            site.walship.configure(backup_rate=None)
            standby.expect("walship: ", "archive command failed")
            made = backups.make()
            manifest = backups.read(made["label"]).manifest
            assert manifest["start_timeline"] == 2 and manifest["from_standby"] is False
            rows = settled(standby)
        backups.proof(made["label"], rows)


def test_another_timeline_in_the_middle(dir_site):
    """Of two standbys one is promoted and the other one, which makes a backup, follows it: the backup is void, and walship says so."""
    site = dir_site
    with loaded(site) as primary:
        primary.archive_all()
        copy = primary.basebackup(site.cluster("copy"))
        with site.restored(copy, "next", "standby.signal", archive_mode="always") as heir, site.restored(copy, "standby", "standby.signal", wal_retrieve_retry_interval="300ms") as standby:
            copy.remove()
            heir.start()
            standby.start()
            backups = Backups(site, standby)
            site.walship.configure(backup_rate="5MiB")
            process = site.walship.popen("backup")
            host.wait_for(lambda: [name for name in site.store.list() if "/backup/" in name], "the backup begins")
            primary.stop()
            heir.expect("walship: ", "archive command failed")
            heir.promote()
            heir.sql("checkpoint; create table t as select 1")
            heir.archive_all()
            host.wait_for(lambda: standby.sql("checkpoint") or standby.sql("select timeline_id from pg_control_checkpoint()") == "2", "the standby follows")
            out, err = process.communicate(timeout=120)
            assert process.returncode == 3, (process.returncode, err)
            assert b"the standby's primary has changed from timeline 1 to timeline 2 during the backup" in err and b"run walship backup again" in err, err
            assert out == b"" and backups.labels() == []


def test_a_new_timeline_between_two_backups(dir_site):
    """After a promotion a differential reads everything again, and refers to what is equal."""
    site = dir_site
    with loaded(site) as primary:
        backups = Backups(site, primary)
        full = backups.make()
        with standby_of(site, primary) as standby:
            host.wait_for(lambda: primary.archive_all() and standby.sql("select count(*) from pgbench_accounts") == "200000", "the standby follows")
            primary.stop()
            standby.promote()
            backups = Backups(site, standby)
            standby.sql("update pgbench_tellers set tbalance = 5")
            diff = backups.make("diff")
            assert diff["parent"] == full["label"] and diff["changed_bytes"] < full["changed_bytes"] / 2
            rows = settled(standby)
        backups.proof(diff["label"], rows)
