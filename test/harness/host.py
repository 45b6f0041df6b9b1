"""The machine the tests run on: programs, the ordinary user, scratch directories, processes, bounded waits."""

import contextlib
import ctypes
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PG_BIN = Path(os.environ.get("PG_BIN", "/usr/lib/postgresql/15/bin"))
PG_MAJOR = PG_BIN.parent.name  # as Debian lays it out

# How many times slower than a quiet machine this machine is, as test/run measures. Waits for a success take so many times longer.
SLOWNESS = float(os.environ.get("WALSHIP_TEST_SLOWNESS") or 1)

# Instrumented builds of walship are steered by these; everything else of our environment stays out.
PASSED_ON = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "GCOV_PREFIX", "GCOV_PREFIX_STRIP", "LLVM_PROFILE_FILE")


libc = ctypes.CDLL(None, use_errno=True)
SETGROUPS, SETRESUID, SETRESGID = {"x86_64": (116, 117, 119), "aarch64": (159, 147, 149)}[os.uname().machine]


def system_call(number, *arguments):
    if libc.syscall(number, *arguments) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class User:
    """Who PostgreSQL and walship run as. PostgreSQL refuses root, so root becomes `postgres`."""

    def __init__(self):
        entry = pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self.name, self.uid, self.gid = entry.pw_name, entry.pw_uid, entry.pw_gid
        self.switch = os.geteuid() == 0

    def popen_args(self):
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}

    @contextlib.contextmanager
    def credentials(self):
        """This thread alone is the user for a while: the system calls, unlike libc's functions, are for one thread.

        What it starts then is the user's from the first moment. With subprocess's own arguments for users each call would
        be a fork of this whole process, which takes several times as long as the vfork that it does without them. The
        saved ids remain root's, and end with the program's exec.
        """
        if not self.switch:
            yield
            return
        groups = os.getgroups()
        system_call(SETGROUPS, 0, None)
        system_call(SETRESGID, self.gid, self.gid, 0)
        system_call(SETRESUID, self.uid, self.uid, 0)
        try:
            yield
        finally:
            system_call(SETRESUID, 0, 0, 0)
            system_call(SETRESGID, 0, 0, 0)
            system_call(SETGROUPS, len(groups), (ctypes.c_uint * len(groups))(*groups))

    def setpriv_args(self):
        return [f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"] if self.switch else []

    def own(self, path, mode=None):
        """Give path to the user."""
        if self.switch:
            os.chown(path, self.uid, self.gid)
        if mode is not None:
            os.chmod(path, mode)
        return path

    def mkdir(self, path, mode=0o755):
        path = Path(path)
        path.mkdir()
        return self.own(path, mode)

    def write(self, path, content, mode=0o644):
        path = Path(path)
        if isinstance(content, str):
            content = content.encode()
        path.write_bytes(content)
        return self.own(path, mode)


USER = User()


def clean_env(**more):
    """A small environment: no AWS_*, WALSHIP_*, PG* or proxy settings of whoever runs the tests."""
    env = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": "/nonexistent", "CCACHE_DISABLE": "1",
           "AWS_EC2_METADATA_DISABLED": "true"}
    env.update({name: os.environ[name] for name in PASSED_ON if name in os.environ})
    env.update(more)
    return env


def exists(pid):
    """Whether a process runs, and is not just waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def available_memory_kib():
    """By the kernel's estimate (proc(5), MemAvailable)."""
    return int(re.search(r"^MemAvailable: *(\d+) kB", Path("/proc/meminfo").read_text(), re.M)[1])


class Popen(subprocess.Popen):
    """A program of the ordinary user. Without preexec_fn a start is cheap."""

    def __init__(self, *args, **kwargs):
        with USER.credentials():
            super().__init__(*args, **kwargs)

    def __exit__(self, kind, value, traceback):
        """A test that has failed does not wait for a program that would run for ever."""
        if kind is not None:
            self.kill()
        super().__exit__(kind, value, traceback)


def call(argv, timeout, stdin=None, popen=Popen, **more):
    """subprocess.run with its output, as the ordinary user. stdin: bytes."""
    with popen(argv, stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
               **more) as process:
        try:
            out, err = process.communicate(stdin, timeout=timeout * SLOWNESS)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(argv, process.returncode, out, err)


def run(argv, *, check=True, timeout=120, env=None, cwd="/", as_user=True, stdin=None):
    """Run a program to its end, as the ordinary user; a failure shows what it said."""
    done = call([str(a) for a in argv], timeout, stdin, Popen if as_user else subprocess.Popen, cwd=cwd,
                env=clean_env() if env is None else env)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, argv))}: exit {done.returncode}\n"
                             f"{done.stdout.decode(errors='replace')}{done.stderr.decode(errors='replace')}")
    return done


def wait_for(condition, what, timeout=30, interval=0.03):
    """Poll condition until it is true and return its value; fail after timeout seconds, more on a slow machine."""
    timeout *= SLOWNESS
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout:g} s in vain: {what() if callable(what) else what}")
        time.sleep(interval)


def free_ports(count):
    """That many distinct TCP ports on loopback, free a moment ago."""
    held = [socket.socket() for _ in range(count)]
    try:
        for sock in held:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in held]
    finally:
        for sock in held:
            sock.close()


class Server:
    """A child process that is meant to stay. It gets `at_parent_death` if we are killed, so nothing outlives us."""

    def __init__(self, argv, log, *, as_user=False, env=None, cwd="/", at_parent_death="KILL"):
        privileges = USER.setpriv_args() if as_user else []
        with open(log, "ab") as out:
            self.process = subprocess.Popen(
                ["setpriv", f"--pdeathsig={at_parent_death}", *privileges, *[str(a) for a in argv]],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=cwd, start_new_session=True,
                env=clean_env() if env is None else env)

    @property
    def alive(self):
        return self.process.poll() is None

    def stop(self, *steps):
        """steps: (signal, seconds to wait) pairs; SIGKILL ends the list. Returns the exit code."""
        for sig, seconds in [*steps, (signal.SIGKILL, 30)]:
            if not self.alive:
                break
            self.process.send_signal(sig)
            try:
                self.process.wait(seconds * SLOWNESS)
            except subprocess.TimeoutExpired:
                pass
        return self.process.returncode


class Scratch:
    """One temporary directory that any user can pass through, with a short path: sockets live below it."""

    def __init__(self, prefix="walship-"):
        self.path = Path(tempfile.mkdtemp(prefix=prefix, dir=os.environ.get("TMPDIR", "/tmp")))
        os.chmod(self.path, 0o755)
        self.count = 0

    def directory(self, name="t"):
        self.count += 1
        made = USER.mkdir(self.path / f"{name}{self.count}")
        Scratch.owners[-1].append(made)
        return made

    def remove(self):
        remove_tree(self.path, strict=True)

    # One list of directories for each test or fixture under way; the last list belongs to the one that runs now.
    owners = [[]]

    @classmethod
    @contextlib.contextmanager
    def owner(cls):
        """Yields the list of the directories that are made inside the block."""
        made = []
        cls.owners.append(made)
        try:
            yield made
        finally:
            cls.owners.pop()


def remove_tree(top, strict=False):
    """Removes a directory, also one that a test made read-only. strict: a file that cannot be removed is an error."""
    for above, directories, _ in os.walk(top):
        for name in directories:
            path = os.path.join(above, name)
            if not os.path.islink(path):
                os.chmod(path, 0o755)
    shutil.rmtree(top, ignore_errors=not strict)
