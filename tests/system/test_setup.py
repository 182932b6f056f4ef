# SPDX-License-Identifier: GPL-3.0-or-later
"""deploy/setup on machines that lack everything, by stand-ins for dpkg and apt.

The stand-ins are what a Debian machine would answer; what setup asks of them,
says and does is its own.
"""
import json
import os
import re
import shutil
import subprocess

import pytest
from place import ROOT

GROUPS = ["build", "run", "test", "bench"]
STAND_INS = {
    "dpkg-query": "sed 's/^/installed /' installed",
    "id": "echo 0",
    "sudo": "exit 1",
    "node": 'echo "${NODE_VERSION:-18}"; exit "${NODE_TOO_OLD:-0}"',
    "npm": 'echo "npm $*" >>asked; mkdir -p build/node/node_modules',
    # apt-get [option ...] update | install -y [option ...] package ...
    "apt-get": """echo "apt-get $*" >>asked
        [ ! -p gate ] || cat gate >/dev/null
        [ ! -e offline ] || { echo "E: Could not connect to the archive"
            exit 100; }
        case $* in *" install "*) echo "$*" |
            sed 's/.*--no-install-recommends //' | tr ' ' '\\n' >>installed
        esac""",
}


class Machine:
    """A folder with a copy of setup, and the stand-ins first in its PATH."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("deploy/setup", "proto/package.json",
                     "proto/package-lock.json", "proto/.npmrc"):
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
        (folder / "bin").mkdir()
        (folder / "installed").touch()
        (folder / "asked").touch()
        # What every Debian has, and neither node nor npm.
        for name in ("awk", "cat", "cmp", "cp", "dirname", "env", "flock",
                     "grep", "mkdir", "mktemp", "paste", "realpath", "rm",
                     "sed", "sh", "tail", "tr"):
            (folder / "bin" / name).symlink_to(shutil.which(name))
        for name in STAND_INS:
            if name not in ("node", "npm"):
                self.has(name)

    def has(self, name, text=None):
        script = self.folder / "bin" / name
        script.write_text(f"#!/bin/sh\n{text or STAND_INS[name]}\n")
        script.chmod(0o755)

    def start(self, *arguments, **env):
        return subprocess.Popen(
            ["deploy/setup", *arguments], cwd=self.folder, text=True,
            env={"PATH": str(self.folder / "bin"), **env},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)

    def setup(self, *arguments, **env):
        process = self.start(*arguments, **env)
        output = process.communicate(timeout=60)[0]
        return process.returncode, output

    def installed(self):
        return set((self.folder / "installed").read_text().split())

    def asked(self):
        return (self.folder / "asked").read_text()


@pytest.fixture
def machine(folder):
    return Machine(folder)


def rows():
    done = subprocess.run(["deploy/setup", "--list"], cwd=ROOT, text=True,
                          capture_output=True, check=True)
    return [line.split(None, 2) for line in done.stdout.splitlines()]


def packages(*groups):
    return {name for group, name, _ in rows()
            if group in groups and not name.startswith("npm:")}


def test_the_list_tells_every_package_once_with_group_and_reason():
    names = [name for _, name, _ in rows()]
    assert len(names) > 40 and len(set(names)) == len(names)
    assert all(group in GROUPS and len(reason) > 4
               for group, _, reason in rows())


def test_the_list_tells_the_packages_of_the_node_client():
    wanted = json.loads((ROOT / "proto/package.json").read_text())
    listed = [name[4:] for _, name, _ in rows() if name.startswith("npm:")]
    assert sorted(listed) == sorted(wanted["dependencies"])


def test_every_npm_package_is_locked_to_its_digest():
    lock = json.loads((ROOT / "proto/package-lock.json").read_text())
    fetched = [row for name, row in lock["packages"].items() if name]
    assert fetched and all(re.match("sha512-", row["integrity"])
                           for row in fetched)


@pytest.mark.parametrize("goal", GROUPS)
def test_a_goal_gets_what_it_needs_and_no_more(machine, goal):
    if goal in ("test", "bench"):
        machine.has("node")
        machine.has("npm")
    status, output = machine.setup(goal)
    assert status == 0, output
    wanted = packages(*GROUPS[:GROUPS.index(goal) + 1])
    if goal in ("test", "bench"):
        wanted -= {"nodejs", "npm"}
    assert machine.installed() == wanted
    assert ("npm ci" in machine.asked()) == (goal in ("test", "bench"))
    assert all(name in output for name in wanted)


def test_without_node_it_gets_the_one_of_debian(machine):
    machine.setup("test")
    assert {"nodejs", "npm"} <= machine.installed()


def test_the_second_time_it_does_nothing_and_says_nothing(machine):
    machine.has("node")
    machine.has("npm")
    machine.setup()
    asked = machine.asked()
    assert machine.setup() == (0, "")
    assert machine.asked() == asked


def test_a_node_that_is_too_old_is_told(machine):
    machine.has("node")
    machine.has("npm")
    status, output = machine.setup(NODE_VERSION="v16.1.0", NODE_TOO_OLD="1")
    assert status == 1
    assert "is v16.1.0, but the client needs 18 or later" in output


def test_who_may_not_install_is_told_what_to_run(machine):
    machine.has("id", "echo 1000")
    status, output = machine.setup("run")
    assert status == 1
    command = f'"{machine.folder}/deploy/setup run" once as root'
    assert command in output and machine.asked() == ""


def test_without_network_it_says_so_in_a_sentence(machine):
    (machine.folder / "offline").touch()
    status, output = machine.setup("build")
    assert status == 1
    assert "E: Could not connect to the archive" in output
    assert ("deploy/setup: apt-get could not install them (above); mend that, "
            "then try again.") in output


def test_npm_without_network_says_so_in_a_sentence(machine):
    machine.has("node")
    machine.has("npm", "echo npm ERR! code ENOTFOUND; exit 1")
    status, output = machine.setup("test")
    assert status == 1 and "npm ERR! code ENOTFOUND" in output
    assert "npm could not fetch them (above); mend that" in output
    # Once it works nothing is left of it.
    machine.has("npm")
    assert machine.setup("test")[0] == 0


def test_of_two_at_once_the_second_waits_and_then_has_nothing_to_do(machine):
    gate = machine.folder / "gate"
    os.mkfifo(gate)
    first = machine.start("build")
    # It opens once the first one's apt-get is there, which holds the lock.
    opened = open(gate, "w", encoding="ascii")
    second = machine.start("build")
    assert "waiting for it" in second.stdout.readline()
    gate.unlink()
    opened.close()
    assert first.wait(60) == 0 and second.wait(60) == 0
    assert machine.asked().count(" install ") == 1
    assert "needs these" not in second.communicate()[0]
