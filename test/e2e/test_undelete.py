"""walship undelete: objects that were deleted in a bucket with versions, against radosgw; and what fetch says of them."""

import json
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest

from harness import host, strict_s3, wal, walship
from test_json import DOCUMENTED, Checker

SYSTEM_ID = 7601921254259666965
MIB = 1 << 20
NAMES = [wal.segment_name(1, number, MIB) for number in (1, 2, 3)]


def object_name(name):
    return f"{SYSTEM_ID}/wal/{name[:16]}/{name}"


class Versions:
    """A versioned bucket with three segments, and who deletes them."""

    def __init__(self, site, bucket):
        self.site, self.bucket, self.client = site, bucket, site.store.client
        self.contents = {}
        for name in NAMES:
            self.contents[name] = wal.segment(SYSTEM_ID, name, MIB)
            site.run("push", site.file(name, self.contents[name])).expect(0)

    def delete(self, *names):
        for name in names:
            self.client.delete_object(Bucket=self.bucket, Key=f"pre/{object_name(name)}")

    def listed(self):
        found = self.client.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return [each["Key"].rsplit("/", 1)[1] for each in found]

    def all(self):
        """(version ids, ids of delete markers) of the bucket."""
        found = self.client.list_object_versions(Bucket=self.bucket)
        return tuple({each["VersionId"] for each in found.get(kind, [])} for kind in ("Versions", "DeleteMarkers"))

    def moment(self):
        """A time between what was done and what will be: times of versions are compared in whole seconds."""
        time.sleep(1.1)
        now = datetime.now(timezone.utc).replace(microsecond=0)
        time.sleep(max(0, now.timestamp() + 1.1 - time.time()))
        return now.isoformat().replace("+00:00", "Z")

    def read_all(self):
        for name in NAMES:
            assert self.site.run("cat", name, "--system-id", SYSTEM_ID).expect(0).out == self.contents[name]


@pytest.fixture
def versioned(s3_site):
    """A site whose bucket keeps versions, and the bucket's name."""
    client, name = s3_site.store.client, "walship-undelete"
    client.create_bucket(Bucket=name)
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3_site.walship.configure(repo=f"s3://{name}/pre", s3_no_replace="look")
    yield s3_site, name
    found = client.list_object_versions(Bucket=name)
    for version in found.get("Versions", []) + found.get("DeleteMarkers", []):
        client.delete_object(Bucket=name, Key=version["Key"], VersionId=version["VersionId"])
    client.delete_bucket(Bucket=name)


@pytest.fixture
def versions(versioned):
    return Versions(*versioned)


def lines(result):
    return [line.split() for line in result.out.decode().splitlines()[:-1]]


def test_it_brings_back_what_was_deleted_and_nothing_else_changes(versions):
    site, before = versions.site, versions.all()[0]
    versions.delete(NAMES[0], NAMES[2])
    versions.delete(NAMES[2])  # again: of a deleted object another marker
    assert versions.listed() == NAMES[1:2]
    markers = versions.all()[1]
    dry = site.run("undelete", "--dry-run").expect(0)
    assert [line[3] for line in lines(dry)] == [object_name(NAMES[0]), object_name(NAMES[2])]
    assert dry.out.decode().splitlines()[-1].startswith("2 deleted objects, ") and "could be brought back" in dry.out.decode()
    assert versions.all() == (before, markers)
    done = site.run("undelete").expect(0)
    assert lines(done) == lines(dry) and b"are back" in done.out
    assert versions.all() == (before, set()) and versions.listed() == NAMES
    versions.read_all()
    assert site.run("undelete").expect(0).out == b"0 deleted objects, 0 bytes, are back\n"


def test_a_prefix_selects(versions):
    versions.delete(*NAMES)
    versions.site.run("undelete", object_name(NAMES[1])).expect(0)
    assert versions.listed() == NAMES[1:2]
    versions.site.run("undelete", "another").expect(0)
    assert versions.listed() == NAMES[1:2]


def test_before_leaves_what_was_deleted_earlier(versions):
    """A lifecycle rule had removed the first one; the accident came later."""
    versions.delete(NAMES[0])
    moment = versions.moment()
    versions.delete(NAMES[1], NAMES[2])
    found = versions.site.run("undelete", "--before", moment, "--json").expect(0)
    *each, total = [json.loads(line) for line in found.out.splitlines()]
    assert [line["object"] for line in each] == [object_name(name) for name in NAMES[1:]]
    assert total == {"kind": "total", "dry_run": False, "deleted_objects": 2, "bytes": sum(line["bytes"] for line in each), "replaced_objects": 0}
    assert versions.listed() == NAMES[1:]
    versions.site.run("undelete").expect(0)
    versions.read_all()


def test_what_came_later_stays_away(versions):
    """What did not exist at that time was not deleted from it."""
    versions.site.run("undelete", "--before", "2020-01-01T00:00:00Z").expect(0)
    versions.delete(NAMES[0])
    assert lines(versions.site.run("undelete", "--before", "2020-01-01T00:00:00Z").expect(0)) == []
    assert versions.listed() == NAMES[1:]


def test_a_replaced_object_is_named(versions):
    moment = versions.moment()
    key = f"pre/{object_name(NAMES[1])}"
    versions.client.put_object(Bucket=versions.bucket, Key=key, Body=b"another")
    versions.delete(NAMES[0], NAMES[1])
    check = Checker()
    check.lines("undelete", versions.site.run("undelete", "--before", moment, "--dry-run", "--json"), 4)
    fields = {f"undelete: {first}.{name}" for (command, _), (first, of) in DOCUMENTED.items() if command == "undelete" for name in of}
    assert check.seen == fields and len(fields) == 11
    done = versions.site.run("undelete", "--before", moment).expect(4, "objects whose content was replaced since then: 1", "find out who")
    assert [(line[0], line[3]) for line in lines(done)] == [("deleted", object_name(NAMES[0])), ("replaced", object_name(NAMES[1]))]
    assert versions.listed() == [NAMES[0], NAMES[2]], "the marker above the other content stays"


def test_the_past_is_read_and_nothing_is_changed(versions):
    """undelete cannot bring back an object that was replaced; s3-at-time reads the version of that time."""
    site, target = versions.site, versions.site.directory / "fetched"
    moment = versions.moment()
    then = ("--s3-at-time", moment)
    key = f"pre/{object_name(NAMES[1])}"
    versions.client.put_object(Bucket=versions.bucket, Key=key, Body=b"another")
    versions.delete(NAMES[0], NAMES[1])
    versions.client.put_object(Bucket=versions.bucket, Key=key, Body=b"a third")
    later = wal.segment_name(1, 4, MIB)
    site.run("push", site.file(later, wal.segment(SYSTEM_ID, later, MIB))).expect(0)
    state = versions.all()
    site.run("undelete", "--before", moment, "--dry-run").expect(4, "replaced since then: 1", "--s3-at-time TIME")
    # radosgw does not say that a delete marker hides the segment. The strict server does, as AWS: see below.
    site.run("fetch", NAMES[0], target, "--system-id", SYSTEM_ID).expect(1)
    listed = [line.split()[-1] for line in site.run("list", *then).expect(0).out.decode().splitlines()]
    assert listed == [object_name(name) for name in NAMES]
    for name in NAMES:
        site.run("fetch", name, target, "--system-id", SYSTEM_ID, *then).expect(0)
        assert target.read_bytes() == versions.contents[name]
        assert site.run("cat", name, "--system-id", SYSTEM_ID, *then).expect(0).out == versions.contents[name]
    # The end of the archive at that time; and a segment that was fetched ahead for one time serves no other time.
    site.run("fetch", later, target, "--system-id", SYSTEM_ID, *then).expect(1)
    site.run("fetch", later, target, "--system-id", SYSTEM_ID).expect(0)
    site.run("fetch", NAMES[1], target, "--system-id", SYSTEM_ID).expect(255, "truncated")
    site.run("verify", *then).expect(0)
    site.run("verify").expect(4, "damaged")
    for call in (("push", site.file(NAMES[0], versions.contents[NAMES[0]])), ("undelete",)):
        site.run(*call, *then).expect(2, "s3-at-time is set", "without s3-at-time")
    assert b"s3-at-time is set" in site.run("check", "--store", *then).out
    assert versions.all() == state
    site.run("list", "--s3-at-time", "yesterday").expect(2, "s3-at-time: 'yesterday' is not a time", "2026-11-21T05:36:16Z")


@pytest.mark.parametrize("ahead", ["0B", "64MiB"], ids=["one", "ahead"])
def test_a_deleted_segment_is_not_the_end_of_wal(scratch, program, ahead):
    """AWS says that a delete marker hides it: nobody can know that the WAL ends there."""
    directory = scratch.directory()
    with strict_s3.StrictS3(versioned=True) as server:
        tool = walship.Walship(program, directory, {**server.options(directory, host.USER), "fetch-timeout": "5s", "fetch-ahead": ahead},
                               secrets=[server.secret_key.encode()])
        for name in NAMES[:2]:
            tool.run("push", host.USER.write(directory / name, wal.segment(SYSTEM_ID, name, MIB), 0o600)).expect(0)
        key = f"pre/{object_name(NAMES[1])}"
        server.bucket.remove(key)
        target = directory / "fetched"

        def fetch(name, *more):
            return tool.run("fetch", name, target, "--system-id", SYSTEM_ID, *more)
        fetch(NAMES[0]).expect(0)
        target.unlink()
        for _ in range(2):
            fetch(NAMES[1]).expect(255, f"{key}: the object was deleted, but the bucket may keep a version", "walship undelete NAME")
        assert not target.exists()
        fetch(NAMES[1], "--fetch-error", "continue").expect(3, "was deleted", "undelete")  # a standby asks again
        # What never was there is the end of the WAL, without a word.
        fetch(NAMES[2]).expect(1)
        server.bucket.markers.clear()
        fetch(NAMES[1]).expect(1)


def test_a_server_is_restored_as_it_was(versioned):
    """Every object of the bucket was replaced or deleted: restore and recovery use the backup and WAL from before."""
    site, bucket = versioned
    client = site.store.client
    with site.primary("primary", "--wal-segsize=1") as primary:
        primary.start()
        primary.sql("create table t as select generate_series(1, 1000) n")
        site.run("backup", "--pg-data", primary.data, "--pg-conninfo", primary.connection_string()).expect(0)
        primary.sql("insert into t select generate_series(1001, 1500)")
        primary.archive_all()
        moment = Versions.moment(None)
    keys = [each["Key"] for each in client.list_objects_v2(Bucket=bucket)["Contents"]]
    for number, key in enumerate(keys):
        if number % 2:
            client.put_object(Bucket=bucket, Key=key, Body=b"encrypted")
        else:
            client.delete_object(Bucket=bucket, Key=key)
    site.run("verify", "--read", "--s3-at-time", moment).expect(0)
    noted = [path.name for path in Path(site.walship.options["spool"]).iterdir() if path.name.startswith(("verified", "commit-times"))]
    assert not noted, "a run about the past leaves the notes of today as they are"
    cluster = site.cluster("restored")
    assert site.run("restore", "--pg-data", cluster.data).code != 0
    site.run("restore", "--pg-data", cluster.data, "--s3-at-time", moment, "--clone").expect(0)
    assert "--s3-at-time" in (cluster.data / "postgresql.auto.conf").read_text()
    with cluster:
        cluster.start_restored()
        cluster.wait_promoted()
        assert cluster.sql("select count(*) from t") == "1500"


def test_the_object_of_check_stays_away(versions):
    versions.site.run("check", "--store").expect(0)
    assert versions.site.run("undelete").expect(0).out == b"0 deleted objects, 0 bytes, are back\n"
    assert versions.listed() == NAMES


def test_more_than_a_page(versions):
    """radosgw lists a thousand versions at a time, and the markers lie between them."""
    client = versions.client
    keys = [f"pre/many/{number:04}" for number in range(700)]
    for key in keys:
        client.put_object(Bucket=versions.bucket, Key=key, Body=b"x")
    for at in range(0, len(keys), 350):
        client.delete_objects(Bucket=versions.bucket, Delete={"Objects": [{"Key": key} for key in keys[at:at + 350]]})
    done = versions.site.run("undelete", "--push-timeout", "60s").expect(0)
    assert done.out.decode().splitlines()[-1] == "700 deleted objects, 700 bytes, are back"
    assert len(client.list_objects_v2(Bucket=versions.bucket, Prefix="pre/many/", MaxKeys=1000)["Contents"]) == 700
    for page in client.get_paginator("list_object_versions").paginate(Bucket=versions.bucket, Prefix="pre/many/"):
        client.delete_objects(Bucket=versions.bucket, Delete={"Objects": [{"Key": each["Key"], "VersionId": each["VersionId"]}
                                                                          for each in page.get("Versions", [])]})


def test_a_bad_time_and_a_store_without_versions(dir_site, versions):
    versions.site.run("undelete", "--before", "yesterday").expect(2, "undelete-before: 'yesterday' is not a time", "2026-11-21T05:36:16Z")
    dir_site.run("undelete").expect(2, "keeps no versions", "versioning")
    dir_site.run("list", "--s3-at-time", "2026-11-21T05:36:16Z").expect(2, "the repository is a directory", "versioning")
