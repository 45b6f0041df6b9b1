"""A restore_command that stops at a file until the test lets it go on."""

from . import host


class Gate:
    """A restore_command that waits before one file, so that the outage begins in the middle of recovery."""

    def __init__(self, site, name):
        self.reached, self.go = site.directory / "reached", site.directory / "go"
        script = f"""#!/bin/sh
if [ "$1" = {name} ] && [ ! -e {self.go} ]; then
    : >{self.reached}
    n=0
    while [ ! -e {self.go} ] && [ $n -lt 600 ]; do sleep 0.05; n=$((n + 1)); done
fi
exec {site.walship.command("fetch")} "$1" "$2"
"""
        self.command = f"{host.USER.write(site.directory / 'gate', script, 0o755)} %f %p"

    def wait_reached(self):
        host.wait_for(self.reached.exists, "recovery reaches the gate")

    def open(self):
        self.go.touch()
