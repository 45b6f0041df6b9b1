"""What the design promises in figures and in order: requests, memory, durability, and endings that must not be misread."""

import os
import re
import resource
import shutil
import socket
import subprocess
import threading
import time

import pytest

from harness import host, wal

REQUEST_LINE = re.compile(rb"(?:GET|PUT|HEAD|POST|DELETE) /\S* HTTP/1\.1\r\n")
GIB = 1024 * wal.MIB


class Counter:
    """A front of a plain HTTP server that notes each request's first line."""

    def __init__(self, port):
        self.port, self.requests = port, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.port))
            threading.Thread(target=self.pump, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self.pump, args=(server, client, False), daemon=True).start()

    def pump(self, source, target, requests):
        try:
            while data := source.recv(65536):
                if requests:
                    self.requests += [line.split(b" ")[0].decode() for line in REQUEST_LINE.findall(data)]
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one side has gone away


def system_args(site):
    return ("--system-id", site.system_id)


def test_one_request_per_segment(s3_site):
    """Each way; a second push of the same asks and reads back."""
    counter = Counter(s3_site.store.server.http_port)
    s3_site.walship.configure(s3_endpoint=counter.url, s3_ca_file=None)
    name, content, _ = s3_site.kind("segment")
    path = s3_site.file(name, content)
    for args, expected in ((("push", path), ["PUT"]), (("fetch", name, s3_site.directory / "out"), ["GET"]),
                           (("push", path), ["PUT", "GET"])):
        counter.requests.clear()
        s3_site.run(*args, *system_args(s3_site)).expect(0)
        assert counter.requests == expected
    counter.listener.close()


def peak_memory(site, *args):
    """The most memory that one call had, in bytes: the kernel's own high-water mark, looked at until it ends.

    (ru_maxrss would also count this interpreter, from the moment between fork and exec.)
    """
    child = site.walship.popen(*args)
    peak = 0
    while child.poll() is None:
        try:
            with open(f"/proc/{child.pid}/status", encoding="ascii") as status:
                found = re.search(r"^Name:\twalship$.*^VmHWM:\s+(\d+) kB", status.read(), re.M | re.S)
        except OSError:
            continue
        peak = max(peak, int(found[1]) * 1024 if found else 0)
        time.sleep(0.002)
    out, err = child.communicate()
    assert (child.returncode, out, err) == (0, b"", b""), args
    assert peak > 0
    return peak


@pytest.mark.parametrize("noise", [0, 96 * wal.MIB], ids=["compressible", "with-noise"])
def test_largest_segment_in_bounded_memory(site, noise):
    """wal_segment_size = 1 GB. With noise its object goes up in several parts."""
    name = wal.segment_name(1, 3, GIB)
    directory = site.scratch.directory("big")
    path, back = directory / name, directory / "back"
    head = wal.segment(site.system_id, name, wal.MIB, header_size=GIB, address=3 * GIB)
    host.USER.write(path, head + os.urandom(noise), 0o600)
    os.truncate(path, GIB)
    site.walship.configure(push_timeout="120s", fetch_timeout="120s", compress_level="1")
    push = peak_memory(site, "push", path)
    fetch = peak_memory(site, "fetch", name, back, *system_args(site))
    print(f"{site.store.url}: peak memory of a 1 GB segment: push {push / wal.MIB:.1f} MiB, fetch {fetch / wal.MIB:.1f} MiB")
    assert subprocess.run(["cmp", path, back], check=False).returncode == 0
    shutil.rmtree(directory)
    assert push < 64 * wal.MIB and fetch < 64 * wal.MIB


def test_what_fetch_refuses_is_not_acknowledged(site):
    """An object without protection, under a configuration that wants all of them encrypted."""
    name, content, _ = site.kind("segment")
    path = site.file(name, content)
    site.run("push", path, "--cipher", "none").expect(0)
    site.run("push", path).expect(4, "not encrypted", "rename the object")
    site.run("fetch", name, site.directory / "out", *system_args(site)).expect(255, "not encrypted", "cipher = none")
    site.run("push", path, "--cipher", "none").expect(0)


def test_a_slow_reader_of_cat(dir_site):
    """Once all is verified, only the reader decides how long it takes."""
    name, content, _ = dir_site.kind("segment")
    dir_site.run("push", dir_site.file(name, content)).expect(0)
    child = dir_site.walship.popen("cat", name, *system_args(dir_site), "--fetch-timeout", "1s")
    time.sleep(8)  # longer than the timeout and the grace of the backstop
    out, err = child.communicate(timeout=30)
    assert (child.returncode, err, out == content) == (0, b"", True)


def test_a_file_size_limit_is_an_error(dir_site):
    """SIGXFSZ would end PostgreSQL's archiver."""
    name, content, _ = dir_site.kind("segment")
    path = dir_site.file(name, content)

    def limited(*args):
        child = dir_site.walship
        done = subprocess.run(child.argv(*args), env=host.clean_env(), cwd=dir_site.directory, capture_output=True,
                              stdin=subprocess.DEVNULL, check=False, **{**host.USER.popen_args(), "preexec_fn": limit})
        return done.returncode, done.stderr.decode()

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    code, err = limited("push", path)
    assert code == 5 and "File too large" in err, err
    dir_site.run("push", path).expect(0)
    code, err = limited("fetch", name, dir_site.directory / "out", *map(str, system_args(dir_site)))
    assert code == 255 and "File too large" in err and not (dir_site.directory / "out").exists(), err


@pytest.mark.heart
@pytest.mark.parametrize("words, code", [
    (("psuh", "pg_wal/" + wal.SEGMENT), 2),
    (("fetsh", wal.SEGMENT, "pg_wal/RECOVERYXLOG"), 255),
    (("cta", wal.SEGMENT), 255),
    (("psuh",), 255),
    ((), 255),
])
def test_misspelled_commands(dir_site, words, code):
    """As restore_command they must stop recovery; as archive_command they must not end the archiver."""
    dir_site.run(*words).expect(code, "command", "walship")


def calls_of(site, *args):
    """The system calls that make things durable, with their paths, in their order."""
    trace = site.directory / "trace"
    subprocess.run(["strace", "-y", "-o", trace, "-e", "trace=fsync,linkat", *site.walship.argv(*args)], check=True,
                   env=host.clean_env(), cwd=site.directory)
    calls = []
    for line in trace.read_text().splitlines():
        if found := re.match(r"(fsync)\(\d+<([^>]*)>.*= 0|(linkat)\(.*= 0", line):
            calls.append(found[3] or found[2].split(" ")[0])
    return calls


@pytest.mark.skipif(os.geteuid() != 0, reason="strace follows a process without cores as root only")
def test_durable_before_acknowledged(dir_site):
    """The content before its name, then every directory up to the root; and all of it again for a name that is there already."""
    name, content, object_name = dir_site.kind("segment")
    path = dir_site.file(name, content)
    root = dir_site.store.path
    directories = [str((root / object_name).parents[level]) for level in range(4)]
    assert directories[3] == str(root)
    calls = calls_of(dir_site, "push", path)
    link = calls.index("linkat")
    assert len(calls[:link]) == 1 and calls[0] not in directories
    assert set(directories) == set(calls[link + 1:])
    assert set(calls_of(dir_site, "push", path)) == {str(root / object_name), *directories}
