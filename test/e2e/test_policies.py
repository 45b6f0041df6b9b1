"""doc/deploy/aws: what the policies allow is what walship needs, asked of radosgw; what the lifecycle rules do to recovery."""

import json
import re
import time
from datetime import datetime, timezone

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from harness import host, strict_s3, wal, walship

AWS = host.ROOT / "doc/deploy/aws"
SYSTEM_ID = 7601921254259666965
IAM = sorted(path.stem for path in AWS.glob("iam-*.json"))
# Permissions that are not named after the operation they allow.
OTHER_NAMES = {"s3:ListBucket": "ListObjectsV2", "s3:ListBucketVersions": "ListObjectVersions", "s3:ListBucketMultipartUploads": "ListMultipartUploads", "s3:DeleteObjectVersion": "DeleteObject",
               "s3:GetObjectVersion": "GetObject"}
PLACEHOLDERS = re.compile(r"[A-Z][A-Z-]+[A-Z]")


def statements(name):
    return json.loads((AWS / f"{name}.json").read_text())["Statement"]


def listed(value):
    return value if isinstance(value, list) else [value]


def actions(name):
    return [action for statement in statements(name) for action in listed(statement["Action"])]


def test_all_policies_are_known():
    assert IAM == ["iam-create-read", "iam-delete", "iam-kms", "iam-list", "iam-object-lock", "iam-past", "iam-tags", "iam-thaw", "iam-undelete"]
    text = (AWS.parent / "README.md").read_text()
    assert all(f"(aws/{path.name})" in text for path in AWS.iterdir()), "a file that doc/deploy/README.md does not name"


@pytest.mark.parametrize("name", IAM + ["bucket-policy"])
def test_a_policy_is_one(name):
    policy = json.loads((AWS / f"{name}.json").read_text())
    assert set(policy) == {"Version", "Statement"} and policy["Version"] == "2012-10-17"
    for statement in policy["Statement"]:
        wanted = {"Sid", "Effect", "Action", "Resource"} | ({"Principal"} if name == "bucket-policy" else set())
        assert set(statement) - {"Condition"} == wanted
        assert statement["Effect"] == ("Deny" if name == "bucket-policy" else "Allow") and statement["Sid"].isalnum()
        for resource in listed(statement["Resource"]):
            assert re.fullmatch(r"arn:aws:s3:::BUCKET(/\*|/PREFIX/\*)?|arn:aws:kms:REGION:ACCOUNT:key/KEY-ID", resource)
            words = set(PLACEHOLDERS.findall(resource))
            assert all(word in (AWS.parent / "README.md").read_text() for word in words)


@pytest.mark.parametrize("name", IAM)
def test_every_action_exists(name):
    """By the names of the operations in AWS's own models."""
    for action in actions(name):
        service, operation = action.split(":")
        model = botocore.session.Session().get_service_model(service)
        assert OTHER_NAMES.get(action, operation) in model.operation_names, action


def test_no_policy_allows_what_another_is_for():
    every = [action for name in IAM for action in actions(name)]
    assert len(every) == len(set(every)) and not [action for action in every if "*" in action]


class Host:
    """A user of radosgw who owns nothing, and what the bucket's policy lets him do: the iam files, with a principal."""

    user = "deployed"

    def __init__(self, site, bucket):
        self.site, self.bucket, self.server = site, bucket, site.store.server
        self.keys = key, secret = self.server.add_user(self.user)
        site.walship.secrets.append(secret.encode())
        site.walship.configure(repo=f"s3://{bucket}/pre", s3_key=key,
                               s3_key_secret_file=host.USER.write(site.directory / "deployed", secret, 0o600))

    def may(self, *names):
        every = [{**statement, "Principal": {"AWS": f"arn:aws:iam:::user/{self.user}"}} for name in names for statement in statements(name)]
        text = json.dumps({"Version": "2012-10-17", "Statement": every}).replace("BUCKET", self.bucket).replace("PREFIX", "pre")
        self.site.store.client.put_bucket_policy(Bucket=self.bucket, Policy=text)
        return self

    def objects(self):
        return self.site.store.client.list_objects_v2(Bucket=self.bucket).get("Contents", [])

    def push(self, number, seed=0):
        name = wal.segment_name(1, number)
        return self.site.run("push", self.site.file(name, wal.segment(SYSTEM_ID, name, seed=seed)))

    def fetch(self, number):
        done = self.site.run("fetch", wal.segment_name(1, number), self.site.directory / "got", "--system-id", SYSTEM_ID)
        (self.site.directory / "got").unlink(missing_ok=True)
        return done

    def may_not(self, operation, **arguments):
        """By an independent client."""
        client = self.server.client(*self.keys)
        with pytest.raises(ClientError) as caught:
            getattr(client, operation)(Bucket=self.bucket, **arguments)
        assert caught.value.response["Error"]["Code"] == "AccessDenied"


@pytest.fixture
def deployed(s3_site):
    bucket, client = "walship-deployed", s3_site.store.client
    client.create_bucket(Bucket=bucket)
    yield Host(s3_site, bucket)
    client.delete_bucket_policy(Bucket=bucket)
    for item in client.list_objects_v2(Bucket=bucket).get("Contents", []):
        client.delete_object(Bucket=bucket, Key=item["Key"])
    client.delete_bucket(Bucket=bucket)


def test_without_a_policy_nothing_is_allowed(deployed):
    deployed.push(1).expect(3, "403", "s3:PutObject")


def test_create_and_read_is_enough_to_archive(deployed):
    deployed.may("iam-create-read")
    deployed.push(1).expect(0)
    deployed.push(1).expect(0)  # compared with what is there
    deployed.push(1, seed=1).expect(4, "differ|another file", ".")
    deployed.fetch(1).expect(0)
    # Listing and deleting are refused, and what is not there is no certain "no".
    deployed.fetch(2).expect(255, "403", "s3:ListBucket")
    (key,) = [item["Key"] for item in deployed.site.store.client.list_objects_v2(Bucket=deployed.bucket)["Contents"]]
    deployed.may_not("list_objects_v2")
    deployed.may_not("delete_object", Key=key)
    deployed.may_not("get_object", Key="pre/none")
    # Another directory of the bucket is not theirs.
    deployed.site.walship.configure(repo=f"s3://{deployed.bucket}/other")
    deployed.push(3).expect(3, "403", "s3:PutObject")


def test_many_at_once_are_removed_one_by_one_where_the_policy_does_not_do(deployed):
    """On AWS s3:DeleteObject of each name decides about DeleteObjects. Ceph 16 asks for it on the bucket: walship then
    removes one by one (test_s3_remove.c), which the same policy allows."""
    client, keys = deployed.site.store.client, ["pre/1", "pre/2", "other/1"]
    for key in keys:
        client.put_object(Bucket=deployed.bucket, Key=key, Body=b"x")
    deployed.may("iam-create-read", "iam-delete")
    deployed.may_not("delete_objects", Delete={"Objects": [{"Key": key} for key in keys[:2]], "Quiet": True})
    for key in keys[:2]:
        deployed.server.client(*deployed.keys).delete_object(Bucket=deployed.bucket, Key=key)
    deployed.may_not("delete_object", Key="other/1")
    assert [item["Key"] for item in client.list_objects_v2(Bucket=deployed.bucket)["Contents"]] == ["other/1"]


def test_parts_need_the_list_as_well(deployed):
    """But on AWS: not every store heeds the condition at the end of an upload, so walship looks before that. It ends what it began."""
    deployed.may("iam-create-read", "iam-list")
    deployed.site.walship.configure(compress="none", s3_part_size="5MiB")
    deployed.push(1).expect(0)
    deployed.push(1).expect(0)
    deployed.push(1, seed=1).expect(4, "differ|another file", ".")
    assert "Uploads" not in deployed.site.store.client.list_multipart_uploads(Bucket=deployed.bucket)


def test_list_is_what_recovery_needs(deployed):
    deployed.may("iam-create-read", "iam-list")
    deployed.push(1).expect(0)
    deployed.fetch(1).expect(0)
    deployed.fetch(2).expect(1)
    (key,) = [item["Key"] for item in deployed.site.store.client.list_objects_v2(Bucket=deployed.bucket)["Contents"]]
    deployed.may_not("delete_object", Key=key)


def test_delete_is_what_check_uses(deployed):
    deployed.may("iam-create-read", "iam-list", "iam-delete")
    assert "✓ remove it" in deployed.site.run("check", "--store").expect(0).out.decode()
    assert "Contents" not in deployed.site.store.client.list_objects_v2(Bucket=deployed.bucket)


def test_undelete_needs_its_policy_and_that_of_the_past(deployed):
    client, bucket = deployed.site.store.client, deployed.bucket
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    client.put_object(Bucket=bucket, Key="pre/one", Body=b"x")
    client.delete_object(Bucket=bucket, Key="pre/one")
    deployed.may("iam-list", "iam-delete")
    deployed.site.run("undelete").expect(3, "403", "s3:ListBucketVersions")
    deployed.may("iam-past")
    deployed.site.run("undelete").expect(3, "403", "s3:DeleteObjectVersion")
    deployed.may("iam-past", "iam-undelete")
    deployed.site.run("undelete").expect(0)
    (version,) = client.list_object_versions(Bucket=bucket)["Versions"]
    assert client.get_object(Bucket=bucket, Key="pre/one")["Body"].read() == b"x"
    client.delete_object(Bucket=bucket, Key="pre/one", VersionId=version["VersionId"])


def test_the_past_needs_its_policy_alone(deployed):
    client, bucket, name = deployed.site.store.client, deployed.bucket, wal.segment_name(1, 1)
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    deployed.may("iam-create-read").push(1).expect(0)
    time.sleep(1.1)
    then = ("--s3-at-time", datetime.now(timezone.utc).isoformat(timespec="seconds"))
    time.sleep(1.1)
    (key,) = [item["Key"] for item in deployed.objects()]
    client.delete_object(Bucket=bucket, Key=key)
    deployed.may("iam-list", "iam-create-read").site.run("list", *then).expect(3, "403", "s3:ListBucketVersions")
    deployed.may("iam-past")
    assert name.encode() in deployed.site.run("list", *then).expect(0).out
    got = deployed.site.run("cat", name, "--system-id", SYSTEM_ID, *then).expect(0).out
    assert got == wal.segment(SYSTEM_ID, name)
    for kind in ("Versions", "DeleteMarkers"):
        for version in client.list_object_versions(Bucket=bucket).get(kind, []):
            client.delete_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])


@pytest.fixture
def server(deployed):
    """A PostgreSQL that archives as this host, once it may."""
    with deployed.may("iam-create-read").site.primary() as server:
        deployed.site.walship.configure(pg_data=server.data, pg_conninfo=server.connection_string())
        server.start()
        yield server


def test_backups_need_create_read_and_list(deployed, server):
    """No permission to delete: neither to make backups, nor to restore them."""
    deployed.site.run("backup", "full").expect(3, "403", "s3:ListBucket")
    deployed.may("iam-create-read", "iam-list")
    for kind in ("full", "diff", "incr"):
        server.sql(f"create table {kind}_kind ()")
        deployed.site.run("backup", kind).expect(0)
    server.archive_all()
    server.stop()
    labels = re.findall(r"base backup (\S+):", deployed.site.run("backup", "list").expect(0).out.decode())
    assert [label.partition("-")[2] for label in labels] == ["full", "diff", "incr"]
    # To restore is to read: nothing is created.
    objects = {item["Key"] for item in deployed.objects()}
    deployed.site.run("restore", "--pg-data", deployed.site.directory / "copy").expect(0)
    assert {item["Key"] for item in deployed.objects()} == objects


def test_backup_remove_needs_delete(deployed, server):
    deployed.may("iam-create-read", "iam-list")
    deployed.site.run("backup").expect(0)
    [label] = re.findall(r"base backup (\S+):", deployed.site.run("backup", "list").expect(0).out.decode())
    deployed.site.run("backup", "keep", label).expect(0)
    deployed.site.run("backup", "keep", label, "--release").expect(3, "403", "s3:DeleteObject")
    deployed.may("iam-create-read", "iam-list", "iam-delete")
    deployed.site.run("backup", "keep", label, "--release").expect(0)
    deployed.may("iam-create-read", "iam-list")
    deployed.site.run("backup", "remove", label).expect(3, "refuses to remove the manifest", "s3:DeleteObject")
    assert label in deployed.site.run("backup", "list").expect(0).out.decode()
    deployed.may("iam-create-read", "iam-list", "iam-delete")
    deployed.site.run("backup", "remove", label).expect(0)
    assert not [item for item in deployed.objects() if f"/{label}/" in item["Key"]]


def test_the_tags_policy_is_needed_for_tags(deployed):
    deployed.may("iam-create-read", "iam-tags")
    deployed.site.walship.configure(s3_tags="team=data")
    deployed.push(1).expect(0)


# The lifecycle.


def lifecycle():
    return json.loads((AWS / "lifecycle.json").read_text())


def test_the_lifecycle_is_one():
    """As AWS's model has it, and as radosgw takes it (which knows fewer storage classes)."""
    shape = botocore.session.Session().get_service_model("s3").operation_model("PutBucketLifecycleConfiguration").input_shape
    report = ParamValidator().validate({"Bucket": "b", "LifecycleConfiguration": lifecycle()}, shape)
    assert not report.has_errors(), report.generate_report()
    classes = shape.members["LifecycleConfiguration"].members["Rules"].member.members["Transitions"].member.members["StorageClass"].enum
    cold, deleted, streamed, uploads, markers = lifecycle()["Rules"]
    # Parts of segments that walship stream stored: of no use once the archive has the whole segments.
    assert streamed["Filter"]["Prefix"].endswith("/stream/") and set(streamed["Expiration"]) == {"Days"}
    assert all(step["StorageClass"] in classes for step in cold["Transitions"])
    # The least that each class charges for has passed when an object leaves it.
    (instant, deep), end = (step["Days"] for step in cold["Transitions"]), deleted["Expiration"]["Days"]
    assert deep - instant >= 90 and end - deep >= 180
    # S3 takes the end of uploads in a rule of its own only.
    assert set(uploads) == {"ID", "Status", "Filter", "AbortIncompleteMultipartUpload"} and set(uploads["Filter"]) == {"Prefix"}
    # A marker has no size: the rule that makes them, which goes by size, leaves them.
    assert markers["Expiration"] == {"ExpiredObjectDeleteMarker": True} and set(markers["Filter"]) == {"Prefix"}
    assert all(rule["Status"] == "Enabled" and len(rule["ID"]) <= 255 for rule in lifecycle()["Rules"])


def test_a_store_takes_the_lifecycle(deployed):
    client = deployed.site.store.client
    rules = lifecycle()
    for rule in rules["Rules"]:  # Ceph 16 knows neither AWS's classes nor a filter by size
        rule.pop("Transitions", None)
        rule["Filter"] = {"Prefix": "PREFIX/"}
    rules["Rules"] = [rule for rule in rules["Rules"] if len(rule) > 3]
    assert len(rules["Rules"]) == 4
    client.put_bucket_lifecycle_configuration(Bucket=deployed.bucket, LifecycleConfiguration=rules)
    assert len(client.get_bucket_lifecycle_configuration(Bucket=deployed.bucket)["Rules"]) == 4


@pytest.mark.parametrize("compress", ["gzip", "zstd", "lz4"])
def test_history_files_are_too_small_to_be_deleted(dir_site, compress):
    """Even one of fifty timelines is below the size that the rules begin at; and the emptiest segment above: else those stayed, with
    what lies between them missing."""
    least = lifecycle()["Rules"][1]["Filter"]["And"]["ObjectSizeGreaterThan"]
    history = "".join(f"{line}\t0/{line:X}000000\tno recovery target specified\n\n" for line in range(1, 51)).encode()
    name, size = wal.segment_name(1, 1), 16 * wal.MIB
    segment = wal.segment(SYSTEM_ID, name)[:40].ljust(size, b"\0")  # the first page's header
    dir_site.walship.configure(compress=compress)
    dir_site.run("push", dir_site.file("00000033.history", history), "--system-id", SYSTEM_ID).expect(0)
    dir_site.run("push", dir_site.file(name, segment), "--system-id", SYSTEM_ID).expect(0)
    sizes = {found.rpartition("/")[2]: len(dir_site.store.get(found)) for found in dir_site.store.list()}
    assert sizes["00000033.history"] <= least < sizes[name], sizes


@pytest.fixture
def archived(scratch, program, control_file):
    """(walship, server, file pushed) with a segment that has gone to DEEP_ARCHIVE."""
    with strict_s3.StrictS3() as server:
        directory = scratch.directory()
        made = walship.Walship(program, directory, {**server.options(directory, host.USER), "push-timeout": "10s", "fetch-timeout": "10s"},
                               secrets=[server.secret_key.encode()])
        name = wal.segment_name(1, 1, 1 << 20)
        path = host.USER.write(scratch.directory("f") / name, wal.segment(control_file[0], name, 1 << 20), 0o600)
        made.run("push", path).expect(0)
        (key,) = server.bucket.keys()
        server.bucket.archived.add(key)
        yield made, server, path


def test_recovery_stops_at_what_is_in_deep_archive(archived, data_dir):
    """It does not end there: 255, whose hint says what to do. Restored, it is fetched."""
    made, server, path = archived
    answer = (r"fetch 000000010000000000000001: .*403 InvalidObjectState", r"restore it first")
    got = data_dir / "pg_wal/RECOVERYXLOG"
    made.run("fetch", path.name, "pg_wal/RECOVERYXLOG", cwd=data_dir).expect(255, *answer)
    assert not got.exists()
    assert server.count("GET") == 1  # asked once: waiting would not help
    server.bucket.archived.clear()
    made.run("fetch", path.name, "pg_wal/RECOVERYXLOG", cwd=data_dir).expect(0)
    assert got.read_bytes() == path.read_bytes()


def test_a_standby_waits_for_what_is_in_deep_archive(archived, data_dir):
    made, _, path = archived
    host.USER.write(data_dir / "standby.signal", "", 0o600)
    made.run("fetch", path.name, "pg_wal/RECOVERYXLOG", cwd=data_dir).expect(3, "InvalidObjectState", "restore it first")


def test_a_repeated_push_does_not_take_deep_archive_for_success(archived):
    made, _, path = archived
    made.run("push", path).expect(3, "InvalidObjectState", "restore it first")


def test_the_document_says_what_walship_says(archived, data_dir):
    text = (AWS.parent / "README.md").read_text()
    made, _, path = archived
    done = made.run("fetch", path.name, "pg_wal/RECOVERYXLOG", cwd=data_dir)
    assert "403 InvalidObjectState" in done.error and "`403 InvalidObjectState`" in text and f"exit code {done.code}:" in text
