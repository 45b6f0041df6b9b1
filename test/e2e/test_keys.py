"""Keys: which ones the repository needs, a new one while PostgreSQL archives, secrets from commands, and doc/keys.md run word for word."""

import contextlib
import json
import os
import pty
import re
import shutil
import signal
import stat
import subprocess
import sys
import time

import pytest

from harness import host, objects, strict_s3, wal, walship
from harness.ahead import Recovery, lose, names
from harness.backlog import Backlog, on_strict

SYSTEM_ID = 7601921254259666965
MIB = wal.MIB


def key_lines(walship_, *args, code=0, **run):
    """`key list --json`: {key id: its line}, and the other lines by their type."""
    done = walship_.run("key", "list", "--json", *args, **run)
    assert done.code == code, done.err
    lines = [json.loads(line) for line in done.out.splitlines()]
    return {line["key_id"]: line for line in lines if line["kind"] == "key"}, {line["kind"]: line for line in lines}


def id_of(path):
    return objects.key_id(bytes.fromhex(path.read_text().strip())).hex()


def rotate(site, name, *options):
    """A new key put first; returns its file. Its bytes are a secret from now on."""
    path = site.directory / name
    site.run("key", "rotate", path, *options).expect(0)
    secret = bytes.fromhex(path.read_text().strip())
    site.walship.secrets += [secret, secret.hex().encode()]
    return path


def push_some(site, count=3, first=1, seed=0):
    """Pushes segments; returns {name: content}."""
    made = {}
    for number in range(first, first + count):
        name = wal.segment_name(1, number, MIB)
        made[name] = wal.segment(SYSTEM_ID, name, MIB, seed)
        site.run("push", site.file(name, made[name])).expect(0)
    return made


def keys_configured(site):
    return re.findall(r"^cipher-key-file = (\S+)", site.walship.conf.read_text(), re.M)


# Rotation.

def test_rotation_while_postgresql_archives(site):
    """pgbench writes, PostgreSQL archives, the key changes in between: no push fails, and all of it is recovered."""
    old = site.walship.key_file
    with site.primary("primary", "--wal-segsize=1", max_wal_size="64MB", min_wal_size="2MB") as primary:
        primary.start()
        primary.pgbench("-i", "-s", "1", "-q")
        backup = primary.basebackup(site.cluster("backup"))
        load = subprocess.Popen(primary.pgbench_argv("-n", "-c", "2", "-T", "8"), stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, env=host.clean_env(), cwd="/", **host.USER.popen_args())
        try:
            host.wait_for(lambda: primary.archiver()[0] >= 3, "some segments are archived with the old key")
            new = rotate(site, "key-2027", "--write")
            load.communicate(timeout=60)
        finally:
            load.kill()
        assert load.returncode == 0
        rows = primary.rows()
        primary.archive_all()
        assert primary.archiver()[1] == 0, "a push failed"
        system_id = primary.system_id()
    assert keys_configured(site) == [str(new), str(old)]
    found, kinds = key_lines(site.walship, system_id)
    assert list(found) == [id_of(new), id_of(old)] and set(kinds) == {"key"}
    assert [found[each]["encrypts"] for each in found] == [True, False]
    assert all(line["objects"] >= 3 for line in found.values()), found
    assert sum(line["objects"] for line in found.values()) == len(site.store.list())
    assert found[id_of(old)]["oldest_time"] <= found[id_of(new)]["oldest_time"]
    with site.restored(backup) as restored:
        restored.start(wait=False)
        restored.wait_promoted()
        assert restored.rows() == rows
        restored.wait_archived()


def test_old_and_new_objects_open_as_long_as_their_key_is_there(site):
    before = push_some(site, 3)
    old = site.walship.key_file
    new = rotate(site, "key-2027", "--write")
    after = push_some(site, 2, first=4)
    for name, content in {**before, **after}.items():
        assert site.run("cat", name, "--system-id", SYSTEM_ID).expect(0).out == content
    # What was pushed before is the same under the new key, too.
    site.run("push", site.file(*next(iter(before.items())))).expect(0)

    # Without the old one: every message says which key is missing.
    alone = ("--cipher-key-file", new)
    name = next(iter(before))
    site.run("cat", name, "--system-id", SYSTEM_ID, *alone).expect(255, rf"key id {id_of(old)}, which is not configured", r"cipher-key-command")
    done = site.run("key", "list", *alone)
    done.expect(4, r"key list: 3 objects need a key that is not configured", r"cipher-key-file")
    assert f"key {id_of(old)}  is not configured\n    3 objects" in done.out.decode()
    assert f"key {id_of(new)}  encrypts; cipher-key-file {new}\n    2 objects" in done.out.decode()

    # Retention deletes what is old: then the old key is not needed any more, and that is proven.
    for name in before:
        site.store.delete(wal.object_name(SYSTEM_ID, name))
    assert f"key {id_of(old)}  cipher-key-file {old}\n    no object needs it" in site.run("key", "list").expect(0).out.decode()
    site.run("key", "list", *alone).expect(0)


def test_notes_follow_the_key(site):
    """What was pushed ahead with the old key is looked at again, not pushed under another key, and not acknowledged by an old note."""
    backlog = Backlog(site.scratch.directory("data"), site.walship, site.store, SYSTEM_ID)
    backlog.add_segments(6)
    assert backlog.call().code == 0
    noted = backlog.noted()
    assert len(noted) == 5
    assert backlog.call().answered
    old = id_of(site.walship.key_file)
    new = rotate(site, "key-2027", "--write")
    # Its segments are the old key's, and are compared with what is there.
    calls = backlog.drain()
    assert not calls[0].answered
    found, _ = key_lines(site.walship)
    assert found[old]["objects"] == 6 and found[id_of(new)]["objects"] == 0
    # What comes now is the new key's, and noted as such.
    site.walship.key = bytes.fromhex(new.read_text().strip())
    backlog.add_segments(3, first=7)
    assert [call.answered for call in backlog.drain()] == [False, True, True]
    found, _ = key_lines(site.walship)
    assert found[id_of(new)]["objects"] == 3


def test_rotation_shows_lines_and_takes_a_key_that_is_there(dir_site):
    push_some(dir_site, 1)
    before = dir_site.walship.conf.read_text()
    path = dir_site.directory / "key-2027"
    done = dir_site.run("key", "rotate", path).expect(0)
    lines = [line.strip() for line in done.out.decode().splitlines() if line.startswith("    ")]
    assert lines == [f"cipher-key-file = {path}", f"cipher-key-file = {dir_site.walship.key_file}"]
    assert dir_site.walship.conf.read_text() == before
    info = path.stat()
    assert (info.st_uid, stat.S_IMODE(info.st_mode)) == (host.USER.uid, 0o600)
    content = path.read_bytes()

    # The lines are a configuration; the same again is the same, and writes what it showed.
    dir_site.run("key", "rotate", path, "--write").expect(0)
    assert path.read_bytes() == content
    assert dir_site.walship.conf.read_text() == before.replace("cipher-key-file", f"cipher-key-file = {path}\ncipher-key-file", 1)
    dir_site.run("key", "rotate", path, "--write").expect(2, r"holds the key that encrypts already", r"a new file")


def refused(site, code, error, hint=r".", path="key-2027"):
    """Nothing is made and nothing changed."""
    before = site.walship.conf.read_bytes()
    site.run("key", "rotate", site.directory / path, "--write").expect(code, error, hint)
    assert site.walship.conf.read_bytes() == before
    return not (site.directory / path).exists()


def test_two_rotations_at_once_lose_no_key(dir_site):
    """Whoever is told that its key encrypts finds it in walship.conf."""
    before = dir_site.walship.conf.read_text()
    for turn in range(15):
        host.USER.write(dir_site.walship.conf, before, 0o600)
        calls = {name: dir_site.walship.popen("key", "rotate", dir_site.directory / name, "--write") for name in (f"a{turn}", f"b{turn}")}
        codes = {name: (call.communicate(), call.returncode)[1] for name, call in calls.items()}
        written = {os.path.basename(path) for path in keys_configured(dir_site)}
        assert 0 in codes.values() and {name for name, code in codes.items() if code == 0} == written - {"key"}, codes


def test_another_clusters_keys_are_its_own(site):
    """Its newest object is no reason against a rotation here, where it is said which cluster is meant."""
    push_some(site, 2)
    other = wal.object_name(SYSTEM_ID + 1, wal.segment_name(1, 1, MIB))
    time.sleep(1.1)  # stores tell whole seconds
    site.store.put(other, objects.make_object(b"x" * 1000, other, os.urandom(32)))
    assert refused(site, 4, rf"the newest object, {other}, cannot be opened")
    site.run("key", "rotate", site.directory / "key-2027", "--system-id", str(SYSTEM_ID)).expect(0)
    assert (site.directory / "key-2027").exists()


def test_rotation_is_refused_before_anything_is_lost(site):
    push_some(site, 2)
    name = wal.object_name(SYSTEM_ID, wal.segment_name(1, 2, MIB))
    whole = site.store.get(name)

    # The newest object needs another key, or is damaged.
    third = wal.object_name(SYSTEM_ID, wal.segment_name(1, 3, MIB))
    site.store.put(third, objects.make_object(b"x" * 1000, third, os.urandom(32)))
    assert refused(site, 4, rf"the newest object, {third}, cannot be opened: encrypted with key id", r"add that key's copy as a further cipher-key-file.*key list")
    for garbage in (b"", b"garbage", b"x" * 1000):
        site.store.delete(third)
        site.store.put(third, garbage)
        assert refused(site, 4, rf"the newest object, {third}, cannot be opened", r"no key can open it: .*pg_switch_wal")
    site.store.delete(third)
    site.store.put(third, b"WALSHIP\3" + b"x" * 1000)
    assert refused(site, 4, rf"the newest object, {third}, cannot be opened: object format version 3", r"a newer walship")
    site.store.delete(third)
    damaged = bytearray(whole)
    damaged[100] ^= 1
    site.store.put(name, bytes(damaged))
    assert refused(site, 4, rf"the newest object, {name}, cannot be opened: not authentic", r"no key can open it: .*pg_switch_wal")
    site.store.put(name, whole)

    # The store is away, the keys are not from the file, the file is not ours, the name is taken by something else.
    site.store.go_away()
    assert refused(site, 3, r"key rotate")
    site.store.come_back()
    done = site.run("key", "rotate", site.directory / "key-2027", "--write", "--cipher-key-file", site.walship.key_file)
    done.expect(2, r"the keys are not configured in walship.conf, but by --cipher-key-file", r"without --write")
    assert not (site.directory / "key-2027").exists()
    host.USER.write(site.directory / "nonsense", "no key\n", 0o600)
    refused(site, 2, r"nonsense: not a key", path="nonsense")
    host.USER.write(site.directory / "copy", site.walship.key_file.read_bytes(), 0o600)
    refused(site, 2, r"holds the key that encrypts already", path="copy")
    rotate(site, "key-2027", "--write")


@pytest.mark.skipif(not host.USER.switch, reason="only root can act for another user")
def test_root_makes_a_key_that_postgresql_can_read(dir_site):
    push_some(dir_site, 1)
    done = subprocess.run(dir_site.walship.argv("key", "rotate", dir_site.directory / "key-2027", "--write"), env=host.clean_env(),
                          cwd="/", capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    for path in (dir_site.directory / "key-2027", dir_site.walship.conf):
        info = path.stat()
        assert (info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)) == (host.USER.uid, host.USER.gid, 0o600)
    push_some(dir_site, 1, first=2)


# Listing.

def test_list_asks_for_headers_alone(scratch, program):
    """One ranged GET for each object, several at once, and none for what is not walship's."""
    with strict_s3.StrictS3() as server:
        backlog = on_strict(scratch, program, server)
        names = backlog.add_segments(40)
        backlog.drain()
        site_walship = backlog.walship
        (server.bucket.directory / "pre%2Fwalship-check-0").write_bytes(b"x" * 100)
        (server.bucket.directory / f"pre%2F{SYSTEM_ID}%2Fwal%2F0000000A.history").write_bytes(b"")
        archived = f"pre/{backlog.object(names[7])}"
        server.faults = lambda request: "archived" if request.key == archived else None
        del server.requests[:]
        found, kinds = key_lines(site_walship, code=4)
        gets = [request for request in server.requests if request.method == "GET" and request.key]
        assert sorted(request.key for request in gets) == sorted([f"pre/{backlog.object(name)}" for name in names] +
                                                                 [f"pre/{SYSTEM_ID}/wal/0000000A.history"])
        assert {request.headers.get("range") for request in gets} == {"bytes=0-63"}
        assert server.count("HEAD") == 0
        assert found[id_of(site_walship.key_file)]["objects"] == 39
        assert kinds["archived_total"]["objects"] == 1 and kinds["archived_total"]["first"] == backlog.object(names[7])
        assert kinds["foreign_total"]["first"] == "walship-check-0"
        assert kinds["damaged"]["object"] == f"{SYSTEM_ID}/wal/0000000A.history" and "truncated" in kinds["damaged"]["error"]


def peak_kib(walship_, *args):
    """(exit code, peak of memory in KiB) of a call, by a process of its own: a child begins with the peak of whoever starts it."""
    script = "import os, sys; pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)\n" \
             "_, status, usage = os.wait4(pid, 0); print('peak', usage.ru_maxrss); sys.exit(os.waitstatus_to_exitcode(status))"
    done = walship_.run(argv=[sys.executable, "-c", script, *walship_.argv(*args)], timeout=300)
    return done.code, int(re.search(rb"peak (\d+)", done.out).group(1))


def test_list_goes_on_behind_names_that_are_not_walships(dir_site):
    """Somebody's own file below a cluster's directory is called out, and everything else counted; no name commands a terminal."""
    push_some(dir_site, 2)
    directory = (dir_site.store.path / dir_site.store.list()[0]).parent
    foreign = "a copy\n\x1b[31mof mine"
    host.USER.write(directory / foreign, "x", 0o600)
    found, kinds = key_lines(dir_site.walship)
    assert [line["objects"] for line in found.values()] == [2]
    assert any(foreign in line.values() or any(str(value).endswith(foreign) for value in line.values()) for line in kinds.values()), kinds
    out = dir_site.run("list").expect(0).out.decode()
    assert "\x1b" not in out and len(out.splitlines()) == 3 and "a copy??[31mof mine" in out


def test_list_takes_no_more_memory_for_more_objects(dir_site):
    if re.search(rb"__[at]san_init", walship.binary().read_bytes()):
        pytest.skip("a sanitizer's memory says nothing")
    push_some(dir_site, 1)
    name = dir_site.store.list()[0]
    header, directory = dir_site.store.get(name)[:64] + bytes(36), (dir_site.store.path / name).parent
    peaks = []
    for first, last in ((0x100, 0x400), (0x400, 0x4000)):
        for number in range(first, last):
            place = directory.parent / f"00000002{number >> 8:08X}"
            place.mkdir(exist_ok=True)
            (place / f"00000002{number >> 8:08X}{number & 0xFF:08X}").write_bytes(header)
        host.run(["chown", "-R", host.USER.name, directory.parent], as_user=False)
        code, peak = peak_kib(dir_site.walship, "key", "list")
        assert code == 0
        peaks.append(peak)
    print(f"peak for 768 and 16128 objects: {peaks} KiB")
    assert peaks[1] - peaks[0] < 2048


def test_list_shows_its_progress_on_a_terminal_alone(scratch, program):
    """On a store that takes its time: one line, rewritten in its place, and taken away at the end."""
    ours, theirs = pty.openpty()
    try:
        with strict_s3.StrictS3() as server:
            backlog = on_strict(scratch, program, server)
            backlog.add_segments(20)
            backlog.drain()
            server.faults = lambda _request: time.sleep(0.05)
            assert backlog.walship.run("key", "list").expect(0).err == ""
            done = subprocess.run(backlog.walship.argv("key", "list", "--json"), stderr=theirs, stdout=subprocess.PIPE, check=False,
                                  env=host.clean_env(), stdin=subprocess.DEVNULL, **host.USER.popen_args())
        os.set_blocking(ours, False)
        shown = b""
        with contextlib.suppress(BlockingIOError):
            while True:
                shown += os.read(ours, 4096)
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 0 and json.loads(done.stdout)["objects"] == 20
    assert re.fullmatch(rb"(\r\d+ objects, 1 keys\x1b\[K)+\r\x1b\[K", shown), repr(shown)


# Secrets from commands.

def script(site, name, body):
    """A program that notes each run."""
    path = host.USER.write(site.directory / name, f"#!/bin/sh\necho run >> '{site.directory}/{name}.runs'\n{body}\n", 0o755)
    return path, lambda: len((site.directory / f"{name}.runs").read_text().split()) if (site.directory / f"{name}.runs").exists() else 0


def test_secrets_from_commands(s3_site):
    """A push that its note answers runs neither command; a batch runs each once."""
    secret_file = s3_site.walship.options["s3-key-secret-file"]
    key_program, key_runs = script(s3_site, "get key", f"cat {s3_site.walship.key_file}")
    secret_program, secret_runs = script(s3_site, "get-secret", f"cat {secret_file}")
    s3_site.walship.configure(cipher_key_file=None, cipher_key_command=f"'{key_program}' x", s3_key_secret_file=None,
                              s3_key_secret_command=secret_program)
    backlog = Backlog(s3_site.scratch.directory("data"), s3_site.walship, s3_site.store, SYSTEM_ID)
    names = backlog.add_segments(6)
    calls = backlog.drain()
    assert [call.answered for call in calls] == [False] + 5 * [True]
    assert (key_runs(), secret_runs()) == (1, 1)
    assert s3_site.run("cat", names[3], "--system-id", SYSTEM_ID).expect(0).out == backlog.content[names[3]]
    found, _ = key_lines(s3_site.walship)
    (line,) = found.values()
    assert (line["option"], line["value"], line["objects"]) == ("cipher-key-command", f"'{key_program}' x", 6)

    # Another line may be another key: its notes do not count.
    names = backlog.add_segments(3, first=7)
    assert not backlog.call(names[0]).answered and backlog.noted()
    s3_site.walship.configure(cipher_key_command=f"'{key_program}' y")
    assert not backlog.call(names[1]).answered
    assert s3_site.run("config").expect(0).out.decode().count(f"cipher-key-command   = '{key_program}' y") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root sees whose files a process without cores has open")
def test_recovery_runs_a_command_for_those_who_ask_the_store(dir_site):
    """A segment that waits in the spool needs no key; a key more in the configuration, and what waits there is fetched again."""
    program, runs = script(dir_site, "get-key", f"cat {dir_site.walship.key_file}")
    dir_site.walship.configure(cipher_key_file=None, cipher_key_command=program)
    recovery = Recovery(dir_site.directory, dir_site.walship, dir_site.store.put, SYSTEM_ID)
    try:
        some = recovery.archive(names(8))
        recovery.fetch(*some[:2])
        recovery.wait_for_spool(some[2:])
        before = runs()
        assert before == 3  # two calls, and the process that fetches ahead
        recovery.fetch(*some[2:5])
        assert (runs(), recovery.from_spool) == (before, 3)
        rotate(dir_site, "key-2027", "--write")
        recovery.fetch(some[5])
        assert recovery.from_spool == 3
    finally:
        lose(recovery.spool)
        recovery.wait_for_end()


def test_a_command_that_fails_below_a_parent_that_ignores_its_children(dir_site):
    """Their end is then nobody's to see, unless walship wants to: half a key would be taken for one."""
    name, content, _ = dir_site.kind("segment")
    program, _ = script(dir_site, "get-key", f"cat {dir_site.walship.key_file}; exit 7")
    dir_site.walship.configure(cipher_key_file=None, cipher_key_command=program)
    process = dir_site.walship.popen("push", dir_site.file(name, content), preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
    _, err = process.communicate(timeout=30)
    assert process.returncode == 3 and b"exited with code 7" in err and not dir_site.store.list()


@pytest.mark.parametrize("option", ["cipher-key-command", "s3-key-secret-command"])
def test_commands_that_fail(s3_site, option):
    name, content, _ = s3_site.kind("history")
    s3_site.walship.configure(**({"cipher_key_file": None} if option.startswith("c") else {"s3_key_secret_file": None}),
                              push_timeout="2s", fetch_timeout="2s")
    path = s3_site.file(name, content)
    for line, codes, error in (
            ("/nonexistent", (2, 255), r"/nonexistent: cannot be run: No such file"),
            ("sh -c 'echo the vault is sealed >&2; exit 7'", (3, 255), r" sh: exited with code 7: 'the vault is sealed'"),
            ("sh -c 'echo waiting >&2; sleep 1000'", (3, 255), r" sh: did not exit in time: 'waiting'"),
            ("true", (2, 255), r"the command printed nothing"),
            ("echo 'x", (2, 255), r"an unclosed quote")):
        s3_site.walship.configure(**{option: line})
        s3_site.run("push", path, "--system-id", SYSTEM_ID).expect(codes[0], rf"{option}.*{error}", r".")
        s3_site.run("cat", name, "--system-id", SYSTEM_ID).expect(codes[1], rf"{option}.*{error}", r".")
    leftover = subprocess.run(["pgrep", "-f", "^sleep 1000$"], capture_output=True, check=False).stdout
    assert leftover == b""


def test_secret_files_of_a_container(s3_site):
    """As Docker mounts them: root's, for everybody to read."""
    secrets = s3_site.scratch.directory("secrets")
    made = {}
    for option, source in (("cipher-key-file", s3_site.walship.key_file), ("s3-key-secret-file", s3_site.walship.options["s3-key-secret-file"])):
        made[option] = secrets / option
        shutil.copy(source, made[option])
        os.chmod(made[option], 0o444)
    name, content, _ = s3_site.kind("history")
    path = s3_site.file(name, content)
    push = ("push", path, "--system-id", SYSTEM_ID)
    for option, there in made.items():
        s3_site.run(*push, f"--{option}", there).expect(2, rf"{option}: {there} is readable by other users \(mode 0444\)", r"chmod 600 .*secret-files = any")
    s3_site.walship.configure(**{name.replace("-", "_"): there for name, there in made.items()}, secret_files="any")
    s3_site.run(*push).expect(0)
    assert s3_site.run("cat", name, "--system-id", SYSTEM_ID).expect(0).out == content
    os.chmod(made["cipher-key-file"], 0o666)
    s3_site.run(*push).expect(2, r"is writable by other users \(mode 0666\)", r"chmod o-w")


# The documentation.

SHELL = """set -euo pipefail
sudo() { shift 2; "$@"; }
psql() { %(psql)s "$@"; }
scp() { cp "${1#primary:}" "$2"; }
sleep() { for _ in $(seq 300); do ls %(status)s/*.ready >/dev/null 2>&1 || return 0; command sleep 0.1; done; return 1; }
walship() { "%(program)s" "$@"; }
export WALSHIP_CONFIG=%(directory)s/walship.conf
"""


def blocks():
    """(machine, text) of each block of commands in doc/keys.md."""
    text = (host.ROOT / "doc/keys.md").read_text()
    return [(machine or "primary", body) for machine, body in re.findall(r"^```sh ?(\w*)\n(.*?)^```$", text, re.M | re.S)]


def test_the_documentation_is_true(site):
    """Every command of doc/keys.md, in its order, on a primary that archives and on another machine with a configuration of its own."""
    standby = walship.Walship(site.walship.program, site.scratch.directory(), {**site.walship.options}, key=site.walship.key)
    standby.configure(spool=standby.directory / "spool", cipher_key_file=standby.key_file)
    directories = {"primary": site.directory, "standby": standby.directory}
    shown = []
    with site.primary("primary", "--wal-segsize=1") as primary:
        primary.start()
        primary.archive_all()
        for machine, body in blocks():
            if machine == "standby" and len(shown) == 4:
                # It has what the primary had before.
                shutil.copy2(site.directory / "key-2027", host.USER.write(standby.directory / "key-2027", "", 0o600))
                host.USER.write(standby.conf, standby.conf.read_text() + f"cipher-key-file = {standby.directory}/key-2027\n", 0o600)
            # What is the standby's own path stays; what it copies is the primary's.
            text = re.sub(r"(?<!primary:)/etc/walship", str(directories[machine]), body)
            text = text.replace("primary:/etc/walship", f"primary:{directories['primary']}")
            shell = SHELL % {"psql": f"{host.PG_BIN}/psql -h {primary.sockets} -p {primary._port()} -U postgres -d postgres",
                             "status": primary.data / "pg_wal/archive_status", "program": site.walship.program,
                             "directory": directories[machine]}
            done = host.run(["bash", "-c", shell + text], check=False, cwd=directories[machine])
            assert done.returncode == 0, f"{text}\n{done.stdout.decode()}{done.stderr.decode()}"
            shown.append(done.stdout.decode())
        primary.archive_all()
        assert primary.archiver()[1] == 0
    assert len(shown) == 8
    assert [os.path.basename(path) for path in keys_configured(site)] == ["key-2028", "key-2027", "key"]
    conf = standby.conf.read_text()
    assert [os.path.basename(path) for path in re.findall(r"^cipher-key-file = (\S+)", conf, re.M)] == ["key-2028", "key", "key-2027"]
    found, _ = key_lines(site.walship)
    assert all(line["objects"] > 0 for line in found.values()) and len(found) == 3
