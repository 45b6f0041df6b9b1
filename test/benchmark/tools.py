"""The two programs: how each is configured and called. Everything that is not named here is at its default."""

import os
import secrets
import shutil
import subprocess

from harness import host, walship

STANZA = "main"


class Walship:
    """gzip at its default level, AES-256, HMAC. `ahead` says whether one call may work for the next ones too."""

    name = title = "walship"

    def __init__(self, program, directory, extra=None):
        self.program, self.directory, self.extra = program, directory, extra or {}
        self.exe = str(program)
        self.tool = None
        known = host.run([program, "config"]).stdout.decode()
        # Options of a walship that can do more than one call's own work; an older one has none of them.
        self.can_ahead = {way: f"{way}-ahead" in known for way in ("push", "fetch")}
        self.can_schedule = "schedule-on" in known
        self.off = {way: self._off(f"{way}-ahead") for way in ("push", "fetch") if self.can_ahead[way]}

    def _off(self, option):
        """How this walship spells that nothing is done ahead."""
        for value in ("0", "0B", "no", "none"):
            done = host.run([self.program, f"--{option}={value}", "config"], check=False)
            if done.returncode == 0:
                return value
        raise RuntimeError(f"{self.program}: no value of {option} turns it off")

    def begin(self, place):
        self.spool = host.USER.mkdir(self.directory / "walship-spool", 0o700)
        self.tool = walship.Walship(self.program, self.directory, {**place.walship(), "spool": self.spool, **self.extra})

    def set_mode(self, mode):
        """sync, or ahead: as it is by default, or as the command line of the bench says."""
        for way, off in self.off.items():
            option = f"{way}-ahead"
            self.tool.configure(**{option: off if mode == "sync" else self.extra.get(option)})

    def modes(self, way):
        return ["ahead"] if self.can_ahead[way] else ["sync"]

    def push(self, data):
        return self.tool.argv("push", f"{data}/pg_wal/%f")

    def fetch(self, data):
        return self.tool.argv("fetch", "%f", f"{data}/pg_wal/RECOVERYXLOG", f"--pg-data={data}")

    def archive_command(self, _data):
        return self.tool.command("push", "%p")

    def restore_command(self, _data):
        return self.tool.command("fetch", "%f", "%p")

    def clear_spool(self):
        for path in self.spool.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def end_waiting(self):
        """What fetches ahead ends with its spool."""
        self.clear_spool()

    def end(self):
        shutil.rmtree(self.spool)

    def configuration(self):
        return "".join(f"{k} = {v}\n" for k, v in self.tool.options.items())


class PgBackRest:
    """AES-256 like walship. A mode is "sync" or "async xN", N its process-max."""

    exe = "/usr/bin/pgbackrest"
    can_ahead = {"push": True, "fetch": True}

    def __init__(self, directory, compress):
        self.compress = compress
        self.name, self.title = compress, f"pgBackRest {compress}"
        self.directory = directory / f"pgbackrest-{compress}"
        self.conf = self.directory / "pgbackrest.conf"
        self.passphrase = secrets.token_urlsafe(32)
        self.place, self.mode = None, "sync"

    def begin(self, place):
        self.place = place
        host.USER.mkdir(self.directory)
        for name in ("spool", "lock", "log"):
            host.USER.mkdir(self.directory / name, 0o750)
        self.made = False

    def modes(self, way):
        return [*(["sync"] if way == "fetch" else []), *(f"async x{number}" for number in (1, 2, 4, 8))]

    def set_mode(self, mode):
        self.mode = mode

    def _configure(self, data):
        """The file, for this data directory; the first time the repository too, which it wants before anything else."""
        host.USER.write(self.conf, self._text(data), 0o600)
        if not self.made:
            host.run([*self._argv(), "--no-online", "stanza-create"])
            self.made = True

    def _text(self, data):
        options = {**self.place.pgbackrest(), "repo1-cipher-type": "aes-256-cbc", "repo1-cipher-pass": self.passphrase,
                   "compress-type": self.compress, "spool-path": self.directory / "spool", "lock-path": self.directory / "lock",
                   "log-path": self.directory / "log", "log-level-file": "off", "log-level-console": "warn"}
        if self.mode.startswith("async"):
            options.update({"archive-async": "y", "process-max": self.mode.split("x")[-1]})
        lines = "".join(f"{k}={v}\n" for k, v in options.items())
        return f"[global]\n{lines}\n[{STANZA}]\npg1-path={data}\n"

    def _argv(self):
        return [self.exe, f"--config={self.conf}", f"--stanza={STANZA}"]

    def push(self, data):
        self._configure(data)
        return [*self._argv(), "archive-push", f"{data}/pg_wal/%f"]

    def fetch(self, data):
        self._configure(data)
        return [*self._argv(), "archive-get", "%f", f"{data}/pg_wal/RECOVERYXLOG"]

    def archive_command(self, data):
        self._configure(data)
        return " ".join([*self._argv(), "archive-push", "%p"])

    def restore_command(self, data):
        self._configure(data)
        return " ".join([*self._argv(), "archive-get", "%f", "%p"])

    def clear_spool(self):
        shutil.rmtree(self.directory / "spool")
        host.USER.mkdir(self.directory / "spool", 0o750)

    def end_waiting(self):
        """Its processes end by themselves when their queue is empty."""

    def end(self):
        shutil.rmtree(self.directory)

    def configuration(self):
        secret = ("repo1-cipher-pass", "repo1-s3-key-secret")
        lines = self.conf.read_text().splitlines(True)
        return "".join(line.split("=")[0] + "=...\n" if line.startswith(secret) else line for line in lines)


def version(argv):
    return subprocess.run(argv, capture_output=True, text=True, check=True, env=host.clean_env()).stdout.strip()


def processes(exe, below):
    """Ids of the running processes of a program that was called with something below our directory."""
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.readlink(f"/proc/{name}/exe") == exe:
                with open(f"/proc/{name}/cmdline", encoding="utf-8") as file:
                    if below in file.read():
                        found.append(int(name))
        except OSError:
            pass
    return found
