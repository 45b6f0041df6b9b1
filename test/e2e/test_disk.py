"""Disks that are full, and directories that cannot be written."""

import subprocess

import pytest

from harness import disk as disk_module
from harness import host, objects, store, wal
from harness.walship import Result

NAME = wal.SEGMENT


def incompressible(site):
    """A segment of which no compressor makes less than a megabyte."""
    import random
    whole = bytearray(wal.segment(site.system_id, NAME, wal.MIB))
    source = random.Random(1)
    for page in range(0, wal.MIB, wal.PAGE):
        whole[page + 40:page + wal.PAGE] = source.randbytes(wal.PAGE - 40)
    return bytes(whole)


@pytest.mark.parametrize("room", [0, 4096, 300 * 1024])
def test_full_repository(dir_site, small_disk, room):
    """Nothing appears under the name, and with room again the push succeeds."""
    site, disk = dir_site, small_disk(4096)
    site.store.path = host.USER.mkdir(disk.path / "repo")
    site.walship.configure(repo=f"file://{site.store.path}")
    object_name = wal.object_name(site.system_id, NAME)
    host.run(["mkdir", "-p", (site.store.path / object_name).parent])
    ballast = disk.fill(room)
    content = incompressible(site)
    path = site.file(NAME, content)
    site.run("push", path).expect(5, rf"push {NAME}: .*No space left on device", r".")
    assert site.store.list() == []
    assert disk.free_bytes() >= room - 4096, "a failed push holds room"
    ballast.unlink()
    site.run("push", path).expect(0)
    assert objects.open_object(site.store.get(object_name), object_name, site.walship.key) == content


@pytest.mark.parametrize("room", [0, 4096, 300 * 1024])
@pytest.mark.parametrize("continued", [False, True])
def test_full_destination(site, small_disk, room, continued):
    content = incompressible(site)
    site.run("push", site.file(NAME, content)).expect(0)
    disk = small_disk(4096)
    place = host.USER.mkdir(disk.path / "pg_wal")
    ballast = disk.fill(room)
    fetch = ("fetch", NAME, place / "RECOVERYXLOG", "--system-id", site.system_id)
    options = ("--fetch-error", "continue") if continued else ()
    site.run(*fetch, *options).expect(5 if continued else 255, rf"fetch {NAME}: .*No space left on device", r".")
    assert list(place.iterdir()) == []
    ballast.unlink()
    site.run(*fetch).expect(0)
    assert (place / "RECOVERYXLOG").read_bytes() == content


def test_read_only_repository(dir_site):
    """A push is refused; what is there can be fetched, and pushed again."""
    site = dir_site
    name, content, object_name = site.kind("segment")
    path = site.file(name, content)
    site.run("push", path).expect(0)
    directories = [p for p in (site.store.path, *site.store.path.rglob("*")) if p.is_dir()]
    for directory in directories:
        directory.chmod(0o555)
    other = wal.segment_name(1, 4, wal.MIB)
    done = site.run("push", site.file(other, wal.segment(site.system_id, other, wal.MIB)))
    done.expect(5, rf"push {other}: .*Permission denied", r".")
    site.run("push", site.file("00000002.history", wal.history()), "--system-id", site.system_id).expect(
        5, r"push 00000002.history: .*Permission denied", r".")
    assert site.store.list() == [object_name]
    site.run("push", path).expect(0)
    dest = site.scratch.directory("dest") / "x"
    site.run("fetch", name, dest, "--system-id", site.system_id).expect(0)
    for directory in directories:
        directory.chmod(0o755)


def test_read_only_destination(dir_site):
    name, content, _ = dir_site.kind("segment")
    dir_site.run("push", dir_site.file(name, content)).expect(0)
    place = dir_site.scratch.directory("dest")
    place.chmod(0o555)
    dir_site.run("fetch", name, place / "x", "--system-id", dir_site.system_id).expect(
        255, rf"fetch {name}: .*Permission denied", r".")


def test_unreadable_object(dir_site):
    """Not being allowed to look is no "not found"."""
    name, content, object_name = dir_site.kind("segment")
    path = dir_site.file(name, content)
    dir_site.run("push", path).expect(0)
    place = dir_site.store.path / object_name
    dest = dir_site.scratch.directory("dest") / "x"
    for closed, mode in ((place, 0o600), (place.parent, 0o755)):
        closed.chmod(0)
        dir_site.run("fetch", name, dest, "--system-id", dir_site.system_id).expect(
            255, rf"fetch {name}: .*Permission denied", r".")
        assert not dest.exists()
        closed.chmod(mode)


def test_full_disk_under_archiver(dir_site, small_disk):
    """PostgreSQL keeps the segments and archives them when there is room again."""
    site, disk = dir_site, small_disk(24 * 1024)
    site.store = store.Directory(host.USER.mkdir(disk.path / "place"))
    site.walship.configure(repo=site.store.url)
    with site.primary("primary", "--wal-segsize=1") as primary:
        primary.expect(r"walship: (hint: |push )", r"archive command failed with exit code 5")
        primary.start()
        primary.sql("create table t (v text)")
        primary.archive_all()
        ballast = disk.fill(8192)
        primary.sql("insert into t select md5(g::text) from generate_series(1, 30000) g")
        primary.switch()
        host.wait_for(lambda: primary.archiver()[1] >= 1, "a failure")
        assert "No space left on device" in primary.log_text()
        waiting = primary.waiting()
        assert waiting
        ballast.unlink()
        primary.sql("insert into t values ('wake up')")
        primary.archive_all()
        assert {n.rsplit("/", 1)[1] for n in site.store.list()} >= set(waiting)


def test_a_disk_that_went_read_only(dir_site, small_disk):
    """As ext4 does after an error: pushes fail and are not acknowledged, what is there can be fetched."""
    site, disk = dir_site, small_disk(24 * 1024)
    site.store = store.Directory(host.USER.mkdir(disk.path / "place"))
    site.walship.configure(repo=site.store.url)
    name, content, _ = site.kind("segment")
    site.run("push", site.file(name, content)).expect(0)
    disk.set_read_only(True)
    other = wal.segment_name(1, 4, wal.MIB)
    path = site.file(other, wal.segment(site.system_id, other, wal.MIB))
    site.run("push", path).expect(5, rf"push {other}: .*Read-only file system", "the file system is read-only: .*dmesg")
    assert site.run("cat", name, "--system-id", site.system_id).out == content
    disk.set_read_only(False)
    site.run("push", path).expect(0)


def test_a_disk_that_is_not_mounted(dir_site, small_disk, scratch):
    """The archiver waits: nothing is acknowledged into the empty mount point, and recovery does not take it for the end."""
    site, disk = dir_site, small_disk(24 * 1024)
    site.store = store.Directory(host.USER.mkdir(disk.path / "place"))
    site.walship.configure(repo=site.store.url)
    with site.primary("primary", "--wal-segsize=1") as primary:
        primary.expect(r"walship: (hint: |push )", r"archive command failed with exit code 3")
        primary.start()
        primary.sql("create table t (v text)")
        first = primary.archive_all()
        away = scratch.directory("away")
        disk_module.move(disk.path, away)
        primary.sql("insert into t values ('while it is away')")
        primary.switch()
        host.wait_for(lambda: primary.archiver()[1] >= 1, "a failure")
        assert list(disk.path.iterdir()) == []
        dest = scratch.directory("back") / "x"
        site.run("fetch", first, dest, "--system-id", primary.system_id()).expect(255, "place", ".")
        disk_module.move(away, disk.path)
        primary.archive_all()
        site.run("fetch", first, dest, "--system-id", primary.system_id()).expect(0)


def test_a_read_only_tmp(dir_site):
    """The default spool cannot be there: one warning for all calls, and none if TMPDIR names another place."""
    if disk_module.refusal():
        pytest.skip(disk_module.refusal())
    site = dir_site
    site.walship.configure(spool=None)
    place, memory = host.USER.mkdir(site.directory / "tmpdir"), host.USER.mkdir(site.directory / "memory")
    pg_wal = host.USER.mkdir(site.directory / "pg_wal")

    def call(*args, **env):
        command = ["setpriv", *host.USER.setpriv_args(), *site.walship.argv(*args)]
        done = subprocess.run(disk_module.with_read_only_tmp(site.directory, memory, command), env=host.clean_env(**env), cwd=site.directory,
                              capture_output=True, check=False, timeout=60 * host.SLOWNESS)
        return Result(done.returncode, done.stdout, done.stderr.decode())

    def push(number, **env):
        name = wal.segment_name(1, number, wal.MIB)
        return call("push", host.USER.write(pg_wal / name, wal.segment(site.system_id, name, wal.MIB), 0o600), **env)

    spool = f"walship-{host.USER.uid}"
    push(1).expect(0, f"push-ahead is off: (create the spool|make) /tmp/{spool}.*: Read-only file system")
    for number in (2, 3):
        push(number).expect(0)
    push(4, TMPDIR=str(place)).expect(0)
    assert (place / spool).is_dir() and (place / spool).stat().st_mode & 0o7777 == 0o700 and list((place / spool).iterdir())
    shown = call("config", TMPDIR=str(place)).expect(0).out.decode()
    assert any(str(place / spool) in line and "TMPDIR" in line for line in shown.splitlines())
    push(5, TMPDIR="relative").expect(0)
    # After the next start of the machine it is news once more.
    for note in memory.iterdir():
        note.unlink()
    push(6).expect(0, "Read-only file system")
    assert len(site.store.list()) == 6
