"""Checks docker/Dockerfile.alpine as far as a machine without Alpine's packages can. test/musl runs its build."""

import json
import re
import shlex
import subprocess

import pytest

from harness import dockerfile, host

FILE = host.ROOT / "docker/Dockerfile.alpine"
README = (host.ROOT / "docker/README.md").read_text()
WALSHIP = "/usr/bin/walship"
# The packages of the dependencies in meson.build, by their pkg-config names. Two dependencies are parts of musl.
PACKAGES = {"libcurl": "curl-dev", "libcrypto": "openssl-dev", "expat": "expat-dev", "libpq": "libpq-dev", "libxxhash": "xxhash-dev",
            "zlib": "zlib-dev", "jansson": "jansson-dev", "libisal": "isa-l-dev", "libzstd": "zstd-dev", "liblz4": "lz4-dev"}
OF_MUSL = {"dl", "threads"}
NOT_BUILT = {"", "systemd"}  # libs3, and the places of units


@pytest.fixture(scope="module")
def parsed():
    return dockerfile.parse(FILE)


def run_steps(stages):
    return [(stage, step) for stage in stages.values() for step in stage.of("RUN")]


def packages(stage):
    return {word for step in stage.of("RUN") for each in re.findall(r"apk add --no-cache ([^&]+)", step) for word in each.split()}


def test_its_steps_parse(parsed, scratch):
    """An engine's parser accepts the file, if an engine is installed, and two shells accept each command."""
    arguments, stages = parsed
    assert list(stages) == ["build", "timescale", "walship"], "without --target the last one is built"
    for stage in stages.values():
        assert stage.base.removeprefix("${").removesuffix("}") in arguments, f"{stage.base} is no argument of the file"
        assert stage.of("RUN")
    for _, step in run_steps(stages):
        for shell in (["sh", "-n"], ["shellcheck", "--shell=busybox", "--exclude=SC2148", "-"], ["shellcheck", "--shell=sh", "--exclude=SC2148", "-"]):
            done = subprocess.run(shell, input=step.encode(), capture_output=True, check=False)
            known = b"Unknown shell" not in done.stderr and b"Unknown value" not in done.stderr
            assert done.returncode == 0 or not known, (step, done.stdout, done.stderr)
        assert "apt-get" not in step and "useradd" not in step, "commands of Debian"
    for stage in stages.values():
        for kind in ("ENTRYPOINT", "CMD"):
            assert all(isinstance(word, str) for value in stage.of(kind) for word in json.loads(value))
    assert json.loads(stages["walship"].of("ENTRYPOINT")[0]) == ["walship"] and stages["walship"].of("USER") == ["70:70"]


def test_every_source_of_a_copy_is_there(parsed):
    _, stages = parsed
    for stage in stages.values():
        for copied in stage.of("COPY"):
            *options, source, target = copied.split()
            if not options:
                assert (source, target) == (".", "/source") and stage.name == "build"
                continue
            [where] = options
            assert where.removeprefix("--from=") in list(stages)[:list(stages).index(stage.name)], "a stage before this one"
            assert source.startswith("/tmp/image/usr/bin/") and target == WALSHIP
    there = set(dockerfile.context())
    assert {"meson.build", "meson_options.txt", "src/main.c", "include/walship/error.h"} <= there
    assert not [name for name in there if name.startswith((".git/", "build", "docker/"))], "no secrets, no build folders"


def test_its_build_configures_and_would_install_the_program(parsed, scratch):
    """The options of meson are valid, and the other stages copy exactly the files that are installed by the tag."""
    _, stages = parsed
    [step] = dockerfile.commands(FILE, "build")
    setup, install = (shlex.split(part) for part in step.split(" && "))
    directory = scratch.directory("alpine")
    dockerfile.copy_context(directory / "source")
    places = {"/tmp/build": str(directory / "build"), "/source": str(directory / "source")}
    host.run([places.get(word, word) for word in setup], as_user=False, timeout=120)
    plan = json.loads(host.run(["meson", "introspect", "--install-plan", directory / "build"], as_user=False).stdout)
    [tag] = [install[at + 1] for at, word in enumerate(install) if word == "--tags"]
    [image] = [install[at + 1] for at, word in enumerate(install) if word == "--destdir"]
    [prefix] = [word.split("=")[1] for word in setup if word.startswith("--prefix=")]
    installed = {each["destination"].replace("{bindir}", f"{prefix}/bin") for kind in plan.values() for each in kind.values() if each["tag"] == tag}
    copied = {source for stage in stages.values() for line in stage.of("COPY") if "--from" in line for source in [line.split()[1]]}
    assert copied == {f"{image}{WALSHIP}"} and WALSHIP in installed
    assert install[:2] == ["meson", "install"] and install[install.index("-C") + 1] == setup[-2], "the folder that was set up"


def test_every_dependency_is_a_package(parsed):
    """The build stage has the packages that meson looks for, and the tools, and no other package."""
    _, stages = parsed
    wanted = set(re.findall(r"dependency\('([^']*)'", (host.ROOT / "meson.build").read_text())) - OF_MUSL - NOT_BUILT
    assert wanted <= set(PACKAGES), f"name the packages of {wanted - set(PACKAGES)} in docker/Dockerfile.alpine, and here"
    tools = {"gcc", "musl-dev", "meson", "ninja", "pkgconf"}
    assert packages(stages["build"]) == {PACKAGES[name] for name in wanted} | tools


def test_the_readme_names_its_stages(parsed):
    _, stages = parsed
    text = README + FILE.read_text()
    assert "docker build -f docker/Dockerfile.alpine -t walship-alpine ." in text
    for name in re.findall(r"Dockerfile\.alpine --target (\S+)", text):
        assert name in stages
    assert packages(stages["timescale"]) | {"libpq"} == packages(stages["walship"]), "the server's image brings libpq"
