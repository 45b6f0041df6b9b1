"""Where the log goes while PostgreSQL archives: a journal of our own, JSON in a file, and always PostgreSQL's log at the end."""

import json
import os
import re
import socket
import stat

import pytest

from harness import host

ERROR = r"walship: push [0-9A-F]{24}: "


@pytest.fixture
def journal(dir_site):
    """A datagram socket as journald has one, and what was sent to it so far."""
    path = dir_site.directory / "journal"
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind(str(path))
    host.USER.own(path, 0o600)
    server.setblocking(False)
    seen = []

    def entries():
        while True:
            try:
                data = server.recv(65536)
            except BlockingIOError:
                return seen
            seen.append(dict(line.split("=", 1) for line in data.decode().splitlines()))
    yield path, entries
    server.close()


def test_an_outage_reaches_the_journal_and_postgresql(dir_site, journal):
    path, entries = journal
    dir_site.walship.configure(log_to=f"journal:{path}", log_level="info", push_timeout="1s")
    dir_site.store.go_away()
    with dir_site.primary() as primary:
        primary.expect(ERROR, "walship: hint: ", "archive command failed").start()
        segment = primary.switch()
        host.wait_for(lambda: any(entry["PRIORITY"] == "3" for entry in entries()), "an error in the journal")
        dir_site.store.come_back()
        primary.wait_archived()
        host.wait_for(lambda: any("stored as" in entry["MESSAGE"] for entry in entries()), "a line about what is stored")
        log = primary.log_text()
    error = next(entry for entry in entries() if entry["PRIORITY"] == "3")
    assert re.match(rf"push {segment}: .*; hint: ", error["MESSAGE"])
    assert error["WALSHIP_COMMAND"] == "push" and error["WALSHIP_WAL_FILE"] == segment
    assert error["WALSHIP_HINT"] in error["MESSAGE"]
    assert {entry["WALSHIP_SYSTEM_ID"] for entry in entries() if "stored as" in entry["MESSAGE"]} == {str(primary.system_id())}
    assert re.search(ERROR, log) and "walship: hint: " in log
    assert "stored as" not in log, "only what ends a call is said twice"


def test_json_in_a_file(site):
    """Lines of files that go ahead name their own file."""
    path = site.directory / "walship.log"
    site.walship.configure(log_to=str(path), log_format="json", log_level="info")
    with site.primary() as primary:
        primary.configure(archive_command="false").expect("archive command failed").start()
        for _ in range(4):
            primary.sql("select pg_create_restore_point('x')")
            primary.switch()
        # Nothing was archived so far: all of it is there when it begins.
        primary.configure(archive_command=site.walship.command("push", "%p"))
        primary.stop()
        primary.start().archive_all()
        system = str(primary.system_id())
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    stored = [line for line in lines if "stored as" in line["message"]]
    assert len({line["wal_file"] for line in stored}) >= 4
    for line in stored:
        assert line["message"].startswith(f"push {line['wal_file']}: "), line
        assert (line["level"], line["command"], line["system_id"]) == ("info", "push", system)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert any(line["pid"] == other["pid"] and line["wal_file"] != other["wal_file"] for line in stored for other in stored), "nothing went ahead"
    site.walship.check_secrets(path.read_bytes())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("where", ["journal:{0}/nobody", "syslog:{0}/nobody", "{0}/closed/log", "{0}/no/such/folder/log", "jounral", "/dev/full"])
@pytest.mark.parametrize("format", ["text", "json"])
def test_no_log_is_worth_a_push(dir_site, where, format):
    closed = dir_site.directory / "closed"
    closed.mkdir()
    os.chmod(closed, 0o555)
    dir_site.walship.configure(log_to=where.format(dir_site.directory), log_format=format, log_level="info")
    name, content, stored = dir_site.kind("segment")
    done = dir_site.run("push", dir_site.file(name, content))
    assert done.code == 0 and dir_site.store.list() == [stored]
    lines = done.err.splitlines()
    assert sum("using standard error instead" in line for line in lines) == 1
    assert lines[0].startswith("walship: warning: log-to ") or where == "/dev/full"
    assert any("stored as" in line for line in lines), "and the lines come there"


def test_a_missing_file_is_no_noise(dir_site):
    """PostgreSQL asks for what is not there all the time."""
    path = dir_site.directory / "log"
    name, content, _ = dir_site.kind("segment")
    dir_site.run("push", dir_site.file(name, content)).expect(0)
    dir_site.walship.configure(log_to=str(path))
    dir_site.run("fetch", "000000010000000000000009", "x", "--system-id", dir_site.system_id).expect(1)
    assert path.read_text() == ""
