"""A copy that was recovered for a trial archives its own timeline: it is named, and can be set aside."""

import json
import os
import signal
import time

import pytest

from harness import host, postgres
from test_standby import LOST_PRIMARY, grow, wait_rows, with_table

REFUSED = (r"walship: (hint: |push )", r"archive command failed with exit code 4")


@pytest.fixture
def hijacked(request):
    """(site, primary, backup): the trial has made timeline 2, and production went on with timeline 1."""
    site = request.getfixturevalue(getattr(request, "param", "dir_site"))
    with with_table(site.primary()) as primary:
        site.system_id = primary.system_id()
        backup = primary.basebackup(site.cluster("backup"))
        grow(primary, 1000)
        until = primary.sql("select pg_current_wal_lsn()")
        grow(primary, 1000)
        with site.restored(backup, "trial", recovery_target_lsn=until, recovery_target_action="promote") as trial:
            trial.expect(postgres.LEFT_BEHIND)
            trial.start().wait_promoted()
            trial.sql("insert into t values (0, 'only a trial')")
            trial.archive_all()
            assert "will leave out that WAL" in trial.log_text() and "walship timeline set-aside 2" in trial.log_text()
        time.sleep(1.1)  # the store's times have whole seconds
        grow(primary, 1000)
        yield site, primary, backup


def judge(site, primary):
    """What verify and status say of the timelines."""
    verify = site.run("verify", "--json", cwd=primary.data)
    status = site.run("status", "--json", cwd=primary.data)
    chain = json.loads(status.out)
    return verify, json.loads(verify.out.splitlines()[0]), chain


def recover(site, backup, name, **settings):
    """Rows after a recovery with PostgreSQL's defaults, and the timeline that it made."""
    with site.restored(backup, name) as restored:
        restored.configure(archive_mode="off", **settings).start().wait_promoted()
        return restored.sql("select count(*) from t"), restored.sql("select pg_walfile_name(pg_current_wal_lsn())")[:8]


@pytest.mark.heart
@pytest.mark.parametrize("hijacked", ["dir_site", "s3_site"], indirect=True)
def test_a_trial_is_named_and_set_aside(hijacked):
    site, primary, backup = hijacked
    rows = primary.sql("select count(*) from t")
    verify, found, status = judge(site, primary)
    verify.expect(6, "recovery to the latest timeline would follow timeline 2, which left timeline 1 at ", "set-aside 2")
    assert found["latest_timeline"] == 2 and found["left_out_last"] == found["timelines"][0]["last"]
    assert status["archive"]["stray_timeline"] == 2 and status["status"] == "WARNING"
    assert "follow timeline 2, which left timeline 1 at" in site.run("status", cwd=primary.data).out.decode()
    assert recover(site, backup, "astray") == ("1001", "00000003")

    done = site.run("timeline", "set-aside", "2", cwd=primary.data).expect(0)
    assert "is now set aside" in done.out.decode() and "walship timeline restore 2" in done.out.decode()
    assert "already set aside" in site.run("timeline", "set-aside", "2", cwd=primary.data).expect(0).out.decode()
    verify, found, status = judge(site, primary)
    verify.expect(0)
    assert (found["latest_timeline"], found["left_out_last"]) == (1, None)
    assert [each["set_aside"] for each in found["timelines"]] == [False, True]
    assert status["archive"]["stray_timeline"] is None and status["status"] == "OK"
    # The number of the trial is not free.
    assert recover(site, backup, "follows") == (rows, "00000003")
    assert recover(site, backup, "on-purpose", recovery_target_timeline="2",
                   restore_command=site.walship.command("--fetch-timelines", "all", "fetch", "%f", "%p")) == ("1001", "00000003")

    site.run("timeline", "restore", "2", cwd=primary.data).expect(0)
    assert judge(site, primary)[1]["latest_timeline"] == 2
    site.run("timeline", "set-aside", "2", cwd=primary.data).expect(0)
    assert judge(site, primary)[1]["latest_timeline"] == 1
    marks = [name.rsplit("/", 1)[1] for name in site.store.list() if "/timeline/" in name]
    assert marks == ["00000002.1", "00000002.2", "00000002.3"]
    site.run("key", "list").expect(0)


def test_failover_beside_a_timeline_that_is_set_aside(hijacked):
    """A standby starts, follows, is promoted to a number of its own, and then recovery goes to the new timeline."""
    site, primary, backup = hijacked
    site.run("timeline", "set-aside", "2", cwd=primary.data).expect(0)
    with site.restored(backup, "standby", "standby.signal", primary_conninfo=primary.connection_string()) as standby:
        standby.start()
        wait_rows(standby, grow(primary, 10))
        standby.stop()
        standby.start()
        wait_rows(standby, grow(primary, 10))
        primary.stop()
        standby.expect(*LOST_PRIMARY, r"FATAL:  .*(not running|No such file)")
        standby.promote()
        standby.sql("insert into t values (-1, 'after the failover')")
        standby.archive_all()
        rows = standby.sql("select count(*) from t")
        assert standby.sql("select pg_walfile_name(pg_current_wal_lsn())")[:8] == "00000003"
        verify, found, status = judge(site, standby)
        verify.expect(0)
        assert found["latest_timeline"] == 3 and status["archive"]["stray_timeline"] is None

        # The wrong timeline is set aside, where nothing shows that a server uses it.
        site.run("--system-id", site.system_id, "timeline", "set-aside", "3").expect(0)
        assert "WARNING: timeline 3 is set aside" in site.run("status", cwd=standby.data).out.decode().splitlines()[0]
        assert "timeline 3 is set aside; its newest object was stored " in site.run("verify", cwd=standby.data).out.decode()
        site.run("timeline", "restore", "3", cwd=standby.data).expect(0)
        assert judge(site, standby)[2]["status"] == "OK"
    assert recover(site, backup, "later") == (rows, "00000004")


def test_a_crash_in_the_middle_of_recovery(hijacked):
    """The server begins again without a start: the trial's timeline is hidden from its new startup process, too."""
    site, primary, backup = hijacked
    site.run("timeline", "set-aside", "2", cwd=primary.data).expect(0)
    with site.restored(backup) as restored:
        restored.expect(r"LOG: .*terminat", r"FATAL:  the database system is (in recovery mode|starting up|not yet accepting)")
        restored.configure(archive_mode="off", restart_after_crash="on", recovery_target="immediate", recovery_target_action="pause")
        restored.start(wait=False)
        for crash in (True, False):
            host.wait_for(lambda: is_paused(restored), "recovery pauses")
            begun = "starting point-in-time recovery"
            assert restored.log_text().count(begun) == (1 if crash else 2)
            if crash:
                os.kill(int(restored.sql("select pid from pg_stat_activity where backend_type = 'checkpointer'")), signal.SIGKILL)
                host.wait_for(lambda: restored.log_text().count(begun) == 2, "the server begins again")
        assert "00000002.history" not in restored.log_text()


def is_paused(server):
    """False also while the server accepts no connection."""
    try:
        return server.sql("select pg_get_wal_replay_pause_state()") == "paused"
    except AssertionError:
        return False


def test_what_cannot_be_set_aside(hijacked):
    site, primary, _ = hijacked
    trial = primary.directory / "trial"
    for operand, error, hint in [("1", "'1' is not a timeline with a parent", "from 2 on"), ("x", "'x' is not", "from 2 on"),
                                 ("7", "no history of timeline 7", "walship info")]:
        site.run("timeline", "set-aside", operand, cwd=primary.data).expect(2, error, hint)
    site.run("timeline", "remove", "2", cwd=primary.data).expect(2, "'remove' is neither set-aside nor restore", "timeline restore N")
    site.run("timeline", "set-aside", "2", cwd=trial).expect(4, "the server in .* is on timeline 2", "archive_mode = off")
    site.run("timeline", "set-aside", "2").expect(2, "system identifier is not known", "--pg-data")


def test_a_mark_that_is_not_genuine(hijacked):
    """A mark that anybody could have made stops a recovery, and does not lead it."""
    site, primary, backup = hijacked
    site.store.put(f"{site.system_id}/timeline/00000002.1", b"set aside\n" * 20)
    dest = host.USER.mkdir(site.directory / "dest") / "RECOVERYHISTORY"
    site.run("--system-id", site.system_id, "fetch", "00000002.history", dest).expect(255, "timeline/00000002.1", ".*")
    site.run("verify", cwd=primary.data).expect(4, "1 object", ".")
    status = site.run("status", cwd=primary.data)
    assert status.code == 2 and "recovery to the latest timeline stops: the mark of a timeline that is set aside" in status.out.decode()
    del backup
