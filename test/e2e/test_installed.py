"""What meson installs: the program, and what it prints of itself, where man and the shells look for it."""

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
