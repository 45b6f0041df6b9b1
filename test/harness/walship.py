"""walship as a test calls it: a configuration file, a key, an ordinary user, nothing of our environment."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import host


def binary():
    """The program under test: $WALSHIP, else the build folder's."""
    return Path(os.environ.get("WALSHIP") or host.ROOT / "build" / "walship").resolve()


def install(directory):
    """A copy where the ordinary user can reach it: the checkout may lie in a closed folder."""
    source = binary()
    if not source.is_file():
        raise RuntimeError(f"no {source}: build it first, or set WALSHIP")
    copy = Path(directory) / "walship"
    shutil.copy(source, copy)
    if (source.parent / "libraries").is_dir():  # of test/musl: the program looks for them beside itself
        shutil.copytree(source.parent / "libraries", copy.parent / "libraries", symlinks=True)
        host.USER.own(copy.parent / "libraries", 0o755)
    return host.USER.own(copy, 0o755)


@dataclass
class Result:
    """What one call did."""
    code: int
    out: bytes
    err: str

    @property
    def error(self):
        """The message, without its hint."""
        return "".join(line for line in self.err.splitlines(True) if not line.startswith("walship: hint: ")).strip()

    @property
    def hint(self):
        return "".join(re.findall(r"^walship: hint: (.*)$", self.err, re.M))

    def expect(self, code, error=None, hint=None):
        """Exit code, and a regex for message and hint each. Without a regex: nothing may be said."""
        shown = f"exit {self.code}, {self.err!r}"
        assert self.code == code, f"expected exit {code}: {shown}"
        for what, pattern, text in (("message", error, self.error), ("hint", hint, self.hint)):
            if pattern is None:
                assert not text or (what == "hint" and error), f"expected no {what}: {shown}"
            else:
                assert re.search(pattern, text), f"expected a {what} that matches {pattern!r}: {shown}"
        if error:
            assert all(line.startswith("walship: ") for line in self.err.splitlines()), shown
        return self


class Walship:
    """One configured walship."""

    def __init__(self, program, directory, options, *, key=None, secrets=()):
        self.program, self.directory = Path(program), Path(directory)
        self.key = key or os.urandom(32)
        self.key_file = host.USER.write(self.directory / "key", self.key.hex() + "\n", 0o600)
        # Of its own, and gone with the directory: whoever fetches ahead ends then.
        (self.directory / "spool").mkdir(exist_ok=True)
        self.options = {"cipher-key-file": self.key_file, "spool": host.USER.own(self.directory / "spool", 0o700), **options}
        self.secrets = [self.key, self.key.hex().encode(), self.key.hex().upper().encode(), *secrets]
        self.conf = self.directory / "walship.conf"
        self.configure()

    def configure(self, **changes):
        """Change options (None removes one) and write the file. Underscores stand for dashes."""
        for name, value in changes.items():
            name = name.replace("_", "-")
            self.options.pop(name, None)
            if value is not None:
                self.options[name] = value
        # At once: a server that runs may be archiving by it.
        host.USER.write(f"{self.conf}.new", "".join(f"{k} = {v}\n" for k, v in self.options.items()), 0o600).rename(self.conf)

    def command(self, *args):
        """For archive_command and restore_command."""
        return " ".join(map(str, (self.program, "--config", self.conf, *args)))

    def argv(self, *args):
        return [str(a) for a in (self.program, "--config", self.conf, *args)]

    def run(self, *args, env=None, cwd=None, timeout=60, argv=None, umask=0o077):
        """Call it and wait. No output may hold a secret."""
        done = host.call(argv or self.argv(*args), timeout, env=host.clean_env(**(env or {})), cwd=cwd or self.directory, umask=umask)
        self.check_secrets(done.stdout, done.stderr)
        return Result(done.returncode, done.stdout, done.stderr.decode())

    def popen(self, *args, cwd=None, env=None, **more):
        """Start it."""
        return host.Popen(self.argv(*args), env=host.clean_env(**(env or {})), cwd=cwd or self.directory,
                          stdin=subprocess.DEVNULL, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more})

    def check_secrets(self, *texts):
        for text in texts:
            for secret in self.secrets:
                assert secret not in text, "a secret in the output"
