"""Makes the Nth call of a system call, or of malloc, fail (strace; preloaded libraries)."""

import os
import re
import subprocess
from pathlib import Path

from . import host

# What each call can really fail with; the network's by what the peer and the kernel do.
ERRORS = {
    "openat": ("EIO", "ENOSPC", "ENOMEM", "EMFILE", "EINTR"), "open": ("EIO", "EINTR"),
    "read": ("EIO", "EINTR"), "pread64": ("EIO", "EINTR"), "write": ("EIO", "ENOSPC", "EINTR"),
    "fsync": ("EIO", "ENOSPC", "EINTR"), "linkat": ("EIO", "ENOSPC", "EINTR"), "rename": ("EIO", "ENOSPC"),
    "renameat": ("EIO", "ENOSPC"), "renameat2": ("EIO", "ENOSPC"), "unlink": ("EIO",), "unlinkat": ("EIO",),
    "mkdir": ("EIO", "ENOSPC"), "mkdirat": ("EIO", "ENOSPC"), "close": ("EIO", "ENOSPC", "EINTR"), "mmap": ("ENOMEM",),
    "mprotect": ("ENOMEM",), "fstat": ("EIO",), "newfstatat": ("EIO", "ENOMEM"), "lseek": ("EIO",), "access": ("EIO",),
    "ftruncate": ("EIO", "ENOSPC"), "fcntl": ("EIO", "EMFILE"), "getrandom": ("EINTR", "ENOSYS"), "fadvise64": ("EIO",),
    "socket": ("ENOMEM", "EMFILE"), "connect": ("ECONNREFUSED", "ECONNRESET", "ENOMEM", "EINTR"),
    "sendto": ("ECONNRESET", "ENOBUFS", "EINTR"), "sendmsg": ("ECONNRESET", "ENOBUFS", "EINTR"),
    "sendmmsg": ("ENOBUFS", "EINTR"), "recvfrom": ("ECONNRESET", "ENOMEM", "EINTR"),
    "recvmsg": ("ECONNRESET", "ENOMEM", "EINTR"), "poll": ("EINTR", "ENOMEM"), "setsockopt": ("ENOBUFS",),
    "getsockopt": ("ENOBUFS",), "getsockname": ("ENOBUFS",), "getpeername": ("ENOBUFS",), "bind": ("ENOMEM",),
    "ioctl": ("EIO",), "pipe2": ("EMFILE",), "socketpair": ("EMFILE",), "clone3": ("ENOMEM",), "readlink": ("EIO",),
}
MARK = '"/dev/null"'  # main opens it first of all: what comes before is the loader's
CALL = re.compile(r"^(\d+) +(\w+)\(")
INJECTED = "(INJECTED)"


def strace(log, *expressions, env=None):
    """env is the program's alone, not strace's."""
    return ["strace", "-f", "-qq", "-o", str(log), *(word for expression in expressions for word in ("-e", expression)),
            *(word for name, value in (env or {}).items() for word in ("-E", f"{name}={value}"))]


def run(argv, env=None, cwd=None, timeout=60):
    return subprocess.run([str(a) for a in argv], env=host.clean_env(**(env or {})), cwd=cwd, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=timeout, check=False)


def points(argv, log, env=None, errors=None):
    """Every (call, error, N) of a run without faults, from main on. strace counts each thread's calls apart."""
    done = run([*strace(log, "trace=all", "signal=none", env=env), *argv])
    before, total, begun = {}, {}, False
    for line in Path(log).read_text(errors="replace").splitlines():
        match = CALL.match(line)
        if not match:
            continue
        begun = begun or MARK in line
        thread, call = match[1], match[2]
        total[call, thread] = total.get((call, thread), 0) + 1
        if not begun:
            before[call] = before.get(call, 0) + 1
    assert begun, "walship's main was not seen"
    most = {}
    for (call, _), count in total.items():
        most[call] = max(most.get(call, 0), count)
    found = [(call, error, n) for call, names in (errors or ERRORS).items() if call in most for error in names
             for n in range(before.get(call, 0) + 1, most[call] + 1)]
    return done, found


def of_each_kind(found, source, calls):
    """Some points of all, or with SYSCALLS=all each. The calls that write files are so many that the others would hardly be
    among them; and the last one of a kind is likelier than the others: it completes what the run makes."""
    if os.environ.get("SYSCALLS") == "all":
        return found
    kinds = {}
    for point in found:
        kinds.setdefault(point[:2], []).append(point)
    for points in kinds.values():
        points[:-1] = source.sample(points[:-1], len(points) - 1)
    taken = [points.pop() for _ in range(calls) for points in kinds.values() if points][:max(2 * len(kinds), calls)]
    return source.sample(taken, min(calls, len(taken)))


def fail_call(argv, log, call, error, n, on=False, env=None):
    """The Nth call fails, and every one after it if on. Returns what came of it, and how many calls did fail."""
    when = f"{n}+" if on else n
    done = run([*strace(log, f"trace={call}", "signal=none", f"inject={call}:error={error}:when={when}", env=env), *argv])
    return done, Path(log).read_text(errors="replace").count(INJECTED)


def allocations(argv, library, count_file, **kwargs):
    """How many allocations a run makes."""
    done = run(argv, env={"LD_PRELOAD": str(library), "FAIL_ALLOCATION": "0", "FAIL_ALLOCATION_COUNT": str(count_file)}, **kwargs)
    return done, int(Path(count_file).read_text())


def fail_allocation(argv, library, n, **kwargs):
    return run(argv, env={"LD_PRELOAD": str(library), "FAIL_ALLOCATION": str(n)}, **kwargs)
