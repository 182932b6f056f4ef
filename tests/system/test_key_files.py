# SPDX-License-Identifier: GPL-3.0-or-later
"""Key files: made by the command line, used by it over TCP, taken back."""
import json
import os
import signal
import stat
import subprocess

import pytest
from place import AREA, BUILD, Gateway, bring_up, wait_until

TIANHE, HAIZHU = "gc1.440106.", "gc1.440105."
NEAR = ("440105", "440105000000", "01")


@pytest.fixture
def gateway(site, running):
    site.add_channel("CH1")
    site.add_units("CH1", 2)
    site.add_channel("CH2", area=NEAR)
    site.add_units("CH2", 1, area=NEAR)
    return bring_up(site, running, (
        f"server_key {site.folder}/server.key",
        "commands tcp://127.0.0.1:*",
        f"feed tianhe tcp://127.0.0.1:* {TIANHE}",
        f"feed haizhu tcp://*:* {HAIZHU}"))


def new_key(gateway, name, area, *arguments, role="officer"):
    """Make a key file; returns its path and what was printed."""
    path = gateway.folder / f"{name}.key"
    status, out, err = gateway.gridcall(
        "key", "new", name, "--role", role, "--jurisdiction", area,
        "--out", str(path), *arguments)
    assert status == 0, err
    return path, out


def values(path):
    return dict(line.strip().replace('"', "").split(" = ")
                for line in path.read_text().splitlines() if " = " in line)


def with_key(path, *arguments, env=None, limit_s=60):
    """The command line with nothing but the key file."""
    settings = {name: value for name, value in os.environ.items()
                if not name.startswith("GRIDCALL_") or name in (
                    "GRIDCALL_ROOT", "GRIDCALL_BUILD")}
    settings.update(env or {})
    words = [BUILD / "gridcall", *arguments]
    if path:
        words += ["--key", path]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, env=settings,
                          capture_output=True, text=True, timeout=limit_s)
    return done.returncode, done.stdout, done.stderr


def test_a_key_file_is_all_that_somebody_elsewhere_needs(gateway):
    path, out = new_key(gateway, "dispatch110", TIANHE, "--expires", "90d")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert values(path)["secret-key"] not in out
    assert str(path) in out and values(path)["commands"] in out
    status, out, err = with_key(path, "whoami", "--json")
    assert status == 0, err
    who = json.loads(out)
    assert who["principal"] == "dispatch110"
    assert who["jurisdiction"] == [TIANHE]
    assert [feed["jurisdiction"] for feed in who["feeds"]] == [TIANHE]
    status, _, err = with_key(None, "whoami",
                              env={"GRIDCALL_KEY": str(path)})
    assert status == 0, err


def test_a_subscriber_with_a_key_gets_its_area_and_no_other(gateway):
    path, _ = new_key(gateway, "dispatch110", TIANHE)
    status, out, err = with_key(path, "subscribe", "--after", "0",
                                "--count", "2", "--json")
    assert status == 0, err
    topics = [json.loads(line)["topic"] for line in out.splitlines()]
    assert len(topics) == 2
    assert all(topic.startswith(f"gc1.{'.'.join(AREA)}.") for topic in topics)
    both, _ = new_key(gateway, "both", f"{TIANHE},{HAIZHU}")
    status, out, err = with_key(both, "subscribe", "--after", "0",
                                "--count", "3")
    assert status == 0, err
    assert {json.loads(line)["topic"][:11] for line in out.splitlines()} == \
        {TIANHE, HAIZHU}


def test_a_position_file_carries_a_subscriber_over_its_end(gateway, folder):
    path, _ = new_key(gateway, "dispatch110", TIANHE)
    words = ("subscribe", "--position", str(folder / "position"), "--after",
             "0", "--count")
    seqs = []
    for _ in range(2):  # the second never gets what the first printed
        status, out, err = with_key(path, *words, "1")
        assert status == 0, err
        seqs += [json.loads(line)["seq"] for line in out.splitlines()]
    assert len(seqs) == 2 and seqs[0] < seqs[1]
    subscriber = subprocess.Popen(
        [BUILD / "gridcall", *words[:-1], "--key", path],
        stdout=subprocess.PIPE, text=True)
    call = gateway.call("grid=07")
    lines = (json.loads(line) for line in subscriber.stdout)
    assert next(line for line in lines
                if "call" in line)["call"]["call"] == call
    subscriber.send_signal(signal.SIGINT)
    assert subscriber.wait(30) == 0


def test_a_key_taken_back_says_so_instead_of_being_silent(gateway):
    path, _ = new_key(gateway, "dispatch110", TIANHE)
    status, out, err = gateway.gridcall("key", "revoke", "dispatch110")
    assert status == 0, err

    def refused():
        status, _, err = with_key(path, "whoami", "--timeout", "20")
        return err if status == 3 else None
    err = wait_until(refused, "a refusal of the key")
    assert "key" in err and "time" not in err
    assert "dispatch110" not in gateway.gridcall("key", "list")[1]
    assert "dispatch110" in gateway.gridcall("key", "list", "--all")[1]


def test_expire_and_list_say_until_when(gateway):
    new_key(gateway, "desk", TIANHE, "--expires", "2060-01-01")
    status, out, err = gateway.gridcall("key", "list", "--json")
    assert status == 0, err
    before = json.loads(out)
    assert before["name"] == "desk" and before["expires_at_us"]
    status, out, err = gateway.gridcall("key", "expire", "desk",
                                        "--expires", "never")
    assert status == 0, err
    assert "never" in out
    assert "expires_at_us" not in json.loads(
        gateway.gridcall("key", "list", "--json")[1])


def test_a_refused_key_leaves_no_file(gateway, folder):
    officer, _ = new_key(gateway, "officer", TIANHE)
    path = folder / "mine.key"
    status, _, err = with_key(officer, "key", "new", "mine", "--role",
                              "engineer", "--jurisdiction", "gc1.",
                              "--out", str(path))
    assert status == 3, err
    assert not path.exists()
    engineer, _ = new_key(gateway, "engineer", TIANHE, role="engineer")
    status, _, err = with_key(engineer, "key", "new", "mine", "--role",
                              "viewer", "--jurisdiction", HAIZHU,
                              "--out", str(path))
    assert status == 3, err
    assert not path.exists()
    status, _, err = gateway.gridcall("key", "new", "x", "--role", "king",
                                      "--jurisdiction", TIANHE,
                                      "--out", str(path))
    assert status == 3, err
    assert not path.exists()


def test_a_file_that_can_not_be_written_registers_no_key(gateway, folder):
    path = folder / "there.key"
    path.write_text("precious")
    for out in (path, folder / "no" / "folder" / "x.key"):
        status, _, err = gateway.gridcall(
            "key", "new", "there", "--role", "viewer", "--jurisdiction",
            TIANHE, "--out", str(out))
        assert status == 2 and str(out) in err
    assert path.read_text() == "precious"
    assert "there" not in gateway.gridcall("key", "list", "--all")[1]


@pytest.mark.parametrize("words,said", [
    (("new", "a b", "--role", "viewer", "--jurisdiction", TIANHE), "a b"),
    (("new", "x", "--role", "viewer"), "--jurisdiction"),
    (("new", "x", "--role", "viewer", "--jurisdiction", TIANHE,
      "--expires", "soon"), "soon"),
    (("new", "x", "--role", "viewer", "--jurisdiction", TIANHE,
      "--expires", "2020-01-01"), "2020-01-01"),
    (("new", "x", "--role", "viewer", "--jurisdiction", TIANHE,
      "--overlap", "d"), "--overlap"),
    (("new",), "key new NAME"),
    (("frobnicate",), "key new NAME"),
    (("expire", "x"), "--expires"),
])
def test_a_slip_is_said_before_anything_is_done(gateway, folder, words, said):
    done = subprocess.run(
        [BUILD / "gridcall", "--commands", gateway.commands, "key", *words],
        cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and said in done.stderr
    assert not list(folder.glob("*.key.new")) and not (
        folder / "x.key").exists()


def test_without_a_network_socket_no_key_is_made(site, running, folder):
    gateway = Gateway(site)
    running.append(gateway)
    gateway.start()
    path = folder / "x.key"
    status, _, err = gateway.gridcall("key", "new", "x", "--role", "viewer",
                                      "--jurisdiction", TIANHE,
                                      "--out", str(path))
    assert status == 3 and "option commands tcp://" in err
    assert not path.exists()


def test_the_one_who_made_it_is_told_what_to_do_in_their_language(gateway):
    path = gateway.folder / "zh.key"
    done = subprocess.run(
        [BUILD / "gridcall", "--commands", gateway.commands, "key", "new",
         "zh", "--role", "viewer", "--jurisdiction", TIANHE, "--address",
         "radio.example", "--out", path], text=True, capture_output=True,
        timeout=60, env=dict(os.environ, LC_ALL="zh_CN.UTF-8"))
    assert done.returncode == 0, done.stderr
    assert "谁持有它" in done.stdout
    assert values(path)["commands"].startswith("tcp://radio.example:")
