"""walship stream: WAL in the repository while the server writes it, and a recovery that ends with it."""

import json
import os
import random
import re
import signal
import subprocess
import time

import pytest

from harness import host, objects, postgres, wal
from harness.made_backups import Backups
from harness.service_manager import ServiceManager
from test_json import Checker, wanted
from test_mirror import copy_of, mirror
from test_standby import LOST_PRIMARY

STREAM_FIELDS = {name for name in wanted() if name.startswith("status: status.stream.")}


class Stream:
    """walship stream beside a server. A context manager that stops it with SIGTERM and checks that it ended well."""

    def __init__(self, site, cluster, *options, expected=(), env=None):
        self.site, self.cluster, self.expected, self.env = site, cluster, expected, env
        site.walship.configure(pg_conninfo=cluster.connection_string())
        self.options = options or ("--stream-interval", "200ms")
        self.log = site.scratch.directory("stream") / "log"
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def start(self):
        self.file = open(self.log, "ab")
        self.process = self.site.walship.popen("stream", "-v", *self.options, stdout=self.file, stderr=self.file, env=self.env)
        return self

    def text(self):
        return self.log.read_text(errors="replace")

    def wait_for(self, pattern, timeout=30):
        host.wait_for(lambda: re.search(pattern, self.text()), lambda: f"{pattern} in the log of stream:\n{self.text()[-3000:]}", timeout)

    def wait_stored(self, lsn=None, timeout=30):
        """Until the slot has let go of everything before this position: then it is in the repository."""
        lsn = lsn or self.cluster.sql("select pg_current_wal_flush_lsn()")
        query = f"select coalesce(min(restart_lsn), '0/0') >= '{lsn}' from pg_replication_slots where slot_name = 'walship'"
        host.wait_for(lambda: self.cluster.sql(query) == "t", lambda: f"{lsn} is stored:\n{self.text()[-3000:]}", timeout)
        return lsn

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def stop(self, timeout=30):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout) == 0, self.text()[-3000:]

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            if kind:
                self.kill()
            else:
                self.stop()
        self.file.close()
        if kind:
            print(f"--- stream\n{self.text()[-6000:]}")


def parts(site):
    return [n for n in site.store.list() if "/stream/" in n]


def primary_with_table(site, *initdb, **settings):
    primary = site.primary("primary", *initdb, **settings).start()
    # A checkpoint that runs while the slot is made may remove its first segment: the stream then begins again.
    primary.expect("requested WAL segment 0+10+1 has already been removed")
    primary.sql("create table t (n int primary key, v text)")
    return primary


def insert(cluster, first, last):
    cluster.sql(f"insert into t select g, md5(g::text) from generate_series({first}, {last}) g")


def look_at_status(site, primary):
    """walship status has the check of a stream that runs, and every field that doc/json.md says of it but the error's."""
    checker = Checker()

    def look():
        done = site.run("status", "--json", "--pg-data", primary.data)
        if done.code != 0:  # the note is a second old
            return None
        [line] = checker.lines("status", done, 0)
        noted = line["stream"]
        return noted["slot_state"] and noted["behind_seconds"] is not None and noted["stored_parts"] >= 3 and line

    line = host.wait_for(look, lambda: "the note of the stream", 30)
    assert [check["status"] for check in line["checks"] if check["name"] == "stream"] == ["OK"], line
    assert line["stream"]["connected"] and line["stream"]["slot"] == "walship", line
    assert STREAM_FIELDS - checker.seen == {"status: status.stream.error"}


def test_parts(site):
    """The parts of a segment are its bytes, without a gap."""
    with primary_with_table(site) as primary:
        with Stream(site, primary) as stream:
            for round_ in range(3):
                insert(primary, round_ * 1000 + 1, round_ * 1000 + 1000)
                stream.wait_stored()
            look_at_status(site, primary)
        names = parts(site)
        assert len(names) >= 3
        end = 0
        whole = (primary.data / "pg_wal" / names[0].split("/")[3]).read_bytes()
        for name in names:
            if name.split("/")[3] != names[0].split("/")[3]:
                continue
            first, last = (int(text, 16) for text in name.rsplit("/", 1)[1].split("-"))
            assert first == end, names
            end = last
            assert objects.open_object(site.store.get(name), name, site.walship.key) == whole[first:last]


def lose(primary, stream):
    """The server's machine is gone: server, stream and disk, at once."""
    stream.kill()
    primary.stop(signal.SIGQUIT)
    primary.remove()


def recover(site, backup, name="restored", expected=()):
    restored = site.restored(backup, name).expect(*expected)
    restored.expect(r"walship: warning: fetch [0-9A-F]{24}: (made from its streamed parts|its streamed parts|later parts|a streamed part)",
                    r"LOG:  (invalid|record|there is no|unexpected)").start(wait=False)
    restored.wait_promoted()
    return restored


def test_recovery(site):
    """Without the server and its disk, recovery ends with the last part; the new timeline goes on from there."""
    with primary_with_table(site) as primary:
        backup = primary.basebackup(site.cluster("backup"))
        with Stream(site, primary) as stream:
            insert(primary, 1, 1000)
            primary.archive_all()
            insert(primary, 1001, 1500)
            stream.wait_stored()
            rows = primary.rows()
            lost = primary.sql("select pg_walfile_name(pg_current_wal_lsn())")
            lose(primary, stream)
    with recover(site, backup) as restored:
        assert restored.rows() == rows
        assert "up to byte" in restored.log_text()
        insert(restored, 2001, 2500)
        restored.archive_all()
        rows = restored.rows()
        # What was put together from parts is not archived as a segment of the server's own.
        assert not any(lost in name for name in site.store.list() if "/wal/" in name), site.store.list()
    with recover(site, backup, "again") as again:
        assert again.rows() == rows
        assert "streamed parts" not in again.log_text()


def drill(site, primary):
    sql = host.USER.write(site.directory / "count.sql", "select 'rows: ' || count(*) from t")
    place = site.directory / "drill"
    place.exists() or host.USER.mkdir(place)
    done = site.run("drill", "--json", "--pg-data", primary.data, "--drill-dir", place, "--sql", sql)
    assert list(place.rglob("*")) == []
    [report] = done.out.splitlines()
    return done, json.loads(report)


def test_drill_replays_parts(dir_site):
    """A drill loses what a recovery would lose: up to the last part, here the second one behind the archive."""
    site = dir_site
    with primary_with_table(site) as primary:
        Backups(site, primary).make()
        with Stream(site, primary) as stream:
            insert(primary, 1, 1000)
            primary.archive_all()
            _, report = drill(site, primary)
            assert report["ok"] and "rows: 1000" in report["sql"][0]["output"] and report["later_segments"] <= 1, report
            primary.sql("alter system set archive_command = '/bin/false'")
            primary.sql("select pg_reload_conf()")
            primary.expect("archive command failed", "The failed archive command")
            insert(primary, 1001, 1500)
            primary.sql("select pg_switch_wal()")
            insert(primary, 1501, 1600)
            stream.wait_stored()
            done, report = drill(site, primary)
            assert report["ok"] and "rows: 1600" in report["sql"][0]["output"], report
            assert report["later_segments"] == 2 and report["rpo_seconds"] < 30 * host.SLOWNESS, report
            assert primary.sql("select count(*) from t") == "1600"


def test_drill_sees_tablespaces_in_parts(dir_site):
    """Replay of a part could create a tablespace in the directory of the original."""
    site = dir_site
    with primary_with_table(site) as primary:
        Backups(site, primary).make()
        with Stream(site, primary) as stream:
            insert(primary, 1, 1000)
            primary.archive_all()
            space = host.USER.mkdir(site.directory / "later")
            primary.sql(f"create tablespace later location '{space}'")
            primary.sql("create table far tablespace later as select 1")
            stream.wait_stored()
            before = {path: path.stat().st_mtime_ns for path in space.rglob("*")}
            done, report = drill(site, primary)
            done.expect(4, "tablespace was created after the backup, in", "make a new backup.*nothing was rehearsed")
            assert report["findings"][0]["part"] == "scan", report
            assert {path: path.stat().st_mtime_ns for path in space.rglob("*")} == before


def test_standby_gets_no_part(dir_site):
    """A standby that follows would take the end of the parts for WAL."""
    site = dir_site
    with primary_with_table(site) as primary:
        backup = primary.basebackup(site.cluster("backup"))
        with Stream(site, primary) as stream:
            insert(primary, 1, 1000)
            primary.archive_all()
            insert(primary, 1001, 1500)
            stream.wait_stored()
            with site.restored(backup, "standby", "standby.signal") as standby:
                standby.start()
                host.wait_for(lambda: standby.sql("select count(*) from t") == "1000", "the standby has what is archived")
                host.wait_for(lambda: standby.log_text().count("restored log file") >= 1, "the standby looks for more")
                time.sleep(1)
                assert standby.sql("select count(*) from t") == "1000"
            # The same segment is there for a recovery from the archive, and for nobody else.
            name = parts(site)[-1].split("/")[3]
            dest = site.scratch.directory("dest") / name
            place = site.cluster("place").copy_of(backup)
            for signal_file, options, code in (("standby.signal", (), 1), ("recovery.signal", ("--fetch-partial", "never"), 1),
                                               ("recovery.signal", (), 0), (None, (), 1)):
                for each in ("standby.signal", "recovery.signal"):
                    (place.data / each).unlink(missing_ok=True)
                if signal_file:
                    place.signal_file(signal_file)
                done = site.run("fetch", name, dest, "--pg-data", place.data, *options)
                done.expect(code, None if code else "made from its streamed parts")



def test_timeline_switch(dir_site):
    """The stream of a standby follows its promotion in the middle of a part; recovery takes the new branch."""
    site = dir_site
    with primary_with_table(site) as primary:
        backup = primary.basebackup(site.cluster("backup"))
        with site.restored(backup, "standby", "standby.signal", primary_conninfo=primary.connection_string()) as standby:
            standby.expect(*LOST_PRIMARY).start()
            with Stream(site, standby) as stream:
                insert(primary, 1, 1000)
                lsn = primary.sql("select pg_current_wal_flush_lsn()")
                stream.wait_stored(lsn)
                primary.stop(signal.SIGQUIT)
                standby.promote()
                insert(standby, 1001, 1500)
                stream.wait_stored()
                assert re.search(r"timeline 2 begins at .*following it", stream.text()), stream.text()
                names = site.store.list()
                assert any(name.endswith("/wal/00000002.history") for name in names)
                assert {name.split("/")[3][:8] for name in parts(site)} == {"00000001", "00000002"}
                rows = standby.rows()
                lose(standby, stream)
    with recover(site, backup) as restored:
        assert restored.rows() == rows
        # The old branch's parts are not for anybody any more.
        old = [name.split("/")[3] for name in parts(site) if name.split("/")[3].startswith("00000001")][-1]
        place = site.cluster("place").copy_of(backup).signal_file("recovery.signal")
        done = site.run("fetch", old, site.scratch.directory("dest") / old, "--pg-data", place.data)
        done.expect(1, "its streamed parts are not used")


def test_failover_to_a_standby_that_lags(dir_site):
    """The parts have WAL that the new primary never had: neither the new branch nor a recovery may get it."""
    site = dir_site
    with primary_with_table(site) as primary:
        backup = primary.basebackup(site.cluster("backup"))
        with site.restored(backup, "standby", "standby.signal", primary_conninfo=primary.connection_string()) as standby:
            standby.expect(*LOST_PRIMARY, "requested starting point", "is not in this server's history", "This server's history forked").start()
            insert(primary, 1, 1000)
            host.wait_for(lambda: standby.sql("select count(*) from t") == "1000", "the standby has the rows")
            standby.sql("alter system set primary_conninfo = ''")
            standby.sql("select pg_reload_conf()")
            host.wait_for(lambda: primary.sql("select count(*) from pg_stat_replication") == "0", "the standby receives no more")
            stream = Stream(site, primary)
            site.walship.configure(pg_conninfo=either(primary, standby))
            with stream:
                insert(primary, 1001, 1500)
                stream.wait_stored()
                primary.stop(signal.SIGQUIT)
                standby.promote()
                stream.cluster = standby
                insert(standby, 2001, 2500)
                stream.wait_for("receiving timeline 2")
                stream.wait_stored()
                standby.archive_all()
                insert(standby, 2501, 2600)
                stream.wait_stored()
                rows = standby.rows()
                lose(standby, stream)
    with recover(site, backup) as restored:
        assert restored.rows() == rows
        assert restored.sql("select count(*) from t where n between 1001 and 1500") == "0"
    old = [name.split("/")[3] for name in parts(site) if name.split("/")[3].startswith("00000001")]
    place = site.cluster("place").copy_of(backup).signal_file("recovery.signal")
    site.run("fetch", old[-1], site.scratch.directory("dest") / old[-1], "--pg-data", place.data).expect(1, "its streamed parts are not used")


def either(one, other):
    """The connection string of whichever takes writes."""
    places = [dict(word.split("=", 1) for word in cluster.connection_string().split()) for cluster in (one, other)]
    both = {key: ",".join(place[key] for place in places) for key in ("host", "port")}
    return " ".join(f"{key}={value}" for key, value in {**places[0], **both, "target_session_attrs": "read-write"}.items())


def test_two_streams(dir_site):
    """The server lets one of two streams have the slot; the other one says so, and takes over."""
    site = dir_site
    with primary_with_table(site) as primary:
        primary.expect('replication slot "walship" is active for PID')
        with Stream(site, primary) as first:
            first.wait_for("receiving timeline 1")
            with Stream(site, primary) as second:
                second.wait_for("another process streams from this slot")
                first.stop()
                second.wait_for("receiving timeline 1")
                insert(primary, 1, 100)
                second.wait_stored()


def drop_slot(primary, stream):
    """Ends the stream's connection and drops its slot before the stream can connect again."""
    os.kill(stream.process.pid, signal.SIGSTOP)
    primary.sql("select pg_terminate_backend(active_pid) from pg_replication_slots")
    host.wait_for(lambda: primary.sql("select count(*) from pg_replication_slots where active") == "0", "the slot is free")
    primary.sql("select pg_drop_replication_slot('walship')")


def test_slot_dropped(dir_site):
    """The slot is dropped while the stream runs: the stream creates a new slot, continues where it was, and reports WAL that is lost by then."""
    site = dir_site
    with primary_with_table(site, "--wal-segsize=1", min_wal_size="2MB", max_wal_size="8MB") as primary:
        primary.expect("FATAL:  (terminating connection|connection to client lost)", "ERROR:  requested WAL segment .* has already been removed",
                       "archive command was terminated by signal 3")
        backup = primary.basebackup(site.cluster("backup"))
        with Stream(site, primary) as stream:
            insert(primary, 1, 1000)
            stream.wait_stored()
            drop_slot(primary, stream)
            insert(primary, 1001, 2000)
            os.kill(stream.process.pid, signal.SIGCONT)
            stream.wait_stored()
            assert stream.text().count("created replication slot walship") == 2 and "has a gap" not in stream.text(), stream.text()
            # This time the server removes the WAL that is not stored yet.
            drop_slot(primary, stream)
            for first in range(2001, 8001, 2000):
                insert(primary, first, first + 1999)
                primary.archive_all()
            for _ in range(2):
                primary.sql("checkpoint")
            os.kill(stream.process.pid, signal.SIGCONT)
            stream.wait_for("streamed WAL has a gap .the archive has it if archive_command works")
            insert(primary, 8001, 9000)
            stream.wait_stored()
            rows = primary.rows()
            lose(primary, stream)
    # The last record may continue in a segment that was never written.
    with recover(site, backup, expected=[postgres.LEFT_BEHIND]) as restored:
        assert restored.rows() == rows


def test_slot_lost(dir_site):
    """More WAL than max_slot_wal_keep_size: the stream warns and continues (from PostgreSQL 18 on it ends with a hint)."""
    site = dir_site
    settings = {"min_wal_size": "2MB", "max_wal_size": "4MB", "max_slot_wal_keep_size": "2MB"}
    with primary_with_table(site, "--wal-segsize=1", **settings) as primary:
        primary.expect("ERROR:  can no longer access replication slot", "archive command was terminated by signal 3")
        backup = primary.basebackup(site.cluster("backup"))
        with Stream(site, primary) as stream:
            insert(primary, 1, 100)
            stream.wait_stored()
            # A stream that does not read would block the server's checkpoint (InvalidatePossiblyObsoleteSlot in slot.c waits).
            stream.stop()
            for first in range(101, 40001, 5700):
                insert(primary, first, first + 5699)
                primary.archive_all()
            primary.sql("checkpoint")
            host.wait_for(lambda: primary.sql("select wal_status from pg_replication_slots") == "lost", "the slot is lost")
            assert "the replication slot walship is lost: it kept too much WAL" in site.run("check").out.decode()
            stream.start()
            if int(primary.sql("show server_version_num")) >= 180000:
                assert stream.process.wait(30) == 4, stream.text()
                assert "drop it with pg_drop_replication_slot, and walship stream creates a new one" in stream.text(), stream.text()
                primary.sql("select pg_drop_replication_slot('walship')")
                stream.start()
            else:
                stream.wait_for("slot walship keeps no WAL, perhaps because max_slot_wal_keep_size was exceeded")
            insert(primary, 50001, 50100)
            stream.wait_stored()
            # PostgreSQL 16 and 17 serve a lost slot, and keep no WAL for it ever after.
            serves_lost = int(primary.sql("show server_version_num")) // 10000 in (16, 17)
            assert primary.sql("select wal_status from pg_replication_slots") == ("unreserved" if serves_lost else "reserved")
            rows = primary.rows()
            lose(primary, stream)
    # The last record may continue in a segment that was never written.
    with recover(site, backup, expected=[postgres.LEFT_BEHIND]) as restored:
        assert restored.rows() == rows


def test_outage(site):
    """While the store is away the server keeps the WAL; nothing is lost when the store is back. SIGTERM ends at once."""
    with primary_with_table(site, archive_mode="off") as primary:
        backup = primary.basebackup(site.cluster("backup"))
        with Stream(site, primary, "--stream-interval", "100ms", "--push-timeout", "2s") as stream:
            insert(primary, 1, 100)
            before = stream.wait_stored()
            site.store.go_away()
            insert(primary, 101, 60000)
            stream.wait_for("could not be stored, the server keeps it")
            assert primary.sql(f"select restart_lsn < '{before}'::pg_lsn + 3000000 from pg_replication_slots") == "t"
            site.store.come_back()
            stream.wait_for("is stored again", 60)
            stream.wait_stored(timeout=60)
            # The server comes and goes, too.
            primary.stop()
            primary.start()
            insert(primary, 60001, 60100)
            stream.wait_stored(timeout=60)
            rows = primary.rows()
            lose(primary, stream)
        assert backup.data.exists()
    with recover(site, backup) as restored:
        assert restored.rows() == rows


@pytest.mark.full
def test_long_outage(dir_site):
    """While the store is away for long, the server is asked again at growing intervals, and then the WAL is stored."""
    site = dir_site
    with primary_with_table(site) as primary:
        with Stream(site, primary, "--stream-interval", "100ms", "--push-timeout", "2s") as stream:
            insert(primary, 1, 100)
            stream.wait_stored()
            site.store.go_away()
            insert(primary, 101, 200)
            stream.wait_for("disconnected from the server while the store does not answer", 90)
            time.sleep(5)
            assert stream.text().count("receiving timeline") <= 2, stream.text()[-3000:]
            assert stream.text().count("connecting again") < 12, stream.text()[-3000:]
            site.store.come_back()
            stream.wait_stored(timeout=90)


def test_under_a_service_manager(dir_site):
    """READY comes with the first WAL from the server and not before, then the watchdog's pings, also while the server is away
    or the store is; and STOPPING. A service that waits for it begins after that."""
    site = dir_site
    manager = ServiceManager(site.directory / "notify")
    with primary_with_table(site) as primary:
        primary.stop()
        with Stream(site, primary, env=manager.environment()) as stream:
            stream.wait_for("connect")
            assert manager.next() == "WATCHDOG=1"  # it tries again: that is no reason to kill it
            primary.start()
            stream.wait_for("receiving timeline 1")
            heard = [manager.next()]
            while heard[-1] != "READY=1":
                assert heard[-1] == "WATCHDOG=1"
                heard.append(manager.next())
            assert manager.next() == "WATCHDOG=1"
            primary.stop()
            assert manager.next() == "WATCHDOG=1" and manager.next() == "WATCHDOG=1"
            primary.start()
            stream.wait_stored()
            stream.stop()
        heard = [manager.next()]
        while heard[-1] == "WATCHDOG=1":
            heard.append(manager.next())
        assert heard[-1] == "STOPPING=1"


def test_status_of_a_stream_that_has_ended(dir_site):
    """A stream that was killed is CRITICAL after a minute; so long as the note is fresh its lag is judged, which grows."""
    site = dir_site

    def check():
        found = json.loads(site.run("status", "--json", "--pg-data", primary.data).out)
        [stream] = [each for each in found["checks"] if each["name"] == "stream"]
        return stream["status"], stream["text"], stream["hint"]

    def age_note(**seconds):
        [note] = (site.directory / "spool").glob("stream-*")
        text = note.read_text()
        for name, age in seconds.items():
            text, count = re.subn(rf"(?m)^{name.replace('_', '-')} \d+$", f"{name.replace('_', '-')} {int(time.time()) - age}", text)
            assert count == 1, text
        host.USER.write(note, text, 0o600)

    with primary_with_table(site) as primary:
        with Stream(site, primary) as stream:
            insert(primary, 1, 100)
            stream.wait_stored()
            host.wait_for(lambda: check()[0] == "OK", "the note of the stream", 30)
            stream.kill()
        for behind, level in ((90, "WARNING"), (400, "CRITICAL")):
            age_note(durable_time=behind)
            assert check()[0] == level and " behind the server" in check()[1], check()
        age_note(written=3600)
        level, text, hint = check()
        assert level == "CRITICAL" and text.startswith("walship stream has not run since 2") and "drop its replication slot" in hint
        with Stream(site, primary) as stream:  # and what it says is mended by its start
            host.wait_for(lambda: check()[0] == "OK", lambda: f"it is well again: {check()}", 30)
        # Ended in good order, without a slot: nothing is said of it any more once its note is removed, as the hint says.
        primary.sql("select pg_drop_replication_slot('walship')")
        [note] = (site.directory / "spool").glob("stream-*")
        note.unlink()
        assert "stream" not in [each["name"] for each in json.loads(site.run("status", "--json", "--pg-data", primary.data).out)["checks"]]


def test_termination_stores_what_is_there(dir_site):
    """SIGTERM does not wait for the interval, and loses nothing."""
    site = dir_site
    with primary_with_table(site) as primary:
        with Stream(site, primary, "--stream-interval", "1h") as stream:
            stream.wait_for("receiving timeline 1")
            insert(primary, 1, 100)
            lsn = primary.sql("select pg_current_wal_flush_lsn()")
            host.wait_for(lambda: primary.sql(f"select write_lsn >= '{lsn}' from pg_stat_replication") == "t", "WAL arrives")
            before = parts(site)
            stream.stop()
            assert primary.sql(f"select restart_lsn >= '{lsn}' from pg_replication_slots") == "t"
            assert len(parts(site)) > len(before)
            # Another one goes on there, and the server's own end is quick: it waits for the stream.
            with Stream(site, primary, "--stream-interval", "1h") as second:
                second.wait_for("receiving timeline 1")
                insert(primary, 101, 200)
                primary.stop()
                second.wait_for("the server shuts down")


@pytest.mark.parametrize("size", ["1", pytest.param("1024", marks=pytest.mark.full)])
def test_segment_sizes(dir_site, size):
    """Segments of 1 MB and of 1 GB: WAL over several segments, none of which is archived."""
    site = dir_site
    with primary_with_table(site, f"--wal-segsize={size}", archive_command="false", archive_mode="on") as primary:
        primary.expect("archive command failed")
        with Stream(site, primary) as stream:
            backup = primary.basebackup(site.cluster("backup"), "-X", "fetch")
            insert(primary, 1, 30000)
            stream.wait_stored(timeout=120)
            rows = primary.rows()
            lose(primary, stream)
    with recover(site, backup) as restored:
        assert restored.rows() == rows
        assert size != "1" or "all of it" in restored.log_text()


def test_record_over_segments(dir_site):
    """A record that fills a segment and ends in the next: recovery gets both, though no record may begin in them."""
    site = dir_site
    with primary_with_table(site, "--wal-segsize=1", wal_level="replica", archive_mode="off") as primary:
        place = site.cluster("place").copy_of(primary.basebackup(site.cluster("backup"))).signal_file("recovery.signal")
        with Stream(site, primary) as stream:
            primary.switch()
            primary.sql("select pg_logical_emit_message(true, 'x', repeat('y', 2500000))")
            stream.wait_stored()
        last = primary.sql("select pg_walfile_name(pg_current_wal_flush_lsn())")
        before = primary.sql("select pg_walfile_name(pg_current_wal_flush_lsn() - 1024 * 1024)")
        whole = {name: (primary.data / "pg_wal" / name).read_bytes() for name in (before, last)}
        end = record_ends(primary, primary.data / "pg_wal" / last, wal.MIB)[0]
        dest = site.scratch.directory("dest") / "segment"
        assert not record_ends(primary, primary.data / "pg_wal" / before, wal.MIB)
        site.run("fetch", before, dest, "--pg-data", place.data).expect(0, "all of it")
        assert dest.read_bytes() == whole[before]
        # The end of the record is the last that was stored.
        names = [name for name in parts(site) if f"/{last}/" in name]
        for name in names:
            site.store.delete(name)
        name = f"{names[0].rsplit('/', 1)[0]}/{0:08X}-{end:08X}"
        site.store.put(name, objects.make_object(whole[last][:end], name, site.walship.key))
        site.run("fetch", last, dest, "--pg-data", place.data).expect(0, f"up to byte {end}")
        assert dest.read_bytes() == whole[last][:end] + bytes(wal.MIB - end)
        # A part that lacks its key is no end of the WAL.
        site.store.put(name, objects.make_object(whole[last][:end], name, os.urandom(32)))
        done = site.run("fetch", last, dest, "--pg-data", place.data)
        assert done.code > 125 and "which is not configured" in done.err, done
        # Under standby_mode, as PostgreSQL 11 has it, there are no parts.
        (place.data / "recovery.signal").unlink()
        for text, code in (("standby_mode = on\n", 1), ("", 0)):
            site.store.put(name, objects.make_object(whole[last][:end], name, site.walship.key))
            host.USER.write(place.data / "recovery.conf", text)
            site.run("fetch", last, dest, "--pg-data", place.data).expect(code, "streamed parts" if code == 0 else None)


def test_parts_of_a_mirror(dir_site):
    """The copy of a mirror is older: its parts are no end of the WAL if the repository has a later segment."""
    site = dir_site
    copy = copy_of(site)
    with primary_with_table(site) as primary:
        place = site.cluster("place").copy_of(primary.basebackup(site.cluster("backup"))).signal_file("recovery.signal")
        with Stream(site, primary) as stream:
            for first in (1, 101, 201):
                insert(primary, first, first + 99)
                stream.wait_stored()
            name = primary.sql("select pg_walfile_name(pg_current_wal_flush_lsn())")
            mirror(site, copy)
            for first in (301, 401):
                insert(primary, first, first + 99)
                primary.archive_all()
        site.walship.configure(mirror_conf=copy.conf)
        dest = site.scratch.directory("dest") / name
        for lost in site.store.list():
            if name in lost:
                site.store.delete(lost)
        site.run("fetch", name, dest, "--pg-data", place.data).expect(1, "its streamed parts are not used")
        for later in site.store.list():
            if "/wal/" in later and later.rsplit("/", 1)[1] > name:
                site.store.delete(later)
        site.run("fetch", name, dest, "--pg-data", place.data).expect(0, "made from its streamed parts, up to")
        whole = dest.read_bytes()
        # The repository has all parts but one.
        names = [each for each in copy.names() if f"/stream/{name[:16]}/{name}/" in each]
        for each in names:
            site.store.put(each, copy.store.get(each))
        site.store.delete(names[1])
        site.run("fetch", name, dest, "--pg-data", place.data).expect(0, "made from its streamed parts, up to")
        assert dest.read_bytes() == whole
        site.walship.configure(mirror_conf=None)
        site.run("fetch", name, dest, "--pg-data", place.data).expect(0, "later parts exist")
        assert dest.read_bytes() != whole


def test_parts_of_archived_segments_go(dir_site):
    """Once the archive has a segment, all its parts are removed, however many; those of the segment that is being written stay."""
    site = dir_site
    with primary_with_table(site) as primary:
        primary.sql("create table many (n int)")
        script = host.USER.write(site.scratch.directory("bench") / "script", "insert into many values (1);\n")
        with Stream(site, primary, "--stream-interval", "0s") as stream:
            # One request cannot remove so many parts.
            host.wait_for(lambda: primary.pgbench("-n", "-c", "4", "-T", "1", "-f", script) and len(parts(site)) > 1200, "many parts", 60)
            stream.wait_stored()
            done = primary.archive_all()
            insert(primary, 201, 300)
            stream.wait_stored()
            host.wait_for(lambda: not any(done in name for name in parts(site)), lambda: f"{done} is left out of {parts(site)[:5]}", 90)
            assert parts(site)
            assert re.search(rf"removed \d{{4,}} parts of {done}", stream.text()), stream.text()[-2000:]


def record_ends(cluster, segment, segment_bytes):
    """Offsets at which whole records end in a segment, by pg_waldump: where the next one begins."""
    # It ends with 1 where the WAL ends.
    done = subprocess.run([host.PG_BIN / "pg_waldump", segment], capture_output=True, check=False, timeout=60)
    lsns = [int(high, 16) << 32 | int(low, 16) for high, low in re.findall(rb"lsn: ([0-9A-F]+)/([0-9A-F]+),", done.stdout)]
    return [lsn % segment_bytes for lsn in lsns]


def test_parts_cut_missing_overlapping_damaged(dir_site, seed):
    """Whatever happens to parts, a fetch gives the WAL up to the end of a whole record before the first gap."""
    site = dir_site
    chance = random.Random(seed)
    with primary_with_table(site, wal_level="replica", archive_mode="off") as primary:
        with Stream(site, primary, "--stream-interval", "20ms", "--stream-bytes", "64KiB") as stream:
            backup = primary.basebackup(site.cluster("backup"))
            primary.switch()
            for first in range(1, 6):
                insert(primary, first * 1000, first * 1000 + 300)
            stream.wait_stored()
        # What an unfinished record leaves.
        last = parts(site)[-1].split("/")[3]
        path = primary.data / "pg_wal" / last
        begins = record_ends(primary, path, 16 * wal.MIB)
        whole = path.read_bytes()
        names = [name for name in parts(site) if name.split("/")[3] == last]
        originals = {name: site.store.get(name) for name in names}
    assert len(names) >= 4
    place = site.cluster("place").copy_of(backup).signal_file("recovery.signal")
    dest = site.scratch.directory("dest") / last

    def reach(left):
        """Where the parts that are left follow each other to."""
        end = 0
        for name in sorted(left):
            first, behind = (int(text, 16) for text in name.rsplit("/", 1)[1].split("-"))
            end = max(end, behind) if first <= end else end
        return end

    for _ in range(25):
        gone, damaged = chance.sample(names, chance.randrange(2)), chance.sample(names, chance.randrange(2))
        left = [name for name in names if name not in gone + damaged]
        for name in gone:
            site.store.delete(name)
        for name in damaged:
            if name not in gone:
                content = bytearray(originals[name])
                content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
                site.store.put(name, bytes(content))
        # The same WAL in another part, as after a restart of the stream.
        first = chance.randrange(reach(left) + 1) & ~7
        behind = min(first + chance.randrange(8, 200000), reach(names))
        extra = f"{names[0].rsplit('/', 1)[0]}/{first:08X}-{behind:08X}"
        if first < behind and extra not in names:
            site.store.put(extra, objects.make_object(whole[first:behind], extra, site.walship.key))
            left.append(extra)
        end = reach(left)
        dest.unlink(missing_ok=True)
        done = site.run("fetch", last, dest, "--pg-data", place.data)
        whole_records = [begin for begin in begins if begin <= end]
        if len(whole_records) < 2:
            assert done.code == 1, done
        else:
            assert done.code == 0, done
            kept = int(re.search(r"up to byte (\d+)", done.err).group(1))
            content = dest.read_bytes()
            assert content[:kept] == whole[:kept] and len(content) == len(whole) and not any(content[kept:])
            # The next record begins behind padding, and maybe a page header.
            assert kept <= end and kept >= whole_records[-1], (kept, end, whole_records[-3:])
        for name in names:
            site.store.put(name, originals[name])
        if extra not in names and extra in left:
            site.store.delete(extra)


def test_synchronous(dir_site):
    """With walship in synchronous_standby_names every commit that a client was told of survives the machine."""
    site = dir_site
    with primary_with_table(site) as primary:
        backup = primary.basebackup(site.cluster("backup"))
        primary.sql("create table told (n serial primary key)")
        script = host.USER.write(site.scratch.directory("bench") / "script", "insert into told default values;\n")
        with Stream(site, primary, "--stream-interval", "0s") as stream:
            stream.wait_stored()
            primary.sql("alter system set synchronous_standby_names = 'walship'")
            primary.sql("select pg_reload_conf()")
            host.wait_for(lambda: primary.sql("select sync_state from pg_stat_replication") == "sync", "the stream is synchronous")
            done = primary.pgbench("-n", "-c", "8", "-T", "3", "-f", script)
            lose(primary, stream)
        told = int(re.search(rb"transactions actually processed: (\d+)", done.stdout).group(1))
        assert told > 20, done.stdout
        # Some of the many small parts repeat others, so that recovery reads few parts.
        ranges = [[int(text, 16) for text in name.rsplit("/", 1)[1].split("-")] for name in parts(site)]
        reads, end = 0, 0
        while furthest := max((last for first, last in ranges if first <= end < last), default=0):
            reads, end = reads + 1, furthest
        assert len(ranges) > 40 and reads < len(ranges) / 3, ranges
    with recover(site, backup) as restored:
        assert int(restored.sql("select count(*) from told")) >= told
