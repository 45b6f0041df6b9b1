"""Runs walship with standard error on a terminal: the progress line, which nobody else sees."""

import os
import subprocess
import threading

from . import host


def start(argv, **more):
    """(process, shown): shown() waits for the end, and gives all that the terminal received."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(argv, env=host.clean_env(), stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, cwd="/",
                               **{**host.USER.popen_args(), **more})
    os.close(theirs)
    pieces = []

    def read():
        try:
            while piece := os.read(ours, 65536):
                pieces.append(piece)
        except OSError:  # EIO: nobody has the other end any more
            pass
        os.close(ours)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()

    def shown():
        reader.join(60)
        return b"".join(pieces).decode(errors="replace")
    return process, shown


def run(argv, timeout=120):
    """(exit code, all that the terminal received)"""
    process, shown = start(argv)
    try:
        code = process.wait(timeout * host.SLOWNESS)
    finally:
        process.kill()
    return code, shown()
