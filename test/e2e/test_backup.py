"""walship backup of a running server; the copies recover, and are what the server had, bit for bit."""

import pytest

from harness.made_backups import Backups, Load, loaded, settled


@pytest.mark.heart
def test_under_load(site):
    """Full, differential and incremental backup while pgbench runs; each recovers to every row that was committed."""
    with loaded(site, "--data-checksums") as primary:
        backups, made = Backups(site, primary), []
        with Load(primary):
            for kind in ("full", "diff", "incr", "incr"):
                made.append(backups.make(kind))
                primary.sql("vacuum pgbench_accounts")
        full, diff, first, second = made
        assert [each["type"] for each in made] == ["full", "diff", "incr", "incr"]
        assert [each["parent"] for each in made] == [None, full["label"], diff["label"], first["label"]]
        assert all(each["wrong_pages"] == 0 for each in made)
        assert diff["changed_bytes"] < full["changed_bytes"]
        assert backups.labels() == sorted(each["label"] for each in made)
        rows = settled(primary)
    tellers, history = (rows[f"pgbench_{table}"].splitlines() for table in ("tellers", "history"))
    assert sum(int(line.split("\t")[2]) for line in tellers) == sum(int(line.split("\t")[3]) for line in history)
    for each in (full, diff, second) if site.store.kind == "dir" else (second,):
        backups.proof(each["label"], rows, checksums=True)


def files_of(directory):
    """{path below directory: content, None of a directory}"""
    return {str(path.relative_to(directory)): None if path.is_dir() else path.read_bytes() for path in directory.rglob("*")}


# What the server itself changes when it stops, and what a backup leaves out or adds.
NOT_COMPARED = ("backup_label", "global/pg_control", "postmaster.pid", "postmaster.opts", "current_logfiles")
EMPTIED = ("pg_wal/", "pg_notify/", "pg_replslot/", "pg_serial/", "pg_snapshots/", "pg_stat_tmp/", "pg_subtrans/", "pg_dynshmem/", "pg_stat/")


def compared(files):
    return {path: content for path, content in files.items()
            if path not in NOT_COMPARED and not path.startswith(EMPTIED) and not path.endswith("pg_internal.init")
            and "pgsql_tmp" not in path and not path.startswith("pg_xact/")}  # the end of the last transaction is in shared memory until a checkpoint


@pytest.mark.heart
def test_bit_for_bit(dir_site):
    """A quiet server: the copy and the server's files are equal in content, and in their modes."""
    site = dir_site
    with loaded(site, autovacuum="off", bgwriter_lru_maxpages="0") as primary:
        backups = Backups(site, primary)
        primary.sql("vacuum freeze")
        primary.sql("checkpoint")
        kinds = {}
        for kind in ("full", "diff", "incr"):
            if kinds:
                primary.sql(f"update pgbench_accounts set abalance = {len(kinds)} where aid % 1000 = 0")
                primary.sql("checkpoint")
            kinds[kind] = backups.make(kind)
            primary.sql("checkpoint")
            there = compared(files_of(primary.data))
            copy = backups.read(kinds[kind]["label"]).restore(site.directory / kind)
            here = compared(files_of(copy))
            assert there.keys() ^ here.keys() == set()
            assert [path for path, content in there.items() if here[path] != content] == []
            modes = {path: (primary.data / path).stat().st_mode for path in there}
            assert modes == {path: (copy / path).stat().st_mode for path in here}
            assert copy.stat().st_mode == primary.data.stat().st_mode


def test_nothing_changed(dir_site):
    """A differential backup of a server that did nothing stores next to nothing, --read-all does not store more."""
    site = dir_site
    with loaded(site) as primary:
        backups = Backups(site, primary)
        primary.sql("checkpoint")
        full = backups.make("full")
        for args in ((), ("--read-all",)):
            diff = backups.make("diff", *args)
            assert diff["changed_bytes"] < 1 << 20
            assert diff["bytes"] == full["bytes"]
        rows = settled(primary)
        backups.proof(diff["label"], rows)


def test_without_a_full_one_a_diff_is_full(dir_site):
    with loaded(dir_site, scale="1") as primary:
        backups = Backups(dir_site, primary)
        made = backups.make("diff", error="the repository has no backup that one of type diff can refer to, so this one becomes a full backup")
        assert made["type"] == "full" and made["label"].endswith("-full") and made["parent"] is None
        again = backups.make("incr")
        assert again["parent"] == made["label"]
        # What cannot be opened is no parent, and each backup that might have referred to it says so.
        manifest = f"{backups.system_id}/backup/{again['label']}/manifest"
        content = dir_site.store.get(manifest)
        dir_site.store.delete(manifest)
        dir_site.store.put(manifest, content[:-5])
        third = backups.make("incr", error=f"warning: no backup can refer to {again['label']}: {manifest}: ")
        assert third["parent"] == made["label"]
        assert "warning" not in backups.run("diff").expect(0).err


def test_what_it_says(dir_site):
    """The line for people has the label, and the moment from which on recovery is possible."""
    with loaded(dir_site, scale="1") as primary:
        backups = Backups(dir_site, primary)
        done = backups.run().expect(0)
        [label] = backups.labels()
        assert done.out.decode().startswith(f"{label}  ")
        ended = backups.read(label).manifest["ended"]
        assert ended in done.out.decode(), (ended, done.out)
        backups.run("total").expect(2, "'total' is not a type of backup", "use full, diff or incr")
