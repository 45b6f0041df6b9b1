"""Bad input: for each the exact exit code, the message and the hint.

A case prepares the site and returns walship's arguments (and, in a dict at the end, how to call it).
Cases that go wrong in the same way for push and fetch are written once, with both codes.
"""

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import pytest

from harness import host, wal

NAME = wal.SEGMENT
HISTORY = "00000002.history"


@dataclass
class Case:
    """One mistake and what walship says about it."""
    name: str
    prepare: Callable
    code: int
    error: str
    hint: str

    def check(self, site, *args):
        call = list(self.prepare(site, *args))
        kwargs = call.pop() if isinstance(call[-1], dict) else {}
        before = site.store.list() if site.store.reachable() else None
        done = site.run(*call, **kwargs)
        done.expect(self.code, self.error, self.hint)
        if call[0] == "fetch" and len(call) > 2:
            dest = os.path.join(kwargs.get("cwd", site.directory), str(call[2]))
            assert not os.path.exists(dest), "something at DEST"
        if before is not None:
            assert site.store.list() == before, "the repository changed"


def ids(cases):
    return [pytest.param(case, id=case.name.replace(" ", "-")) for case in cases]


def a_segment(site, **wrong):
    return site.file(NAME, wal.segment(site.system_id, NAME, wal.MIB, **wrong))


def push(site, *options):
    return ("push", a_segment(site), *options)


def fetch(site, *options):
    return ("fetch", NAME, site.scratch.directory("dest") / "RECOVERYXLOG", "--system-id", site.system_id, *options)


def stored(site, seed=0):
    """A good segment is in the archive already."""
    content = wal.segment(site.system_id, NAME, wal.MIB, seed)
    site.run("push", site.file(NAME, content)).expect(0)


def conf_lines(site, *lines):
    """The configuration with further lines; they are numbered from the end of what was there."""
    host.USER.write(site.walship.conf, site.walship.conf.read_text() + "".join(f"{line}\n" for line in lines), 0o600)
    return len(site.walship.conf.read_text().splitlines())


# The same mistake for push and for fetch: (name, change of the site -> options, push code, fetch code, message, hint).

def no_key_option(site):
    site.walship.configure(cipher_key_file=None)


def no_key_file(site):
    site.walship.configure(cipher_key_file=site.directory / "absent.key")


def open_key_file(site):
    site.walship.key_file.chmod(0o644)


def group_key_file(site):
    site.walship.key_file.chmod(0o640)


def foreign_key_file(site):
    os.chown(site.walship.key_file, 1, 1)


def short_key_file(site):
    host.USER.write(site.walship.key_file, "0123456789abcdef\n", 0o600)


def long_key_file(site):
    host.USER.write(site.walship.key_file, "ab" * 33 + "\n", 0o600)


def wordy_key_file(site):
    host.USER.write(site.walship.key_file, "z" * 64 + "\n", 0o600)


def key_directory(site):
    site.walship.configure(cipher_key_file=host.USER.mkdir(site.directory / "folder.key", 0o700))


def odd_repo(site):
    site.walship.configure(repo="ftp://host/path")


def relative_repo(site):
    site.walship.configure(repo="file://relative/path")


def no_bucket(site):
    site.walship.configure(repo="s3:///prefix")


def unknown_key(site):
    conf_lines(site, "reop = file:///x")


def unknown_section(site):
    conf_lines(site, "[stanza]", "log-level = info")


def wrong_unit(site):
    site.walship.configure(push_timeout="5 parsecs", fetch_timeout="5 parsecs")


def no_number(site):
    site.walship.configure(push_timeout="soon", fetch_timeout="soon")


def bad_level(site):
    site.walship.configure(compress_level="11")


def bad_choice(site):
    site.walship.configure(cipher="rot13")


def empty_value(site):
    conf_lines(site, "log-level =")


def no_config_file(site):
    site.walship.conf = site.directory / "absent.conf"


def open_config_file(site):
    site.walship.conf.chmod(0o666)


def hash_behind_a_value(site):
    conf_lines(site, "compress-level = 1 # fast")


def no_directory(site):
    site.walship.configure(repo="file:///")


def relative_key_file(site):
    # Absent from the data directory, in which PostgreSQL calls walship, and there in the working directory.
    host.USER.write(site.directory / "a.key", Path(site.walship.key_file).read_bytes(), 0o600)
    site.walship.configure(cipher_key_file="a.key")


def no_root(site):
    site.walship.configure(repo=f"file://{site.directory}/absent")


def file_as_root(site):
    site.walship.configure(repo=f"file://{host.USER.write(site.directory / 'plain', 'x')}")


KEY = r"(key|cipher)"
MISTAKES = [
    ("no key option", no_key_option, 2, 255, r"cipher-key-file", r"walship keygen"),
    ("no key file", no_key_file, 2, 255, r"absent\.key.*No such file", r"walship keygen"),
    ("key file others can read", open_key_file, 2, 255, r"/key\b.*(other users|permission|group)", r"chmod"),
    ("key file the group can read", group_key_file, 2, 255, r"/key\b.*(other users|permission|group)", r"chmod"),
    ("short key", short_key_file, 2, 255, r"/key\b", r"(32|64|keygen)"),
    ("long key", long_key_file, 2, 255, r"/key\b", r"(32|64|keygen)"),
    ("key that is no hex", wordy_key_file, 2, 255, r"/key\b", r"(32|64|keygen)"),
    ("directory as key file", key_directory, 2, 255, r"folder\.key", r"."),
    ("unknown scheme", odd_repo, 2, 255, r"ftp://host/path", r"(file|s3)://"),
    ("relative repository", relative_repo, 2, 255, r"file://relative/path", r"file:///"),
    ("no bucket", no_bucket, 2, 255, r"s3:///prefix", r"s3://"),
    ("unknown key", unknown_key, 2, 255, r"walship\.conf:\d+: .*reop", r"\brepo\b"),
    ("unknown section", unknown_section, 2, 255, r"walship\.conf:\d+: .*section", r"\[walship\]"),
    ("wrong unit", wrong_unit, 2, 255, r"walship\.conf:\d+: .*push-timeout.*5 parsecs", r"\bs\b|ms|min"),
    ("no number", no_number, 2, 255, r"walship\.conf:\d+: .*push-timeout.*soon", r"\bs\b|ms|min"),
    ("level out of range", bad_level, 2, 255, r"walship\.conf:\d+: compress-level: '11' is out of range", r"from 1 to 9"),
    ("unknown choice", bad_choice, 2, 255, r"walship\.conf:\d+: cipher: 'rot13' is not a valid value", r"aes-256-cbc"),
    ("missing value", empty_value, 2, 255, r"walship\.conf:\d+: log-level: has no value", None),
    ("no configuration file", no_config_file, 2, 255, r"absent\.conf.*No such file", None),
    ("configuration file others can write", open_config_file, 2, 255, r"walship\.conf is writable by other users \(mode 0666\)", r"chmod go-w"),
    ("hash behind a value", hash_behind_a_value, 2, 255, r"walship\.conf:\d+: compress-level: '#' begins", r"own line"),
    ("no directory", no_directory, 2, 255, r"repo 'file:///' names the root directory", r"file:///directory"),
    ("relative key file", relative_key_file, 2, 255, r"cipher-key-file 'a\.key' is not an absolute path", r"absolute path"),
    ("missing root directory", no_root, 3, 255, r"absent", r"mkdir|mount"),
    ("file as root directory", file_as_root, 5, 255, r"plain.*Not a directory", None),
]


@pytest.mark.heart
@pytest.mark.parametrize("command", ["push", "fetch"])
@pytest.mark.parametrize("mistake", [pytest.param(m, id=m[0].replace(" ", "-")) for m in MISTAKES])
def test_mistake(dir_site, mistake, command):
    name, change, push_code, fetch_code, error, hint = mistake
    stored(dir_site)

    def prepare(site):
        change(site)
        return push(site) if command == "push" else fetch(site)
    code = push_code if command == "push" else fetch_code
    # An error in the configuration comes before there is a name to speak of.
    Case(name, prepare, code, error, hint).check(dir_site)


@pytest.mark.parametrize("name", ["no directory", "relative key file", "unknown scheme"])
@pytest.mark.parametrize("words", [("config",), ("config", "--json"), ("list",), ("verify",), ("key", "list")], ids=" ".join)
def test_mistake_is_told_by_other_commands(dir_site, name, words):
    [(change, error, hint)] = [(m[1], m[4], m[5]) for m in MISTAKES if m[0] == name]
    change(dir_site)
    done = dir_site.run(*words).expect(2, error, hint)
    if words[0] == "config":
        assert b"cipher-key-file" in done.out, "the options are shown before"


@pytest.mark.skipif(not host.USER.switch, reason="only root can give a key file to another user")
def test_key_file_of_another_user(dir_site):
    foreign_key_file(dir_site)
    dir_site.run(*push(dir_site)).expect(2, r"/key\b", r".")


@pytest.mark.skipif(not host.USER.switch, reason="only root can give a file to another user")
def test_configuration_file_of_another_user(dir_site):
    dir_site.walship.conf.chmod(0o644)
    os.chown(dir_site.walship.conf, 4711, 4711)
    dir_site.run(*push(dir_site)).expect(2, r"walship\.conf belongs to user 4711, not to this user or root", r"chown")


def test_variables_of_kubernetes(dir_site):
    """A service named walship must not stop the archive."""
    env = {"WALSHIP_SERVICE_HOST": "10.0.0.1", "WALSHIP_SERVICE_PORT": "80", "WALSHIP_PORT": "tcp://10.0.0.1:80", "WALSHIP_PORT_80_TCP_ADDR": "10.0.0.1"}
    dir_site.run(*push(dir_site), env=env).expect(0)


# The command line.

USAGE = [
    Case("no command", lambda s: ("--log-level", "error"), 255, r"command", r"walship help"),
    Case("unknown command", lambda s: ("fecth", NAME, "x"), 255, r"fecth", r"fetch"),
    Case("unknown option of push", lambda s: (*push(s), "--compres", "gzip"), 2, r"--compres\b", r"compress"),
    Case("unknown option of fetch", lambda s: (*fetch(s), "--compres", "gzip"), 255, r"--compres\b", r"compress"),
    Case("unknown letter", lambda s: (*push(s), "-x"), 2, r"-x", r"."),
    Case("option without its value", lambda s: (*push(s), "--repo"), 2, r"--repo needs a value", None),
    Case("wrong unit", lambda s: (*push(s), "--push-timeout", "5parsecs"), 2, r"--push-timeout.*5parsecs", r"."),
    Case("no number for the system", lambda s: (*push(s), "--system-id", "twelve"), 2, r"--system-id.*twelve", None),
    Case("wrong choice", lambda s: (*push(s), "--log-level", "loud"), 2, r"--log-level.*loud", r"warning"),
    Case("wrong choice for fetch-error", lambda s: (*fetch(s), "--fetch-error", "stop"), 255, r"--fetch-error.*stop", r"abort"),
    Case("push without PATH", lambda s: ("push",), 2, r"push: missing operand", r"push PATH"),
    Case("push of two", lambda s: (*push(s), "another"), 255, r"push: unexpected operand .another", r"push PATH"),
    Case("push of two in the archiver", lambda s: ("push", f"pg_wal/{NAME}", NAME), 2, r"push: unexpected operand", r"push PATH"),
    Case("no command in the archiver", lambda s: (f"pg_wal/{NAME}",), 2, r"unknown command", r"walship help"),
    Case("unknown option before push", lambda s: ("--push-time-out", "5s", "push", f"pg_wal/{NAME}"), 2, r"--push-time-out", r"push-timeout"),
    Case("unknown option before fetch", lambda s: ("--fetch-time-out", "5s", "fetch", NAME, "x/x"), 255, r"--fetch-time-out", r"fetch-timeout"),
    Case("no command in recovery", lambda s: (NAME, "pg_wal/RECOVERYXLOG"), 255, r"unknown command", r"walship help"),
    Case("push in recovery", lambda s: ("push", "pg_wal/RECOVERYXLOG"), 255, r"RECOVERYXLOG", r"restore_command|segment"),
    Case("push of a history in recovery", lambda s: ("push", "pg_wal/RECOVERYHISTORY"), 255, r"RECOVERYHISTORY", r"."),
    Case("two configuration files", lambda s: (*push(s), "--config", "x"), 2, r"--config is given twice", r"remove one"),
    Case("fetch without DEST", lambda s: ("fetch", NAME), 255, r"fetch: missing operand", r"fetch NAME DEST"),
    Case("fetch of three", lambda s: (*fetch(s), "another"), 255, r"fetch: unexpected operand .another", r"fetch NAME DEST"),
    Case("secret as an option", lambda s: (*push(s), "--s3-key-secret", "no-such-secret"), 2, r"--s3-key-secret\b", r"s3-key-secret-file"),
    Case("wrong value in the environment", lambda s: (*push(s), {"env": {"WALSHIP_PUSH_TIMEOUT": "x"}}), 2, r"WALSHIP_PUSH_TIMEOUT.*x", r"."),
    Case("keygen over a file", lambda s: ("keygen", s.walship.key_file), 4, r"/key\b.*exist", r"."),
    Case("keygen nowhere", lambda s: ("keygen", s.directory / "absent/key"), 5, r"absent", r"."),
]


@pytest.mark.parametrize("case", ids(USAGE))
def test_usage(dir_site, case):
    case.check(dir_site)


def test_help_and_version(dir_site):
    for args in (("--help",), ("help",), ("help", "push"), ("--version",)):
        assert dir_site.run(*args).expect(0).out
    dir_site.run("help", "frobnicate").expect(2, r"frobnicate", r".")


# Names and files to push.

def bad_segment(**wrong):
    return lambda s: ("push", a_segment(s, **wrong))


def content(name, data):
    return lambda s: ("push", s.file(name, data), "--system-id", s.system_id)


def cut(size):
    return lambda s: ("push", s.file(NAME, wal.segment(s.system_id, NAME, wal.MIB)[:size]))


def renamed(name):
    return lambda s: ("push", s.file(name, wal.segment(s.system_id, NAME, wal.MIB)))


PUSHES = [
    Case("a name with dots", lambda s: ("push", "../x"), 2, r"\bx\b", r"."),
    Case("etc passwd", lambda s: ("push", "/etc/passwd"), 2, r"passwd", r"."),
    Case("lower case", content(NAME[:-1] + "a", b"x"), 2, NAME[:-1] + "a", r"."),
    Case("a name too long", content(NAME + "0", b"x"), 2, NAME + "0", r"."),
    Case("no such file", lambda s: ("push", s.directory / NAME), 5, rf"{NAME}.*No such file", r"."),
    Case("a folder", lambda s: ("push", host.USER.mkdir(s.directory / NAME)), 2, NAME, None),
    Case("an unreadable file", lambda s: ("push", host.USER.write(s.directory / NAME, b"x", 0)), 5, rf"{NAME}.*Permission denied", r"."),
    Case("an empty segment", content(NAME, b""), 4, rf"push {NAME}: .*empty", r"."),
    Case("an empty history", content(HISTORY, b""), 4, r"push 00000002.history: .*empty", r"."),
    Case("an empty backup label", content(f"{NAME}.00000028.backup", b""), 4, r"empty", r"."),
    Case("an empty partial", content(f"{NAME}.partial", b""), 4, r"empty", r"."),
    Case("no history", content(HISTORY, b"<html>\n"), 4, r"push 00000002.history: ", r"."),
    Case("no backup label", content(f"{NAME}.00000028.backup", b"<html>\n"), 4, r"damaged", r"."),
    Case("a segment cut by one byte", cut(wal.MIB - 1), 4, rf"push {NAME}: .*1048575 bytes.*1048576", r"."),
    Case("a segment cut at a page", cut(wal.PAGE), 4, rf"push {NAME}: .*8192 bytes", r"."),
    Case("a segment cut in its header", cut(39), 4, rf"push {NAME}: .*(short|header)", r"."),
    Case("zeros", content(NAME, bytes(wal.MIB)), 4, rf"push {NAME}: .*magic", r"."),
    Case("another magic", bad_segment(magic=0x1234), 4, rf"push {NAME}: .*magic 1234", r"."),
    Case("page address of another", bad_segment(address=0x7000000), 4, rf"push {NAME}: .*0/7000000.*0/300000\b", r"."),
    Case("timeline of a later", bad_segment(timeline=9), 4, rf"push {NAME}: .*timeline 9", r"."),
    Case("another size in the header", bad_segment(header_size=2 * wal.MIB), 4, rf"push {NAME}: .*2097152", r"."),
    Case("no size in the header", bad_segment(header_size=12345), 4, rf"push {NAME}: .*segment size", r"."),
    Case("renamed segment", renamed(NAME[:-1] + "4"), 4, rf"push {NAME[:-1]}4: .*0/300000.*0/400000", r"renamed|recycled"),
    Case("system identifier of another", lambda s: (*push(s), "--system-id", s.system_id + 1), 4,
         r"(system|cluster).*7601921254259666965", r"."),
    Case("history without a system identifier", lambda s: ("push", s.file(HISTORY, wal.history())), 2,
         r"push 00000002.history: .*system identifier", r"--pg-data|--system-id"),
]


@pytest.mark.parametrize("case", ids(PUSHES))
def test_push(dir_site, case):
    case.check(dir_site)


def test_segment_of_another_cluster(dir_site, data_dir, control_file):
    """PostgreSQL calls from its data directory: a file with another identifier is not its own."""
    path = a_segment(dir_site)
    for kwargs, args in (({"cwd": data_dir}, ()), ({}, ("--pg-data", data_dir))):
        dir_site.run("push", path, *args, **kwargs).expect(4, rf"push {NAME}: .*{control_file[0]}", r".")
    assert dir_site.store.list() == []


# Names to fetch, and where to.

def named(name):
    return lambda s: ("fetch", name, s.scratch.directory("dest") / "x", "--system-id", s.system_id)


FETCHES = [
    Case("a name with dots", named("../x"), 255, r"\.\./x", r"."),
    Case("a path", named("/etc/passwd"), 255, r"/etc/passwd", r"."),
    Case("a path to a segment", named(f"../{NAME}"), 255, rf"\.\./{NAME}", r"."),
    Case("an empty name", named(""), 255, r".", r"."),
    Case("a name that breaks lines", named("a\nwalship: all is well"), 255, r"a\?walship", r"."),
    Case("no system identifier", lambda s: ("fetch", NAME, s.scratch.directory("dest") / "x"), 255, r"system identifier", r"--pg-data|--system-id"),
    Case("no directory of the system", lambda s: ("fetch", NAME, s.scratch.directory("dest") / "x", "--system-id", 5), 255,
         rf"fetch {NAME}: .*\b5\b", r"."),
    Case("no directory at DEST", lambda s: ("fetch", NAME, s.directory / "absent/x", "--system-id", s.system_id), 255,
         rf"fetch {NAME}: .*absent.*No such file", r"."),
]


@pytest.mark.parametrize("case", ids(FETCHES))
def test_fetch(dir_site, case):
    stored(dir_site)
    case.check(dir_site)


def test_wrong_key(site):
    """Another key: the object says by its key id that it is not for this one."""
    stored(site)
    other = host.USER.write(site.directory / "other.key", "5" * 64 + "\n", 0o600)
    fetched = Case("wrong key", lambda s: fetch(s, "--cipher-key-file", other), 255, rf"fetch {NAME}: .*key", r"cipher-key-file")
    fetched.check(site)
    # push cannot compare, so it cannot say that all is well.
    done = site.run(*push(site), "--cipher-key-file", other)
    done.expect(4, rf"push {NAME}: .*key", r"cipher-key-file")


# What PostgreSQL makes of an exit code depends on what it is doing: standby.signal and fetch-error.

@dataclass
class Mode:
    """How fetch is called: files in the data directory, options, and the codes for outage and local trouble."""
    name: str
    files: tuple
    options: tuple
    outage: int
    local: int


MODES = [
    Mode("recovery", ("recovery.signal",), (), 255, 255),
    Mode("crash", (), (), 255, 255),
    Mode("standby", ("standby.signal",), (), 3, 5),
    Mode("both", ("standby.signal", "recovery.signal"), (), 3, 5),
    Mode("standby-abort", ("standby.signal",), ("--fetch-error", "abort"), 255, 255),
    Mode("recovery-continue", ("recovery.signal",), ("--fetch-error", "continue"), 3, 5),
]


@pytest.mark.heart
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_fetch_exit_codes(dir_site, data_dir, control_file, mode):
    """From the data directory, as PostgreSQL calls."""
    site = dir_site
    for name in mode.files:
        host.USER.write(data_dir / name, "")
    system_id = control_file[0]
    content_ = wal.segment(system_id, NAME, wal.MIB)
    site.run("push", host.USER.write(data_dir / "pg_wal" / NAME, content_), cwd=data_dir).expect(0)
    dest = data_dir / "pg_wal/RECOVERYXLOG"

    def go(*args, name=NAME, to="pg_wal/RECOVERYXLOG"):
        if dest.exists():
            dest.unlink()
        done = site.run("fetch", name, to, *mode.options, *args, cwd=data_dir)
        assert done.code == 0 or not dest.exists()
        return done
    go().expect(0)
    assert dest.read_bytes() == content_
    go(name="000000010000000000000004").expect(1)
    (data_dir / "pg_wal").chmod(0o500)
    go().expect(mode.local, rf"fetch {NAME}: .*Permission denied", r".")
    (data_dir / "pg_wal").chmod(0o700)
    go(to="absent/RECOVERYXLOG").expect(mode.local, rf"fetch {NAME}: .*absent", r"restore_command")
    # PostgreSQL would not find the file at %p, and take code 0 for the end of the archive.
    go(to=NAME).expect(255, rf"fetch {NAME}: {NAME} lies in the data directory itself", r"'walship fetch %f %p'")
    go("--compress-level", "x").expect(255, r"--compress-level")
    go("--system-id", "5").expect(255, r"\b5\b", r".")
    object_name = wal.object_name(system_id, NAME)
    whole = site.store.get(object_name)
    site.store.put(object_name, whole[:-1])
    go().expect(255, rf"fetch {NAME}: ", r".")
    site.store.put(object_name, whole)
    site.store.go_away()
    go().expect(mode.outage, rf"fetch {NAME}: ", r"mkdir|mount")
    # Without a signal file the server has chosen its timeline, and must not be ended.
    go(name="00000002.history").expect(mode.outage if mode.files else 3, r"fetch 00000002.history: ", r".")
    host.USER.mkdir(site.store.path)
    go().expect(mode.outage, rf"fetch {NAME}: ", r".")
    site.store.path.rmdir()
    site.store.come_back()
    go().expect(0)


@pytest.mark.parametrize("command", ["list", "list --json", "info", "verify", "verify --read", "key list", "config", "help", "help man", "help push", "--version",
                                     "check", "backfill --dry-run", "cat {name}"])
def test_nobody_reads_it(dir_site, data_dir, control_file, command):
    """walship list | head: silent, and ended by the signal as the other tools are."""
    name, content, _ = dir_site.kind("segment")
    dir_site.run("push", dir_site.file(name, content)).expect(0)
    reader, writer = os.pipe()
    os.close(reader)
    args = command.format(name=name).split()
    if args[0] in ("cat", "check"):
        args += ["--system-id", str(dir_site.system_id)]
    if args[0] == "backfill":
        other = wal.segment_name(1, 2, wal.MIB)
        host.USER.write(data_dir / "pg_wal" / other, wal.segment(control_file[0], other, wal.MIB), 0o600)
        host.USER.write(data_dir / "pg_wal/archive_status" / f"{other}.ready", b"", 0o600)
        args += ["--pg-data", str(data_dir)]
    try:
        child = dir_site.walship.popen(*args, stdout=writer)
        assert child.communicate(timeout=60)[1] == b""
        assert child.returncode == -signal.SIGPIPE
    finally:
        os.close(writer)


def test_status_is_what_it_is_whoever_reads(dir_site, data_dir):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        child = dir_site.walship.popen("status", "--pg-data", data_dir, stdout=writer)
        assert child.communicate(timeout=60)[1] == b""
    finally:
        os.close(writer)
    assert child.returncode == dir_site.run("status", "--pg-data", data_dir).code
