"""push-ahead: a backlog goes several segments at a time; a note answers for one file, and for nothing else."""

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from harness import host, objects, strict_s3, wal, walship
from harness.backlog import AHEAD, Backlog, on_strict, side_by_side

SYSTEM_ID = 7601921254259666965
MIB = wal.MIB


@pytest.fixture
def backlog(site):
    return Backlog(site.scratch.directory("data"), site.walship, site.store, SYSTEM_ID)


@pytest.fixture
def server():
    with strict_s3.StrictS3() as running:
        yield running


@pytest.fixture
def strict(scratch, program, server):
    """Make backlogs on the strict server, where requests are counted."""
    return lambda **options: on_strict(scratch, program, server, **options)


def another(site, **options):
    """A second walship on the same repository and key, with a spool of its own."""
    made = walship.Walship(site.walship.program, site.scratch.directory(), {**site.walship.options}, key=site.walship.key,
                           secrets=site.store.secrets)
    made.configure(spool=host.USER.mkdir(made.directory / "spool2", 0o700), **options)
    return made


# A drain.

@pytest.mark.heart
def test_postgresql_drains_a_backlog(site):
    """PostgreSQL itself, after a night without an archive_command."""
    with site.primary("primary", "--wal-segsize=1") as primary:
        primary.configure(archive_command="").start()
        for number in range(45):
            primary.sql(f"select pg_logical_emit_message(false, 'x', repeat('{number} ', 1000)), pg_switch_wal()")
        waiting = primary.waiting()
        assert len(waiting) >= 45
        primary.stop()
        system_id = primary.system_id()
        primary.expect(r"walship: push ").configure(archive_command=site.walship.command("-v", "push", "%p")).start()
        primary.wait_archived()
        done = sorted(path.name.removesuffix(".done") for path in (primary.data / "pg_wal/archive_status").glob("*.done"))
        assert set(waiting) <= set(done)
        for name in done:
            object_name = wal.object_name(system_id, name)
            content = (primary.data / "pg_wal" / name).read_bytes()
            assert objects.open_object(site.store.get(object_name), object_name, site.walship.key) == content
        answered = primary.log_text().count(AHEAD)
        print(f"{site.store.kind}: {len(done)} files by {len(done) - answered} uploading calls")
        assert primary.archiver()[1] == 0
        assert len(done) - answered <= 8, primary.log_text()[-3000:]
    assert not list(Path(site.walship.options["spool"]).glob(f"push-{system_id}-*/*"))


def test_each_segment_is_one_request(strict, server):
    backlog = strict()
    backlog.add_segments(70)
    calls = backlog.drain()
    assert [request.method for request in server.requests] == ["PUT"] * 70
    assert max(server.bucket.versions.values()) == 1
    assert sum(not call.answered for call in calls) == 3  # 1 + 32, 1 + 32, 4
    assert not backlog.left()


def strace(backlog, name, log):
    """One call, and what it opened, connected to and started. As the tracer is root it may look into walship."""
    as_user = ["-u", host.USER.name] if host.USER.switch else []
    argv = ["strace", "-f", *as_user, "-e", "trace=openat,socket,connect,sendto,clone,clone3", "-o", str(log)]
    done = host.run([*argv, *backlog.walship.argv(*backlog.argv(name))], cwd=backlog.data, as_user=False)
    return done.stderr.decode(), log.read_text()


def test_what_a_note_answers_needs_no_library_and_no_network(backlog, server, strict):
    assert shutil.which("strace"), "strace is one of the tests' packages"
    for here in (backlog, strict()):
        names = here.add_segments(3)
        here.call()
        requests = server.count()
        said, trace = strace(here, names[1], here.data / "log")
        assert AHEAD in said and f"push-{SYSTEM_ID}" in trace
        assert not re.search(r"libcurl|libcrypto|libssl|libexpat|libisal|libzstd|liblz4|socket\(|connect\(|clone", trace), trace
        assert server.count() == requests
        # That it would be seen:
        said, trace = strace(here, names[0], here.data / "log")
        assert AHEAD not in said and re.search(r"libcrypto.*= \d", trace)


def test_push_ahead_0_switches_it_off(backlog):
    spool = Path(backlog.walship.options["spool"])
    backlog.walship.configure(push_ahead=0)
    backlog.add_segments(5)
    shutil.rmtree(spool)
    assert backlog.call().code == 0
    assert len(backlog.store.list()) == 1 and [path.name.split("-")[0] for path in spool.iterdir()] == ["pushed"]  # the trace for status
    assert not any(call.answered for call in backlog.drain())


def test_a_bandwidth_limit_switches_it_off(strict, server):
    """Each connection would have it for itself."""
    backlog = strict(s3_bandwidth_limit="4MiB")
    backlog.add_segments(5)
    backlog.call()
    assert server.count() == 1


# What is ready.

def test_a_ready_set_that_jumps(backlog):
    """A switch of timelines, every kind of file, .ready without files, and what is none of ours."""
    backlog.walship.configure(system_id=SYSTEM_ID)
    backlog.add_segments(4)
    last = wal.segment_name(1, 5, MIB)
    backlog.add(f"{last}.partial", wal.segment(SYSTEM_ID, last, MIB))
    backlog.add(f"{last}.00000028.backup", wal.backup_label(last))
    backlog.add("00000002.history", wal.history())
    backlog.add("0000000A.history", wal.history(7))
    backlog.add_segments(3, 5, timeline=2)
    backlog.add_segments(2, 4097)  # of another log file
    for stray in ("000000010000000000000003.x", "garbage", "000000010000000000000000", "000000010000000000000007", "0000000B.history"):
        backlog.ready(stray)
    calls = backlog.drain()
    assert calls[0].name == "00000002.history" and len(calls) == 13
    assert sum(not call.answered for call in calls) == 1
    assert len(backlog.store.list()) == 13 and not backlog.left()


def test_a_damaged_one_ahead(backlog):
    names = backlog.add_segments(6)
    host.USER.write(backlog.wal / names[2], wal.segment(SYSTEM_ID, names[2], MIB, address=0), 0o600)
    assert backlog.call().code == 0
    assert backlog.noted() == [names[1], *names[3:]]
    assert backlog.call(names[1]).answered
    call = backlog.call(names[2])
    assert call.code == 4 and f"walship: push {names[2]}: its first page is at 0/0, but the name says 0/300000" in call.err
    assert backlog.object(names[2]) not in backlog.store.list()


# Notes that must not answer.

@pytest.fixture
def noted(backlog):
    """Six segments, the first of them archived: the others are noted."""
    names = backlog.add_segments(6)
    assert backlog.call().code == 0
    assert backlog.noted() == names[1:]
    return backlog, names


def push_again(backlog, name, code=0, message=None):
    call = backlog.call(name)
    assert not call.answered and call.code == code, call
    assert message is None or re.search(message, call.err), call
    return call


def test_a_file_touched_since(noted):
    backlog, names = noted
    os.utime(backlog.wal / names[1])
    push_again(backlog, names[1], 0, "identical to the archived file")


def test_a_file_with_its_old_times(noted):
    """Same name, size and mtime: the inode's own time tells."""
    backlog, names = noted
    path = backlog.wal / names[1]
    times = path.stat()
    content = wal.segment(SYSTEM_ID, names[1], MIB, seed=9)
    with open(path, "r+b") as file:
        file.write(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (times.st_ino, times.st_mtime_ns)
    push_again(backlog, names[1], 4, "the archive has a different file with this name")
    backlog.check(names[1])


def test_a_restored_copy(noted, site):
    """Of the same cluster: the same system identifier and names, and another content from somewhere on."""
    backlog, names = noted
    copy = Backlog(site.scratch.directory("copy"), backlog.walship, site.store, SYSTEM_ID)
    copy.add_segments(6, seed=5)
    push_again(copy, names[1], 4, "the archive has a different file with this name")
    host.USER.own(shutil.copy2(backlog.wal / names[2], copy.wal / names[2]))
    copy.content[names[2]] = backlog.content[names[2]]
    push_again(copy, names[2], 0, "identical")
    for name in names[1:]:
        backlog.check(name)


def test_a_cluster_made_anew(noted, site):
    backlog, names = noted
    anew = Backlog(site.scratch.directory("anew"), backlog.walship, site.store, SYSTEM_ID + 1)
    anew.add_segments(6)
    push_again(anew, names[0])
    assert anew.noted() == backlog.noted() == names[1:]
    for call in [*anew.drain(), *backlog.drain()]:
        assert call.answered


def test_another_repository(noted, site):
    backlog, names = noted
    elsewhere = f"{site.store.url}/elsewhere"
    if site.store.kind == "dir":
        elsewhere = f"file://{host.USER.mkdir(site.directory / 'elsewhere')}"
    backlog.walship.configure(repo=elsewhere)
    backlog.check = lambda name: None
    push_again(backlog, names[1])
    got = backlog.walship.run("cat", names[1], "--system-id", SYSTEM_ID).expect(0).out
    assert got == backlog.content[names[1]]


def test_another_key(noted, site):
    """What the configuration could not fetch is not acknowledged by it."""
    backlog, names = noted
    key_file = host.USER.write(site.directory / "key2", os.urandom(32).hex() + "\n", 0o600)
    backlog.walship.configure(cipher_key_file=key_file)
    push_again(backlog, names[1], 4, "but walship cannot read the object")
    backlog.walship.configure(cipher="none", cipher_key_file=None)
    push_again(backlog, names[2], 4, "but walship cannot read the object")


# The spool.

def test_a_spool_that_is_lost(noted):
    backlog, names = noted
    backlog.lose_spool()
    push_again(backlog, names[1], 0, "identical")
    assert backlog.noted() == names[2:]
    backlog.lose_spool()
    shutil.rmtree(backlog.walship.options["spool"])
    assert not backlog.drain()[0].answered
    for name in names:
        backlog.check(name)


def test_a_spool_without_room(backlog, small_disk):
    """What could not be noted is not pushed in vain: one request a call."""
    disk = small_disk(64)
    spool = host.USER.mkdir(disk.path / "spool", 0o700)
    backlog.walship.configure(spool=spool)
    names = backlog.add_segments(6)
    disk.fill()
    assert backlog.call().code == 0
    assert len(backlog.store.list()) == 1 and not backlog.noted()
    (disk.path / "ballast").unlink()
    assert backlog.call(names[1]).code == 0 and backlog.noted() == names[2:]
    disk.fill()
    assert [call.code for call in backlog.drain()] == [0] * 4


@pytest.mark.parametrize("wrong", ["mode", "owner", "file"])
def test_a_spool_that_is_not_ones_own(backlog, wrong):
    spool = Path(backlog.walship.options["spool"])
    names = backlog.add_segments(3)
    if wrong == "mode":
        spool.chmod(0o755)
    elif wrong == "owner":
        if os.geteuid() != 0:
            pytest.skip("needs root to give a directory away")
        os.chown(spool, 12345, 12345)
    else:
        spool.rmdir()
        host.USER.write(spool, "x", 0o700)
    done = backlog.walship.run("push", f"pg_wal/{names[0]}", cwd=backlog.data)
    assert done.code == 0 and re.fullmatch(r"walship: warning: push-ahead is off: the spool \S+ is not a directory of user .*\n", done.err)
    backlog.check(names[0])
    assert len(backlog.store.list()) == 1


# Side by side.

@pytest.mark.parametrize("spools", ["one_spool", "two_spools"])
def test_two_archivers_of_the_same(site, spools):
    """A cluster and its exact copy: both archive everything."""
    other = site.walship if spools == "one_spool" else another(site)
    pair = [Backlog(site.scratch.directory("data"), each, site.store, SYSTEM_ID) for each in (site.walship, other)]
    for each in pair:
        each.add_segments(40)
    side_by_side(*(each.drain for each in pair))
    assert len(site.store.list()) == 40


def drain_with_conflicts(backlog):
    """The archiver would stay at the first; here it goes on: exit code for each."""
    codes = {}
    while backlog.waiting():
        call = backlog.call()
        assert call.code in (0, 4), call
        codes[call.name] = call.code
        if call.code == 4:
            assert "the archive has a different file with this name" in call.err
            backlog.done(call.name)
    return codes


@pytest.mark.parametrize("spools", ["one_spool", "two_spools"])
def test_two_archivers_that_went_apart(site, spools):
    """For each name exactly one of them wins, and keeps what it was told."""
    other = site.walship if spools == "one_spool" else another(site)
    pair = [Backlog(site.scratch.directory("data"), each, site.store, SYSTEM_ID) for each in (site.walship, other)]
    codes = [{}, {}]
    for seed, each in enumerate(pair):
        each.add_segments(30, seed=seed)
    side_by_side(*(lambda n=n: codes[n].update(drain_with_conflicts(pair[n])) for n in (0, 1)))
    for name in pair[0].content:
        assert sorted(each[name] for each in codes) == [0, 4], name
        pair[0 if codes[0][name] == 0 else 1].check(name)


# Memory.

@pytest.mark.parametrize("options", [{}, {"compress": "zstd", "compress_level": 9}, {"s3_part_size": "16MiB"}],
                         ids=lambda options: " ".join(map(str, options.values())) or "as it comes")
def test_peak_memory(strict, options):
    """Segments of the usual size that nothing can compress."""
    if re.search(rb"__[at]san_init", walship.binary().read_bytes()):
        pytest.skip("a sanitizer's memory says nothing")
    backlog = strict(push_timeout="60s", **options)
    for number in range(1, 17):
        name = wal.segment_name(1, number)
        backlog.add(name, wal.segment(SYSTEM_ID, name)[:8192] + os.urandom(16 * MIB - 8192))
    # A process of its own: a child begins with the peak of whoever starts it.
    script = "import os, sys; pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)\n" \
             "_, status, usage = os.wait4(pid, 0); print(usage.ru_maxrss); sys.exit(os.waitstatus_to_exitcode(status))"
    name = backlog.waiting()[0]
    done = backlog.walship.run(argv=[sys.executable, "-c", script, *backlog.walship.argv("push", f"pg_wal/{name}")], cwd=backlog.data)
    assert done.code == 0, done.err
    assert len(backlog.noted()) == 15
    peak = int(done.out) / 1024
    print(f"peak of a batch of 16 segments of 16 MiB: {peak:.1f} MiB")
    assert peak <= 96
