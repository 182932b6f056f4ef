# SPDX-License-Identifier: GPL-3.0-or-later
"""The clients in C, Python and Node against the real daemon, on its bad days."""
import csv
import itertools
import json
import random
import signal
import subprocess

import gridcall_pb2 as pb
import pytest
import zmq
from link import Link
from network import make_key, open_to_network
from place import BUILD, ROOT, UNIT_COLUMNS, Gateway, wait_until

CLIENTS = {"python": ["/usr/bin/python3", ROOT / "tests/system/client.py"],
           "node": ["node", ROOT / "tests/system/client.mjs"]}
FOLLOWERS = {**CLIENTS, "c": [BUILD / "tests/system/client"]}
UNITS_PER_CHANNEL = 90


class Follower:
    """A client that writes down what it is given, and where it was.

    With lives, a list of numbers, it is killed after so many events, again
    and again, and started anew by whoever awaits something of it.
    """

    def __init__(self, folder, where, languages, prefixes, feed=""):
        self.log = folder / "events"
        self.words = folder / "words"
        self.arguments = [where, "follow", feed, self.log]
        self.prefixes, self.languages = prefixes, itertools.cycle(languages)
        self.lives = []
        self.process = None

    def start(self):
        if self.process:
            self.close()
        life = self.lives.pop() if self.lives else 0
        with open(self.words, "ab") as out:
            self.process = subprocess.Popen(
                [*FOLLOWERS[next(self.languages)], *self.arguments, str(life),
                 *self.prefixes], stdin=subprocess.DEVNULL, stdout=out,
                stderr=out)
        return self

    def close(self):
        self.process.kill()
        self.process.wait()

    def read(self):
        """(seq, topic, topic_seq) as they came."""
        if not self.log.exists():
            return []
        # A line that is being written just now is not there yet.
        lines = self.log.read_text().rpartition("\n")[0].splitlines()
        words = [line.split("\t")[0].split() for line in lines]
        return [(int(seq), topic, int(number)) for seq, topic, number in words]

    def await_all(self, ledger, limit_s=60):
        def missing():
            if self.process.poll() is not None:
                assert self.process.returncode == -signal.SIGKILL, \
                    self.words.read_text()
                self.start()
            return set(ledger) - set(self.read())
        try:
            wait_until(lambda: not missing(), "all events", limit_s)
        except AssertionError as late:
            raise AssertionError(
                f"{len(missing())} events never came to {self.process.args}, "
                f"the first is {min(missing())}; it said: "
                f"{self.words.read_text()}") from late


@pytest.fixture(params=["python", "node"])
def language(request):
    return request.param


@pytest.fixture(params=sorted(FOLLOWERS))
def follows(request):
    return request.param


def ask(language, where, limit_s=30, **request):
    """(exit status, what it printed)"""
    done = subprocess.run([*CLIENTS[language], where, "ask",
                           json.dumps(request)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=limit_s)
    return done.returncode, done.stdout


def make_site(site, running, count, areas, network=()):
    """A gateway with many units, spread over the areas."""
    for first in range(0, count, UNITS_PER_CHANNEL):
        code = f"CH{first // UNITS_PER_CHANNEL + 1:02d}"
        site.add_channel(code, areas[0])
        site.add_units(code, min(UNITS_PER_CHANNEL, count - first))
    for place, unit in enumerate(site.units):
        unit.update(zip(("district", "station", "grid"),
                        areas[place % len(areas)]))
    site.write()
    gateway = Gateway(site)
    running.append(gateway)
    if network:
        open_to_network(gateway, *network)
    return gateway.start()


def rename(gateway, change):
    """The request that gives every unit another name: an event for each."""
    with open(gateway.folder / "units.csv", "w", newline="") as out:
        writer = csv.DictWriter(out, UNIT_COLUMNS, extrasaction="ignore")
        writer.writeheader()
        for unit in gateway.site.units:
            writer.writerow(dict(unit, name=f"{unit['name']}{change}"))
    return pb.Request(**{"import": pb.ImportRequest(
        units_csv=(gateway.folder / "units.csv").read_bytes(),
        channels_csv=(gateway.folder / "channels.csv").read_bytes())})


def read_ledger(gateway, prefixes=()):
    """What there is to be told: (seq, topic, topic_seq) of every event."""
    events, after, more = [], 0, True
    while more:
        reply = gateway.do(replay=pb.ReplayRequest(after_seq=after,
                                                   prefixes=prefixes))
        events += map(pb.Event.FromString, reply.events)
        after, more = reply.through_seq, reply.more
    return [(event.seq, event.topic, event.topic_seq) for event in events]


def assert_whole(given, ledger):
    """None lost, none twice, none invented, order kept per topic."""
    assert len(given) == len(set(given)), "an event came twice"
    assert set(given) == set(ledger)
    last = {}
    for _, topic, topic_seq in given:
        assert topic_seq == last.get(topic, 0) + 1, f"out of order: {topic}"
        last[topic] = topic_seq


AREAS = [("440106", "440106530000", f"{grid:02d}") for grid in range(1, 11)]
EVENTS = 5000


def bring_in(gateway, change, meanwhile=lambda: None):
    """Import new names; something happens while the gateway is at it."""
    request = rename(gateway, change)
    with gateway.context.socket(zmq.DEALER) as dealer:
        dealer.linger = 0
        dealer.connect(gateway.commands)
        dealer.send(request.SerializeToString())
        meanwhile()
    # Once more: it may have been cut short, or not, or be under way still.
    reply = pb.Reply()

    def done():
        reply.CopyFrom(gateway.ask(request))
        return getattr(reply, "import").done
    try:
        wait_until(done, "an import")
    except AssertionError as late:
        raise AssertionError(f"the import never succeeds: {reply}") from late


@pytest.fixture(params=[["c"], ["python"], ["node"],
                        ["python", "c", "node"]],
                ids="-".join)
def languages(request):
    """Of a client's lives, in turn."""
    return request.param


def test_kills_and_cuts_lose_nothing_and_double_nothing(
        site, running, languages):
    gateway = make_site(site, running, 350, AREAS)
    # Not all areas: what others are told leaves holes in seq.
    prefixes = [".".join(("gc1", *area, "")) for area in AREAS[:7]]
    dice = random.Random(7)

    def mangle(message):
        """Of the events some get lost on the way, some come twice."""
        return 1 if b".status" in message else \
            dice.choices((0, 1, 2), (1, 100, 1))[0]
    links = [Link(site.folder / "far-commands.sock", gateway.commands),
             Link(site.folder / "far-feed.sock", gateway.feed, mangle)]
    running += links
    follower = Follower(site.folder, links[0].address, languages, prefixes,
                        links[1].address)
    follower.lives = [dice.randrange(100, 900) for _ in range(10)]
    running.append(follower.start())

    def kill_gateway():
        gateway.kill()
        gateway.start()

    def cut_links():
        for link in links:
            link.cut()

    def silence_feed():
        links[1].fall_silent()
        wait_until(links[1].is_given_up, "the silent link given up")

    trouble = [kill_gateway, cut_links, links[1].cut, lambda: None] * 5
    for change, happens in enumerate([*trouble, silence_feed]):
        bring_in(gateway, change, happens)
        ledger = read_ledger(gateway, prefixes)
        follower.await_all(ledger)
    assert len(ledger) > EVENTS and not follower.lives
    assert_whole(follower.read(), ledger)
    follower.log.unlink()
    follower.start().await_all(ledger)
    assert_whole(follower.read(), ledger)


def test_a_position_between_events_of_others_is_exact(
        site, running, languages):
    """Killed in mid-burst, when more was given than is known to be all."""
    gateway = make_site(site, running, 50, AREAS)
    prefixes = [".".join(("gc1", *AREAS[place], "")) for place in (3, 6)]
    follower = Follower(site.folder, gateway.commands, languages, prefixes)
    follower.lives = [13, 13, 13, 13]
    running.append(follower.start())
    for change in range(6):
        bring_in(gateway, change)
        ledger = read_ledger(gateway, prefixes)
        follower.await_all(ledger)
    assert len(ledger) == 10 * 6 and not follower.lives
    assert any(":" in line for line in follower.log.read_text().splitlines())
    assert_whole(follower.read(), ledger)


def test_1700_prefixes_of_single_grids_get_all_1700(site, running, follows):
    areas = [("440106", "440106530000", f"{grid:04d}")
             for grid in range(1, 1701)]
    gateway = make_site(site, running, len(areas), areas)
    bring_in(gateway, 0)
    prefixes = [".".join(("gc1", *area, "")) for area in areas]
    commands = Link(site.folder / "far-commands.sock", gateway.commands)
    running.append(commands)
    follower = Follower(site.folder, commands.address, [follows], prefixes,
                        gateway.feed)
    running.append(follower.start())
    follower.await_all(read_ledger(gateway, ["gc1.440106."]))
    bring_in(gateway, 1)
    follower.await_all(read_ledger(gateway, ["gc1.440106."]))
    # Nothing can be asked for any more: each subscription must be there.
    running.remove(commands)
    commands.close()
    bring_in(gateway, 2)
    ledger = read_ledger(gateway, ["gc1.440106."])
    assert len({topic for _, topic, _ in ledger}) == len(areas)
    follower.await_all(ledger)
    assert_whole(follower.read(), ledger)


def test_a_refusal_is_the_gateways_own_sentence(site, running, language):
    gateway = make_site(site, running, 1, AREAS)
    status, said = ask(language, gateway.commands, report={"call": "R1"})
    assert status == 3
    refused = gateway.ask(pb.Request(report=pb.ReportRequest(call="R1")))
    assert said == f"ERROR_NOT_FOUND {refused.error.sentence}\n"


def test_a_gateway_that_is_not_there_is_said_to_be_so(site, language):
    status, said = ask(language, f"ipc://{site.folder}/none", deadline_ms=300)
    assert status == 3
    assert said.startswith("ERROR_UNAVAILABLE No gateway can be reached at "
                           f"'ipc://{site.folder}/none'; is gridcalld ")


def test_history_that_was_replaced_needs_a_snapshot(site, running, follows):
    gateway = make_site(site, running, 5, AREAS)
    bring_in(gateway, 0)
    follower = Follower(site.folder, gateway.commands, [follows], ["gc1."])
    running.append(follower.start())
    follower.await_all(read_ledger(gateway))
    gateway.stop()
    for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm"):
        (gateway.folder / name).unlink(missing_ok=True)
    gateway.start()
    assert follower.process.wait(30) == 3
    assert "ERROR_NEED_SNAPSHOT " in follower.words.read_text()


TIANHE = "gc1.440106."


def test_over_curve_a_kill_loses_nothing_and_doubles_nothing(site, running,
                                                             languages):
    gateway = make_site(site, running, 50, AREAS, ["gc1.440105.", TIANHE])
    key = make_key(gateway, "dispatch110", TIANHE)
    follower = Follower(site.folder, key, languages, [TIANHE])
    follower.lives = [70, 70]
    running.append(follower.start())
    for change in range(4):
        if change == 2:
            gateway.kill()
            gateway.start()
        bring_in(gateway, change)
        ledger = read_ledger(gateway, [TIANHE])
        follower.await_all(ledger)
    assert len(ledger) >= 50 * 4 and not follower.lives
    assert_whole(follower.read(), ledger)


def test_a_key_sees_no_more_than_its_jurisdiction(site, running, language):
    gateway = make_site(site, running, 1, AREAS, [TIANHE, "gc1.440105."])
    key = make_key(gateway, "dispatch110", TIANHE)
    status, said = ask(language, key, whoami={})
    assert status == 0
    me = json.loads(said)
    assert me["principal"] == "dispatch110"
    assert [feed["jurisdiction"] for feed in me["feeds"]] == [TIANHE]
    follower = Follower(site.folder, key, [language], ["gc1.440105."])
    running.append(follower.start())
    assert follower.process.wait(30) == 3
    assert follower.words.read_text() == (
        "ERROR_NOT_ALLOWED No feed open to dispatch110 carries all of "
        "gc1.440105.; there are: gc1.440106.\n")


def test_who_has_no_key_of_the_gateway_is_told_what_may_be_wrong(
        site, running, language):
    gateway = make_site(site, running, 1, AREAS, [TIANHE])
    key = make_key(gateway, "dispatch110", TIANHE)
    gateway.do(key={"revoke": {"name": "dispatch110"}})
    status, said = ask(language, key, whoami={}, deadline_ms=1000)
    assert status == 3
    assert "ERROR_UNAVAILABLE" in said and "does it know your key" in said


def test_a_client_whose_key_is_revoked_ends_with_a_sentence(site, running,
                                                            language):
    gateway = make_site(site, running, 5, AREAS, [TIANHE])
    follower = Follower(site.folder, make_key(gateway, "dispatch110", TIANHE),
                        [language], [TIANHE])
    running.append(follower.start())
    bring_in(gateway, 0)
    follower.await_all(read_ledger(gateway, [TIANHE]))
    gateway.do(key={"revoke": {"name": "dispatch110"}})
    assert follower.process.wait(30) == 3
    assert "ERROR_NOT_ALLOWED " in follower.words.read_text()


def test_a_snapshot_has_all_pages_and_events_go_on_after_it(site, running,
                                                            language):
    gateway = make_site(site, running, 3000, AREAS)
    for unit in site.units:
        unit["tags"] = ";".join(f"{word:x<20}" for word in "abcdefghijklmnop")
    bring_in(gateway, "x")
    # More than a page of 1 MiB.
    assert gateway.do(snapshot={}).next
    status, said = ask(language, gateway.commands, snapshot={})
    assert status == 0
    now = json.loads(said)
    assert len(now["units"]) == 3000 and len(now["channels"]) == 34
    follower = Follower(site.folder, gateway.commands, [language], ["gc1."])
    follower.log.write_text(f"snapshot\t{now['position']}\n")
    running.append(follower.start())
    bring_in(gateway, "y")
    new = [event for event in read_ledger(gateway)
           if event[0] > int(now["position"].split()[1])]
    wait_until(lambda: len(follower.log.read_text().splitlines()) > len(new),
               "the events after the snapshot")
    follower.log.write_text(follower.log.read_text().partition("\n")[2])
    assert sorted(follower.read()) == new


def test_a_key_file_that_others_may_read_is_refused(site, running, language):
    gateway = make_site(site, running, 1, AREAS, [TIANHE])
    key = make_key(gateway, "dispatch110", TIANHE)
    key.chmod(0o644)
    status, said = ask(language, key, whoami={})
    assert status
    assert f"The key file '{key}' may be read by others; chmod 600" in said


def test_the_node_packages_are_exact_and_name_no_host():
    package = json.loads((ROOT / "proto/package.json").read_text())
    lock = json.loads((ROOT / "proto/package-lock.json").read_text())
    for name, version in package["dependencies"].items():
        locked = lock["packages"][f"node_modules/{name}"]
        assert locked["version"] == version
    for path, locked in lock["packages"].items():
        assert "resolved" not in locked, path
        assert not path or locked["integrity"].startswith("sha512-"), path
