"""What walship backup refuses, and what it says: page checksums, rights, the wrong server, WAL that does not come."""

import json
import os
import re
import socket
import time

import pytest

from harness import host, postgres, terminal
from harness.made_backups import PAGE, Backups, loaded


def damage(primary, table, page):
    """Changes a few bytes of a page on the disk that the server has no need to read again; returns the path below the data directory."""
    path = primary.sql(f"select pg_relation_filepath('{table}')")
    primary.sql("checkpoint")
    with open(primary.data / path, "r+b") as file:
        file.seek(page * PAGE + 5000)
        old = file.read(8)
        file.seek(page * PAGE + 5000)
        file.write(bytes(byte ^ 0x55 for byte in old))
    return path


def test_wrong_checksums(site):
    """Each damaged page is named, the exit code is 4, the backup is there with the pages as they are; and so in every later backup."""
    with loaded(site, "--data-checksums", autovacuum="off") as primary:
        backups = Backups(site, primary)
        good = backups.make()
        path = damage(primary, "pgbench_accounts", 7)
        damage(primary, "pgbench_accounts", 1234)
        other = damage(primary, "pgbench_accounts_pkey", 3)
        wanted = [[path, "7"], [path, "1234"], [other, "3"]]
        wanted.sort(key=lambda pair: pair[0])
        for kind in ("diff", "full", "incr"):
            first = wanted[0]
            made = backups.make(kind, code=4, error=rf"the backup is complete, but pages with wrong checksums are in it: 3, the first is page {first[1]} in {first[0]}$",
                                hint="pg_filenode_relation")
            assert made["wrong_pages"] == 3
            assert made["label"] in backups.labels()
            assert backups.read(made["label"]).manifest["wrong_page_list"] == wanted
            copy = backups.read(made["label"]).restore(site.directory / f"copy-{kind}")
            assert (copy / path).read_bytes() == (primary.data / path).read_bytes()
        time.sleep(12)  # from here on the files count as unchanged
        backups.make("incr", code=4, error="wrong checksums are in it: 3", hint="pg_filenode_relation")
        done = backups.run("incr")
        for name, page in wanted:
            assert f"page {page} of the relation in {name} has a wrong checksum" in done.err
        assert backups.read(good["label"]).manifest["wrong_page_list"] == []
        assert backups.read(made["label"]).manifest["page_checksums"] is True
        found = json.loads(site.run("status", "--json", "--pg-data", primary.data).out)
        [check] = [each for each in found["checks"] if each["name"] == "backup"]
        newest = backups.labels()[-1]
        assert check["status"] == "CRITICAL" and re.search(rf"3 .*wrong checksum.*{newest}|{newest}.* 3 .*wrong checksum", check["text"]), check
        assert found["backup"]["wrong_pages_label"] == newest


def test_checksums_that_are_off(dir_site):
    """Without page checksums a damaged page cannot be seen; what is not a relation's page is never taken for one."""
    with loaded(dir_site, *postgres.checksums(False), scale="1") as primary:
        backups = Backups(dir_site, primary)
        damage(primary, "pgbench_accounts", 7)
        assert backups.make()["wrong_pages"] == 0
        assert backups.read(backups.labels()[0]).manifest["page_checksums"] is False


def test_a_second_segment_of_a_relation(dir_site):
    """Pages of a file N.1 count on from 1 GiB: their checksums are right, and a wrong one has its number in the fork."""
    with dir_site.primary("primary", "--data-checksums", autovacuum="off") as primary:
        primary.start()
        primary.sql("create table t as select g from generate_series(1, 3000) g")
        primary.sql("checkpoint")
        path = primary.data / primary.sql("select pg_relation_filepath('t')")
        page = path.read_bytes()[:PAGE]
        primary.stop()
        # A second file whose first page says that it is page 131072, by the server's own program.
        with open(path, "r+b") as file:
            file.truncate(1 << 30)
        host.USER.write(f"{path}.1", page, 0o600)
        primary.program("pg_checksums", "--disable", "-D", primary.data)
        primary.program("pg_checksums", "--enable", "-D", primary.data)
        primary.start()
        backups = Backups(dir_site, primary)
        assert backups.make()["wrong_pages"] == 0
        with open(f"{path}.1", "r+b") as file:
            file.seek(4000)
            file.write(b"damaged")
        backups.make("diff", code=4, error=r"page 131072 in base/\d+/\d+\.1$", hint=".")


def test_archive_mode_off(dir_site):
    with loaded(dir_site, scale="1", archive_mode="off", wal_level="replica") as primary:
        backups = Backups(dir_site, primary)
        backups.run().expect(2, "archive_mode is off", "set archive_mode = on")
        assert dir_site.store.list() == []


def granted(hint):
    """The statements of the hint."""
    return [part.strip() for part in re.search(r"(create role .*); then set", hint)[1].split(";")]


def test_least_rights(dir_site):
    """A role that may do nothing is told what it lacks; with the SQL of the hint, and nothing else, the backup succeeds."""
    site = dir_site
    with loaded(site, scale="1") as primary:
        backups = Backups(site, primary)
        primary.expect("ERROR:  (permission denied|must be superuser)")
        primary.sql("create role nobody login")
        site.walship.configure(pg_conninfo=primary.connection_string().replace("user=postgres", "user=nobody"))
        statements = granted(backups.run().expect(2, "pg_read_all_settings", "as a superuser: create role walship login").hint)
        for text in statements:
            primary.sql(text)
        site.walship.configure(pg_conninfo=primary.connection_string().replace("user=postgres", "user=walship"))
        made = backups.make()
        assert backups.make("diff")["parent"] == made["label"]
        # Each of them is needed; PostgreSQL itself grants pg_control_system to everybody.
        primary.sql("revoke execute on function pg_control_system from public")
        for text in statements[1:]:
            primary.sql(text.replace("grant", "revoke", 1).replace(" to walship", " from walship"))
            backups.run().expect(2, ".", "as a superuser: create role walship login")
            primary.sql(text)
        assert len(backups.labels()) == 2


def test_another_server(dir_site):
    """pg-conninfo of one cluster with the data directory of another one."""
    site = dir_site
    with loaded(site, scale="1") as primary, site.cluster("other").initdb() as other:
        backups = Backups(site, primary)
        backups.run("--pg-data", other.data).expect(4, "the server belongs to cluster", "pg-conninfo or PGHOST names another server")
        other.copy = other.directory / "copy"
        host.run(["cp", "-a", primary.data, other.copy])
        backups.run("--pg-data", other.copy).expect(4, "the server's data directory is .*/primary, not .*/copy", "change one of them")
        backups.run("--system-id", "4711").expect(2, "system-id is 4711, but the data directory belongs to cluster", "remove system-id")
        backups.run("--pg-data", site.directory / "nowhere").expect(2, "nowhere is not a data directory", "global/pg_control")
        assert backups.labels() == []
        assert not [name for name in site.store.list() if "/backup/" in name]


def test_places_that_cannot_come_along(dir_site):
    """backup-include of the repository, of a place around it, of a device, a FIFO or a socket: refused before anything is stored."""
    site = dir_site
    with loaded(site, scale="1") as primary:
        backups = Backups(site, primary)
        before = site.store.list()
        place = host.USER.mkdir(site.directory / "extra", 0o755)
        os.mkfifo(place / "fifo")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(place / "sock"))
        (place / "file").write_text("taken along")
        repository = site.store.path
        primary.archive_all()
        before = site.store.list()
        for path in (repository, repository.parent, next(repository.iterdir())):
            backups.run("--backup-include", path).expect(2, rf"backup-include: {path} (contains|lies in) the repository", "apart from the repository")
        for path in ("/dev/zero", place / "fifo", place / "sock"):
            backups.run("--backup-include", path).expect(2, rf"backup-include: {path} is neither a file nor a directory")
        assert site.store.list() == before
        done = backups.run("--json", "--backup-include", place).expect(0, "leaves it out")
        assert "extra/fifo is neither a file nor a directory; the backup leaves it out" in done.err
        label = json.loads(done.out)["label"]
        listener.close()
        assert [entry.path.rsplit("/", 1)[1] for entry in backups.read(label).entries() if "/extra/" in entry.path] == ["file"]


def test_no_server(dir_site):
    with loaded(dir_site, scale="1") as primary:
        backups = Backups(dir_site, primary)
        primary.stop()
        backups.run().expect(3, ".", ".")
        assert backups.labels() == []


def test_wal_that_does_not_come(dir_site):
    """The archiver fails: after backup-wal-timeout there is no backup, and the first segment that is missing is named."""
    site = dir_site
    with loaded(site, scale="1", archive_command="/bin/false") as primary:
        backups = Backups(site, primary)
        primary.expect("archive command failed")
        site.walship.configure(backup_wal_timeout="2s")
        began = time.monotonic()
        done = backups.run()
        assert time.monotonic() - began < 15
        done.expect(6, r"segment 0000000100000000000000\w\w, which the backup needs, is not in the repository after 2 s", "walship status")
        assert backups.labels() == []
        site.walship.configure(backup_wal_timeout="60s")
        process = site.walship.popen("backup")
        time.sleep(2)
        assert process.poll() is None
        host.run(["sed", "-i", "/^archive_command/d", primary.data / "postgresql.auto.conf"])
        with open(primary.data / "postgresql.auto.conf", "a") as file:
            file.write(f"archive_command = '{site.walship.command('push', '%p')}'\n")
        primary.sql("select pg_reload_conf()")
        out, err = process.communicate(timeout=90)
        assert process.returncode == 0, err
        assert out.decode().split()[0] in backups.labels()


def test_wal_under_another_key(dir_site):
    """The archiver encrypts with a key that the backup lacks, or not at all: no backup, for nobody could restore it with this configuration."""
    site = dir_site
    with loaded(site, scale="1") as primary:
        backups = Backups(site, primary)
        other = host.USER.write(site.directory / "other-key", os.urandom(32).hex() + "\n", 0o600)
        hint = "archive_command and this backup need the same cipher"
        backups.run("--cipher-key-file", other).expect(4, r"open segment \w{24}, which the backup needs: encrypted with key id \w+, which is not configured", hint)
        assert backups.labels() == []
        backups.make()
        primary.sql(f"alter system set archive_command = '{site.walship.command('push', '--cipher', 'none', '%p')}'")
        primary.sql("select pg_reload_conf()")
        primary.archive_all()
        backups.run().expect(4, r"open segment \w{24}, which the backup needs: not encrypted, but the configuration requires encryption", hint)
        assert len(backups.labels()) == 1


def test_a_wait_that_tells(dir_site):
    """After 10 s the log says what the backup waits for, and how the archiver failed; the terminal shows it all the time."""
    site = dir_site
    with loaded(site, scale="1", archive_command="/bin/false") as primary:
        Backups(site, primary)
        primary.expect("archive command failed")
        site.walship.configure(backup_wal_timeout="13s")
        code, shown = terminal.run(site.walship.argv("backup"))
        assert code == 6, shown
        assert re.search(r"backup: waiting for segment 0000000100000000000000\w\w in the repository, for \d+ s, at most 13 s", shown), shown
        lines = [line for line in shown.splitlines() if "has waited for segment" in line]
        assert len(lines) == 1, shown
        assert re.search(r"backup \w+-full has waited for segment \w{24} for 1\d s: the backup needs its WAL in the repository; its archive_command has failed, most recently "
                         r"for \w{24} at [\d: -]+ UTC \(\d+ failures in all\)", lines[0]), lines


@pytest.mark.parametrize("how", ["SIGQUIT", "terminate"])
def test_the_server_goes_away(dir_site, how):
    """A server that stops, or a session that is ended, during the backup: no backup, and the error says why."""
    site = dir_site
    with loaded(site) as primary:
        backups = Backups(site, primary)
        site.walship.configure(backup_rate="10MiB")
        primary.expect("FATAL:  terminating connection", "FATAL:  the database system is in recovery")
        process = site.walship.popen("backup")
        host.wait_for(lambda: "walship" in primary.sql("select string_agg(query, ' ') from pg_stat_activity where query like '%pg_backup_start%Z-full%'")
                      or [n for n in site.store.list() if n.endswith("/begun")], "the backup begins")
        time.sleep(0.7)
        if how == "SIGQUIT":
            primary.stop(3)
        else:
            primary.sql("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'")
        out, err = process.communicate(timeout=120)
        assert process.returncode == 3, (process.returncode, err)
        assert b"end the backup" in err or b"the connection that holds the backup" in err, err
        assert out == b"" and backups.labels() == []
        if how == "SIGQUIT":
            primary.start()
        site.walship.configure(backup_rate=None)
        assert backups.make("incr", error="so this one becomes a full backup")["type"] == "full"
