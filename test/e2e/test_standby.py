"""Standbys that live on `walship fetch`, their promotion, and pg_rewind."""

import pytest

from harness import host, wal


# What a streaming standby says when its primary stops.
LOST_PRIMARY = (r"FATAL:  could not (receive|send|connect)", r"FATAL:  terminating walreceiver", r"FATAL:  streaming replication",
                r"replication terminated")


def with_table(primary):
    primary.start()
    primary.sql("create table t (n int, v text)")
    return primary


def grow(cluster, count=5000):
    """Some rows and a finished segment; returns how many rows there are."""
    cluster.sql(f"insert into t select g, md5(g::text) from generate_series(1, {count}) g")
    cluster.archive_all()
    return cluster.sql("select count(*) from t")


def wait_rows(standby, count):
    host.wait_for(lambda: standby.sql("select count(*) from t") == count,
                  lambda: f"{standby.name} has {count} rows:\n{standby.log_text()[-2000:]}")


@pytest.mark.heart
def test_promotion(site):
    """A standby without a connection to its primary follows through the archive and takes over."""
    with with_table(site.primary()) as primary:
        backup = primary.basebackup(site.cluster("backup"))
        with site.restored(backup, "standby", "standby.signal") as standby:
            standby.start()
            for _ in range(3):
                wait_rows(standby, grow(primary))
            rows = primary.rows()
            primary.stop()
            standby.promote()
            assert standby.rows() == rows
            grow(standby)
            stored = [n.rsplit("/", 1)[1] for n in site.store.list()]
            assert "00000002.history" in stored
            assert any(len(n) == 24 and n.startswith("00000002") for n in stored)
            assert standby.archiver()[1] == 0


def test_partial_segment(dir_site):
    """A streaming standby that is promoted in the middle of a segment archives it as .partial."""
    site = dir_site
    with with_table(site.primary(wal_keep_size="1GB")) as primary:  # a slow standby finds each segment
        backup = primary.basebackup(site.cluster("backup"))
        with site.restored(backup, "standby", "standby.signal", primary_conninfo=primary.connection_string()) as standby:
            standby.start()
            grow(primary)
            primary.sql("insert into t select g, 'in the last segment' from generate_series(1, 1000) g")
            wait_rows(standby, primary.sql("select count(*) from t"))
            primary.stop()
            standby.expect(*LOST_PRIMARY)
            standby.promote()
            standby.archive_all()
            names = [n for n in site.store.list() if n.endswith(".partial")]
            assert len(names) == 1
            name = names[0].rsplit("/", 1)[1]
            dest = site.scratch.directory("dest") / name
            site.run("fetch", name, dest, cwd=standby.data).expect(0)
            assert dest.stat().st_size == 16 * wal.MIB
            assert dest.read_bytes() == (standby.data / "pg_wal" / name).read_bytes()


def test_pg_rewind(site):
    """pg_rewind -c calls restore_command with a full path, for segments that the old primary has removed."""
    settings = {"min_wal_size": "2MB", "max_wal_size": "4MB", "wal_keep_size": "0"}
    with with_table(site.primary("primary", "--wal-segsize=1", **settings)) as primary:
        backup = primary.basebackup(site.cluster("backup"))
        with site.restored(backup, "standby", "standby.signal", **settings) as standby:
            standby.start()
            count = grow(primary)
            wait_rows(standby, count)
            split = primary.sql("select pg_walfile_name(pg_current_wal_lsn())")
            standby.promote()
            grow(standby, 300)

            # The old primary goes its own way until it has removed the segment where the ways parted.
            for _ in range(6):
                grow(primary, 3000)
                primary.sql("checkpoint")
            assert not (primary.data / "pg_wal" / split).exists()
            restore = site.walship.command("fetch", "%f", "%p")
            primary.configure(restore_command=restore)
            primary.stop()
            primary.start()
            primary.stop()

            standby.sql("checkpoint")
            rewind = ("pg_rewind", "-D", primary.data, "--source-server", standby.connection_string(), "--no-sync")
            done = standby.program(*rewind, "-c")
            assert b"Done!" in done.stderr or b"Done!" in done.stdout

            primary.configure(primary_conninfo=standby.connection_string(), recovery_target_timeline="latest")
            primary.signal_file("standby.signal").start()
            count = grow(standby, 100)
            wait_rows(primary, count)
            assert primary.rows() == standby.rows()
            primary.expect(*LOST_PRIMARY)
