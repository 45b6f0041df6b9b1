"""What a data directory may hold: tablespaces, links, unlogged and temporary relations, large, sparse and many files."""

import json
import os
import re
import shutil
import subprocess

import pytest

from harness import extent, host
from harness.made_backups import Backups, amcheck, loaded, settled

GIB = 1 << 30
IN_PLACE = {"allow_in_place_tablespaces": "on"}


def oid_of(primary, name):
    return primary.sql(f"select oid from pg_tablespace where spcname = '{name}'")


def test_tablespaces(dir_site):
    """Elsewhere, inside the data directory, and in place: each table comes back, and no byte is stored twice."""
    site = dir_site
    with site.primary(**IN_PLACE) as primary:
        primary.start()
        host.USER.mkdir(primary.data / "deep", 0o700)
        inside = host.USER.mkdir(primary.data / "deep/within", 0o700)
        outside = host.USER.mkdir(site.directory / "outside", 0o700)
        for name, place in (("far", outside), ("within", inside), ("inplace", "")):
            primary.sql(f"create tablespace {name} location '{place}'")
            primary.sql(f"create table t_{name} tablespace {name} as select g, md5(g::text) from generate_series(1, 20000) g")
        backups = Backups(site, primary)
        full = backups.make()
        for name in ("far", "within", "inplace"):
            primary.sql(f"update t_{name} set g = -g where g % 100 = 0")
        diff = backups.make("diff")
        far = oid_of(primary, "far")
        for made in (full, diff):
            manifest = backups.read(made["label"]).manifest
            assert manifest["tablespaces"] == [[far, str(outside)], [oid_of(primary, "within"), str(inside)]]
        paths = [entry.path for entry in backups.read(full["label"]).entries()]
        assert len(paths) == len(set(paths))
        assert "deep/within" in paths and not [path for path in paths if path.startswith("deep/within/")]
        rows = settled(primary)
        for made in (full, diff):
            place = host.USER.mkdir(site.directory / "elsewhere", 0o700)
            backups.proof(made["label"], rows, tablespaces={far: place}, **IN_PLACE)
        # The copy's tablespace lies in the copy, where it lay in the server's data directory.
        copy = backups.restored(diff["label"], tablespaces={far: host.USER.mkdir(site.directory / "again", 0o700)})
        assert (copy.data / "pg_tblspc" / oid_of(primary, "within")).readlink() == copy.data / "deep/within"
        assert list((copy.data / "deep/within").glob("PG_*/*/*"))


def test_set_tablespace_and_back(dir_site):
    """A table moves to another tablespace and back: its file has a new name each time, and the diff has its content."""
    site = dir_site
    with site.primary(**IN_PLACE) as primary:
        primary.start()
        primary.sql("create tablespace other location ''")
        primary.sql("create table t as select g, md5(g::text) from generate_series(1, 20000) g")
        backups = Backups(site, primary)
        backups.make()
        primary.sql("alter table t set tablespace other")
        there = backups.make("diff")
        primary.sql("update t set g = -g where g % 7 = 0")
        primary.sql("alter table t set tablespace pg_default")
        back = backups.make("incr")
        rows = settled(primary)
        for made in (there, back):
            backups.proof(made["label"], rows, **IN_PLACE)


def test_links(dir_site):
    """pg_wal, a directory and a file of the data directory are symbolic links: the copy has what they lead to."""
    site = dir_site
    with site.primary() as primary:
        away = host.USER.mkdir(site.directory / "away", 0o700)
        for name in ("pg_wal", "pg_xact", "pg_hba.conf"):
            shutil.move(primary.data / name, away / name)
            (primary.data / name).symlink_to(away / name)
        primary.start()
        primary.sql("create table t as select g from generate_series(1, 10000) g")
        (primary.data / "nowhere").symlink_to(site.directory / "not-there")
        backups = Backups(site, primary)
        made = backups.make(error="/nowhere is a broken symbolic link; the backup leaves it out")
        links = {entry.path: entry.link for entry in backups.read(made["label"]).entries() if entry.link is not None}
        assert links == {name: str(away / name) for name in ("pg_wal", "pg_xact", "pg_hba.conf")}
        rows = settled(primary)
        # Links without end are left out, by name; the backup is complete all the same.
        (primary.data / "round").symlink_to(primary.data)
        (primary.data / "above").symlink_to(site.directory)
        (primary.data / "self").symlink_to("self")
        again = backups.run("diff", "--json").expect(0, "the backup leaves it out")
        for name, why in (("round", "a symbolic link to a directory above it"), ("above", "a symbolic link to a directory above it"), ("self", "a broken symbolic link")):
            assert re.search(rf"/primary\S*/{name} is {why}; the backup leaves it out", again.err), again.err
        backups.proof(json.loads(again.out)["label"], rows)


def test_unlogged_and_temporary(dir_site):
    """Unlogged tables are empty after recovery and work; of temporary ones and of sorts nothing is stored."""
    site = dir_site
    with site.primary(work_mem="64kB") as primary:
        primary.start()
        primary.sql("create unlogged table u (n int primary key, v text)")
        primary.sql("insert into u select g, md5(g::text) from generate_series(1, 5000) g")
        primary.sql("create table t as select g from generate_series(1, 1000) g")
        backups = Backups(site, primary)
        session = subprocess.Popen([str(host.PG_BIN / "psql"), "-X", "-h", str(primary.sockets), "-p", str(primary._port()), "-U", "postgres",
                                    "-c", "begin; create temporary table tmp as select g, md5(g::text) from generate_series(1, 5000) g;"
                                    "declare c cursor with hold for select * from tmp order by 2; commit; select pg_sleep(600)"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **host.USER.popen_args())
        try:
            host.wait_for(lambda: list(primary.data.glob("base/*/t[0-9]*_*")), "the temporary table is there")
            primary.sql("checkpoint")
            made = backups.make()
        finally:
            session.terminate()
            session.wait(30)
        primary.expect("connection to client lost|terminating connection")
        paths = [entry.path for entry in backups.read(made["label"]).entries()]
        unlogged = primary.sql("select pg_relation_filepath('u')")
        assert f"{unlogged}_init" in paths and unlogged not in paths and f"{unlogged}_fsm" not in paths
        assert not [path for path in paths if os.path.basename(path).startswith("t") and "_" in path and path.startswith("base/")]
        rows = settled(primary)
        with backups.recover(made["label"]) as copy:
            assert copy.rows() == {**rows, "u": ""}
            copy.sql("insert into u values (1, 'again')")
            amcheck(copy)


@pytest.mark.parametrize("case", ["sparse", pytest.param("real", marks=pytest.mark.full)])
def test_a_gigabyte_and_more(dir_site, case):
    """Files of 1 GiB and more come back with their size and content, a hole takes no room."""
    site = dir_site
    with site.primary() as primary:
        primary.start()
        place = primary.data / "large"
        size = GIB + 3 * 8192 + 5
        host.USER.write(place, b"")
        with open(place, "r+b") as file:
            for offset in (0, 8192 * 1000 + 17, GIB - 100, GIB + 8192) if case == "sparse" else range(0, size, 1 << 16):
                file.seek(offset)
                file.write(b"at %d" % offset + os.urandom(100))
            file.truncate(size)
        backups = Backups(site, primary)
        full = backups.make()
        with open(place, "r+b") as file:
            file.seek(GIB - 50000)
            file.write(b"changed")
        diff = backups.make("diff")
        if case == "sparse":
            assert full["stored_bytes"] < 64 << 20
        assert full["bytes"] > size and diff["changed_bytes"] < 4 << 20
        copy = backups.read(diff["label"]).restore(site.directory / "copy")
        host.run(["cmp", place, copy / "large"])
        if case == "sparse":
            assert (copy / "large").stat().st_blocks * 512 < 1 << 20


def test_many_small_files(dir_site):
    """20,000 files (100,000 in full) of a directory: all are there, and the next backup opens none of them."""
    site = dir_site
    count = extent.rounds(100_000, 20_000)
    with site.primary() as primary:
        primary.start()
        many = host.USER.mkdir(primary.data / "many", 0o700)
        for number in range(count):
            path = many / f"{number:06}"
            path.write_bytes(b"file %d" % number)
            os.chown(path, host.USER.uid, host.USER.gid)
            if number % 3:
                os.utime(path, (1e9, 1e9))
        backups = Backups(site, primary)
        full = backups.make()
        assert full["files"] > count
        host.USER.write(many / "000007", b"another text")
        (many / "000008").unlink()
        diff = backups.make("diff")
        assert diff["files"] == full["files"] - 1
        copy = backups.read(diff["label"]).restore(site.directory / "copy")
        assert {path.name: path.read_bytes() for path in many.iterdir()} == {path.name: path.read_bytes() for path in (copy / "many").iterdir()}


def test_names(dir_site):
    """Names with blanks, tabs, newlines, bytes that are not UTF-8, and one that looks like part of a relation's path."""
    site = dir_site
    names = [b"a b", b"tab\there", b"line\nbreak", b"back\\slash", b"\xff\xfe", b"base", b"\x7f", "ü".encode(), b"x" * 255, b"0" * 250]
    with site.primary("primary", "--data-checksums") as primary:
        primary.start()
        place = host.USER.mkdir(primary.data / "names", 0o750)
        for name in names:
            path = os.path.join(os.fsencode(place), name)
            with open(path, "wb") as file:
                file.write(name * 3000)
            os.chown(path, host.USER.uid, host.USER.gid)
            os.chmod(path, 0o400)
        host.USER.mkdir(place / "empty")
        backups = Backups(site, primary)
        backups.make()
        made = backups.make("diff")
        copy = os.fsencode(backups.read(made["label"]).restore(site.directory / "copy") / "names")
        assert sorted(os.listdir(copy)) == sorted([*names, b"empty"])
        for name in names:
            with open(os.path.join(copy, name), "rb") as file:
                assert file.read() == name * 3000
            assert os.stat(os.path.join(copy, name)).st_mode & 0o7777 == 0o400


def test_left_out(dir_site):
    """What the server's own base backup leaves out; caches, sorts, WAL, statistics in progress."""
    site = dir_site
    with loaded(site, scale="1") as primary:
        for name in ("pg_internal.init.4711", "base/pgsql_tmp", "backup_label.old"):
            host.USER.write(primary.data / name, "x") if name != "base/pgsql_tmp" else (primary.data / name).mkdir(exist_ok=True)
        host.USER.write(primary.data / "base/pgsql_tmp/pgsql_tmp1.0", "x")
        host.USER.write(primary.data / "pg_replslot/x", "x")
        backups = Backups(site, primary)
        made = backups.make()
        paths = {entry.path for entry in backups.read(made["label"]).entries()}
        assert "backup_label.old" in paths and {"pg_wal", "pg_wal/archive_status", "pg_replslot", "pg_notify"} <= paths
        for part in ("pgsql_tmp", "pg_internal.init", "postmaster.", "pg_wal/0", "archive_status/", "pg_replslot/", "pg_stat_tmp/", "pg_control"):
            assert not [path for path in paths if part in path], part
