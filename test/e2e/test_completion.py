"""Completion, in a real bash and a real zsh on a terminal: what TAB makes of a line."""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time

import pytest

from harness import host

PROMPT = "ready> "
DONE = re.compile(r"LINE=\[(.*?)\]")
# What a shell on a terminal needs before it may be asked, with its completion loaded and a key that shows the line.
BEGIN = {
    "bash": ["bind 'set enable-bracketed-paste off'", "bind 'set bell-style none'", "bind 'set page-completions off'",
             "bind 'set completion-query-items 0'", "source ./walship.bash", "show() { printf 'LINE=[%s]\\n' \"$READLINE_LINE\"; }",
             "bind -x '\"\\C-x\\C-p\": show'"],
    "zsh": ["fpath=($PWD/zsh $fpath)", "autoload -U compinit", "compinit -D -u", "unsetopt beep auto_menu list_ambiguous", "LISTMAX=0",
            "show() { print -r -- \"LINE=[$BUFFER]\" }", "zle -N show", "bindkey '^X^P' show", "zstyle ':completion:*' list-packed no"],
}
ARGV = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}


class Terminal:
    """A shell on a terminal of its own."""

    def __init__(self, shell, directory, program):
        self.shell = shell
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(directory)
            env = host.clean_env(PS1=PROMPT, PROMPT=PROMPT, TERM="dumb", HOME=str(directory), COLUMNS="200", LINES="200",
                                 PATH=f"{program.parent}:/usr/bin:/bin")
            os.execvpe(ARGV[shell][0], ARGV[shell], env)
        for line in BEGIN[shell]:
            self.send(line + "\n")
        self.send("echo be''gun\n")
        self.read_until(lambda text: "begun" in text.replace("be''gun", ""))

    def send(self, text):
        os.write(self.fd, text.encode())

    def read_until(self, enough, timeout=20):
        """What the terminal shows until it is enough."""
        text, end = "", time.monotonic() + timeout
        while not enough(text):
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
            assert ready, f"{self.shell} does not go on: {text!r}"
            text += os.read(self.fd, 65536).decode(errors="replace")
        return text

    def complete(self, line, tabs=1):
        """(the line after TAB, the words that are shown beside it)"""
        self.send(line + "\t" * tabs + "\x18\x10")
        text = self.read_until(DONE.search)
        self.send("\x15")  # an empty line again
        shown = text[:DONE.search(text).start()]
        return DONE.search(text)[1], set(re.findall(r"[^\s]+", shown))

    def close(self):
        os.close(self.fd)
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(self.pid, 0)


@pytest.fixture(scope="module")
def directory(scratch, program):
    """What both shells load, as walship prints it, and some files to complete."""
    place = scratch.directory("shell")
    for shell, path in (("bash", "walship.bash"), ("zsh", "zsh/_walship")):
        (place / path).parent.mkdir(exist_ok=True)
        done = subprocess.run([program, "help", f"completion-{shell}"], capture_output=True, check=True)
        (place / path).write_bytes(done.stdout)
    (place / "a file").write_text("")
    (place / "segments").mkdir()
    (place / "segments/000000010000000000000001").write_text("")
    return place


@pytest.fixture(scope="module", params=["bash", "zsh"])
def terminal(request, directory, program):
    assert shutil.which(request.param), f"{request.param} is not installed: test/install"
    made = Terminal(request.param, directory, program)
    yield made
    made.close()


@pytest.mark.parametrize("line, wanted", [
    ("walship pus", "walship push "),
    ("walship -v fet", "walship -v fetch "),
    ("walship --repo s3://bucket/x pus", "walship --repo s3://bucket/x push "),
    ("walship --repo=s3://bucket/x pus", "walship --repo=s3://bucket/x push "),
    ("walship push --cipher n", "walship push --cipher none "),
    ("walship push --cipher=n", "walship push --cipher=none "),
    ("walship push --log-to=jou", "walship push --log-to=journal "),
    ("walship --s3-object-lock-mode GOV", "walship --s3-object-lock-mode GOVERNANCE "),
    ("walship push seg", "walship push segments/"),
    ("walship push segments/0", "walship push segments/000000010000000000000001 "),
    ("walship push a", "walship push a\\ file "),
    ("walship --cipher-key-file seg", "walship --cipher-key-file segments/"),
    ("walship --log-to ./seg", "walship --log-to ./segments/"),
    ("walship fetch 000000010000000000000001 seg", "walship fetch 000000010000000000000001 segments/"),
    ("walship --pg-data seg", "walship --pg-data segments/"),
    ("walship check --sto", "walship check --store "),
    ("walship push --sto", "walship push --sto"),
    ("walship config --cred", "walship config --credentials "),
    ("walship --s3-key-secret-f", "walship --s3-key-secret-file "),
    ("walship help completion-z", "walship help completion-zsh "),
    ("walship help keyg", "walship help keygen "),
    ("walship key ro", "walship key rotate "),
    ("walship key rotate seg", "walship key rotate segments/"),
    ("walship backup fu", "walship backup full "),
    ("walship backup li", "walship backup list "),
    ("walship backup --read", "walship backup --read-all "),
    ("walship backup keep X --rel", "walship backup keep X --release "),
    ("walship backup diff --read", "walship backup diff --read-all "),
    ("walship nothing-of-the-kind seg", "walship nothing-of-the-kind seg"),
])
def test_tab(terminal, line, wanted):
    made, _ = terminal.complete(line)
    if wanted.endswith(" "):
        # zsh takes "--name=" and "--name " for the same, and may wait for more before it puts the blank.
        assert made.rstrip(" =") == wanted.rstrip()
    else:
        assert made == wanted


def table(program, *args):
    return subprocess.run([program, "help", *args], capture_output=True, check=True, text=True).stdout


def test_all_commands_are_listed(terminal, program):
    commands = re.findall(r"^  ([a-z]+) ", table(program).split("options, also")[0], re.M)
    assert len(commands) > 6
    _, shown = terminal.complete("walship ", tabs=2)
    assert set(commands) <= shown


def test_all_options_are_listed(terminal, program):
    options = set(re.findall(r"^  (--[a-z0-9-]+) ", table(program), re.M))
    assert len(options) > 30
    _, shown = terminal.complete("walship push --", tabs=2)
    # zsh shows that a value may follow.
    assert options <= {each.rstrip("=") for each in shown}
    assert "--s3-key-secret" not in shown, "a secret is never given on the command line"


def test_all_values_are_listed(terminal):
    for option, values in {"--compress": {"gzip", "zstd", "lz4", "none"}, "--s3-sse": {"AES256", "aws:kms", "aws:kms:dsse"},
                           "--log-level": {"error", "warning", "info", "debug"}}.items():
        _, shown = terminal.complete(f"walship push {option} ", tabs=2)
        assert values <= shown, (option, shown)


def test_it_is_no_less_on_the_second_time(terminal):
    """zsh loads the function at its first call: what it sets up must be there at the next one too."""
    for _ in range(2):
        assert terminal.complete("walship keyg")[0].rstrip() == "walship keygen"
