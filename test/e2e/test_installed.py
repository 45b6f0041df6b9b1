"""What meson installs: the program, and what it prints of itself, where man and the shells look for it."""

import json
import re
import struct
import subprocess

import pytest

from harness import host, walship

PRINTED = {"share/man/man1/walship.1": "man", "share/man/man5/walship.conf.5": "man-conf",
           "share/bash-completion/completions/walship.bash": "completion-bash", "share/zsh/site-functions/_walship": "completion-zsh"}


def test_install(tmp_path):
    build = walship.binary().parent
    if not (build / "build.ninja").is_file():
        pytest.skip("the program under test is not in a build folder")
    subprocess.run(["meson", "install", "--no-rebuild", "--quiet", "-C", build, "--destdir", tmp_path], check=True, timeout=60,
                   stdin=subprocess.DEVNULL, env=host.clean_env())
    below = tmp_path / "usr/local"
    program = below / "bin/walship"
    installed = {str(path.relative_to(below)) for path in below.rglob("*") if path.is_file()}
    deployed = {name for name in installed if name.startswith(("share/doc/", "lib/systemd/", "lib/tmpfiles.d/"))}  # test_deployment.py looks at those
    assert deployed and installed - deployed == {*PRINTED, "bin/walship"}
    for path, topic in PRINTED.items():
        assert (below / path).read_bytes() == subprocess.run([program, "help", topic], capture_output=True, check=True).stdout, path


def test_man_finds_both_pages(tmp_path, program):
    for path, topic in list(PRINTED.items())[:2]:
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_bytes(subprocess.run([program, "help", topic], capture_output=True, check=True).stdout)
    for section, page in (("1", "walship"), ("5", "walship.conf")):
        done = subprocess.run(["man", "--warnings", "-M", tmp_path / "share/man", section, page], capture_output=True, check=True, text=True,
                              env=host.clean_env(MANPAGER="cat", MANWIDTH="100"))
        assert done.stderr == ""
        assert "SEE ALSO" in done.stdout and "walship" in done.stdout


def late_libraries(program):
    """{soname: priority} of the notes that systemd specifies (ELF dlopen metadata)."""
    data = subprocess.run(["objcopy", "--dump-section", ".note.dlopen=/dev/stdout", program, "/dev/null"], capture_output=True, check=True).stdout
    found, at = {}, 0
    while at < len(data):
        owner_bytes, text_bytes, kind = struct.unpack_from("<III", data, at)
        assert data[at + 12:at + 16] == b"FDO\0" and owner_bytes == 4 and kind == 0x407C0C0A
        (note,) = json.loads(data[at + 16:at + 16 + text_bytes].rstrip(b"\0"))
        assert note["feature"]
        (soname,) = note["soname"]
        found[soname] = note["priority"]
        at += 16 + (text_bytes + 3) // 4 * 4
    return found


def test_it_says_which_libraries_it_loads(program):
    found = late_libraries(program)
    sources = [path.read_text() for path in (host.ROOT / "src").rglob("*.c")]
    loaded = {name for text in sources for name in re.findall(r'\.soname = "(lib\w+)\.so', text)}
    assert {name.split(".so")[0] for name in found} == loaded and len(loaded) >= 4
    assert {name for name, priority in found.items() if priority == "required"} == {"libcrypto.so.3"}
    for soname in found:
        assert subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, check=True, text=True).stdout.count(f"\t{soname} ("), soname


def test_alpine_has_what_the_hints_name():
    """No image of Alpine can be built here: at least its packages are those that walship asks for when a library is missing."""
    hinted = {name for path in (host.ROOT / "src").rglob("*.c") for name in re.findall(r"; Alpine: ([\w-]+)\)", path.read_text())}
    image = (host.ROOT / "docker/Dockerfile.alpine").read_text().split(" AS walship\n")[1]
    lines = (host.ROOT / "docker/README.md").read_text()
    added = [set(re.search(r"apk add --no-cache ([^&]+?)\n*(?: && |RUN)", text.replace("\\\n", ""))[1].split()) for text in (image, lines)]
    assert "libcurl" in hinted and hinted <= added[0]
    assert hinted - {"libpq"} <= added[1], "the server's image brings libpq"
