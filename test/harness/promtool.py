"""Prometheus' own checker: where it is installed, or out of Debian's package, unpacked below a directory and gone with it.

The package is not installed for the tests: it brings a server, which it starts and leaves to start with the machine.
"""

import json
import shutil
import subprocess
from pathlib import Path


class Unavailable(Exception):
    """Why there is no promtool."""


class Promtool:
    def __init__(self, directory: Path):
        self.directory = Path(directory)
        self.program = shutil.which("promtool") or self._unpack()

    def _unpack(self):
        done = subprocess.run(["apt-get", "download", "prometheus"], cwd=self.directory, capture_output=True, text=True, timeout=180, check=False)
        found = list(self.directory.glob("prometheus_*.deb"))
        if not found:
            raise Unavailable(f"no promtool, and the package prometheus cannot be had: {done.stderr.strip()[-300:]}")
        files = subprocess.run(["dpkg-deb", "--fsys-tarfile", found[0]], capture_output=True, timeout=120, check=True).stdout
        subprocess.run(["tar", "-xf", "-", "./usr/bin/promtool"], cwd=self.directory, input=files, timeout=120, check=True)
        return self.directory / "usr/bin/promtool"

    def run(self, *args, stdin=None):
        """(exit code, what it said)"""
        done = subprocess.run([self.program, *map(str, args)], input=stdin, capture_output=True, text=True, timeout=120, check=False, cwd=self.directory)
        return done.returncode, done.stdout + done.stderr

    def test_rules(self, rules, tests):
        """tests: what `promtool test rules` takes, but for the file of the rules."""
        path = self.directory / "tests.json"  # YAML is a superset
        path.write_text(json.dumps({"rule_files": [str(rules)], **tests}))
        return self.run("test", "rules", path)
