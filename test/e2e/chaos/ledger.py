"""What the archiver was told, written down without walship: an archive_command around it keeps a copy of each acknowledged file."""

from collections import Counter
from pathlib import Path

from harness import host

# The copy is taken before the push: what is acknowledged is the file as it was then. A push that was killed is tried
# again here, for the archiver would end with it and is started again only every 10 s; after a few it is told so.
# The sleep makes the moment longer in which PostgreSQL does not know yet: after a crash in it, it archives the file again.
# Killed between the push's success and the move, this script leaves no acknowledgement, and the archiver has none either.
SCRIPT = """#!/bin/sh
path=$1 name=$2 copy={directory}/taken/$2.$$
cp "$path" "$copy" || exit 5
for again in 1 2 3 4 5; do
    {push} "$path"
    code=$?
    echo "$name $code" >>{directory}/tries
    [ $code = 137 ] || break
done
if [ $code != 0 ]; then
    rm "$copy"
    [ $code != 137 ] || code=1
    exit $code
fi
if [ -e {directory}/acked/$name ] && ! cmp -s {directory}/acked/$name "$copy"; then
    echo "$name" >>{directory}/differs
    exit 0
fi
[ ! -e {directory}/acked/$name ] || echo "$name" >>{directory}/again
mv "$copy" {directory}/acked/$name || exit 5
sleep 0.05
"""


class Ledger:
    """One directory: `acked` holds a copy of each file that was acknowledged, `tries` a line for each push."""

    def __init__(self, directory: Path, walship):
        self.directory = directory
        self.acked = host.USER.mkdir(directory / "acked")
        host.USER.mkdir(directory / "taken")
        script = SCRIPT.format(directory=directory, push=walship.command("-v", "push"))
        self.command = f"{host.USER.write(directory / 'archive', script, 0o755)} %p %f"

    def names(self):
        return sorted(path.name for path in self.acked.iterdir())

    def segments(self):
        return [name for name in self.names() if len(name) == 24]

    def codes(self):
        """How often push ended with each exit code."""
        return Counter(int(line.split()[1]) for line in self._lines("tries"))

    def acknowledged_again(self):
        """Files that PostgreSQL archived once more, as it does after a crash, and was told 0 for again."""
        return self._lines("again")

    def acknowledged_twice(self):
        """Names that stood for two different contents: none may ever."""
        return self._lines("differs")

    def _lines(self, name):
        path = self.directory / name
        return path.read_text().splitlines() if path.exists() else []
