"""walship undelete: objects that were deleted in a bucket with versions, against radosgw."""

import json
import time
from datetime import datetime, timezone

import pytest

from harness import wal
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
def versions(s3_site):
    client, name = s3_site.store.client, "walship-undelete"
    client.create_bucket(Bucket=name)
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3_site.walship.configure(repo=f"s3://{name}/pre", s3_no_replace="look")
    yield Versions(s3_site, name)
    found = client.list_object_versions(Bucket=name)
    for version in found.get("Versions", []) + found.get("DeleteMarkers", []):
        client.delete_object(Bucket=name, Key=version["Key"], VersionId=version["VersionId"])
    client.delete_bucket(Bucket=name)


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
