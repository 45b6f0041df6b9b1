"""walship check: the whole path of a segment, from the configuration through a server to the repository; each mistake has a step that names it."""

import json
import os
import re
import signal
import time

import pytest

from harness import foreign_postgres, host, strict_s3, walship

OWN = ["configuration", "data directory", "spool", "credentials", "key"]
STORE = ["reach the store", "clock", "create an object", "read it back", "never replace it", "say what is missing", "list it", "remove it"]
STORES = {"s3": [*STORE, "open what is stored"], "dir": [*STORE, "write a segment", "use every file", "open what is stored"]}
SERVER = ["server", "archive_mode", "archive_command", "wal_level", "archive_timeout", "archiver", "base backup", "finish a segment", "find it archived"]
ALONE = {"PGPORT": "1"}  # no server listens there, whatever else runs on this machine


class Report:
    """What one check printed: step -> mark, and step -> what stands behind it, with its hint."""

    def __init__(self, done):
        self.done, self.out = done, done.out.decode()
        found = re.findall(r"^([✓✗–]) (.{20}) (.*)\n(?:  +hint: (.*)\n)?", self.out, re.M)
        assert "".join(found and self.out).count("\n") == sum(2 if hint else 1 for *_, hint in found), self.out
        self.marks = {what.strip(): mark for mark, what, *_ in found}
        self.words = {what.strip(): text for _, what, text, _ in found}
        self.hints = {what.strip(): hint for _, what, _, hint in found}

    def wrong(self):
        return [what for what, mark in self.marks.items() if mark == "✗"]

    def expect_wrong(self, what, words, hint):
        assert self.wrong() == [what], self.out
        assert re.search(words, self.words[what]) and re.search(hint, self.hints[what]), self.out
        return self


def check(site, *args, code=0, error=None, **kwargs):
    done = site.run("check", *args, **kwargs)
    print(done.out.decode())
    return Report(done.expect(code, error))


@pytest.fixture
def primary(site):
    yield from started(site)


@pytest.fixture
def dir_primary(dir_site):
    yield from started(dir_site)


def started(site, **settings):
    site.walship.configure(push_timeout="20s")
    with site.primary("primary", "--wal-segsize=1", **{"archive_timeout": "60", **settings}) as server:
        server.start()
        site.walship.configure(pg_conninfo=connection(server))
        yield server


def connection(server, user="postgres"):
    return server.connection_string().replace("user=postgres", f"user={user}")


def change(server, **settings):
    """As ALTER SYSTEM and a reload, seen by new connections."""
    for name, value in settings.items():
        quoted = str(value).replace("'", "''")
        server.sql(f"alter system set {name} = '{quoted}'")
    server.sql("select pg_reload_conf()")
    for name, value in settings.items():
        host.wait_for(lambda: server.sql(f"select setting from pg_settings where name = '{name}'") == str(value), f"{name} is reloaded")


@pytest.mark.heart
def test_the_whole_path(site, primary):
    """The second time there is something stored, and the archiver has done something."""
    site.walship.configure(pg_data=primary.data)
    first = check(site)
    assert list(first.marks) == OWN + STORES[site.store.kind] + SERVER
    absent = {"credentials", "clock"} if site.store.kind == "dir" else set()
    assert {what for what, mark in first.marks.items() if mark != "✓"} == absent | {"open what is stored"}
    assert "nothing is stored yet" in first.words["open what is stored"]
    second = check(site)
    assert {what for what, mark in second.marks.items() if mark != "✓"} == absent
    for report in (first, second):
        assert str(primary.system_id()) in report.words["server"] and "a primary" in report.words["server"]
        segment = re.match(r"([0-9A-F]{24}) is finished", report.words["finish a segment"])[1]
        assert re.match(rf"{primary.system_id()}/wal/{segment[:16]}/{segment} opened, \d+\.\d s after", report.words["find it archived"])
        assert any(name.endswith(segment) for name in site.store.list())
    # A quiet server has a segment to finish all the same, another one each time.
    assert first.words["finish a segment"] != second.words["finish a segment"]
    assert not [name for name in site.store.list() if "check" in name]


def test_lines_of_json(site, primary):
    done = site.run("check", "--server", "--json").expect(0)
    lines = [json.loads(line) for line in done.out.decode().splitlines()]
    assert [line["step"] for line in lines] == OWN + STORES[site.store.kind] + SERVER
    assert {line["result"] for line in lines} <= {"ok", "skipped"} and all(isinstance(line["took_seconds"], float) for line in lines)
    change(primary, archive_timeout=0)
    done = site.run("check", "--server", "--json").expect(2, "1 of [0-9]+ steps failed")
    wrong, = [line for line in map(json.loads, done.out.decode().splitlines()) if line["result"] == "failed"]
    assert wrong["step"] == "archive_timeout" and "can be lost" in wrong["error"] and "archive_timeout" in wrong["hint"]
    done = site.run("check", "--store", "--json").expect(0)
    assert [json.loads(line)["step"] for line in done.out.decode().splitlines()] == STORES[site.store.kind][2:-1]


def test_no_server_at_hand(dir_site):
    report = check(dir_site, env=ALONE)
    assert report.marks["server"] == "–" and "no server found" in report.words["server"] and list(report.marks)[-1] == "server"
    report = check(dir_site, "--server", code=3, error="1 of [0-9]+ steps failed", env=ALONE)
    report.expect_wrong("server", r"connection to server on socket .*failed", "PGHOST")
    report = check(dir_site, code=3, error="steps failed", env={"PGHOST": str(dir_site.directory)})
    report.expect_wrong("server", re.escape(str(dir_site.directory)), "that the server runs")


def test_a_server_that_hangs(dir_site, dir_primary):
    # Once it wakes up, of the connection of the check, which has gone.
    dir_primary.expect("FATAL:  connection to client lost", "FATAL:  canceling authentication due to timeout")
    os.kill(dir_primary.server.process.pid, signal.SIGSTOP)
    try:
        check(dir_site, code=3, error="steps failed").expect_wrong("server", "timeout expired", "that the server runs")
    finally:
        os.kill(dir_primary.server.process.pid, signal.SIGCONT)


GOOD = ["15.0", "f", "7601921254259666965", "on", "walship push %p", "", "replica", "60", "monitor"]
FOREIGN = {  # what it answers -> the step that says so
    "nothing": ([], "server"),
    "too little": ([("server_version", [GOOD[:3]])], "server"),
    "no archiver": ([("server_version", [GOOD])], "archiver"),
}


@pytest.mark.parametrize("answers, step", FOREIGN.values(), ids=FOREIGN)
def test_what_is_no_postgresql(dir_site, answers, step):
    with foreign_postgres.Server(*answers) as server:
        dir_site.walship.configure(pg_conninfo=f"host=127.0.0.1 port={server.port} user=me")
        report = check(dir_site, code=3, error="steps failed")
    assert step in report.wrong(), report.out
    assert "the answer is not from PostgreSQL" in report.words[step] and "a pooler" in report.hints[step]


def test_an_answer_of_nothing_but_nulls(dir_site):
    with foreign_postgres.Server(("server_version", [GOOD]), ("pg_stat_archiver", [[None] * 7])) as server:
        dir_site.walship.configure(pg_conninfo=f"host=127.0.0.1 port={server.port} user=me")
        report = check(dir_site, code=3, error="steps failed")
    assert report.words["archiver"] == "nothing archived yet"
    assert "the answer is not from PostgreSQL" in report.words["finish a segment"]


def follow(site, server, act, seconds):
    """Check, and do something once the segment is finished, which the archiver takes so many seconds for."""
    change(server, archive_command=f"sleep {seconds}; " + site.walship.command("push", "%p"))
    process = site.walship.popen("check", "--server")
    host.wait_for(server.waiting, "the segment is finished")
    time.sleep(0.5)
    begun = time.monotonic()
    act()
    out, err = process.communicate(timeout=60)
    print(out.decode())
    return Report(walship.Result(process.returncode, out, err.decode())), time.monotonic() - begun


OWN_CONNECTION = "from pg_stat_activity where application_name = 'walship'"


@pytest.mark.parametrize("how", ["crash", "hang", "kick"])
def test_a_server_that_is_lost_while_its_segment_is_awaited(dir_site, dir_primary, how):
    """That is said, and long before the segment is given up."""
    dir_site.walship.configure(push_timeout="60s")
    dir_primary.expect("archive command", "walship: ", "terminating connection", "FATAL", "sleep")
    stopped = []

    def hang():
        stopped.append(int(dir_primary.sql(f"select pid {OWN_CONNECTION}")))
        os.kill(stopped[0], signal.SIGSTOP)
    try:
        act = {"crash": lambda: os.kill(dir_primary.server.process.pid, signal.SIGQUIT), "hang": hang,
               "kick": lambda: dir_primary.sql(f"select pg_terminate_backend(pid) {OWN_CONNECTION}")}[how]
        report, took = follow(dir_site, dir_primary, act, 40)
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    words = {"crash": "server", "hang": "the server does not answer", "kick": "terminating connection due to administrator command"}[how]
    report.expect_wrong("find it archived", f"[0-9A-F]{{24}} is not in the repository, and the server no longer answers: .*{words}", "run walship check again")
    assert took < 30 and report.done.code == 3
    if how != "crash":
        dir_primary.stop(signal.SIGQUIT)


def test_a_segment_that_arrives_though_the_server_is_lost(dir_site, dir_primary):
    dir_primary.expect("terminating connection")
    report, _ = follow(dir_site, dir_primary, lambda: dir_primary.sql(f"select pg_terminate_backend(pid) {OWN_CONNECTION}"), 3)
    assert report.marks["find it archived"] == "✓" and report.done.code == 0, report.out


def test_settings_of_a_role_do_not_matter(dir_site, dir_primary):
    """Of those that would end a connection, or refuse a question."""
    change(dir_primary, archive_command="sleep 3; " + dir_site.walship.command("push", "%p"))
    for setting in ("idle_session_timeout = '300ms'", "lock_timeout = '1ms'", "default_transaction_isolation = 'serializable'",
                    "search_path = 'nowhere'", "datestyle = 'German'", "default_transaction_read_only = on"):
        dir_primary.sql(f"alter role postgres set {setting}")
    assert check(dir_site).marks["find it archived"] == "✓"
    backup = dir_primary.basebackup(dir_site.cluster("backup"), "-X", "fetch")
    with dir_site.restored(backup, "standby", "standby.signal", archive_timeout="60", archive_mode="always") as standby:
        standby.start()
        report = check(dir_site, "--pg-conninfo", connection(standby))
        assert report.marks["finish a segment"] == "–" and report.marks["server"] == "✓" and "a standby cannot" in report.out


def test_no_password_in_the_configuration(dir_site):
    for conninfo in ("host=/tmp password=sesame", "postgresql://me:sesame@localhost/"):
        report = check(dir_site, "--pg-conninfo", conninfo, code=2, error="steps failed")
        report.expect_wrong("server", "pg-conninfo contains a secret", "password file")
        assert "sesame" not in report.out + report.done.err
        assert b"sesame" not in dir_site.run("config", "--pg-conninfo", conninfo).expect(0).out


def test_without_libpq(dir_site, scratch):
    directory = scratch.directory("lib")
    host.USER.write(directory / "libpq.so.5", b"")
    env = {"LD_LIBRARY_PATH": str(directory)}
    report = check(dir_site, env=env)
    assert report.marks["server"] == "–" and "cannot load libpq.so.5" in report.words["server"]
    check(dir_site, "--server", code=5, error="steps failed", env=env).expect_wrong("server", "cannot load libpq", "install libpq")


def test_archive_mode_off(dir_site):
    with dir_site.primary("primary", "--wal-segsize=1", archive_mode="off", archive_timeout="60") as server:
        server.start()
        report = check(dir_site, "--pg-conninfo", connection(server), code=2, error="steps failed")
        report.expect_wrong("archive_mode", "archives nothing", "archive_mode = on")
        assert report.marks["finish a segment"] == report.marks["find it archived"] == report.marks["archive_command"] == "–"


def test_wal_level_minimal(dir_site):
    with dir_site.primary("primary", "--wal-segsize=1", archive_mode="off", wal_level="minimal", max_wal_senders="0", archive_timeout="60") as server:
        server.start()
        report = check(dir_site, "--pg-conninfo", connection(server), code=2, error="2 of [0-9]+ steps failed")
        assert report.wrong() == ["archive_mode", "wal_level"] and "wal_level = replica" in report.hints["wal_level"]


# (name, archive_command, what is said)
COMMANDS = [
    ("another program", "cp %p /nonexistent/%f", "archive_command does not call walship"),
    ("nothing", "", "is empty"),
    ("another command", "WALSHIP fetch %f %p", "archive_command does not call walship push"),
    ("no path", "WALSHIP push", "%p"),
    ("too much", "WALSHIP push %p %f", "passes more than %p"),
]


@pytest.mark.parametrize("command, words", [pytest.param(*case[1:], id=case[0].replace(" ", "-")) for case in COMMANDS])
def test_a_wrong_archive_command(dir_site, dir_primary, command, words):
    dir_primary.expect("archive command failed", "walship: ", "cp: ")
    before = dir_primary.sql("select pg_walfile_name(pg_current_wal_lsn())")
    change(dir_primary, archive_command=command.replace("WALSHIP", dir_site.walship.command()))
    report = check(dir_site, code=2, error="steps failed")
    report.expect_wrong("archive_command", words, "walship push %p")
    assert report.marks["finish a segment"] == "–"
    assert dir_primary.sql("select pg_walfile_name(pg_current_wal_lsn())") == before


def test_another_repository(dir_site, dir_primary):
    """By its own option, by a file of its own, by a variable; and by what this user cannot read."""
    other = host.USER.mkdir(dir_site.directory / "other", 0o700)
    conf = host.USER.write(dir_site.directory / "other.conf", f"repo = file://{other}\n", 0o600)
    program = dir_site.walship.program
    for command in (dir_site.walship.command("--repo", f"file://{other}", "push", "%p"), f"{program} --config={conf} push %p",
                    f'env WALSHIP_CONFIG="{conf}" {program} push %p', f"WALSHIP_REPO=file://{other} nice -n 5 {program} push '%p'"):
        change(dir_primary, archive_command=command)
        report = check(dir_site, code=4, error="steps failed")
        report.expect_wrong("archive_command", f"archives to file://{other}, but this configuration names {dir_site.store.url}", "configuration")
    change(dir_primary, archive_command=f"{program} --config {dir_site.directory}/absent.conf push %p")
    dir_primary.expect("archive command failed", "walship: ")
    report = check(dir_site, code=3, error="steps failed")
    assert report.marks["archive_command"] == "–" and "cannot be read" in report.words["archive_command"]
    report.expect_wrong("find it archived", "tried 3 times and failed", "server's log")


def test_a_command_that_lies(dir_site, dir_primary):
    """Its words cannot be judged; its effect can."""
    change(dir_primary, archive_command="true # walship push %p")
    report = check(dir_site, code=4, error="steps failed")
    assert report.marks["archive_command"] == "✓" and "the last step tells" in report.words["archive_command"]
    report.expect_wrong("find it archived", "reports [0-9A-F]{24} as archived, but this repository does not have it", "another repository")


def test_a_script(dir_site, dir_primary):
    script = host.USER.write(dir_site.directory / "by-walship", f"#!/bin/sh\nexec {dir_site.walship.command('push')} \"$1\"\n", 0o755)
    change(dir_primary, archive_command=f"{script} %p")
    assert check(dir_site).marks["find it archived"] == "✓"


def test_an_archive_library(dir_site, dir_primary):
    dir_primary.expect("archive", "basic_archive")
    change(dir_primary, archive_library="basic_archive")
    report = check(dir_site, code=2, error="steps failed")
    assert "archive_library is set" in report.words["archive_command"] and "archive_command" in report.wrong()
    assert "archive_library = ''" in report.hints["archive_command"]


def test_archive_timeout_against_the_rpo(dir_site, dir_primary):
    change(dir_primary, archive_timeout=0)
    check(dir_site, code=2, error="steps failed").expect_wrong("archive_timeout", "can be lost", "at most 900 in postgresql.conf")
    change(dir_primary, archive_timeout=1800)
    check(dir_site, code=2, error="steps failed").expect_wrong("archive_timeout", "1800 s: more WAL can be lost than rpo = 900 s allows", "rpo")
    assert check(dir_site, "--rpo", "30min").marks["archive_timeout"] == "✓"


def test_an_archiver_that_fails(dir_site, dir_primary):
    """Now, and then no more."""
    dir_primary.expect("archive command failed", "walship: ")
    good = dir_site.walship.command("push", "%p")
    change(dir_primary, archive_command=good + " --cipher-key-file /nonexistent")
    report = check(dir_site, code=3, error="1 of [0-9]+ steps failed")
    report.expect_wrong("find it archived", "tried 3 times and failed", "server's log")
    report = check(dir_site, code=3, error="2 of [0-9]+ steps failed")
    assert report.wrong() == ["archiver", "find it archived"] and "walship's error and hint" in report.hints["archiver"]
    assert re.search(r"fails: [0-9A-F]{24} at 20\S+Z, failures in all: \d+; nothing was archived so far", report.words["archiver"])
    change(dir_primary, archive_command="cp %p /nonexistent/%f")
    dir_primary.expect("cp: ")
    report = check(dir_site, code=2, error="2 of [0-9]+ steps failed")
    assert report.wrong() == ["archive_command", "archiver"] and "errors of archive_command" in report.hints["archiver"]
    change(dir_primary, archive_command=good)
    dir_primary.switch()
    dir_primary.wait_archived()
    report = check(dir_site)
    assert re.search(r"[0-9A-F]{24} at 20\S+Z; last failure [0-9A-F]{24}, recovered since", report.words["archiver"])


def test_a_standby(dir_site, dir_primary):
    backup = dir_primary.basebackup(dir_site.cluster("backup"), "-X", "fetch")
    with dir_site.restored(backup, "standby", "standby.signal", archive_timeout="60") as standby:
        standby.start()
        report = check(dir_site, "--pg-conninfo", connection(standby))
        assert report.marks["finish a segment"] == "–" and re.search("a standby cannot: .* on the primary", report.words["finish a segment"])
        assert "a standby" in report.words["server"] and report.marks["find it archived"] == "–"
        # A standby replays pages as its primary wrote them, so it cannot make up for what the primary leaves out.
        assert report.marks["base backup"] == "✓"
        change(standby, full_page_writes="off")
        report = check(dir_site, "--pg-conninfo", connection(standby))
        assert report.marks["base backup"] == "–" and "full_page_writes is off" in report.words["base backup"]
        assert "primary's postgresql.conf" in report.hints["base backup"]
    change(dir_primary, full_page_writes="off")  # a primary writes full pages during a backup all the same
    assert check(dir_site).marks["base backup"] == "✓"


def test_no_permission(dir_site, dir_primary):
    dir_primary.sql("create role monitor login")
    report = check(dir_site, "--pg-conninfo", connection(dir_primary, "monitor"), code=2, error="1 of [0-9]+ steps failed")
    report.expect_wrong("finish a segment", "permission denied for function pg_switch_wal", r"GRANT EXECUTE ON FUNCTION pg_switch_wal\(\) TO monitor")
    dir_primary.sql("grant execute on function pg_switch_wal() to monitor")
    assert check(dir_site, "--pg-conninfo", connection(dir_primary, "monitor")).marks["find it archived"] == "✓"
    report = check(dir_site, "--pg-conninfo", connection(dir_primary, "nobody"), code=3, error="steps failed")
    report.expect_wrong("server", 'role "nobody" does not exist', "PGUSER")
    dir_primary.expect('role "nobody" does not exist', "permission denied for function pg_switch_wal")


def test_another_cluster(dir_site, dir_primary, data_dir):
    report = check(dir_site, "--pg-data", str(data_dir), code=4, error="steps failed")
    report.expect_wrong("server", "cluster [0-9]+, not to cluster [0-9]+", "another server")


def test_a_store_that_is_away(site, primary):
    """What the server says is still seen; no segment is finished for nothing."""
    primary.expect("archive command failed", "walship: ")  # archive_timeout may finish a segment meanwhile
    site.walship.configure(push_timeout="8s")
    site.store.go_away()
    report = check(site, code=3, error="1 of [0-9]+ steps failed")
    assert report.wrong() == ["reach the store"] and "create an object" not in report.marks
    assert report.marks["archive_command"] == "✓" and report.marks["finish a segment"] == "–"
    site.store.come_back()


def test_another_key(site):
    """It is new, and there is no copy of the old one."""
    name, content, _ = site.kind("segment")
    site.run("push", site.file(name, content)).expect(0)
    assert check(site, env=ALONE).marks["open what is stored"] == "✓"
    site.run("keygen", site.directory / "new").expect(0)
    report = check(site, "--cipher-key-file", site.directory / "new", code=4, error="steps failed", env=ALONE)
    report.expect_wrong("open what is stored", "key", "key")


def test_a_spool_that_cannot_be_used(dir_site):
    (dir_site.directory / "spool").chmod(0o755)
    check(dir_site, code=5, error="steps failed", env=ALONE).expect_wrong("spool", "mode 0700", "spool")


def test_a_clock_that_is_wrong(scratch, program):
    for offset, mark in ((0, "✓"), (-100, "–"), (1000, "✗")):
        with strict_s3.StrictS3() as server:
            server.clock_offset = offset
            directory = scratch.directory()
            options = {**server.options(directory, host.USER), "push-timeout": "5s"}
            made = walship.Walship(program, directory, options, secrets=[server.secret_key.encode()])
            report = Report(made.run("check", env=ALONE))
            assert report.marks["clock"] == mark and report.done.code == (5 if mark == "✗" else 0), report.out + report.done.err
            if offset:
                assert re.search(rf"clock is {abs(offset)}|{abs(offset) - 1}|{abs(offset) + 1} s", report.words["clock"]), report.out


def test_no_credentials(s3_site):
    s3_site.walship.configure(s3_key_secret_file=None)
    report = check(s3_site, code=2, error="steps failed", env=ALONE)
    assert report.wrong() == ["credentials"] and "create an object" not in report.marks


def test_base_backup_rights(dir_site, dir_primary):
    """A role that may not make a backup gets a warning with the SQL that helps; with that SQL it may."""
    dir_primary.sql("create role keeper login; grant execute on function pg_switch_wal to keeper; "
                    "grant pg_read_all_settings to keeper; grant pg_monitor to keeper")
    dir_site.walship.configure(pg_conninfo=connection(dir_primary, "keeper"))
    report = check(dir_site, "--json")
    found = {line["step"]: line for line in map(json.loads, report.out.splitlines())}["base backup"]
    assert found["result"] == "warning" and "grant execute" in found["hint"]
    dir_primary.expect("permission denied for function")
    dir_site.run("backup").expect(2, "permission denied", "grant execute")
    sql = re.search(r"as a superuser: create role walship login; (.*); then", found["hint"])[1].replace("to walship", "to keeper")
    dir_primary.sql(sql)
    assert check(dir_site).marks["base backup"] == "✓"
    done = dir_site.run("backup", "--json", "--pg-data", dir_primary.data).expect(0)
    assert json.loads(done.out)["type"] == "full"


def test_a_data_directory_that_cannot_be_read(dir_site, dir_primary):
    """Another file system hides it from walship, not from the server: as in a container that may not look into it."""
    if not host.USER.switch:
        pytest.skip("only root can mount")
    hide = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o mode=0 none "$0" && exec "$@"', dir_primary.data]
    done = host.run([*hide, "setpriv", *host.USER.setpriv_args(), *dir_site.walship.argv("check", "--json")], as_user=False)
    found = {line["step"]: line for line in map(json.loads, done.stdout.decode().splitlines())}
    assert found["find it archived"]["result"] == "ok" and found["base backup"]["result"] == "warning", found
    assert f"the data directory {dir_primary.data} is not readable: Permission denied" in found["base backup"]["error"], found
    assert "as the user that PostgreSQL runs as" in found["base backup"]["hint"]


def test_the_stream(dir_site):
    """Where walship stream is in use, check tries its connection and its slot. A failure is a warning, because archiving works."""
    for server in started(dir_site, wal_level="logical", max_replication_slots="1"):
        assert "stream" not in check(dir_site).marks
        dir_site.walship.configure(stream_interval="1s")
        report = check(dir_site)
        assert report.marks["stream"] == "✓" and "walship stream creates it; max_slot_wal_keep_size = -1" in report.words["stream"]
        server.sql("create role reader login; grant execute on function pg_switch_wal to reader")
        dir_site.walship.configure(pg_conninfo=connection(server, "reader"))
        server.expect("FATAL: .*(REPLICATION attribute|replication role|permission denied to start WAL sender)")
        report = check(dir_site)
        assert report.marks["stream"] == "–" and "open a replication connection: " in report.words["stream"], report.out
        assert "attribute REPLICATION" in report.hints["stream"]
        dir_site.walship.configure(pg_conninfo=connection(server), stream_interval=None)
        server.sql("select pg_create_physical_replication_slot('walship')")
        change(server, max_slot_wal_keep_size="1000")
        assert re.fullmatch("possible; the slot walship is not in use", check(dir_site).words["stream"])
        server.sql("select pg_drop_replication_slot('walship')")
        server.sql("select pg_create_logical_replication_slot('walship', 'pgoutput')")
        assert "is logical" in check(dir_site).words["stream"]
        dir_site.walship.configure(stream_slot="other")
        report = check(dir_site)
        assert "all 1 replication slots" in report.words["stream"] and "max_replication_slots" in report.hints["stream"]
        dir_site.walship.configure(stream_slot="Other")
        assert "not a name for a replication slot" in check(dir_site).words["stream"]
