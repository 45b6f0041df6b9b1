"""The schedule: run by pushes, by walship schedule and by run-due; what goes wrong, and what it says."""

import http.server
import json
import os
import re
import signal
import socket
import threading
import time

import pytest

from harness import host, objects, wal
from harness.made_backups import Backups, loaded
from harness.service_manager import ServiceManager
from test_status import Place

LONG_AGO = 400


def note_of(site):
    [path] = (site.directory / "spool").glob("schedule-[0-9]*")
    return path


def note(site):
    return dict(line.split(" ", 1) for line in note_of(site).read_text().splitlines()[1:-1])


def age_note(site, **values):
    """As if the schedule were known, and the last run had been, some seconds earlier."""
    text = note_of(site).read_text()
    for name, seconds in values.items():
        text, count = re.subn(rf"(?m)^{name.replace('_', '-')} \d+$", f"{name.replace('_', '-')} {int(time.time()) - seconds}", text)
        assert count == 1
    host.USER.write(note_of(site), text, 0o600)


def look_now(site):
    """The next push looks at the schedule."""
    for path in (site.directory / "spool").glob("due-*"):
        path.unlink()


def processes(site):
    """Every process of this site's walship."""
    found = []
    for path in os.listdir("/proc"):
        if path.isdigit():
            try:
                with open(f"/proc/{path}/cmdline", "rb") as file:
                    line = file.read()
                with open(f"/proc/{path}/stat", encoding="utf-8", errors="replace") as file:
                    state = file.read().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if str(site.walship.conf).encode() in line and b"postgres" not in line.split(b"\0")[0]:
                found.append((int(path), state, line))
    return found


class Listener:
    """A service such as Healthchecks.io: the paths that it was asked for. code None: it does not answer."""

    def __init__(self, code=200):
        asked = self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                if code is None:
                    self.connection.close()
                    return
                self.send_response(code)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/ping"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class WholePlace(Place):
    """Its segments have records that verify --read accepts."""

    def add(self, number, state=None, age=0):
        name = super().add(number, state, age)
        host.USER.write(self.path(number), wal.switched(self.site.system_id, name, wal.MIB), 0o600)
        return name


@pytest.fixture
def place(dir_site, data_dir, control_file):
    """A cluster without a server: verify works there."""
    dir_site.system_id = control_file[0]
    made = WholePlace(dir_site, data_dir, control_file)
    made.push(0, 1)
    dir_site.walship.configure(verify_at="* * * * *")
    return made


def run_due(place, *args, **kwargs):
    return place.site.run("run-due", "--json", "--pg-data", place.data, *args, **kwargs)


def make_due(place, *args):
    if not list((place.site.directory / "spool").glob("schedule-[0-9]*")):
        run_due(place, *args).expect(0)
    age_note(place.site, since=LONG_AGO, verify_succeeded=LONG_AGO)


@pytest.mark.heart
def test_pushes_make_the_backups(dir_site):
    """schedule = push: the first push starts the first full backup in the background, and waits for nothing; nothing of it stays."""
    site = dir_site
    with loaded(site) as primary:
        backups = Backups(site, primary)
        site.walship.configure(schedule="push", backup_full="0 2 * * sun", backup_diff="* * * * *")
        before = len(primary.sql("select pid from pg_stat_activity").splitlines())
        primary.sql("create table t as select 1")
        primary.archive_all()
        host.wait_for(lambda: len(backups.labels()) >= 1, "the first backup", 60)
        first = backups.labels()[0]
        assert first.endswith("-full")
        host.wait_for(lambda: not processes(site), "no process of walship is left", 30)
        # The next minute a differential one, by the push of a segment.
        age_note(site, since=LONG_AGO)
        minute = int(time.time()) // 60
        host.wait_for(lambda: time.time() >= (minute + 1) * 60 + 1, "the next minute", 62)
        look_now(site)
        primary.sql("create table u as select 1")  # without WAL there is no push
        primary.archive_all()
        host.wait_for(lambda: len(backups.labels()) >= 2, "the second backup", 60)
        assert backups.labels()[1].endswith("-diff")
        host.wait_for(lambda: not processes(site), "no process of walship is left", 30)
        assert len(primary.sql("select pid from pg_stat_activity").splitlines()) == before
        assert int(note(site)["full-failures"]) == 0 and note(site)["diff-failures"] == "0"
        text = site.run("status", "--json", "--pg-data", primary.data).expect(0).out
        status = json.loads(text)
        assert [(task["task"], task["late"], task["failures"]) for task in status["schedule"]] == [("full", False, 0), ("diff", False, 0)]
        assert status["checks"][-1]["name"] == "schedule" and status["checks"][-1]["status"] == "OK", status["checks"][-1]
        backups.proof(backups.labels()[1], primary.rows())


def push(place, number):
    """How long a push takes."""
    name = place.add(number, "ready")
    began = time.monotonic()
    place.site.run("push", f"pg_wal/{name}", cwd=place.data).expect(0)
    return time.monotonic() - began


def test_a_failure_stays_out_of_the_push(place):
    """No server, so the backup fails: the push does not. The next pushes start nothing while it waits, and it is tried again."""
    site = place.site
    site.walship.configure(schedule="push", backup_full="@weekly", verify_at=None, pg_conninfo="host=127.0.0.1 port=1", log_to=site.directory / "log")
    push(place, 2)
    host.wait_for(lambda: list((site.directory / "spool").glob("schedule-[0-9]*")) and note(site)["full-failures"] == "1", "the failure is noted", 30)
    assert "exited with code" in note(site)["full-error"] and int(note(site)["full-failed"]) > time.time() - 60
    host.wait_for(lambda: not processes(site), "no process of walship is left", 30)
    assert "scheduled full failed" in (site.directory / "log").read_text()
    before = note_of(site).stat().st_mtime_ns
    push(place, 3)
    time.sleep(1)
    assert note_of(site).stat().st_mtime_ns == before and not processes(site)
    status = json.loads(site.run("status", "--json", "--pg-data", place.data).out)
    [check] = [each for each in status["checks"] if each["name"] == "schedule"]
    assert check["status"] == "WARNING" and "full failed: " in check["text"], check
    look_now(site)
    push(place, 4)
    time.sleep(1)
    assert note(site)["full-failures"] == "1"  # ten minutes have not passed
    age_note(site, full_failed=601)
    look_now(site)
    push(place, 5)
    host.wait_for(lambda: note(site)["full-failures"] == "2", "it is tried again", 30)
    host.wait_for(lambda: not processes(site), "no process of walship is left", 30)


def test_the_hot_path(place):
    """A push that finds nothing due asks for one fact more: the time of the note. It makes no process."""
    site, calls = place.site, []
    push(place, 5)  # what only a first push does
    for number, schedule in ((2, "off"), (3, "push"), (4, "push")):
        site.walship.configure(schedule=schedule, push_ahead="0")
        name = place.add(number, "ready")
        trace = host.USER.write(site.directory / f"trace{number}", "")
        argv = ["strace", "-f", "-qq", "-o", trace, *site.walship.argv("push", f"pg_wal/{name}")]
        site.run(argv=argv, cwd=place.data).expect(0)
        host.wait_for(lambda: not processes(site), "run-due has ended", 30)
        calls.append(re.findall(r"^\d+ +(\w+)\(", trace.read_text(), re.M))
    without, first, later = calls
    assert (first.count("execve"), later.count("execve")) == (2, 1)
    more = {call: later.count(call) - without.count(call) for call in set(later) if "stat" in call or "clone" in call or "fork" in call}
    assert {call: count for call, count in more.items() if count} == {"newfstatat": 1}, more


@pytest.mark.parametrize("options", [{"verify_at": "0 2 * *"}, {"schedule_timezone": "Mars/Olympus"}])
def test_a_wrong_schedule_stops_no_push(place, options):
    site = place.site
    site.walship.configure(schedule="push", log_to=site.directory / "log", **options)
    push(place, 2)
    what = r"'0 2 \* \*' is not a time for the schedule: it has fewer" if "verify_at" in options else "'Mars/Olympus' is not a time zone"
    host.wait_for(lambda: (site.directory / "log").exists() and re.search(what, (site.directory / "log").read_text()), "the log says it", 20)
    site.walship.configure(log_to=None)
    for args in (("schedule",), ("schedule", "--list"), ("run-due",)):
        site.run(*args, cwd=place.data).expect(2, what, ".")
    status = json.loads(site.run("status", "--json", "--pg-data", place.data).out)
    assert status["exit_code"] == 2 and status["checks"][-1]["name"] == "schedule"
    assert status["checks"][-1]["status"] == "CRITICAL" and re.search(what, status["checks"][-1]["text"])


def test_nothing_is_scheduled(dir_site, data_dir, control_file):
    for command in ("schedule", "run-due"):
        dir_site.run(command, cwd=data_dir).expect(2, "nothing is scheduled", "set backup-full")
    dir_site.walship.configure(verify_at="@daily")
    dir_site.run("run-due").expect(2, "cannot tell which cluster the schedule is for", "--pg-data or --system-id")


def test_the_list(dir_site):
    site = dir_site
    site.walship.configure(backup_full="0 2 * * sun", verify_at="30 2 29 2 *", schedule_timezone="America/Toronto")
    text = site.run("schedule", "--list").expect(0).out.decode().splitlines()
    moment = r"\d{4}-\d\d-\d\d 02:00 E[SD]T"
    assert re.fullmatch(rf"full    0 2 \* \* sun      {moment}(, {moment}){{4}}", text[0]), text
    assert re.match(r"verify  30 2 29 2 \*      20\d\d-02-29 02:30 EST", text[1]), text
    lines = [json.loads(line) for line in site.run("schedule", "--list", "--json").expect(0).out.splitlines()]
    assert [line["task"] for line in lines] == ["full", "verify"] and len(lines[0]["next_times"]) == 5
    assert lines[0]["schedule"] == "0 2 * * sun" and re.fullmatch(r"\S+T0[67]:00:00Z", lines[0]["next_times"][0]["time"])


def test_notify_command_is_told_of_failed_runs(place):
    """Once of a failure within notify-interval, with the task's name; once that all is well again."""
    site = place.site
    out = host.USER.write(site.directory / "told", "")
    script = host.USER.write(site.directory / "tell", f'#!/bin/sh\necho "$WALSHIP_EVENT|$WALSHIP_FAILURES|$WALSHIP_EXIT_CODE|$WALSHIP_ERROR" >>{out}\n', 0o700)
    site.walship.configure(notify_command=script, notify_interval="1d")
    run_due(place)
    age_note(site, since=200)
    gone = site.store.path / place_object(site)
    content = gone.read_bytes()
    gone.write_bytes(content[:-1])
    run_due(place)
    age_note(site, verify_failed=700)
    run_due(place)
    [line] = out.read_text().splitlines()
    assert line.startswith("failing|1|") and "|scheduled verify: " in line, line
    gone.write_bytes(content)
    age_note(site, verify_failed=1300)  # the second failure in a row is tried again after twenty minutes
    run_due(place).expect(0)
    assert [each.split("|")[0] for each in out.read_text().splitlines()] == ["failing", "working"]


def place_object(site):
    """A segment of the archive."""
    return next(name for name in site.store.list() if "/wal/" in name)


def test_heartbeats(place):
    """Success, failure, a service that does not answer: the task's own outcome stands."""
    site = place.site
    with Listener() as every, Listener() as other, Listener(code=None) as dead:
        site.walship.configure(heartbeat_url=every.url)
        host.USER.write(site.walship.conf, site.walship.conf.read_text() + f"heartbeat-url = full={other.url}\nheartbeat-url = verify={dead.url}\n", 0o600)
        make_due(place)
        done = run_due(place)
        done.expect(0, "heartbeat-url does not answer")
        assert json.loads(done.out)["result"] == "ok"
        assert (every.asked, other.asked, dead.asked[:1]) == (["/ping"], [], ["/ping"])
        place.push(3)  # a gap: verify fails
        age_note(site, verify_succeeded=LONG_AGO)
        failed = run_due(place)
        assert failed.code == 3 and json.loads(failed.out)["result"] == "failed", failed
        assert every.asked == ["/ping", "/ping/fail"]
    with Listener(code=500) as broken:
        site.walship.configure(heartbeat_url=broken.url)
        age_note(site, verify_failed=4000)
        failed = run_due(place)
        assert failed.code == 3 and "HTTP 500" in failed.err and broken.asked == ["/ping/fail"]


def test_status_says_what_is_late(place):
    site = place.site

    def check(code=None):
        status = json.loads(site.run("status", "--json", "--pg-data", place.data).out)
        assert status["checks"][-1]["name"] == "schedule"
        return status["checks"][-1]["status"], status["checks"][-1]["text"]
    assert check()[0] == "CRITICAL" and "nothing has run it" in check()[1]
    make_due(place)
    assert check()[0] == "OK"
    age_note(site, verify_succeeded=800)
    level, text = check()
    assert level == "CRITICAL" and re.match(r"verify was due at \S+, 1[23] min ago, and has not run since$", text), text
    metrics = site.run("status", "--prometheus", "--pg-data", place.data).out.decode()
    assert f'walship_task_failures{{system_id="{site.system_id}",task="verify"}} 0' in metrics
    assert re.search(r'walship_check_status\{system_id="\d+",check="schedule"\} 2', metrics)
    assert len(re.findall(r'^walship_task_(?:due|success)_timestamp_seconds\{.*task="verify"\} \d{10}$', metrics, re.M)) == 2
    run_due(place).expect(0)
    assert check()[0] == "OK"
    site.walship.configure(verify_at=None)
    status = json.loads(site.run("status", "--json", "--pg-data", place.data).out)
    assert [each["name"] for each in status["checks"]][-1] == "backup" and status["schedule"] == []


def test_in_the_foreground(place):
    """walship schedule: READY, a line for each run, the watchdog's pings, one lock, SIGTERM."""
    site = place.site
    manager = ServiceManager(site.directory / "notify")
    make_due(place)
    process = site.walship.popen("schedule", "--json", "--pg-data", place.data, env=manager.environment())
    try:
        assert manager.next() == "READY=1"
        first = json.loads(process.stdout.readline())
        assert (first["kind"], first["task"], first["result"]) == ("run", "verify", "ok")
        assert manager.next() == "WATCHDOG=1"
        second = json.loads(process.stdout.readline())  # within a minute, by itself
        assert second["begin_time"][:16] > first["begin_time"][:16] and second["begin_time"].endswith((":00Z", ":01Z", ":02Z", ":03Z"))
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGTERM and (out, err) == (b"", b""), (process.returncode, out, err)
    assert not processes(site)


def hanging_server():
    """A server that accepts connections and says nothing: a backup waits for it."""
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    made.listen(16)
    return made


@pytest.mark.parametrize("command", ["schedule", "run-due"])
def test_a_signal_ends_what_runs(place, command):
    """While a task runs another process runs none; SIGTERM ends the task too."""
    site = place.site
    server = hanging_server()
    site.walship.configure(backup_full="@weekly", verify_at=None, pg_conninfo=f"host=127.0.0.1 port={server.getsockname()[1]}", backup_timeout="60s")
    process = site.walship.popen(command, "--pg-data", place.data)
    host.wait_for(lambda: any(b"backup" in line for _, _, line in processes(site)), "the backup runs", 20)
    began = time.monotonic()
    run_due(place).expect(0)
    assert time.monotonic() - began < 10 and sum(b"\0backup\0" in line for _, _, line in processes(site)) == 1
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGTERM
    assert not processes(site)
    server.close()


def test_a_signal_in_the_background(place):
    """The process that a push started ends its backup as well."""
    site = place.site
    server = hanging_server()
    site.walship.configure(schedule="push", backup_full="@weekly", verify_at=None, backup_timeout="60s",
                           pg_conninfo=f"host=127.0.0.1 port={server.getsockname()[1]}")
    assert push(place, 2) < 10
    host.wait_for(lambda: any(b"\0backup\0" in line for _, _, line in processes(site)), "the backup runs", 20)
    look_now(site)
    push(place, 3)  # finds the lock taken
    host.wait_for(lambda: len(processes(site)) == 3, "the worker, its keeper and the backup alone", 20)
    workers = [pid for pid, _, line in processes(site) if b"\0run-due" in line or b"\0push\0" in line]
    assert len(workers) == 2
    os.kill(max(workers), signal.SIGTERM)
    host.wait_for(lambda: not processes(site), "nothing of it is left", 30)
    server.close()


def test_on_a_standby(place):
    site = place.site
    signal_file = host.USER.write(place.data / "standby.signal", b"")
    make_due(place, "--schedule-on=any")
    for where, runs in (("primary", 0), ("standby", 1), ("any", 1)):
        age_note(site, verify_succeeded=LONG_AGO)
        assert len(run_due(place, f"--schedule-on={where}").expect(0).out.splitlines()) == runs
    signal_file.unlink()
    age_note(site, verify_succeeded=LONG_AGO)
    assert run_due(place, "--schedule-on=standby").expect(0).out == b""
    status = json.loads(site.run("status", "--json", "--schedule-on=standby", "--pg-data", place.data).out)
    assert status["checks"][-1]["text"] == "not checked: the schedule does not run on this server"
    # It waits: the processor is not busy with what is due.
    process = site.walship.popen("schedule", "--schedule-on=standby", "--pg-data", place.data)
    time.sleep(3)
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
        ticks = sum(map(int, file.read().rpartition(")")[2].split()[11:13]))
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert ticks < os.sysconf("SC_CLK_TCK") / 2


def test_another_machine_makes_the_backup(place):
    """Each machine has a lock of its own; `begun` tells the others, as long as its backup stores something now and then."""
    site = place.site
    site.walship.configure(verify_at=None, backup_full="@daily")
    label = time.strftime("%Y%m%dT%H%M%SZ-full", time.gmtime())
    name = f"{site.system_id}/backup/{label}/begun"

    def begin(where):
        text = {"kind": "walship backup begun", "label": label, "system_id": str(site.system_id), "parent": None, "host": where, "pid": 1}
        site.store.put(name, objects.make_object(json.dumps(text).encode(), name, site.walship.key))

    begin("elsewhere")
    assert run_due(place, "-v").expect(0, f"elsewhere makes the backup {label}").out == b""
    old = time.time() - 700
    os.utime(site.store.path / name, (old, old))
    [line] = run_due(place).out.splitlines()
    assert json.loads(line)["task"] == "full" and json.loads(line)["result"] == "failed"  # there is no server
    note_of(site).unlink()
    begin(socket.gethostname())
    [line] = run_due(place).out.splitlines()
    assert json.loads(line)["task"] == "full"


def test_without_a_data_directory(place):
    """As in a container beside the server: the cluster by its identifier, tasks that need the repository alone."""
    site = place.site
    args = ("--json", "--system-id", site.system_id)
    site.run("run-due", *args).expect(0)
    age_note(site, since=LONG_AGO)
    [line] = site.run("run-due", *args).expect(0).out.splitlines()
    assert (json.loads(line)["task"], json.loads(line)["result"]) == ("verify", "ok")
    status = json.loads(site.run("status", *args).out)
    assert status["exit_code"] == 0, str([each for each in status["checks"] if each["status"] != "OK"])
    assert status["checks"][-1]["name"] == "schedule" and status["checks"][-1]["status"] == "OK"


def test_each_minute(dir_site):
    """The real thing: walship schedule with '* * * * *' on PostgreSQL, for three minutes; a backup in each."""
    site = dir_site
    with loaded(site, scale="1") as primary:
        backups = Backups(site, primary)
        site.walship.configure(backup_full="@weekly", backup_incr="* * * * *")
        process = site.walship.popen("schedule", "--json", "--pg-data", primary.data)
        try:
            runs = []
            for _ in range(3):
                runs.append(json.loads(process.stdout.readline()))
                primary.sql("update pgbench_accounts set abalance = abalance + 1 where aid < 100")
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
        assert [run["task"] for run in runs] == ["full", "incr", "incr"] and all(run["result"] == "ok" for run in runs), runs
        assert len({run["begin_time"][:16] for run in runs[1:]}) == 2
        labels = backups.labels()
        assert [label.rpartition("-")[2] for label in labels[:3]] == ["full", "incr", "incr"]
        assert not processes(site)
