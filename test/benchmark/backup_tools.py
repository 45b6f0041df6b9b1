"""Base backups by walship and by pgBackRest 2.55, which comes from Debian 13 and runs with that release's libraries."""

import json
import re
import secrets
import shutil
import subprocess

from harness import host, walship

STANZA = "main"
MIRROR = "apt-get indextargets --format '$(COMPONENT) $(REPO_URI)' 'Created-By: Packages'"


def newer_pgbackrest(directory):
    """A script that runs it: the program of Debian 13 with its loader and libraries, in this system."""
    root = directory / "trixie"
    found = subprocess.run(MIRROR, shell=True, capture_output=True, text=True, check=True).stdout
    mirror = re.search(r"^main (\S*/debian)/*$", found, re.M)[1]
    done = subprocess.run(["debootstrap", "--variant=minbase", "trixie", root, mirror], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"debootstrap failed: {done.stdout[-2000:]}")
    (root / "etc/apt/apt.conf.d/snapshot").write_text('Acquire::Check-Valid-Until "false";\n')
    environment = {"DEBIAN_FRONTEND": "noninteractive", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
    subprocess.run(["chroot", root, "apt-get", "install", "-y", "--no-install-recommends", "pgbackrest"],
                   capture_output=True, check=True, env=environment)
    loader = root / "lib64/ld-linux-x86-64.so.2"
    script = directory / "pgbackrest"
    script.write_text(f'#!/bin/sh\nexec {loader} --library-path {root}/usr/lib/x86_64-linux-gnu {root}/usr/bin/pgbackrest "$@"\n')
    script.chmod(0o755)
    return script, loader.resolve()


class WalshipBackup:
    """walship at its default: gzip, AES-256, HMAC."""

    name = title = "walship"

    def __init__(self, program, directory):
        self.program, self.directory, self.exe = program, directory, str(program)

    def begin(self, place, cluster):
        self.spool = host.USER.mkdir(self.directory / "walship-spool", 0o700)
        self.tool = walship.Walship(self.program, self.directory, {**place.walship(), "spool": self.spool, "pg-data": cluster.data,
                                                                   "pg-conninfo": cluster.connection_string()})
        self.archive_command = self.tool.command("push", "%p")

    def backup(self, kind):
        return self.tool.argv("backup", kind)

    def _list(self):
        done = host.run(self.tool.argv("backup", "list", "--json"))
        return {one["label"]: one for one in map(json.loads, done.stdout.decode().splitlines())}

    def labels(self, _place):
        return sorted(self._list())

    def stored(self, labels):
        return [self._list()[label]["stored_bytes"] for label in labels]

    def restore(self, label, into):
        return self.tool.argv("restore", f"--pg-data={into}", f"--restore-backup={label}", "--target-immediate")

    def end(self):
        shutil.rmtree(self.spool)


class PgBackRestBackup:
    """Two processes, bundles and block incremental; AES-256 like walship."""

    def __init__(self, script, exe, directory, compress):
        self.script, self.exe, self.compress = script, str(exe), compress
        self.name, self.title = compress, f"pgBackRest {compress}"
        self.directory = directory / f"pgbackrest-{compress}"
        self.conf = self.directory / "pgbackrest.conf"

    def begin(self, place, cluster):
        host.USER.mkdir(self.directory)
        for name in ("spool", "lock", "log"):
            host.USER.mkdir(self.directory / name, 0o750)
        level = {"compress-level": 3} if self.compress == "zst" else {}
        options = {**place.pgbackrest(), "repo1-cipher-type": "aes-256-cbc", "repo1-cipher-pass": secrets.token_urlsafe(32),
                   "repo1-bundle": "y", "repo1-block": "y", "repo1-retention-full": 9, "compress-type": self.compress, **level,
                   "process-max": 2, "start-fast": "y", "cmd": self.script, "spool-path": self.directory / "spool",
                   "lock-path": self.directory / "lock", "log-path": self.directory / "log", "log-level-file": "off",
                   "log-level-console": "warn"}
        lines = "".join(f"{k}={v}\n" for k, v in options.items())
        port, socket = (re.search(rf"{word}=(\S+)", cluster.connection_string())[1] for word in ("port", "host"))
        host.USER.write(self.conf, f"[global]\n{lines}\n[{STANZA}]\npg1-path={cluster.data}\npg1-port={port}\npg1-socket-path={socket}\n", 0o600)
        host.run([*self._argv(), "stanza-create"])
        self.archive_command = " ".join(map(str, [*self._argv(), "archive-push", "%p"]))

    def _argv(self):
        return [self.script, f"--config={self.conf}", f"--stanza={STANZA}"]

    def backup(self, kind):
        return [*self._argv(), f"--type={kind}", "backup"]

    def _list(self):
        done = host.run([*self._argv(), "--output=json", "info"])
        return {one["label"]: one for one in json.loads(done.stdout)[0]["backup"]}

    def labels(self, _place):
        return sorted(self._list())

    def stored(self, labels):
        return [self._list()[label]["info"]["repository"]["delta"] for label in labels]

    def restore(self, label, into):
        return [*self._argv(), f"--pg1-path={into}", f"--set={label}", "restore"]

    def end(self):
        shutil.rmtree(self.directory)
