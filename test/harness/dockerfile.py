"""Dockerfiles as far as walship's own go: stages, steps, and the files that .dockerignore leaves to COPY.

    python3 test/harness/dockerfile.py commands FILE STAGE     prints the RUN commands of the stage, one a line, without those of apk
    python3 test/harness/dockerfile.py context DIRECTORY       copies the same files as `COPY . DIRECTORY`
"""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
INSTRUCTIONS = {"ARG", "FROM", "RUN", "COPY", "USER", "ENTRYPOINT", "CMD"}


@dataclass
class Stage:
    base: str
    name: str
    steps: list = field(default_factory=list)  # (instruction, arguments)

    def of(self, wanted):
        return [arguments for instruction, arguments in self.steps if instruction == wanted]


def parse(path):
    """(arguments before the first stage, {name: stage}). Fails if a builder would refuse the file."""
    arguments, stages, stage = {}, {}, None
    lines = [line for line in Path(path).read_text().splitlines() if not re.match(r"\s*#", line)]
    text = re.sub(r"\\\n\s*", "", "\n".join(lines))  # a comment between two continued lines is not part of the step
    for line in filter(str.strip, text.splitlines()):
        instruction, _, rest = line.partition(" ")
        assert instruction in INSTRUCTIONS and rest.strip(), f"{path}: {line}"
        if instruction == "FROM":
            match = re.fullmatch(r"(\S+) AS ([a-z][a-z0-9-]*)", rest)
            assert match and match[2] not in stages, f"{path}: {line}"
            stage = stages.setdefault(match[2], Stage(*match.groups()))
        elif stage is not None:
            stage.steps.append((instruction, rest.strip()))
        else:
            assert instruction == "ARG" and "=" in rest, f"{path}: {line}"
            arguments.update([rest.split("=", 1)])
    return arguments, stages


def ignored(name, patterns):
    """The last pattern that matches decides; a pattern of a directory applies to all files in it."""
    found = False
    for pattern in patterns:
        wanted = pattern.lstrip("!").strip("/")
        if any(fnmatch(str(each), wanted) for each in (Path(name), *Path(name).parents)):
            found = not pattern.startswith("!")
    return found


def context():
    """The files of the checkout that a builder sees."""
    lines = (ROOT / ".dockerignore").read_text().split("\n")
    patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    listed = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True).stdout.decode().split("\0")
    return [name for name in listed if name and (ROOT / name).is_file() and not ignored(name, patterns)]


def copy_context(directory):
    for name in context():
        target = Path(directory) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)


def commands(path, stage):
    return [each for each in parse(path)[1][stage].of("RUN") if not each.startswith("apk ")]


if __name__ == "__main__":
    if sys.argv[1] == "context":
        copy_context(sys.argv[2])
    else:
        print("\n".join(commands(*sys.argv[2:4])))
