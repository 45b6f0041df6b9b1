"""walship restore --thaw: what lies in Glacier or Deep Archive is named first, requested, waited for, and then restored."""

import json
import re
import signal
import time

import pytest

from conftest import Site
from harness import host, strict_s3, walship
from test_json import Checker
from test_restore import UTC, backup, insert, restore, rows


@pytest.fixture
def frozen(scratch, program):
    """(site, bucket) on the strict server; with segments of 1 MiB there are many of them."""
    with strict_s3.StrictS3() as server:
        directory = scratch.directory()
        options = {**server.options(directory, host.USER), "push-timeout": "10s", "fetch-timeout": "10s"}
        made = walship.Walship(program, directory, options, secrets=[server.secret_key.encode()])
        site = Site(directory, None, made, scratch=scratch)
        site.server = server
        yield site, server.bucket


def start(site):
    primary = site.primary("primary", "--wal-segsize=1", min_wal_size="2MB", max_wal_size="16MB")
    primary.start()
    primary.sql("create table t (n int primary key)")
    return primary


def segments(keys):
    return sorted(key.rpartition("/")[2] for key in keys if re.search(r"/wal/.*/[0-9A-F]{24}$", key))


def segment_of(site, label):
    """The name of the segment in which this backup begins, 1 MiB each."""
    (line,) = [each for each in map(json.loads, site.run("backup", "list", "--json").out.splitlines()) if each["label"] == label]
    high, low = (int(part, 16) for part in line["start_lsn"].split("/"))
    return f"{line['start_timeline']:08X}{high:08X}{low >> 20:08X}"


def archive(bucket, but=()):
    """As a lifecycle rule does by age: everything that is there, but the newest segment."""
    newest = segments(bucket.keys())[-1]
    bucket.archived |= {key for key in bucket.keys() if not key.endswith(newest) and not any(part in key for part in but)}


def test_everything_is_archived(frozen):
    """Catalogue, content and WAL: named before anything is touched, then requested once each, waited for and restored."""
    site, bucket = frozen
    with start(site) as primary:
        insert(primary)
        full = backup(site, primary)
        insert(primary)
        diff = backup(site, primary, "diff")
        insert(primary)
        primary.archive_all()
    archive(bucket)
    target = site.cluster("restored")
    done = restore(site, target)
    done.expect(3, rf"needs objects in an archive storage class: 2 objects \(.*\) in DEEP_ARCHIVE; the first is .*{full}/manifest", "--thaw")
    shown = restore(site, target, "--thaw", "--dry-run").expect(0).out.decode()
    assert re.fullmatch(r"thaw       2 objects \(.*\) in DEEP_ARCHIVE: copies for 7 days, tier Standard\n", shown)
    (made,) = Checker().lines("restore", restore(site, target, "--thaw", "--dry-run", "--json"), 0)
    assert (made["kind"], made["objects"], made["classes"][0]["storage_class"]) == ("thaw", 2, "DEEP_ARCHIVE")
    bucket.may_thaw = False
    restore(site, target, "--thaw").expect(3, "403 AccessDenied", "grant s3:RestoreObject")
    bucket.may_thaw = True
    restore(site, target, "--thaw", "--thaw-tier", "Expedited").expect(2, "DEEP_ARCHIVE has no thaw-tier Expedited", "Standard")
    assert not bucket.thaws and not target.data.exists()

    bucket.thaw_s = 1.5
    began = time.monotonic()
    out = restore(site, target, "--thaw", "--thaw-tier", "Bulk", "--thaw-days", "3").expect(0).out.decode()
    assert time.monotonic() - began >= 2 * bucket.thaw_s  # the manifests, and then all the rest at once
    assert out.count("tier Bulk") == 2 and f"backup     {diff}" in out
    keys = [key for key, _, _ in bucket.thaws]
    assert len(keys) == len(set(keys)) and {each[1:] for each in bucket.thaws} == {("Bulk", 3)}
    assert {f"{label}/manifest" in " ".join(keys) for label in (full, diff)} == {True}
    assert not any(key.endswith(("/begun", "/keep")) or "/hashes/" in key for key in keys)
    with target:
        target.start_restored()
        target.wait_promoted()
        assert rows(target) == 3


DRIFT_S = 60  # by which the clocks of two machines may differ: CLOCK_DRIFT_S


@pytest.mark.parametrize("apart_s", [1, pytest.param(DRIFT_S + 2, marks=pytest.mark.full)])
def test_no_more_than_the_target_needs(frozen, apart_s):
    """A target between two backups: nothing of the second, and no WAL behind its beginning if it is later by more than clocks differ."""
    site, bucket = frozen
    with start(site) as primary:
        insert(primary)
        backup(site, primary)
        time.sleep(1.1)
        insert(primary)
        moment = primary.sql(UTC)
        time.sleep(1.1)
        insert(primary)
        primary.archive_all()
        before = set(segments(bucket.keys()))
        for _ in range(4):
            insert(primary)
            primary.archive_all()
        time.sleep(apart_s)
        later = backup(site, primary)
        begins = segment_of(site, later)
        for _ in range(3):
            insert(primary)
            primary.archive_all()
    archive(bucket, but=("manifest",))
    target = site.cluster("restored")
    out = restore(site, target, "--thaw", "--target-time", moment, "--target-action", "promote").expect(0).out.decode()
    assert "tier Standard" in out
    asked = [key for key, _, _ in bucket.thaws]
    assert not any(later in key for key in asked)
    behind = [name for name in segments(asked) if name > begins]
    assert before & set(segments(asked)) and bool(behind) == (apart_s < DRIFT_S), (begins, asked)
    assert "recovery_prefetch = off" in (target.data / "postgresql.auto.conf").read_text()
    with target:
        target.start_restored()
        target.wait_promoted()
        assert rows(target) == 2


def test_killed_and_called_again(frozen):
    """The requests remain: after a kill nothing is requested twice. Timed out, the call says so and touches nothing."""
    site, bucket = frozen
    with start(site) as primary:
        insert(primary)
        backup(site, primary)
        insert(primary)
        primary.archive_all()
    archive(bucket, but=("manifest",))
    bucket.archive_class, bucket.thaw_s = "GLACIER", 3600
    target = site.cluster("restored")
    restore(site, target, "--thaw", "--thaw-timeout", "1s").expect(3, "thaw-timeout has passed, and .* objects are still", "again")
    asked = list(bucket.thaws)
    assert asked
    with site.walship.popen("restore", "--thaw", "--pg-data", target.data) as running:
        seen = site.server.count("HEAD")
        host.wait_for(lambda: site.server.count("HEAD") > seen, "it looks again")
        running.send_signal(signal.SIGTERM)
        assert running.wait(10) == -signal.SIGTERM
    assert bucket.thaws == asked and not target.data.exists()
    archive(bucket)  # the manifest too, with a copy
    end = max(end for _, end in bucket.thawing.values())
    bucket.thawing = {key: (0, end) for key in {*bucket.thawing, *(key for key in bucket.archived if key.endswith("/manifest"))}}
    bucket.tells_restored = False  # listings of a store that does not know RestoreStatus
    restore(site, target, "--thaw").expect(0)
    assert bucket.thaws == asked
    with target:
        target.start_restored()
        target.wait_promoted()
        assert rows(target) == 2
