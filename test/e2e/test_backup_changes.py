"""What happens between two backups and during one: the differential is right also where page LSNs and times lie."""

import json
import os
import random
import re
import threading
import time

import pytest

from harness import extent, host, inject, postgres
from harness.made_backups import PAGE, Backups, Load, amcheck, loaded, settled

# PD_ALL_VISIBLE and hint bits reach the disk without a new LSN.
LSN_LIES = {"wal_log_hints": "off", "autovacuum": "off"}


def pages_of(path):
    content = path.read_bytes()
    return [content[at:at + PAGE] for at in range(0, len(content), PAGE)]


def test_visibility_map_without_a_new_lsn(dir_site):
    """VACUUM sets PD_ALL_VISIBLE and leaves the page's LSN: a diff that went by LSN would pair the new visibility map with old
    pages, and an update after the restore would leave the map's bit set: an index-only scan would then show dead rows."""
    site = dir_site
    with site.primary("primary", *postgres.checksums(False), **LSN_LIES) as primary:
        primary.start()
        primary.sql("create table t (n int primary key, v int) with (fillfactor = 50)")
        primary.sql("insert into t select g, g from generate_series(1, 20000) g")
        primary.sql("checkpoint")
        backups = Backups(site, primary)
        full = backups.make()
        path = primary.data / primary.sql("select pg_relation_filepath('t')")
        before = pages_of(path)
        primary.sql("vacuum t")
        primary.sql("checkpoint")
        lying = [page for page, old in zip(pages_of(path), before) if page != old and page[:8] == old[:8]]
        assert len(lying) > 50, "VACUUM gave the pages new LSNs: this tests nothing"
        diff = backups.make("diff")
        assert diff["changed_bytes"] > 0
        rows = settled(primary)
        with backups.recover(diff["label"], autovacuum="off") as copy:
            assert copy.rows() == rows
            copy.sql("delete from t where n % 2 = 0")
            plan = copy.sql("set enable_seqscan = off; set enable_bitmapscan = off; explain select count(n) from t where n > 0")
            assert "Index Only Scan" in plan
            count = copy.sql("set enable_seqscan = off; set enable_bitmapscan = off; select count(n) from t where n > 0")
            assert count == "10000"
            amcheck(copy)
        assert full["label"] in backups.read(diff["label"]).manifest["needs"]


def read_bytes(backups, *args, kind="diff"):
    """How many bytes of files a backup reads, by strace; and what it printed."""
    log = backups.site.directory / "strace"
    host.USER.write(log, "")
    done = backups.run(kind, "--json", *args, argv=[*inject.strace(log, "trace=pread64"), *backups.site.walship.argv("backup", kind, "--json", *args)])
    done.expect(0)
    return sum(int(count) for count in re.findall(r"pread64(?:\(| resumed).*= (\d+)$", log.read_text(), re.M)), json.loads(done.out)


def test_unchanged_files_are_not_read(dir_site):
    """By inode, size and times. A file that gets its old modification time and size again is read: its ctime gives it away."""
    site = dir_site
    with site.primary(autovacuum="off") as primary:
        primary.start()
        paths = [host.USER.write(primary.data / name, os.urandom(50_000)) for name in ("extra", "extra2")]
        for path in paths:
            os.utime(path, (1_700_000_000, 1_700_000_000))
        primary.sql("checkpoint")
        time.sleep(11)  # younger files are read again: they may have changed within the resolution of their times
        backups = Backups(site, primary)
        backups.make()
        content = bytearray(paths[0].read_bytes())
        content[20_000:20_100] = os.urandom(100)
        inode = paths[0].stat().st_ino
        with open(paths[0], "r+b") as file:
            file.write(content)
        os.utime(paths[0], (1_700_000_000, 1_700_000_000))
        assert paths[0].stat().st_ino == inode
        read, diff = read_bytes(backups)
        assert 50_000 <= read < 1 << 20 and diff["bytes"] > 20 << 20
        copy = backups.read(diff["label"]).restore(site.directory / "copy")
        assert [(copy / path.name).read_bytes() for path in paths] == [bytes(content), paths[1].read_bytes()]
        assert diff["changed_bytes"] < 1 << 20
        read, diff = read_bytes(backups, "--read-all")
        assert read >= diff["bytes"] - PAGE  # of pg_control
        assert diff["changed_bytes"] < 1 << 20


def aged(site, primary):
    """Backups of the server, with a full one that is younger than all files: the next one reads hardly any of them."""
    primary.start()
    primary.sql("create table t as select g from generate_series(1, 1000) g")
    primary.sql("checkpoint")
    time.sleep(11)
    backups = Backups(site, primary)
    backups.make()
    assert reads(backups) == "little"
    return backups


def reads(backups, *args):
    """Whether an incremental backup reads all files, or little of them."""
    read, made = read_bytes(backups, *args, kind="incr")
    assert made["bytes"] > 20 << 20 and made["changed_bytes"] < 2 << 20, made
    assert read < 2 << 20 or read >= made["bytes"] - PAGE, (read, made)  # PAGE: of pg_control
    return "little" if read < 2 << 20 else "all"


def test_an_old_full_backup_lets_all_be_read(dir_site):
    """backup-reread counts from the full backup, not from the parent."""
    with dir_site.primary(autovacuum="off") as primary:
        backups = aged(dir_site, primary)
        assert reads(backups, "--backup-reread", "1h") == "little"
        time.sleep(6)
        assert reads(backups, "--backup-reread", "1h") == "little"  # the parent of the next backup is younger than 4 s
        assert reads(backups, "--backup-reread", "4s") == "all"
        assert reads(backups) == "little"


def test_other_page_checksums_let_all_be_read(dir_site):
    """On or off; pg_checksums switches them off in pg_control alone, and on again without a change of right pages."""
    with dir_site.primary("primary", "--data-checksums", autovacuum="off") as primary:
        backups = aged(dir_site, primary)
        for switch in ("--disable", "--enable"):
            primary.stop()
            primary.program("pg_checksums", switch, "-D", primary.data)
            primary.start()
            assert reads(backups) == "all", switch
            assert reads(backups) == "little", switch
        assert backups.read(backups.labels()[-1]).manifest["page_checksums"] is True


def test_another_timeline_lets_all_be_read(dir_site):
    """The directory becomes a standby and is promoted: its files are the same, by inode and times too."""
    with dir_site.primary(autovacuum="off") as primary:
        backups = aged(dir_site, primary)
        primary.stop()
        primary.signal_file("standby.signal")
        primary.start()
        primary.promote()
        primary.sql("checkpoint")
        assert reads(backups) == "all"
        assert backups.read(backups.labels()[-1]).manifest["start_timeline"] == 2
        assert reads(backups) == "little"


def test_another_directory_lets_all_be_read(dir_site):
    """The same files, by inode and times, under another name."""
    with dir_site.primary(autovacuum="off") as primary:
        aged(dir_site, primary)
        primary.stop()
        moved = dir_site.cluster("moved").configure(archive_command=dir_site.walship.command("push", "%p"), autovacuum="off")
        primary.data.rename(moved.data)
        with moved:
            moved.start()
            backups = Backups(dir_site, moved)
            assert reads(backups) == "all"
            assert reads(backups) == "little"


def churn(primary, stop):
    """Tables come, grow, are truncated and go; databases too."""
    number = 0
    while not stop.is_set():
        number += 1
        for text in (f"create table churn{number} as select g, md5(g::text) from generate_series(1, {number % 5 * 4000 + 1}) g",
                     f"insert into churn{number} select g, 'more' from generate_series(1, 3000) g",
                     f"truncate churn{number}" if number % 2 else f"vacuum full churn{number}",
                     f"drop table churn{number - 3}" if number > 3 else "select 1"):
            primary.sql(text)
        if number % 6 == 0:
            primary.sql("create database copied strategy file_copy")
            primary.sql("drop database copied")


@pytest.mark.sample(1)
def test_files_come_and_go(site):
    """During each backup tables are made, filled, truncated, rewritten and dropped; the copies recover to all that was committed."""
    with loaded(site, "--data-checksums", scale="1", full_page_writes="on") as primary:
        backups, stop = Backups(site, primary), threading.Event()
        site.walship.configure(backup_rate="25MiB", backup_threads="2")
        thread = threading.Thread(target=churn, args=(primary, stop))
        thread.start()
        try:
            with Load(primary, "-n", "-c", "2", "-T", "300"):
                made = [backups.make(kind) for kind in ("full", "diff", "incr")]
        finally:
            stop.set()
            thread.join(60)
        assert [each["wrong_pages"] for each in made] == [0, 0, 0]
        rows = settled(primary)
        for each in made if site.store.kind == "dir" else made[-1:]:
            backups.proof(each["label"], rows, checksums=True)


class Shrinking(threading.Thread):
    """Truncates, extends and replaces files that no WAL covers, while they are read."""

    def __init__(self, directory, names, seed):
        super().__init__()
        self.paths, self.random, self.stop = [directory / name for name in names], random.Random(seed), threading.Event()

    def run(self):
        while not self.stop.is_set():
            path = self.random.choice(self.paths)
            kind = self.random.choice(("truncate", "extend", "remove", "replace"))
            if kind == "remove" and path.exists():
                path.unlink()
            elif kind == "replace" or not path.exists():
                host.USER.write(path, self.random.randbytes(self.random.randrange(3_000_000)))
            else:
                os.truncate(path, self.random.randrange(0 if kind == "truncate" else path.stat().st_size, 4_000_000))


def test_files_shrink_while_they_are_read(dir_site, seed):
    """Whatever becomes of a file meanwhile: no error, its runs cover the size in the index, and the next backup has it right."""
    site = dir_site
    with site.primary() as primary:
        primary.start()
        place = host.USER.mkdir(primary.data / "restless", 0o700)
        names = [f"f{number}" for number in range(12)]
        backups = Backups(site, primary)
        made = []
        thread = Shrinking(place, names, seed)
        thread.start()
        try:
            for kind in ("full", *("incr", "diff") * extent.rounds(15, 3)):
                made.append(backups.make(kind))
        finally:
            thread.stop.set()
            thread.join(30)
        made.append(backups.make("incr"))
        for number, each in enumerate(made):
            copy = backups.read(each["label"]).restore(site.directory / f"copy{number}")
        assert {path.name: path.read_bytes() for path in place.iterdir()} == {path.name: path.read_bytes() for path in (copy / "restless").iterdir()}


class Steps:
    """A random sequence of what PostgreSQL does to files behind the LSNs' back."""

    def __init__(self, primary, seed):
        self.primary, self.random, self.made = primary, random.Random(seed), 0

    def table(self):
        return f"t{self.random.randrange(4)}"

    def step(self):
        primary, table, some = self.primary, self.table(), self.random.randrange(2, 40)
        texts = {
            "update": [f"update {table} set v = -v where n % {some} = 0"],
            "delete": [f"delete from {table} where n % {some} = 1"],
            "grow": [f"insert into {table} select g, g from generate_series({some * 1000}, {some * 1300}) g"],
            "vacuum": [f"vacuum {table}"],
            "freeze": [f"vacuum freeze {table}"],
            "full": [f"vacuum full {table}"],
            "hints": [f"select count(*) from {table}", "checkpoint"],
            "truncate": [f"truncate {table}", f"insert into {table} select g, {some} from generate_series(1, {some * 50}) g"],
            "cluster": [f"cluster {table} using {table}_i"],
            "reindex": [f"reindex table {table}"],
            "move": [f"alter table {table} set tablespace other", *(["checkpoint"] if some % 2 else []), f"alter table {table} set tablespace pg_default"],
            # Of the template's files no WAL tells: the copy is made file by file.
            "template": [("source", f"update {table} set v = v + {some} where n % 3 = 0")],
            "database": ["drop database copied", "create database copied template source strategy file_copy"],
            "copied": [("copied", f"delete from {table} where n % {some} = 1"), ("copied", f"vacuum {table}")],
            "again": [f"drop table {table}", f"create table {table} (n int, v int)", f"create index {table}_i on {table} (n)",
                      f"insert into {table} select g, g from generate_series(1, {some * 100}) g"],
            "checkpoint": ["checkpoint"],
            "switch": ["select pg_switch_wal()"],
            "rollback": [f"begin; insert into {table} select g, 0 from generate_series(1, {some * 200}) g; rollback"],
        }
        kind = self.random.choice(sorted((*texts, "backdate")))
        if kind == "backdate":
            self.backdate(table)
        for text in texts.get(kind, ()):
            database, text = text if isinstance(text, tuple) else ("postgres", text)
            primary.sql(text, database=database)
        return kind

    def backdate(self, table):
        """A change of the same size is on the disk, and the file's time of modification is as before it, or older."""
        path = self.primary.data / self.primary.sql(f"select pg_relation_filepath('{table}')")
        before = path.stat()
        self.primary.sql(f"delete from {table} where n % {self.random.randrange(2, 40)} = 1")
        self.primary.sql("checkpoint")
        older = self.random.choice((0, 3600 * 10**9))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns - older))


def check_copy(backups, label, rows):
    """Rows of every database by every way to reach them, also after more changes."""
    with backups.recover(label, "restored", allow_in_place_tablespaces="on", autovacuum="off") as copy:
        assert copy.all_rows() == rows
        amcheck(copy)
        for database, table in ((database, table) for database, tables in rows.items() for table in tables):
            copy.sql(f"update {table} set v = v + 1 where n % 3 = 0; delete from {table} where n % 5 = 0", database=database)
            by_index, by_heap = (copy.sql(f"set enable_seqscan = {seq}; set enable_bitmapscan = off; set enable_indexonlyscan = {index};"
                                          f"select count(n), sum(n) from {table} where n > -1", database=database)
                                 for seq, index in (("off", "on"), ("on", "off")))
            assert by_index == by_heap, (database, table)
    copy.remove()


def begin_sequence(primary):
    """Four tables each in the database postgres, in a template database and in a copy of it."""
    primary.sql("create tablespace other location ''")
    primary.sql("create database source")
    for database in ("postgres", "source"):
        for table in range(4):
            primary.sql(f"create table t{table} (n int, v int); create index t{table}_i on t{table} (n); "
                        f"insert into t{table} select g, g from generate_series(1, 3000) g", database=database)
    primary.sql("create database copied template source strategy file_copy")


@pytest.mark.parametrize("number", range(extent.rounds(200, 2)))
def test_random_sequences(dir_site, seed, number):
    """Random changes with full, differential and incremental backups between; each of them recovers to the end."""
    site, made = dir_site, []
    source = random.Random(f"{seed} {number}")
    checksums = source.random() < 0.3
    with site.primary("primary", *postgres.checksums(checksums), allow_in_place_tablespaces="on", **LSN_LIES) as primary:
        primary.start()
        begin_sequence(primary)
        backups, steps = Backups(site, primary), Steps(primary, f"{seed} {number}")
        for place, kind in enumerate(("full", *source.choices(("diff", "incr", "full"), (4, 5, 1), k=3))):
            done = [steps.step() for _ in range(source.randrange(1, 8))]
            if number % 10 == 0 and place == 0:
                # Every tenth sequence begins with old files alone: only then can the next backup take a file for unchanged.
                primary.sql("checkpoint")
                time.sleep(11)
                made.append(backups.make())
                for table in range(4):
                    steps.backdate(f"t{table}")
                kind = "diff"
            made.append(backups.make(kind))
            print(kind, made[-1]["label"], "after", done)
        for _ in range(source.randrange(3)):
            steps.step()
        # Rows are read behind the archived WAL: with checksums, reading sets hint bits, and the WAL has those pages whole.
        primary.archive_all()
        rows = primary.all_rows()
        assert len(rows["source"]) == len(rows["copied"]) == 4
        for each in made if extent.extent() == "full" else made[1:]:
            check_copy(backups, each["label"], rows)
