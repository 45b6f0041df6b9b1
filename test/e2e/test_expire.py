"""walship expire: what stays, what goes, and that whatever ends it early, every backup in the list can be restored."""

import json
import os
import random
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from harness import extent, host
from harness.made_backups import Backups
from test_json import OF_DUMPS, Checker, wanted as documented
from test_policies import Host
from test_s3_options import special_bucket  # noqa: F401, a fixture

KILLS = {"dir": extent.rounds(150, 15), "s3": extent.rounds(60, 8)}


class Archive:
    """A running server with backups and WAL in one site's repository."""

    def __init__(self, site, primary):
        self.site, self.primary, self.backups = site, primary, Backups(site, primary)
        self.id = str(self.backups.system_id)
        primary.sql("create table t as select 0 as n")

    def make(self, *kinds):
        """The labels of new backups; behind each there is a row of its own, and WAL."""
        made = []
        for kind in kinds:
            made.append(self.backups.make(kind)["label"])
            self.primary.sql("insert into t select count(*) from t")
            self.primary.archive_all()
        return made

    def expire(self, *args, **kwargs):
        return self.site.run("expire", "--system-id", self.id, *args, **kwargs)

    def wal(self):
        return [name for name in self.site.store.list() if f"{self.id}/wal/" in name]

    def segments(self):
        return [Path(name).name for name in self.wal() if re.search(r"/[0-9A-F]{24}$", name)]

    def start_of(self, label):
        """The segment in which this backup begins."""
        listed = [json.loads(line) for line in self.site.run("backup", "list", "--json").out.splitlines()]
        (lsn,) = [each["start_lsn"] for each in listed if each["label"] == label]
        return self.primary.sql(f"select pg_walfile_name('{lsn}')")

    def verified(self):
        """verify finds nothing missing, and each listed backup can be restored to the end of the WAL."""
        done = self.site.run("verify", "--json")
        found = json.loads(done.out.splitlines()[-1])
        assert done.code == 0, done
        finished = [each for each in found["base_backups"] if each["complete"]]
        assert all(each["restorable"] for each in finished), finished
        assert {each["recovery_end_lsn"] for each in finished} == {found["windows"][-1]["end_lsn"]}, found
        return [each["label"] for each in finished]

    def restored(self):
        """Each listed backup, by walship restore, recovers to the newest row. Returns the labels."""
        rows = self.primary.rows()
        labels = self.backups.labels()
        for label in labels:
            copy = self.site.cluster(f"copy-{label}")
            self.site.run("restore", "--pg-data", copy.data, "--backup", label, "--system-id", self.id).expect(0)
            with copy:
                copy.start_restored()
                copy.wait_promoted()
                assert copy.rows() == rows, label
            copy.remove()
        return labels


@pytest.fixture
def archive(site):
    with site.primary() as primary:
        primary.start()
        yield Archive(site, primary)


@pytest.fixture
def dir_archive(dir_site):
    with dir_site.primary() as primary:
        primary.start()
        yield Archive(dir_site, primary)


def snapshot(site):
    return {name: site.store.get(name) for name in site.store.list()}


def put_back(site, content):
    """Only what is missing: nothing else changes."""
    for name in set(content) - set(site.store.list()):
        site.store.put(name, content[name])


@pytest.mark.sample(1)
def test_what_the_options_keep(archive):
    """The same lines with and without --dry-run; what they name goes, and nothing else; what stays recovers to the newest row."""
    site = archive.site
    full1, diff1, full2, diff2, incr2, full3, diff3 = archive.make("full", "diff", "full", "diff", "incr", "full", "diff")
    archive.expire().expect(2, "no retention option is set", "retention-full = 4")
    site.walship.configure(retention_full=2)
    before = site.store.list()
    start = archive.start_of(full2)
    check = Checker()
    planned = check.lines("expire", archive.expire("--dry-run", "--json"), 0)
    text = archive.expire("--dry-run").expect(0).out.decode()
    assert site.store.list() == before
    done = check.lines("expire", archive.expire("--json"), 0)
    assert [dict(line, dry_run=None) if "dry_run" in line else line for line in planned] == \
        [dict(line, dry_run=None) if "dry_run" in line else line for line in done]
    fate = {line["label"]: (line["keep"], line["reasons"]) for line in done if line["kind"] == "expire_backup"}
    assert fate == {full1: (False, []), diff1: (False, []), full2: (True, ["retention_full", "needed"]),
                    diff2: (True, ["full_is_kept", "needed"]), incr2: (True, ["full_is_kept"]),
                    full3: (True, ["newest_full", "retention_full", "needed"]), diff3: (True, ["full_is_kept"])}
    assert f"keep base backup {full3}: the newest full backup, retention-full, needed by {diff3}\n" in text
    assert f"remove base backup {diff1}: " in text and text.endswith("dry run: nothing was removed\n")
    (wal,) = [line for line in done if line["kind"] == "expire_wal"]
    gone = [name for name in before if name not in site.store.list()]
    assert {name.split("/")[2] for name in gone if "/backup/" in name} == {full1, diff1}
    removed = [name for name in gone if "/wal/" in name]
    assert len(removed) == wal["objects"] and all(Path(name).name[:24] < start for name in removed)
    assert min(archive.segments()) == start and wal["first"] == min(Path(name).name for name in removed)
    assert done[-1]["backups"] == 2 and done[-1]["refused_objects"] == 0 and done[-1]["wal_kept"] is None
    stay = sorted([full2, diff2, incr2, full3, diff3])  # two may have begun in the same second
    assert archive.verified() == archive.restored() == stay

    again = check.lines("expire", archive.expire("--json"), 0)
    assert again[-1]["wal_kept"] == "no_backup_removed" and len(again) == 6
    missing = {name for name in documented() - check.seen if name.startswith("expire: ") and not OF_DUMPS.search(name)}
    assert missing == {"expire: expire.refusal", "expire: expire.upload_refusal", "expire: expire_backup.may_be_needed_by"}
    site.run("backup", "keep", incr2, "--system-id", archive.id).expect(0)
    site.walship.configure(retention_full=1, retention_diff=1)
    archive.expire().expect(0)
    assert archive.verified() == stay
    site.run("backup", "keep", incr2, "--release", "--system-id", archive.id).expect(0)
    archive.expire().expect(0)
    assert archive.verified() == archive.restored() == [full3, diff3]
    assert min(archive.segments()) == json.loads(site.run("verify", "--json").out.splitlines()[-1])["windows"][0]["first"]


def test_timelines(dir_archive):
    """After a point-in-time recovery: histories stay, and so does what the branches need, until all of a branch is older."""
    archive, site = dir_archive, dir_archive.site
    (full1,) = archive.make("full")
    with site.restored(archive.primary.basebackup(site.cluster("copy")), "second", archive_mode="on") as second:
        archive.primary.archive_all()
        second.start()
        second.wait_promoted()
        archive.make("full")
        second.archive_all()
        site.walship.configure(pg_conninfo=second.connection_string())
        done = site.run("backup", "full", "--json").expect(0)
        (full2,) = [json.loads(line)["label"] for line in done.out.splitlines()]
        second.sql("insert into t select count(*) from t")
        second.archive_all()
        histories = [name for name in archive.wal() if name.endswith(".history")]
        assert histories and [name for name in archive.segments() if name.startswith("00000002")]
        site.walship.configure(retention_full=1)
        archive.expire().expect(0)
        assert archive.backups.labels() == [full2] and full1 < full2
        assert [name for name in archive.wal() if name.endswith(".history")] == histories
        done = site.run("verify", "--json")
        found = json.loads(done.out.splitlines()[-1])
        assert done.code in (0, 6) and found["needed_gaps"] == 0 and found["base_backups"][0]["restorable"], done
        copy = site.cluster("third")
        site.run("restore", "--pg-data", copy.data, "--target-timeline", "2", "--system-id", archive.id).expect(0)
        with copy:
            copy.start_restored()
            copy.wait_promoted()
            assert copy.rows() == second.rows()


def kill(process, after):
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    return process.returncode == -signal.SIGKILL


def test_killed(archive, seed):
    """At any moment: what is listed can be restored, nothing is missing, and a later run takes the rest."""
    site, source = archive.site, random.Random(seed)
    archive.make("full", "diff", "incr", "full", "incr", "full", "diff")
    site.walship.configure(retention_full=1, retention_wal_days=None)
    content = snapshot(site)
    begin = time.monotonic()
    archive.expire().expect(0)
    longest = time.monotonic() - begin
    wanted = site.store.list()
    rounds, killed, partly = 0, 0, 0
    # The first run may have been slower than the others: then the kills move forward until they meet one.
    while rounds < KILLS[site.store.kind] or (rounds < 10 * KILLS[site.store.kind] and not (killed and partly)):
        rounds += 1
        put_back(site, content)
        if kill(site.walship.popen("expire", "--system-id", archive.id), source.uniform(0.1, 1.1) * longest):
            killed += 1
        else:
            longest *= 0.9
        left = site.store.list()
        partly += set(wanted) < set(left) < set(content)
        assert set(wanted) <= set(left)
        archive.verified()
    assert killed and partly, "no call was killed in the middle"
    archive.restored()
    assert set(archive.verified()) >= {name.split("/")[2] for name in wanted if name.endswith("/manifest")}
    put_back(site, content)
    archive.expire().expect(0)
    assert site.store.list() == wanted


def test_two_at_once(archive):
    """Each removes what the other has left; neither fails."""
    site = archive.site
    archive.make("full", "diff", "full", "full")
    site.walship.configure(retention_full=1)
    content = snapshot(site)
    archive.expire().expect(0)
    wanted = site.store.list()
    for _ in range(extent.rounds(20, 5)):
        put_back(site, content)
        both = [site.walship.popen("expire", "--system-id", archive.id) for _ in range(2)]
        for process in both:
            out, err = process.communicate(timeout=60)
            assert process.returncode == 0, (out, err)
        left = site.store.list()
        # One may have seen a backup without its manifest, and so a young one that is not finished: then WAL stays.
        assert set(wanted) <= set(left) and all("/wal/" in name for name in set(left) - set(wanted)), set(left) - set(wanted)
        archive.verified()


def test_beside_backups(archive, seed):
    """Backups that begin, run and end meanwhile: each is right or ends with its own error; every listed one can be restored."""
    site, source = archive.site, random.Random(seed)
    site.walship.configure(retention_full=1, retention_diff=1)
    archive.make("full", "incr")
    ended = {0: 0, 4: 0}
    for _ in range(extent.rounds(12, 3)):
        running = [site.walship.popen("backup", kind) for kind in source.choices(("full", "diff", "incr"), k=2)]
        while any(process.poll() is None for process in running):
            assert archive.expire().code == 0
            time.sleep(source.uniform(0, 0.2))
        for process in running:
            out, err = process.communicate()
            assert process.returncode == 0 or b"was removed meanwhile" in err, (out, err)
            ended[process.returncode] += 1
        archive.verified()
    assert ended[0] > 0
    archive.restored()


def test_the_parent_of_a_backup_under_way(dir_archive):
    """A new full backup comes between: without the object `begun` its parent would go."""
    archive, site = dir_archive, dir_archive.site
    full1, incr1 = archive.make("full", "incr")
    site.walship.configure(retention_full=1)
    archive.primary.sql("create table large as select g, md5(g::text) from generate_series(1, 100000) g")
    archive.primary.sql("checkpoint")
    slow = site.walship.popen("backup", "incr", "--backup-rate", "2MiB")
    host.wait_for(lambda: len({name.split("/")[2] for name in site.store.list() if "/backup/" in name}) == 3, "the backup has begun")
    (full2,) = archive.make("full")
    text = archive.expire().expect(0).out.decode()
    (under_way,) = {name.split("/")[2] for name in site.store.list() if "/backup/" in name} - {full1, incr1, full2}
    assert f"keep base backup {incr1}: needed by {under_way}\n" in text
    assert f"keep base backup {under_way}: not finished, and it may be under way\n" in text
    out, err = slow.communicate(timeout=120)
    assert slow.returncode == 0, (out, err)
    assert archive.verified() == archive.restored() == sorted([full1, incr1, under_way, full2])
    archive.expire().expect(0)
    assert archive.verified() == [full2]


def test_a_directory_that_may_not_be_changed(dir_archive):
    """Counted and said, no failure; a backup whose manifest stays keeps its content and its WAL."""
    archive, site = dir_archive, dir_archive.site
    full1, full2 = archive.make("full", "full")
    site.walship.configure(retention_full=1)
    before = site.store.list()
    place = site.store.path / archive.id / "backup" / full1
    place.chmod(0o500)
    text = archive.expire().expect(0).out.decode()
    assert "the store refused to remove 1 object, which stays: " in text
    assert "keep all WAL: no base backup is removed" in text
    assert site.store.list() == before and archive.verified() == [full1, full2]
    place.chmod(0o700)
    for directory in (site.store.path / archive.id / "wal").iterdir():
        directory.chmod(0o500)
    text = archive.expire().expect(0).out.decode()
    assert "the store refused to remove 1 object, which stays: " in text
    assert archive.verified() == [full2] and [name for name in before if "/wal/" in name] == archive.wal()
    for directory in (site.store.path / archive.id / "wal").iterdir():
        directory.chmod(0o700)


def test_without_the_permission_to_delete(s3_site):
    """The policies of doc/deploy: with create, read and list nothing goes; with delete all of it."""
    client, bucket = s3_site.store.client, "walship-expire"
    client.create_bucket(Bucket=bucket)
    try:
        user = Host(s3_site, bucket).may("iam-create-read", "iam-list")
        with s3_site.primary() as primary:
            primary.start()
            archive = Archive(s3_site, primary)
            archive.make("full", "full")
            primary.stop()
        names = keys_of(client, bucket)
        s3_site.walship.configure(retention_full=1)
        text = archive.expire().expect(0).out.decode()
        assert re.search(r"the store refused to remove 1 object, which stays: .*AccessDenied", text)
        assert keys_of(client, bucket) == names
        archive.verified()
        user.may("iam-create-read", "iam-list", "iam-delete")
        archive.expire().expect(0)
        assert len(archive.verified()) == 1 and len(keys_of(client, bucket)) < len(names)
    finally:
        client.delete_bucket_policy(Bucket=bucket)
        for key in keys_of(client, bucket):
            client.delete_object(Bucket=bucket, Key=key)
        client.delete_bucket(Bucket=bucket)


def test_young_uploads_stay(s3_site):
    """radosgw's own listing of uploads: expire reads it, and leaves what may be under way."""
    store, site = s3_site.store, s3_site
    key = f"{store.prefix}/{site.system_id}/backup/20261101T000000Z-full/data/00000001"
    begun = [store.client.create_multipart_upload(Bucket=store.server.bucket, Key=f"{key} +{number}")["UploadId"] for number in range(3)]
    args = ("expire", "--retention-full", "1", "--system-id", site.system_id, "--json")
    line = json.loads(site.run(*args).expect(0).out.splitlines()[-1])
    assert (line["unfinished_uploads"], line["refused_uploads"], line["upload_refusal"]) == (0, 0, None)
    there = store.client.list_multipart_uploads(Bucket=store.server.bucket, Prefix=f"{store.prefix}/").get("Uploads", [])
    assert sorted(each["UploadId"] for each in there) == sorted(begun)
    for each in there:
        store.client.abort_multipart_upload(Bucket=store.server.bucket, Key=each["Key"], UploadId=each["UploadId"])


def keys_of(client, bucket):
    return [item["Key"] for item in client.list_objects_v2(Bucket=bucket).get("Contents", [])]


@pytest.mark.parametrize("lock", [False, True], ids=["versioned", "lock"])
def test_versions_stay(s3_site, special_bucket, lock):  # noqa: F811
    """A removal is a delete marker: walship no longer sees the object, and the store keeps its version, locked or not."""
    bucket = special_bucket(f"walship-expire-{'lock' if lock else 'versions'}", lock=lock, versioned=True)
    s3_site.walship.configure(s3_no_replace="look", retention_full=1)
    if lock:
        s3_site.walship.configure(s3_object_lock_mode="GOVERNANCE", s3_object_lock_retain_days="3")
    client = s3_site.store.client
    with s3_site.primary() as primary:
        primary.start()
        archive = Archive(s3_site, primary)
        _, full2 = archive.make("full", "full")
        primary.stop()
    before = keys_of(client, bucket)
    text = archive.expire().expect(0).out.decode()
    assert "refused" not in text
    after = keys_of(client, bucket)
    assert archive.verified() == [full2] and len(after) < len(before)
    kept = {version["Key"] for version in client.list_object_versions(Bucket=bucket)["Versions"]}
    assert kept >= set(before)
    archive.expire().expect(0)
    assert keys_of(client, bucket) == after


def test_wal_alone(dir_archive):
    """An old archive: its first backup removes no WAL; retention-wal-days does, but never what the backup needs."""
    archive, site = dir_archive, dir_archive.site
    for _ in range(3):
        archive.primary.sql("insert into t select count(*) from t")
        archive.primary.archive_all()
    before = archive.wal()
    site.walship.configure(retention_full=1, retention_wal_days=3)
    assert "keep all WAL: there is no base backup" in archive.expire().expect(0).out.decode()
    site.walship.configure(retention_wal_days=None)
    (full,) = archive.make("full")
    assert "keep all WAL: no base backup is removed" in archive.expire().expect(0).out.decode()
    assert set(before) <= set(archive.wal())
    site.walship.configure(retention_wal_days=3)
    assert "WAL" not in archive.expire().expect(0).out.decode()
    for name in archive.wal():
        os.utime(site.store.path / name, (time.time() - 4 * 86400,) * 2)
    assert "remove WAL from 0000000100000000" in archive.expire().expect(0).out.decode()
    assert min(archive.segments()) == archive.start_of(full) and archive.restored() == [full]


def peak_mib(site, *args):
    """The most memory that a call took, which must succeed: as its process says while it runs."""
    process, peak = site.walship.popen(*args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), 0
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        if status.startswith("Name:\twalship\n") and (found := re.search(r"^VmHWM:\s+(\d+) kB", status, re.M)):
            peak = max(peak, int(found[1]) / 1024)
        time.sleep(0.005)
    assert process.returncode == 0 and peak > 0
    return peak


def test_memory_is_flat(dir_site):
    """With a million WAL files in the full run. The server's WAL begins far behind them."""
    site = dir_site
    primary = site.primary()
    primary.program("pg_resetwal", "-l", "000000010000200000000001", "-D", primary.data)
    with primary:
        primary.start()
        archive = Archive(site, primary)
        archive.make("full")
    site.walship.configure(retention_wal_days=1)
    then, first, peaks = time.time() - 3 * 86400, 0, []
    for logs in (20, extent.rounds(3900, 200)):
        for log in range(first, first + logs):
            place = host.USER.mkdir(site.store.path / archive.id / "wal" / f"{1:08X}{log:08X}")
            for number in range(256):
                path = place / f"{1:08X}{log:08X}{number:08X}"
                path.touch()
                os.utime(path, (then, then))
        first += logs
        peaks.append(peak_mib(site, "expire", "--system-id", archive.id))
        assert all(name.startswith("0000000100002") for name in archive.segments())
    print(f"peak memory: {peaks[0]:.1f} MiB, {peaks[1]:.1f} MiB")
    assert peaks[1] < peaks[0] + 2
