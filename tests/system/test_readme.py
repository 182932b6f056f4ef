# SPDX-License-Identifier: GPL-3.0-or-later
"""What the README shows works as it is written there."""
import os
import re
import shutil
import sqlite3
import subprocess

import pytest
from network import make_key, open_to_network
from place import ROOT, City, Gateway, bring_up, wait_until


def test_the_python_subscriber_prints_every_answer(site, running):
    code = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(),
                     re.S)[1]
    script = site.folder / "subscriber.py"
    script.write_text(code)
    site.add_channel("CH1")
    site.add_units("CH1", 2)
    gateway = bring_up(site, running)
    out = open(site.folder / "out", "wb")
    subscriber = subprocess.Popen(["/usr/bin/python3", script, gateway.feed],
                                  cwd=ROOT, stdout=out, stderr=out)
    try:
        running.append(City(site))
        report = gateway.await_end(gateway.call())
        wanted = [f"{unit.reply_seq} {unit.reply.sentence}"
                  for unit in report.units]
        assert all(unit.reply.sentence for unit in report.units)

        def printed():
            assert subscriber.poll() is None, \
                (site.folder / "out").read_text()
            lines = (site.folder / "out").read_text().splitlines()
            return all(line in lines for line in wanted)
        wait_until(printed, "every answer printed")
    finally:
        subscriber.kill()
        subscriber.wait()


def test_every_make_target_of_the_help_exists():
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True,
                          text=True, check=True)
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^\s+make ([a-z]+)\s", done.stdout, re.M)
    assert {"run", "test", "check", "lint", "bench", "install"} <= \
        set(targets)
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.M), target


def test_every_folder_named_in_the_readme_is_there():
    named = re.findall(r"^\| `([a-z/]+)`", (ROOT / "README.md").read_text(),
                       re.M)
    assert len(named) >= 10
    for folder in named:
        assert (ROOT / folder).is_dir(), folder




CONTRACT = (ROOT / "proto/README.md").read_text()


def snippets(language):
    return re.findall(rf"```{language}\n(.*?)```", CONTRACT, re.S)


@pytest.fixture
def workplace(folder):
    """proto/ as somebody has it who read the five minutes."""
    place = folder / "proto"
    place.mkdir()
    for name in ("gridcall.py", "gridcall.mjs", "gridcall.proto"):
        shutil.copy(ROOT / "proto" / name, place)
    first, second = snippets("python")
    (place / "first.py").write_text(first)
    (place / "second.py").write_text(second)
    (place / "first.mjs").write_text(snippets("js")[0])
    (place / "node_modules").symlink_to(ROOT / "build/node/node_modules")
    protoc, = re.findall(r"^protoc .*", snippets("sh")[0], re.M)
    subprocess.run(protoc.split(), cwd=place, check=True)
    return place


@pytest.fixture
def networked(site, running):
    """A gateway with two units, on ipc and on TCP."""
    site.add_channel("CH1")
    site.add_units("CH1", 2)
    site.write()
    gateway = Gateway(site)
    open_to_network(gateway, "gc1.440106.")
    running.append(gateway)
    gateway.start()
    gateway.bring_in()
    return gateway


class Script:
    """A snippet at work; its output is a file."""

    def __init__(self, place, *command):
        self.path = place / "out"
        self.out = open(self.path, "ab")
        self.process = subprocess.Popen(
            command, cwd=place, stdin=subprocess.DEVNULL, stdout=self.out,
            stderr=self.out, env=dict(os.environ, PYTHONUNBUFFERED="1"))

    def await_lines(self, wanted):
        def printed():
            text = self.path.read_text()
            assert self.process.poll() is None, text
            return all(line in text.splitlines() for line in wanted)
        wait_until(printed, f"{wanted} of {self.process.args}")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.out.close()


PYTHON_FIRST = ["/usr/bin/python3", "first.py"]


@pytest.mark.parametrize("command", [PYTHON_FIRST, ["node", "first.mjs"]],
                         ids=["python", "node"])
@pytest.mark.parametrize("by", ["ipc", "key"])
def test_the_five_minutes_of_the_contract_give_events(
        workplace, networked, running, command, by):
    where = [networked.commands] if by == "ipc" else \
        [make_key(networked, "dispatch110", "gc1.440106."), "gc1.440106."]
    script = Script(workplace, *command, *where)
    running.append(script)
    feed = networked.subscribe("gc1.440106.").await_status()
    if command is PYTHON_FIRST:
        name = "local" if by == "ipc" else "dispatch110"
        script.await_lines([f"connected as {name}"])
    printed = []

    def make_an_event():
        # The first may come before the script subscribed: from now on.
        text = (networked.folder / "units.csv").read_text()
        (networked.folder / "units.csv").write_text(
            text.replace("最小应急单元", "最小应急单元.", 1))
        networked.bring_in()
        feed.take(0.1)
        printed[:] = script.path.read_text().splitlines()
        return any(f"{event.seq} {event.topic}" in line
                   for line in printed for event, _ in feed.events)
    wait_until(make_an_event, "an event printed")


def test_the_kept_position_of_the_contract_holds_over_a_kill(
        workplace, networked, running):
    command = ["/usr/bin/python3", "second.py", networked.commands, "gc1."]
    script = Script(workplace, *command)
    running.append(City(networked.site))
    report = networked.await_end(networked.call())
    wanted = sorted((unit.reply_seq, unit.reply.sentence)
                    for unit in report.units)
    assert len(wanted) == 2

    def answers():
        if not (workplace / "answers.db").exists():
            return []
        with sqlite3.connect(workplace / "answers.db") as store:
            try:
                return sorted(store.execute("SELECT * FROM answer"))
            except sqlite3.OperationalError:
                return []  # it comes to that in a moment
    wait_until(lambda: answers() == wanted, "two answers kept")
    script.close()
    report = networked.await_end(networked.call())
    wanted += sorted((unit.reply_seq, unit.reply.sentence)
                     for unit in report.units)
    running.append(Script(workplace, *command))
    wait_until(lambda: answers() == wanted, "four answers kept, each once")
