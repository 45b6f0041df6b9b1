"""Makes the Nth call of a system call, or of malloc, fail (strace; a preloaded library)."""

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
    "mkdir": ("EIO", "ENOSPC"), "mkdirat": ("EIO", "ENOSPC"), "close": ("EIO", "EINTR"), "mmap": ("ENOMEM",),
    "mprotect": ("ENOMEM",), "fstat": ("EIO",), "newfstatat": ("EIO", "ENOMEM"), "lseek": ("EIO",), "access": ("EIO",),
    "ftruncate": ("EIO", "ENOSPC"), "fcntl": ("EIO",), "getrandom": ("EINTR",), "socket": ("ENOMEM", "EMFILE"),
    "connect": ("ECONNREFUSED", "ENOMEM", "EINTR"), "sendto": ("ECONNRESET", "ENOBUFS", "EINTR"),
    "recvfrom": ("ECONNRESET", "ENOMEM", "EINTR"), "poll": ("EINTR", "ENOMEM"), "setsockopt": ("ENOBUFS",),
    "getsockopt": ("ENOBUFS",), "getsockname": ("ENOBUFS",), "getpeername": ("ENOBUFS",), "pipe2": ("EMFILE",),
    "socketpair": ("EMFILE",), "clone3": ("ENOMEM",),
}
MARK = "prctl(PR_SET_DUMPABLE"  # of main: what comes before is the loader's
OURS = re.compile(r"^(?:\d+ +)?(\w+)\(")


def strace(log, *expressions):
    return ["strace", "-f", "-qq", "-o", str(log), *(word for expression in expressions for word in ("-e", expression))]


def run(argv, env=None, cwd=None, timeout=60):
    return subprocess.run([str(a) for a in argv], env=host.clean_env(**(env or {})), cwd=cwd, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=timeout, check=False)


def points(argv, log, **kwargs):
    """Every (call, error, N) of a run that succeeds, behind the loader's work."""
    done = run([*strace(log, "trace=all", "signal=none"), *argv], **kwargs)
    before, total, begun = {}, {}, False
    for line in Path(log).read_text(errors="replace").splitlines():
        begun = begun or MARK in line
        call = OURS.match(line)
        if call:
            total[call[1]] = total.get(call[1], 0) + 1
            if not begun:
                before[call[1]] = before.get(call[1], 0) + 1
    assert begun, "walship's main was not seen"
    found = [(call, error, n) for call, errors in ERRORS.items() if call in total for error in errors
             for n in range(before.get(call, 0) + 1, total[call] + 1)]
    return done, found


def fail_call(argv, call, error, n, **kwargs):
    return run([*strace("/dev/null", f"trace={call}", "signal=none", f"inject={call}:error={error}:when={n}"), *argv], **kwargs)


def allocations(argv, library, count_file, **kwargs):
    """How many allocations a run makes."""
    done = run(argv, env={"LD_PRELOAD": str(library), "FAIL_ALLOCATION": "0", "FAIL_ALLOCATION_COUNT": str(count_file)}, **kwargs)
    return done, int(Path(count_file).read_text())


def fail_allocation(argv, library, n, **kwargs):
    return run(argv, env={"LD_PRELOAD": str(library), "FAIL_ALLOCATION": str(n)}, **kwargs)
