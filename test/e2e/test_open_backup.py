"""Base backups without walship: doc/open-backup restores them, and harness/backups.py reads every byte of their objects.

Both are written from doc/format.md alone.
"""

import json
import random
import re
import shutil
from pathlib import Path

import pytest

from harness import backups, host, objects, store

SCRIPT = host.ROOT / "doc/open-backup"
# The server writes these while it runs or when it stops; a backup leaves them out, or has them as they were before.
SERVERS_OWN = {"postmaster.pid", "postmaster.opts", "global/pg_control", "backup_label", "tablespace_map", "backup_manifest"}
NOT_COMPARED = ("walship-include", "pg_wal", "pg_stat", "pg_stat_tmp", "pg_subtrans", "pg_replslot", "pg_logical/replorigin_checkpoint")


def make_backup(site, primary, kind, *options):
    """Its label, with the name of its cluster in front: SYSTEM-ID/backup/LABEL."""
    done = site.run("backup", kind, "--json", "--pg-data", primary.data, "--pg-conninfo", primary.connection_string(), *options)
    made = json.loads(done.expect(0).out)
    assert made["type"] == kind
    return f"{made['system_id']}/backup/{made['label']}"


def key_of(site):
    return site.walship.key if site.walship.options.get("cipher") != "none" else None


def repository(site):
    """The objects as files; those of a bucket are copied."""
    if site.store.kind == "dir":
        return site.store.path
    copied = site.scratch.directory("copied")
    for name in site.store.list():
        (copied / name).parent.mkdir(parents=True, exist_ok=True)
        host.USER.write(copied / name, site.store.get(name))
    host.run(["chown", "-R", f"{host.USER.uid}:{host.USER.gid}", copied], as_user=False)
    return copied


def script(site, program):
    """A copy where the ordinary user can run it."""
    path = host.USER.write(site.directory / "open-backup", program.read_bytes(), 0o755)
    return [path, site.walship.key_file if key_of(site) else "-"]


def open_backup(site, backup, directory, *places, objects=None, check=True):
    return host.run([*script(site, SCRIPT), objects or repository(site), backup, directory, *places], check=check)


def read_backup(site, backup, others=None):
    """By the reader that refuses all that doc/format.md does not explain."""
    return backups.Backup(site.store, backup, key_of(site), others)


def make_changes(primary, space):
    """All kinds of changes between two backups."""
    primary.pgbench("-n", "-c", "2", "-t", "200")
    primary.sql("drop table dropped; truncate emptied; create index on pgbench_accounts (abalance)")
    primary.sql("insert into grown select g, repeat(md5(g::text), 3) from generate_series(1, 5000) g")
    primary.sql("alter table moved set tablespace pg_default")
    primary.sql("vacuum full pgbench_tellers")
    primary.sql("vacuum")
    primary.sql("checkpoint")
    assert any(space.iterdir())


def prepare(site, primary):
    """Rows, and a tablespace with the place that it is in."""
    space = host.USER.mkdir(site.directory / "space", 0o700)
    primary.pgbench("-i", "-s", "1", "-q")
    primary.sql(f"create tablespace space location '{space}'")
    primary.sql("create table grown tablespace space as select g n, md5(g::text) v from generate_series(1, 3000) g")
    primary.sql("create table moved tablespace space as select g n from generate_series(1, 3000) g")
    primary.sql("create table dropped as table moved; create table emptied as table moved")
    primary.sql("create unlogged table fleeting as table moved")
    return space, primary.sql("select oid from pg_tablespace where spcname = 'space'")


@pytest.mark.heart
@pytest.mark.parametrize("kind, cipher", [("dir", "aes-256-cbc"), ("dir", "none"), ("s3", "aes-256-cbc")])
def test_opened_and_recovered(request, scratch, program, kind, cipher):
    """A differential backup of a server under load; recovery goes on to what was committed after the backup."""
    from conftest import make_site
    site = make_site(kind, request, scratch, program)
    site.walship.configure(cipher=cipher, compress="gzip", **({"cipher_key_file": None} if cipher == "none" else {}))
    with site.primary("primary", "--data-checksums") as primary:
        primary.start()
        space, oid = prepare(site, primary)
        full = make_backup(site, primary, "full")
        make_changes(primary, space)
        diff = make_backup(site, primary, "diff")
        primary.pgbench("-n", "-c", "2", "-t", "50")
        primary.sql("insert into grown select g, 'later' from generate_series(1, 100) g")
        rows = primary.rows()
        primary.archive_all()

    parent = read_backup(site, full)
    child = read_backup(site, diff, {parent.label: parent})
    assert child.manifest["needs"] == [parent.label] and child.manifest["changed_bytes"] < parent.manifest["changed_bytes"]
    assert child.manifest["tablespaces"] == [[oid, str(space)]]

    restored = site.cluster("restored")
    place = site.directory / "restored-space"
    open_backup(site, diff, restored.data, f"{oid}={place}")
    assert (restored.data / "pg_tblspc" / oid).readlink() == place
    fleeting = [path.name for path in restored.data.rglob("*_init")]
    assert len(fleeting) == 1 and not (next(restored.data.rglob("*_init")).parent / fleeting[0][:-5]).exists()
    without_label = site.cluster("without_label").copy_of(restored)
    (without_label.data / "backup_label").unlink()

    restored.configure(archive_command="false", archive_mode="off", restore_command=site.walship.command("fetch", "%f", "%p"))
    with restored.signal_file("recovery.signal"):
        restored.start(wait=False)
        restored.wait_promoted()
        assert restored.sql("select count(*) from fleeting") == "0"
        restored.sql("drop table fleeting")
        assert restored.rows() == {table: text for table, text in rows.items() if table != "fleeting"}
        restored.program("pg_amcheck", *restored._connection(), "--install-missing", "--heapallindexed", "--parent-check", "postgres")
        assert (restored.sql(f"select pg_tablespace_location({oid})")) == str(place)
    restored.program("pg_checksums", "--check", "-D", restored.data)

    with without_label.expect("PANIC:  could not locate a valid checkpoint record", "startup process .* was terminated by signal 6"):
        without_label.start(wait=False)
        assert without_label.wait_end() != 0
    site.store.close()


def files_of(directory):
    """{path: (mode, content)}; None for directories. Tablespaces are followed."""
    out = {}
    for path in directory.rglob("*"):
        name = str(path.relative_to(directory))
        if name in SERVERS_OWN or name.startswith(NOT_COMPARED) or path.name.startswith(("pg_internal.init", "pgsql_tmp")):
            continue
        out[name] = (path.stat().st_mode, None if path.is_dir() else path.read_bytes())
    return out


def quiet(site, primary):
    """A server that has nothing left to write: each page has its hint bits, and a checkpoint has written it."""
    primary.start()
    prepare(site, primary)
    primary.sql("drop table fleeting")
    for database in ("postgres", "template1"):
        primary.program("psql", "-X", "-q", *primary._connection(), "-d", database, "-c", "vacuum (freeze, analyze)")
    primary.sql("checkpoint")


@pytest.mark.sample(3)
@pytest.mark.parametrize("codec, cipher", [("gzip", "aes-256-cbc"), ("zstd", "none"), ("lz4", "aes-256-cbc"), ("none", "none")])
def test_same_files(dir_site, codec, cipher):
    """Of a server that has nothing to write, the copy is the stopped server's directory, byte by byte."""
    site = dir_site
    site.walship.configure(cipher=cipher, compress=codec, **({"cipher_key_file": None} if cipher == "none" else {}))
    included = host.USER.mkdir(site.directory / "included", 0o750)
    host.USER.write(included / "pg_hba.conf", "local all all trust\n", 0o640)
    site.walship.configure(backup_include=included)
    with site.primary("primary", autovacuum="off") as primary:
        quiet(site, primary)
        backup = make_backup(site, primary, "full")
    oid = next((primary.data / "pg_tblspc").iterdir()).name
    restored, place = site.directory / "restored", site.directory / "place"
    open_backup(site, backup, restored, f"{oid}={place}")
    expected, found = files_of(primary.data), files_of(restored)
    assert set(found) == set(expected)
    assert [name for name in expected if found[name] != expected[name]] == []
    assert len([name for name in expected if name.startswith(("base/", "global/"))]) > 800
    assert files_of(place) == files_of(site.directory / "space")
    assert files_of(restored / f"walship-include{included}") == files_of(included) != {}
    assert oct(restored.stat().st_mode) == oct(primary.data.stat().st_mode)
    assert (restored / "tablespace_map").read_text() == f"{oid} {place}\n"
    assert (restored / "backup_label").read_text().startswith("START WAL LOCATION")

    by_walship, other = site.directory / "by-walship", site.directory / "other"
    label = backup.rpartition("/")[2]
    site.run("restore", "--pg-data", by_walship, "--backup", label, "--tablespace", f"{oid}={other}").expect(0)
    for name in ("postgresql.auto.conf", "recovery.signal"):
        (by_walship / name).unlink()
    (restored / "postgresql.auto.conf").unlink()
    assert files_of(restored) == files_of(by_walship)
    for name in ("global/pg_control", "backup_label"):
        assert (restored / name).read_bytes() == (by_walship / name).read_bytes()

    read = read_backup(site, backup)
    contents = {entry.path.decode(): read.content(entry) for entry in read.entries if entry.size is not None}
    assert {name: content for name, (_, content) in expected.items() if content is not None}.items() <= contents.items()


@pytest.fixture
def small(dir_site):
    """(site, full backup, differential backup) of a small cluster without tablespaces."""
    with dir_site.primary() as primary:
        primary.start()
        full = make_backup(dir_site, primary, "full")
        primary.sql("create table t as select g n, md5(g::text) v from generate_series(1, 1000) g")
        diff = make_backup(dir_site, primary, "diff")
    return dir_site, full, diff


def damage(content, source):
    """One bit of the content is another one."""
    changed = bytearray(content)
    changed[source.randrange(len(changed))] ^= 1 << source.randrange(8)
    return bytes(changed)


def test_refused(small, seed):
    """A backup that was altered, cut, mixed with another one, or lacks an object is refused by both readers."""
    site, full, diff = small
    source = random.Random(seed)
    copy = store.Directory(site.scratch.directory("altered"))
    shutil.copytree(site.store.path, copy.path, dirs_exist_ok=True)
    host.run(["chown", "-R", f"{host.USER.uid}:{host.USER.gid}", copy.path], as_user=False)
    parent = read_backup(site, full)
    read_backup(site, diff, {parent.label: parent})
    parts = ("manifest", "index/00000001", "packs/00000001", "hashes/00000001", "data/00000001")
    for number, part in enumerate(parts):
        name, other = f"{diff}/{part}", f"{full}/{part}"
        right = copy.get(name)
        for wrong in (damage(right, source), right[:source.randrange(len(right))], right + b"x", right + right[64:], copy.get(other), None):
            if wrong is None:
                copy.delete(name)
            else:
                copy.put(name, wrong)
            with pytest.raises((ValueError, KeyError, FileNotFoundError)):
                backups.Backup(copy, diff, key_of(site), {parent.label: parent})
        # What restores needs neither hashes nor a pack's own header and end, where a random bit may lie.
        for wrong in (right[:70], copy.get(other)) if part[0] not in "h" else ():
            copy.put(name, wrong)
            done = open_backup(site, diff, site.directory / f"refused-{number}-{len(wrong)}", objects=copy.path, check=False)
            assert done.returncode == 1 and done.stderr.startswith(b"open-backup: ") and done.stderr.count(b"\n") == 1, done.stderr
            assert not (site.directory / f"refused-{number}-{len(wrong)}/global/pg_control").exists()
        copy.put(name, right)
    open_backup(site, diff, site.directory / "restored", objects=copy.path)


# (part, pattern, replacement): what no writer writes, in an object that is authentic.
WRONG = (
    ("manifest", rb'"files": (\d+)', rb'"files": 1\1'),
    ("manifest", rb'"index_bytes": (\d+)', rb'"index_bytes": 1\1'),
    ("manifest", rb'"label": "(\d+)T', rb'"label": "1\1T'),
    ("manifest", rb'"version": 1', rb'"version": 2'),
    ("manifest", rb'"pg_control": "..', rb'"pg_control": "00'),
    ("index", rb"\tPG_VERSION\n", rb"\t../PG_VERSION\n"),
    ("index", rb"\tPG_VERSION\n", rb"\t/PG_VERSION\n"),
    ("index", rb"\tPG_VERSION\n", rb"\tbase/PG_VERSION\n"),
    ("index", rb"\nr\t0\t2\t", rb"\nr\t0\t3\t"),
    ("index", rb"\nr\t0\t2\t", rb"\nr\t0\t1\t"),
    ("index", rb"\nr\t0\t2\t", rb"\nr\t1\t2\t"),
    ("index", rb"(\nr\t0\t2\t.*)\t\d+\n", rb"\1\t1048570\n"),
)
# What only a reader of all objects can see.
WRONG_TOGETHER = (
    ("manifest", rb'"hash_seed": "[0-9a-f]{8}', rb'"hash_seed": "00000000'),
    ("manifest", rb'"changed_bytes": (\d+)', rb'"changed_bytes": 1\1'),
    ("hashes", rb"(?s)^.", rb""),
    ("hashes", rb"(?s)^(.{8})(.*)(.{8})$", rb"\3\2\1"),
    ("packs", rb"^p\t0\t1\t", rb"p\t0\t1\t1"),
    ("index", rb"(\nr\t0\t2\t.*)\t\d+\n", rb"\1\t1\n"),
)


def change(site, backup, part, pattern, replacement):
    """Seals the changed object with the repository's key, and corrects the manifest's length of its series."""
    name, manifest = (f"{backup}/{each}" for each in (part if part == "manifest" else f"{part}/00000001", "manifest"))
    right = objects.open_object(site.store.get(name), name, site.walship.key)
    wrong, changes = re.subn(pattern, replacement, right, count=1)
    assert changes == 1 and wrong != right, (part, pattern)
    site.store.put(name, objects.make_object(wrong, name, site.walship.key))
    if part != "manifest":
        said = json.loads(objects.open_object(site.store.get(manifest), manifest, site.walship.key))
        said[f"{part}_bytes"] += len(wrong) - len(right)
        site.store.put(manifest, objects.make_object(json.dumps(said).encode(), manifest, site.walship.key))


def test_authentic_but_wrong(small):
    """Both readers refuse what the page does not allow, also where a writer with the key has written it."""
    site, full, _ = small
    stored = {name: site.store.get(name) for name in site.store.list()}
    for number, (part, pattern, replacement) in enumerate(WRONG + WRONG_TOGETHER):
        change(site, full, part, pattern, replacement)
        with pytest.raises((ValueError, KeyError)):
            read_backup(site, full)
            print("accepted by the reader:", part, pattern, replacement)
        if number < len(WRONG):
            restored = site.directory / f"restored-{number}"
            done = open_backup(site, full, restored, check=False)
            assert done.returncode == 1 and done.stderr.startswith(b"open-backup: "), (part, pattern, replacement, done)
            assert not (restored / "global/pg_control").exists() and not (site.directory / "PG_VERSION").exists()
        for name in (f"{full}/manifest", f"{full}/{part}/00000001"):
            if name in stored:
                site.store.put(name, stored[name])


def test_wrong_calls(small):
    """Each is refused with one line that says why."""
    site, full, _ = small
    argv = [*script(site, SCRIPT), site.store.path, full, site.directory / "restored"]
    other = host.USER.write(site.directory / "other-key", "11" * 32 + "\n", 0o600)
    cases = ((argv[:4], b"usage: open-backup KEYFILE"),
             ([argv[0], other, *argv[2:]], b"its key is not among those given"),
             ([argv[0], "-", *argv[2:]], b"with this protection"),
             ([*argv[:3], full.replace("Z-full", "Z-diff"), argv[4]], b"No such file"),
             ([*argv[:4], site.directory], b"is not empty"),
             ([*argv, f"16384={site.directory}/space"], b"has only these tablespaces"))
    for call, why in cases:
        done = host.run(call, check=False)
        assert done.returncode == 1 and why in done.stderr and done.stderr.count(b"\n") == 1, (call, done.stderr)
    assert not Path(argv[4]).exists()
    # The second one of two keys fits.
    host.run([argv[0], f"{other},{argv[1]}", *argv[2:]])
