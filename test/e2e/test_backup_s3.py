"""Base backups in buckets that keep every version, lock each object, or allow no more than to create, read and list."""

import copy
import json

import pytest

from harness import host
from harness.made_backups import Backups, loaded, settled

AWS = host.ROOT / "doc/deploy/aws"


def statements(name):
    return json.loads((AWS / f"{name}.json").read_text())["Statement"]


class Bucket:
    """A bucket of its own on the site's server; the site's repository is in it from now on."""

    def __init__(self, site, name, **options):
        self.client, self.name = site.store.client, name
        self.client.create_bucket(Bucket=name, **options)
        site.walship.configure(repo=f"s3://{name}/pre")
        self.proxy, site.store = site.store.proxy, copy.copy(site.store)
        site.store.server, site.store.prefix = copy.copy(site.store.server), "pre"
        site.store.server.bucket = name
        site.store.close = self.proxy.stop

    def __enter__(self):
        return self

    def versions(self):
        return [item for page in self.client.get_paginator("list_object_versions").paginate(Bucket=self.name)
                for item in page.get("Versions", []) + page.get("DeleteMarkers", [])]

    def __exit__(self, *_):
        for item in self.versions():
            self.client.delete_object(Bucket=self.name, Key=item["Key"], VersionId=item["VersionId"], BypassGovernanceRetention=True)
        self.client.delete_bucket(Bucket=self.name)


def chain(primary, backups):
    """Full, differential and incremental backup, and changes between."""
    made = []
    for kind in ("full", "diff", "incr"):
        made.append(backups.make(kind)["label"])
        primary.sql("update pgbench_tellers set tbalance = tbalance + 1")
    return made


@pytest.mark.parametrize("kind", ["versioned", "locked"])
def test_nothing_is_ever_replaced(s3_site, kind):
    """Each object of a backup has one version, and a lock where that is asked for."""
    site = s3_site
    with Bucket(site, f"walship-backup-{kind}", ObjectLockEnabledForBucket=kind == "locked") as bucket:
        if kind == "versioned":
            bucket.client.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
        else:
            site.walship.configure(s3_object_lock_mode="GOVERNANCE", s3_object_lock_retain_days="1")
        site.walship.configure(s3_no_replace="look")
        with loaded(site, scale="1") as primary:
            backups = Backups(site, primary)
            made = chain(primary, backups)
            rows = settled(primary)
            assert backups.labels() == sorted(made)
            found = [item["Key"] for item in bucket.versions()]
            assert len(found) == len(set(found)) and f"pre/{backups.system_id}/backup/{made[0]}/manifest" in found
            if kind == "locked":
                for key in (key for key in found if "/backup/" in key):
                    assert bucket.client.get_object_retention(Bucket=bucket.name, Key=key)["Retention"]["Mode"] == "GOVERNANCE", key
            backups.proof(made[-1], rows)


def test_create_read_and_list_are_enough(s3_site):
    """With the policies for creating, reading and listing; without the one for listing the error names the permission."""
    site = s3_site
    with Bucket(site, "walship-backup-policy") as bucket:
        user = "backed-up"
        key, secret = site.store.server.add_user(user)
        site.walship.secrets.append(secret.encode())
        site.store.client = site.store.server.client(key, secret)  # the bucket's owner may not read what the user wrote
        site.walship.configure(s3_key=key, s3_key_secret_file=host.USER.write(site.directory / "secret", secret, 0o600))

        def may(*names):
            every = [{**each, "Principal": {"AWS": f"arn:aws:iam:::user/{user}"}} for name in names for each in statements(name)]
            text = json.dumps({"Version": "2012-10-17", "Statement": every}).replace("BUCKET", bucket.name).replace("PREFIX", "pre")
            bucket.client.put_bucket_policy(Bucket=bucket.name, Policy=text)
        may("iam-create-read", "iam-list")
        with loaded(site, scale="1") as primary:
            backups = Backups(site, primary)
            made = chain(primary, backups)
            rows = settled(primary)
            may("iam-create-read")
            backups.run("diff").expect(3, "look for earlier backups.*403", "s3:ListBucket")
            may("iam-create-read", "iam-list")
            assert backups.labels() == sorted(made)
            backups.proof(made[-1], rows)
        bucket.client.delete_bucket_policy(Bucket=bucket.name)
