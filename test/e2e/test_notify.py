"""notify-command: somebody is told that pushes fail, once in a while, and once that they work again; push never waits for it."""

import fcntl
import json
import os
import re
import time
from pathlib import Path

import pytest

from harness import host, wal

NAME = wal.segment_name(1, 1, wal.MIB)
SCRIPT = """#!/usr/bin/python3
import json, os, sys
with open({log!r}, "a") as log:
    log.write(json.dumps({{"argv": sys.argv[1:], "env": dict(os.environ), "pid": os.getpid()}}) + "\\n")
{more}
"""


class Told:
    """A notify-command that writes down how it was called."""

    def __init__(self, directory, more=""):
        self.log = Path(directory) / "told"
        self.script = host.USER.write(Path(directory) / "tell", SCRIPT.format(log=str(self.log), more=more), 0o755)

    def calls(self):
        text = self.log.read_text() if self.log.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def wait(self, count):
        host.wait_for(lambda: len(self.calls()) >= count, lambda: f"{count} notifications, there are {self.calls()}")
        return self.calls()


def pusher(site, data_dir, system_id):
    """A push that fails as soon as the store is away."""
    path = host.USER.write(data_dir / "pg_wal" / NAME, wal.segment(system_id, NAME, wal.MIB), 0o600)
    site.walship.configure(push_timeout="1s", notify_after="1ms", notify_interval="1d")
    return lambda *args, **kwargs: site.run("push", path, *args, **kwargs)


@pytest.fixture
def failing(dir_site, data_dir, control_file):
    return pusher(dir_site, data_dir, control_file[0])


def record(site):
    return [path for path in Path(site.walship.options["spool"]).iterdir() if path.name.startswith("failing-")]


def test_told_once_and_once_again(site, data_dir, control_file):
    """What the command finds, and that it is rate-limited."""
    failing = pusher(site, data_dir, control_file[0])
    told = Told(site.directory)
    site.walship.configure(notify_command=f"{told.script} 'two words' \"$HOME\" ''")
    site.store.go_away()
    secrets = {"WALSHIP_S3_KEY_SECRET": "a-secret-of-ours", "AWS_SECRET_ACCESS_KEY": "another-secret",
               "AWS_SESSION_TOKEN": "a-third", "PGPASSWORD": "a-fourth"} if site.store.kind == "dir" else {}
    for _ in range(3):
        assert failing(env={**secrets, "KEPT": "yes"}).code == 3
    [call] = told.wait(1)
    assert call["argv"] == ["two words", "$HOME", ""]
    env = call["env"]
    assert env["WALSHIP_EVENT"] == "failing" and env["WALSHIP_FILE"] == NAME
    assert env["WALSHIP_SYSTEM_ID"] == str(control_file[0]) and env["WALSHIP_REPO"] == site.store.url
    assert env["WALSHIP_HOST"] == os.uname().nodename and env["KEPT"] == "yes"
    assert f"push {NAME}: " in env["WALSHIP_ERROR"] and env["WALSHIP_HINT"]
    assert int(env["WALSHIP_FAILURES"]) >= 1 and env["WALSHIP_EXIT_CODE"] == "3"
    assert abs(time.time() - wal_time(env["WALSHIP_SINCE"])) < 120
    assert not set(secrets.values()) & set(env.values()) and not set(secrets) & set(env)
    [path] = record(site)
    assert "count 3\n" in path.read_text() and f"file {NAME}\n" in path.read_text()
    site.store.come_back()
    failing().expect(0)
    env = told.wait(2)[1]["env"]
    assert env["WALSHIP_EVENT"] == "working" and env["WALSHIP_FAILURES"] == "3"
    assert not record(site)
    failing().expect(0)
    # Down again within notify-interval: not a second mail, nor one that it works.
    site.store.go_away()
    assert failing().code == 3
    site.store.come_back()
    failing().expect(0)
    time.sleep(0.5)
    assert [call["env"]["WALSHIP_EVENT"] for call in told.calls()] == ["failing", "working"]


def wal_time(text):
    import calendar
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def test_again_after_the_interval(dir_site, failing):
    told = Told(dir_site.directory)
    dir_site.walship.configure(notify_command=told.script, notify_interval="1s")
    dir_site.store.go_away()
    failing()
    told.wait(1)
    time.sleep(1.1)
    failing()
    assert [call["env"]["WALSHIP_EVENT"] for call in told.wait(2)] == ["failing", "failing"]


def test_not_before_its_time(dir_site, failing):
    """A hiccup is no news, and its end is none."""
    told = Told(dir_site.directory)
    dir_site.walship.configure(notify_command=told.script, notify_after="1h")
    dir_site.store.go_away()
    for _ in range(3):
        failing()
    assert record(dir_site)
    dir_site.store.come_back()
    failing().expect(0)
    assert not record(dir_site)
    time.sleep(0.5)
    assert not told.calls()


def test_push_does_not_wait_and_the_group_is_killed(dir_site, failing):
    """The command hangs, with a child: push's own time is its own, and both are gone when notify-timeout is over."""
    more = "import subprocess, time\nchild = subprocess.Popen(['sleep', '600'])\n" \
           "open({0!r}, 'w').write(f'{{child.pid}}')\ntime.sleep(600)".format(str(dir_site.directory / "child"))
    told = Told(dir_site.directory, more)
    dir_site.walship.configure(notify_command=told.script, notify_timeout="4s")
    dir_site.store.go_away()
    begun = time.monotonic()
    code = failing(timeout=3).code  # with its output read to the end: nobody holds it
    assert code == 3 and time.monotonic() - begun < 3
    pid = told.wait(1)[0]["pid"]
    child = int(host.wait_for(lambda: (dir_site.directory / "child").exists() and (dir_site.directory / "child").read_text(),
                              "the command's child"))
    assert host.exists(pid) and host.exists(child)
    host.wait_for(lambda: not host.exists(pid) and not host.exists(child), "the end of the command's group")
    assert time.monotonic() - begun > 3.5
    # The next call finds what became of it.
    host.wait_for(lambda: "did not exit in time" in failing().err, "the result in the log")
    assert "did not exit in time" not in failing().err


def test_who_talks_much_is_heard_out(dir_site, failing):
    """What it prints is in nobody's way, and it has its mail yet to send."""
    told = Told(dir_site.directory, "sys.stdout.write('x' * 100_000_000)\nsys.stdout.flush()\nopen({!r}, 'w')".format(str(dir_site.directory / "sent")))
    dir_site.walship.configure(notify_command=told.script)
    dir_site.store.go_away()
    failing()
    told.wait(1)
    host.wait_for(lambda: (dir_site.directory / "sent").exists(), "its end")
    said = host.wait_for(lambda: [line for line in failing("-v").err.splitlines() if "notify-command" in line], "the result")
    assert len(said) == 1 and re.fullmatch("walship: notify-command: exited with code 0: x{100,}", said[0])


@pytest.mark.parametrize("command,result", [
    ("false", "notify-command false: exited with code 1"),
    ("sh -c 'echo no mailer >&2; exit 75'", "notify-command sh: exited with code 75: 'no mailer'"),
    ("/nonexistent/mail", "notify-command /nonexistent/mail: cannot be run: No such file or directory"),
    ("mail 'root", "notify-command has an unclosed quote"),
])
def test_its_result_is_logged_once(dir_site, failing, command, result):
    dir_site.walship.configure(notify_command=command)
    dir_site.store.go_away()
    codes = {failing().code}
    found = host.wait_for(lambda: [line for line in failing().err.splitlines() if "notify-command" in line], "the result")
    assert len(found) == 1 and result in found[0], found
    again = failing()
    assert "notify-command" not in again.err
    assert codes | {again.code} == {3}


def test_a_good_result_is_told_to_those_who_ask(dir_site, failing):
    dir_site.walship.configure(notify_command=f"sh -c 'echo sent to $WALSHIP_EVENT; echo {'5aA0' * 16}.'")
    dir_site.store.go_away()
    assert "notify-command" not in failing().err
    said = host.wait_for(lambda: [line for line in failing("-v").err.splitlines() if "notify-command" in line], "the result")
    assert said == ["walship: notify-command: exited with code 0: sent to failing?[64 hexadecimal digits left out]."]


@pytest.mark.parametrize("spool", ["/nonexistent/spool", "not/absolute"])
def test_without_a_spool_nothing_is_told_and_nothing_changes(dir_site, failing, spool):
    told = Told(dir_site.directory)
    dir_site.walship.configure(notify_command=told.script, spool=spool, push_ahead="0")
    failing().expect(0)
    dir_site.store.go_away()
    result = failing()
    assert result.code == 3 and "repo" in result.error
    time.sleep(0.3)
    assert not told.calls()


def test_the_command_may_call_walship(dir_site, failing):
    """What it is told is no misspelled option."""
    log = dir_site.directory / "config"
    dir_site.walship.configure(notify_command=f"sh -c '{dir_site.walship.command('config')} >{log} 2>&1'")
    dir_site.store.go_away()
    failing()
    text = host.wait_for(lambda: log.exists() and log.read_text(), "its output")
    assert "WALSHIP_SYSTEM_ID" in text and "unknown" not in text


def test_postgresql_is_not_held_up(dir_site):
    """The archiver's own case: the server goes on, stops at once, and somebody knows."""
    told = Told(dir_site.directory, "import time\ntime.sleep(20)")
    dir_site.walship.configure(push_timeout="1s", notify_after="1s", notify_command=told.script)
    with dir_site.primary() as primary:
        primary.expect(r"walship: ", r"archive command failed with exit code 3").start()
        primary.archive_all()
        dir_site.store.go_away()
        primary.sql("create table t ()")
        name = primary.switch()
        [call] = told.wait(1)
        assert call["env"]["WALSHIP_FILE"] == name and int(call["env"]["WALSHIP_FAILURES"]) >= 2
        assert call["env"]["WALSHIP_SYSTEM_ID"] == str(primary.system_id())
        begun = time.monotonic()
        primary.stop()
        assert time.monotonic() - begun < 15 and host.exists(call["pid"])
        os.kill(call["pid"], 9)
        dir_site.store.come_back()
        primary.start()
        primary.wait_archived()
        assert told.wait(2)[1]["env"]["WALSHIP_EVENT"] == "working"
        os.kill(told.calls()[1]["pid"], 9)


def lock_notes(site):
    """As a process that was stopped in the middle would: it ends with the test's."""
    [path] = [path for path in Path(site.walship.options["spool"]).iterdir() if path.name.startswith("notified-")]
    held = path.open("r+b")
    fcntl.flock(held, fcntl.LOCK_EX)
    return held


def test_notes_that_somebody_keeps_locked_hold_no_push_up(dir_site, failing):
    """What was stored is not called failed, and what failed says why."""
    told = Told(dir_site.directory)
    dir_site.walship.configure(notify_command=told.script, push_ahead="0")
    dir_site.store.go_away()
    failing()
    told.wait(1)
    with lock_notes(dir_site):
        begun = time.monotonic()
        result = failing()
        assert result.code == 3 and "repo" in result.error and "hangs" not in result.err
        dir_site.store.come_back()
        result = failing()
        assert result.code == 0 and "hangs" not in result.err
        assert time.monotonic() - begun < 5  # less than it takes until a push is given up
    assert not record(dir_site)


def test_a_pipe_in_place_of_the_record_holds_no_push_up(dir_site, failing):
    told = Told(dir_site.directory)
    dir_site.walship.configure(notify_command=told.script, push_ahead="0")
    dir_site.store.go_away()
    failing()
    told.wait(1)
    [path] = record(dir_site)
    path.unlink()
    os.mkfifo(path, 0o600)
    host.USER.own(path, 0o600)
    assert "hangs" not in failing().err
    path.unlink(missing_ok=True)
    os.mkfifo(path, 0o600)
    host.USER.own(path, 0o600)
    dir_site.store.come_back()
    assert failing().code == 0
    assert not record(dir_site)
