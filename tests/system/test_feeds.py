# SPDX-License-Identifier: GPL-3.0-or-later
"""Feeds of several jurisdictions, their heartbeats, and the gateway's key."""
import pathlib
import resource
import socket
import stat
import time

import gridcall_pb2 as pb
import pytest
import zmq
from place import AREA, Gateway, wait_until

NEAR = ("440105", "440105000000", "01")


def with_options(site, running, *options):
    """A gateway whose zeromq service has these options too."""
    gateway = Gateway(site)
    running.append(gateway)
    gateway.add_options(*options)
    return gateway


def topics_of(gateway, address, wanted):
    """Topics in heartbeats of that feed, as soon as one has `wanted`."""
    with gateway.context.socket(zmq.SUB) as feed:
        feed.setsockopt(zmq.SUBSCRIBE, b"gc1.gateway.")
        feed.connect(address)
        topics = []

        def told():
            if feed.poll(100):
                status = pb.Status()
                topic, payload = feed.recv_multipart()
                if not topic.endswith(b".status"):
                    return False
                status.ParseFromString(payload)
                topics[:] = [tail.topic for tail in status.topics]
            return wanted in topics
        wait_until(told, f"a heartbeat with {wanted}")
    return topics


def test_a_heartbeat_tells_only_topics_of_its_feed(site, running):
    site.add_channel("CH1")
    site.add_channel("CH2", area=NEAR)
    site.add_units("CH1", 1)
    site.add_units("CH2", 1, area=NEAR)
    site.write()
    near, here = (f"ipc://{site.folder}/{name}" for name in ("near", "here"))
    gateway = with_options(site, running, f"feed near {near} gc1.440105.",
                           f"feed here {here} gc1.440106.")
    gateway.start()
    gateway.bring_in()
    one = f"gc1.{'.'.join(AREA)}.unit"
    other = f"gc1.{'.'.join(NEAR)}.unit"
    for address, wanted, absent in ((here, one, other), (near, other, one)):
        topics = topics_of(gateway, address, wanted)
        assert absent not in topics
        assert all(topic.startswith(wanted[:11]) for topic in topics)
    assert {one, other} <= set(topics_of(gateway, gateway.feed, one))


def test_the_server_key_is_made_once_and_shown_nowhere(site, running):
    key = site.folder / "server.key"
    gateway = with_options(site, running, f"server_key {key}",
                           "commands tcp://127.0.0.1:*",
                           "feed city tcp://*:* gc1. voice")
    gateway.start()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    lines = dict(line.strip().split(" = ") for line in
                 key.read_text().splitlines() if " = " in line)
    secret = lines["secret-key"].strip('"')
    public = lines["public-key"].strip('"')
    told = gateway.vty("show feeds", "show services", "show settings",
                       "show gateway")
    assert f"with voice, server key {public}" in told
    assert secret not in told
    gateway.stop()
    first = key.read_text()
    gateway.start()
    assert key.read_text() == first
    assert public in gateway.read_log()
    assert secret not in gateway.read_log()


def test_a_key_that_others_may_read_keeps_it_from_starting(site, running):
    key = site.folder / "server.key"
    key.write_text("curve\n")
    key.chmod(0o644)
    gateway = with_options(site, running, f"server_key {key}",
                           "feed city tcp://127.0.0.1:* gc1.")
    gateway.launch()
    assert gateway.process.wait(30) == 1
    gateway.process = None
    assert "may be read by others" in gateway.read_log()


def connect(gateway, feed, keys):
    """A subscriber of a feed of this machine, with a pair of keys."""
    feeds = {known.name: known for known in gateway.do(whoami={}).feeds}
    reader = gateway.context.socket(zmq.SUB)
    reader.curve_publickey, reader.curve_secretkey = keys
    reader.curve_serverkey = feeds[feed].public_key.encode()
    reader.setsockopt(zmq.SUBSCRIBE, b"")
    reader.connect(feeds[feed].address.replace("*", "127.0.0.1"))
    return reader


def add_key(gateway, name, jurisdiction):
    keys = zmq.curve_keypair()
    gateway.do(key=pb.KeyRequest(add=pb.KeyAdd(key=pb.Key(
        name=name, public_key=keys[0].decode(), roles=["viewer"],
        jurisdiction=[jurisdiction]))))
    return keys


def hears_for(reader, limit_s):
    """Whether anything comes within so long."""
    return bool(reader.poll(int(limit_s * 1000)))


def await_heartbeats(reader, count):
    """So many that are sent from now on."""
    while reader.poll(0):
        reader.recv_multipart()
    while count:
        assert hears_for(reader, 10)
        count -= reader.recv_multipart()[0].endswith(b".status")


@pytest.mark.parametrize("how", ["revoke", "expire"])
def test_who_loses_the_key_is_out_and_the_others_go_on(site, running, how):
    gateway = with_options(site, running,
                           f"server_key {site.folder}/server.key",
                           "feed city tcp://*:* gc1.")
    gateway.start()
    stays, leaves = (add_key(gateway, name, "gc1.")
                     for name in ("stays", "leaves"))
    district = add_key(gateway, "district", "gc1.440106.")
    readers = [connect(gateway, "city", keys)
               for keys in (stays, leaves, district)]
    try:
        for reader in readers[:2]:
            assert hears_for(reader, 10)
        gateway.do(key=pb.KeyRequest(
            revoke=pb.KeyRevoke(name="leaves")) if how == "revoke" else
            pb.KeyRequest(expire=pb.KeyExpire(
                name="leaves", expires_at_us=int(time.time() * 1e6) + 10**6)))
        wait_until(lambda: "of 'leaves'" in gateway.read_log(), "it is out")
        # What was under way is let through; then nothing comes any more.
        await_heartbeats(readers[0], 2)
        while readers[1].poll(0):
            readers[1].recv_multipart()
        await_heartbeats(readers[0], 2)
        assert not hears_for(readers[1], 0)
        assert not hears_for(readers[2], 0)
    finally:
        for reader in readers:
            reader.close(linger=0)


def knock(port, ends, most=2000):
    """Some more connections that say nothing; the oldest go."""
    for _ in range(20):
        end = socket.socket()
        end.settimeout(0.2)
        try:
            end.connect(("127.0.0.1", port))
            ends.append(end)
        except OSError:
            end.close()
    while len(ends) > most:
        ends.pop(0).close()


def test_connections_without_end_take_nobody_the_gateway_away(site, running):
    gateway = with_options(site, running,
                           f"server_key {site.folder}/server.key",
                           "feed city tcp://*:* gc1.")
    gateway.start()
    keys = add_key(gateway, "city", "gc1.")
    reader = connect(gateway, "city", keys)
    late = None
    address = next(feed.address for feed in gateway.do(whoami={}).feeds
                   if feed.name == "city")
    pid, ends = gateway.process.pid, []
    hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (500, hard))
    try:
        await_heartbeats(reader, 1)

        def is_shut():
            knock(int(address.rsplit(":", 1)[1]), ends)
            return "descriptors run out" in gateway.read_log()
        wait_until(is_shut, "nobody new is let in")
        await_heartbeats(reader, 2)
        gateway.do(status={})
        for end in ends:
            end.close()
        late = connect(gateway, "city", keys)
        await_heartbeats(late, 1)
    finally:
        reader.close(linger=0)
        if late:
            late.close(linger=0)


@pytest.mark.parametrize("arguments,limit", [((), "0"),
                                             (("--core-dumps",), "4096")])
def test_a_crash_leaves_no_core_dump_unless_asked_for(site, running,
                                                      arguments, limit):
    gateway = Gateway(site)
    running.append(gateway)
    gateway.start(*arguments, preexec_fn=lambda: resource.setrlimit(
        resource.RLIMIT_CORE, (4096, 4096)),
        env={"ASAN_OPTIONS": "disable_coredump=0"})
    limits = pathlib.Path(f"/proc/{gateway.process.pid}/limits").read_text()
    row = next(line for line in limits.splitlines()
               if line.startswith("Max core file size"))
    assert row.split()[4:6] == [limit, limit]
