"""walship check --store: what a store really does, said in a line for each step."""

import os
import re

import pytest

from harness import host, strict_s3, wal, walship

STEPS = ["create an object", "read it back", "never replace it", "say what is missing", "list it", "remove it"]
DIRECTORY_STEPS = [*STEPS, "write a segment", "use every file"]


def marks(done):
    """Step -> its mark."""
    return {match[2]: match[1] for match in re.finditer(r"^([✓✗–]) ([a-z ]+?)  ", done.out.decode(), re.M)}


def check(site, code=0, error=None):
    done = site.run("check", "--store").expect(code, error)
    return marks(done), done.out.decode()


def check_all(site, code, data_dir):
    done = site.run("check", "--pg-data", data_dir).expect(code, "failed")
    return marks(done), done.out.decode()


@pytest.fixture
def strict(scratch, program):
    def make(server, **options):
        directory = scratch.directory()
        options = {name.replace("_", "-"): value for name, value in options.items()}
        return walship.Walship(program, directory, {**server.options(directory, host.USER), "push-timeout": "5s", **options},
                               secrets=[server.secret_key.encode()])
    return make


def test_a_store_that_does_all_of_it(site):
    before = site.store.list()
    shown, _ = check(site)
    shown.pop("write a segment", None)  # a warning, when the machine of this test is short of room
    assert shown == {step: "✓" for step in (DIRECTORY_STEPS if site.store.kind == "dir" else STEPS) if step != "write a segment"}
    assert site.store.list() == before


def test_a_store_that_ignores_the_condition(strict):
    with strict_s3.StrictS3(conditional="ignore") as server:
        shown, out = check(strict(server), 4, "check s3://strict/pre: 1 of 6 steps failed")
        assert shown == {**dict.fromkeys(STEPS, "✓"), "never replace it": "✗"}
        assert "ignores the condition" in out and "hint: set s3-no-replace = look" in out
        # Then the same is a warning.
        shown, out = check(strict(server, s3_no_replace="look"))
        assert shown["never replace it"] == "–" and "two writers at once could both win" in out
        assert not server.bucket.keys()


def test_a_store_that_refuses_the_condition(strict):
    with strict_s3.StrictS3(conditional="refuse") as server:
        done = strict(server).run("check", "--store").expect(0, "refuses If-None-Match", None)
        assert marks(done) == dict.fromkeys(STEPS, "✓")


def test_without_permission_to_list(strict):
    """What is missing cannot be told from what is forbidden: no recovery would end."""
    with strict_s3.StrictS3(list_permission=False) as server:
        shown, out = check(strict(server), 3, "1 of 6 steps failed, and so would archiving or recovery")
        assert shown["say what is missing"] == "✗" and shown["list it"] == "–" and shown["create an object"] == "✓"
        assert "s3:ListBucket" in out


def test_without_permission_to_remove(strict):
    with strict_s3.StrictS3() as server:
        server.faults = lambda request: "403 no permission" if request.method == "DELETE" else None
        shown, out = check(strict(server))
        assert shown["remove it"] == "–" and "s3:DeleteObject" in out
        assert len(server.bucket.keys()) == 1


def test_a_store_that_alters_what_it_is_given(strict):
    with strict_s3.StrictS3() as server:
        server.faults = lambda request: "bit flipped" if request.method == "GET" and "check" in request.key else None
        shown, _ = check(strict(server), 4, "steps failed")
        assert shown["read it back"] == "✗"


def test_nobody_there(site):
    site.store.go_away()
    shown, out = check(site, 3, "1 of 6 steps failed" if site.store.kind == "s3" else "1 of 8 steps failed")
    assert shown == {"create an object": "✗"} and out.count("\n") <= 2
    site.store.come_back()


def test_a_link_to_a_disk_that_is_not_mounted(dir_site):
    """Reads and writes of other objects succeed: only a look at every link shows it."""
    name, content, object_name = dir_site.kind("segment")
    dir_site.run("push", dir_site.file(name, content)).expect(0)
    path = dir_site.store.path / object_name
    path.unlink()
    path.symlink_to("/mnt/not-mounted/segment")
    shown, out = check(dir_site, 3, "1 of 8 steps failed")
    assert shown == {**dict.fromkeys(DIRECTORY_STEPS, "✓"), "use every file": "✗", "write a segment": shown["write a segment"]}
    assert "is a symbolic link to /mnt/not-mounted/segment, which does not exist" in out and "hint: mount the disk" in out
    dir_site.run("verify").expect(3, "which does not exist", "mount the disk")


@pytest.mark.parametrize("room,code,expected", [(20 << 10, 5, "✗ create an object|✗ write a segment.*No space left"), (8 << 20, 5, "✗ write a segment .*No space left on device"),
                                                (20 << 20, 0, "– write a segment .*has only [12][0-9] MiB free")])
def test_a_disk_without_room(dir_site, small_disk, room, code, expected):
    """A small object fits where a segment does not."""
    site, disk = dir_site, small_disk(64 << 10)
    site.store.path = host.USER.mkdir(disk.path / "repo")
    site.walship.configure(repo=f"file://{site.store.path}")
    disk.fill(room)
    _, out = check(site, code, "1 of 8 steps failed" if code else None)
    assert re.search(expected, out) and "hint: " in out, out
    assert list(site.store.path.iterdir()) == []


@pytest.mark.parametrize("place", ["repo", "pg_wal/repo", "linked"])
def test_a_repository_in_the_data_directory(dir_site, data_dir, control_file, place):
    """check refuses it; push, which must go on, says it at the first file and with each base backup."""
    site = dir_site
    inside = host.USER.mkdir(data_dir / ("repo" if place == "linked" else place))
    if place == "linked":
        inside, target = site.directory / "linked", inside
        inside.symlink_to(target)
    site.walship.configure(repo=f"file://{inside}")
    told = rf"the repository {inside} is inside the data directory {data_dir}"
    shown, out = check_all(site, 2, data_dir)
    assert shown["data directory"] == "✗" and re.search(told, out) and "set repo" in out
    site.run("check", "--store", "--pg-data", data_dir).expect(2, told, "move the repository")
    system_id = control_file[0]
    for number, warned in ((1, True), (2, False)):
        name = wal.segment_name(1, number, wal.MIB)
        host.USER.write(data_dir / "pg_wal" / name, wal.segment(system_id, name, wal.MIB), 0o600)
        done = site.run("push", f"pg_wal/{name}", cwd=data_dir)
        assert done.code == 0 and bool(re.search(f"warning: {told}", done.err)) == warned, done.err
    name = wal.segment_name(1, 1, wal.MIB) + ".00000028.backup"
    host.USER.write(data_dir / "pg_wal" / name, wal.backup_label(name), 0o600)
    for options in ((), ("--push-ahead", "0")):
        assert re.search(f"warning: {told}", site.run("push", f"pg_wal/{name}", *options, cwd=data_dir).err), options


def test_a_spool_in_the_data_directory(dir_site, data_dir):
    dir_site.walship.configure(spool=data_dir / "spool")
    shown, out = check_all(dir_site, 2, data_dir)
    assert shown["spool"] == "✗" and f"the spool {data_dir}/spool is inside the data directory" in out
    assert not (data_dir / "spool").exists()


def test_what_cannot_be_configured(site):
    site.walship.configure(cipher_key_file="/nonexistent/key")
    done = site.run("check", "--store").expect(2, "cipher-key-file", "keygen")
    assert done.out == b""


def test_another_user_than_the_servers(dir_site, data_dir):
    """What one may read and write says nothing of the other."""
    if not host.USER.switch:
        pytest.skip("only root can give a directory to another user")
    shown = marks(dir_site.run("check", "--pg-data", data_dir).expect(0))
    assert shown["data directory"] == "✓"
    os.chown(data_dir, 0, 0)
    data_dir.chmod(0o755)
    done = dir_site.run("check", "--pg-data", data_dir).expect(0)
    assert marks(done)["data directory"] == "–"
    assert f"this is user id {host.USER.uid}, not the server's user" in done.out.decode() and "run it as the server's user" in done.out.decode()
