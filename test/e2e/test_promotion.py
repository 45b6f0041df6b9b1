"""Promotion while the store is away: it must end with a new timeline, not with a server on the old one."""

import pytest

from harness import host
from harness.gate import Gate
from test_standby import LOST_PRIMARY, grow, wait_rows, with_table


def assert_promoted(server, rows):
    server.wait_promoted()
    assert server.rows() == rows
    assert server.sql("select pg_walfile_name(pg_current_wal_lsn())").startswith("00000002")
    assert (server.data / "pg_wal/00000002.history").exists()


@pytest.mark.parametrize("fetch_error", ["auto", pytest.param("abort", marks=pytest.mark.full)])
def test_streaming_standby(dir_site, fetch_error):
    """The store goes first, then the primary: PostgreSQL's last question comes after standby.signal is gone."""
    site = dir_site
    site.walship.configure(push_timeout="1s", fetch_timeout="1s", fetch_error="auto")
    with with_table(site.primary()) as primary:
        backup = primary.basebackup(site.cluster("backup"))
        with site.restored(backup, "standby", "standby.signal", primary_conninfo=primary.connection_string()) as standby:
            standby.start()
            wait_rows(standby, grow(primary))
            rows = primary.rows()
            standby.expect(*LOST_PRIMARY, r"walship: (hint: |fetch |push )", r"archive command failed with exit code 3")
            primary.expect(r"walship: (hint: |push )", r"archive command failed with exit code 3")
            site.store.go_away()
            primary.stop()
            if fetch_error == "abort":
                # With abort the questions before the point of no return would end the server: let them pass.
                gate = Gate(site, "00000001.history")
                standby.configure(restore_command=gate.command)
                standby.sql("alter system set restore_command = '" + gate.command + "'")
                standby.sql("select pg_reload_conf()")
            standby.sql("select pg_promote(false)")
            if fetch_error == "abort":
                gate.wait_reached()
                site.walship.configure(fetch_error="abort")
                gate.open()
            assert_promoted(standby, rows)
            site.store.come_back()
            standby.archive_all()
            stored = [name.rsplit("/", 1)[1] for name in site.store.list()]
            assert "00000002.history" in stored


def test_recovery_signal(site):
    """The store goes between the last two questions of a recovery."""
    with with_table(site.primary()) as primary:
        backup = primary.basebackup(site.cluster("backup"))
        grow(primary)
        rows = primary.rows()
    site.walship.configure(push_timeout="1s", fetch_timeout="1s")
    gate = Gate(site, "00000001.history")
    with site.restored(backup) as restored:
        restored.configure(restore_command=gate.command)
        restored.expect(r"walship: (hint: |fetch |push )", r"archive command failed with exit code 3")
        restored.start(wait=False)
        gate.wait_reached()
        assert not (restored.data / "recovery.signal").exists()
        site.store.go_away()
        gate.open()
        assert_promoted(restored, rows)
        assert "walship: fetch 00000001.history: " in restored.log_text()
        site.store.come_back()
        restored.archive_all()


@pytest.mark.parametrize("signal_file, name, code", [
    (None, "00000002.history", 3),
    (None, "000000010000000000000009", 255),
    ("recovery.signal", "00000002.history", 255),
    ("recovery.conf", "00000002.history", 255),
    ("standby.signal", "00000002.history", 3),
])
def test_codes(dir_site, data_dir, signal_file, name, code):
    """Only the question for a history, without a signal file, has a code of its own."""
    site = dir_site
    site.walship.configure(fetch_timeout="1s")
    if signal_file:
        host.USER.write(data_dir / signal_file, "")
    site.store.go_away()
    dest = data_dir / "pg_wal" / ("RECOVERYHISTORY" if name.endswith(".history") else "RECOVERYXLOG")
    site.run("fetch", name, dest, cwd=data_dir).expect(code, "walship: fetch", ".")
    site.store.come_back()
    unreadable = 255 if code == 255 or signal_file else 2
    site.run("fetch", name, dest, "--log-level", "loud", cwd=data_dir).expect(unreadable, "--log-level: 'loud'", ".")


def check(site, server, code, *words, **kwargs):
    """walship check --promote; words: what each line of a failed step must say."""
    done = site.run("check", "--promote", "--pg-conninfo", server.connection_string(), cwd=server.data, **kwargs)
    text = done.out.decode()
    assert done.code == code, text + done.err
    failed = [line for line in text.splitlines() if line.startswith("✗")]
    assert len(failed) == len(words) and all(word in line for word, line in zip(words, failed)), text
    return text


def test_check_before_a_promotion(site):
    """What PostgreSQL cannot be told at the moment of a promotion, it is told before."""
    with with_table(site.primary()) as primary:
        backup = primary.basebackup(site.cluster("backup"))
        check(site, primary, 2, "not in recovery")
        with (site.restored(backup, "standby", "standby.signal") as standby, site.restored(backup, "other", "standby.signal") as other,
              site.restored(backup, "follower", "standby.signal") as follower):
            standby.configure(recovery_target_timeline="current").start()
            wait_rows(standby, grow(primary))
            text = check(site, standby, 0)
            assert "the archive has no later WAL" in text and "no timeline above 1 is in use" in text
            assert "finish a segment" not in text

            # The standby cannot fetch any more, and nothing but this check says so.
            standby.expect(r"walship: (hint: |fetch )")
            fetch = standby.settings["restore_command"]
            standby.sql("alter system set restore_command = 'false'")
            standby.sql("select pg_reload_conf()")
            grow(primary, 10)
            last = grow(primary, 10)
            check(site, standby, 3, "but the archive has 2 more segments, up to 0000000100000000")
            standby.sql(f"alter system set restore_command = {fetch}")
            standby.sql("select pg_reload_conf()")
            wait_rows(standby, last)
            check(site, standby, 0)

            site.store.go_away()
            check(site, standby, 3, "reach the store")
            site.store.come_back()

            other.start()
            wait_rows(other, last)
            follower.start()
            wait_rows(follower, last)
            other.promote()
            wait_rows(follower, grow(other, 10))
            # It has followed to timeline 2, and pg_control does not say so before the next restartpoint.
            assert follower.sql("select timeline_id from pg_control_checkpoint()") == "1"
            assert "timeline 2 up to" in check(site, follower, 0)
            follower.stop()
            other.stop()
            check(site, standby, 4, "timeline 2 is in the archive, and this standby is on timeline 1")
