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
