"""A directory repository that another user touches."""

import os

import pytest

from harness import host, store, wal

NAMES = [wal.segment_name(1, number, wal.MIB) for number in (1, 2, 0x1001)]  # the third one in a directory of its own


@pytest.fixture
def two_users():
    if not host.USER.switch:
        pytest.skip("only root can be root and somebody else")


def segment(site, name):
    return site.file(name, wal.segment(site.system_id, name, wal.MIB))


def as_root(site, *args):
    return host.run(site.walship.argv(*args), as_user=False)


def check(site, *options):
    done = site.run("check", "--store", *options)
    return done.code, done.out.decode()


def test_one_call_as_root(dir_site, two_users):
    """The server's user fetches what root pushed, and pushes into the directories that root made."""
    site = dir_site
    as_root(site, "push", segment(site, NAMES[0]))
    as_root(site, "check", "--store", "--system-id", site.system_id)
    for path in (site.store.path, *site.store.path.rglob("*")):
        assert (path.stat().st_uid, path.stat().st_gid) == (host.USER.uid, host.USER.gid), path
    site.run("push", segment(site, NAMES[1])).expect(0)
    dest = site.scratch.directory("dest") / "x"
    site.run("fetch", NAMES[0], dest, "--system-id", site.system_id).expect(0)
    site.run("push", segment(site, NAMES[0])).expect(0)
    assert check(site, "--system-id", site.system_id)[0] == 0


def test_what_root_left_before(dir_site, two_users):
    """check, as the server's user and as root, finds a directory or an object of another user, also deep below the root."""
    site = dir_site
    for name in NAMES:
        site.run("push", segment(site, name)).expect(0)
    path = site.store.path / wal.object_name(site.system_id, NAMES[2])
    cases = ((path, 0, "Permission denied", "belongs to user id 0"), (path.parent, 0, "Permission denied", "belongs to user id 0"))
    for closed, uid, own, root in cases:
        os.chown(closed, uid, uid)
        code, out = check(site, "--system-id", site.system_id)
        assert code == 5 and "✗ use every file" in out and own in out and f"user id {host.USER.uid} must be able" in out
        done = host.run(site.walship.argv("check", "--store"), as_user=False, check=False)
        assert done.returncode == 5 and root in done.stdout.decode() and f"chown -R --reference={site.store.path}" in done.stdout.decode()
        site.run("cat", NAMES[2], "--system-id", site.system_id).expect(255, "Permission denied", "must be able to read")
        os.chown(closed, host.USER.uid, host.USER.gid)


def test_check_creates_where_the_next_segment_goes(dir_site, data_dir, control_file, two_users):
    """Readable and not writable: the root and the cluster's directory tell nothing about the one that is in use."""
    site = dir_site
    system_id = control_file[0]
    name = wal.segment_name(1, 1, wal.MIB)
    site.run("push", site.file(name, wal.segment(system_id, name, wal.MIB))).expect(0)
    cluster = site.store.path / str(system_id)
    for closed, step in ((cluster / "wal", "use every file"), (cluster / "wal/0000000100000000", "create an object")):
        os.chown(closed, 0, 0)
        closed.chmod(0o755)
        code, out = check(site, "--pg-data", data_dir)
        assert code == 5 and f"✗ {step}" in out and "Permission denied" in out, out
        os.chown(closed, host.USER.uid, host.USER.gid)
    # Without a known cluster, or without anything of it, check leaves no directory behind.
    site.store = store.Directory(site.scratch.directory("new"))
    site.walship.configure(repo=site.store.url)
    assert check(site, "--pg-data", data_dir)[0] == 0
    assert list(site.store.path.iterdir()) == []


def test_a_damaged_object_is_put_aside(dir_site):
    """The server still has the file: as the hint says, its next push stores it again."""
    site = dir_site
    site.run("push", segment(site, NAMES[0])).expect(0)
    name = wal.object_name(site.system_id, NAMES[0])
    site.store.put(name, site.store.get(name)[:-1] + b"x")
    site.run("push", segment(site, NAMES[0])).expect(4, "cannot read the object: ", f"rename the object {name} in the repository")
    path = site.store.path / name
    path.rename(path.with_name(f".{path.name}.damaged"))
    site.run("push", segment(site, NAMES[0])).expect(0)
    site.run("verify", "--system-id", site.system_id).expect(0)
