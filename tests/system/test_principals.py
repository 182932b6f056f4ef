# SPDX-License-Identifier: GPL-3.0-or-later
"""Principals over a network: from a key's registration to its end."""
import time

import gridcall_pb2 as pb
import pytest
import zmq
from place import AREA, Gateway, wait_until
from zmq.utils.monitor import recv_monitor_message

TIANHE, HAIZHU, CITY = "gc1.440106.", "gc1.440105.", "gc1."
NEAR = ("440105", "440105000000", "01")


class Principal:
    """One key pair and its command socket, as an integrator writes it."""

    def __init__(self, gateway, name, role="officer", *jurisdiction):
        self.gateway, self.name = gateway, name
        self.public, self.secret = zmq.curve_keypair()
        self.key = pb.Key(name=name, public_key=self.public.decode(),
                          roles=[role], jurisdiction=jurisdiction or [TIANHE])
        self.dealer = None

    def curve(self, kind, server_key):
        socket = self.gateway.context.socket(kind)
        socket.setsockopt(zmq.LINGER, 0)
        socket.curve_publickey, socket.curve_secretkey = \
            self.public, self.secret
        socket.curve_serverkey = server_key.encode()
        return socket

    def register(self, by=None, overlap_s=0, **fields):
        """by somebody who may, over ipc when nobody is named."""
        for field, value in fields.items():
            setattr(self.key, field, value)
        request = pb.Request(key=pb.KeyRequest(
            add=pb.KeyAdd(key=self.key, overlap_s=overlap_s)))
        reply = (by or self.gateway).ask(request)
        assert not reply.HasField("error"), reply.error.sentence
        return self.connect(reply.key)

    def connect(self, told):
        self.told = told
        if self.dealer:
            self.dealer.close()
        self.dealer = self.curve(zmq.DEALER, told.server_key)
        self.dealer.connect(told.commands[0])
        return self

    def ask(self, request):
        request.id = f"{self.name}{time.monotonic_ns()}"
        self.dealer.send(request.SerializeToString())
        reply = pb.Reply()
        while reply.id != request.id:
            assert self.dealer.poll(30000), f"no reply to {request}"
            reply.ParseFromString(self.dealer.recv())
        return reply

    def whoami(self):
        reply = self.ask(pb.Request(whoami={}))
        assert not reply.HasField("error"), reply.error.sentence
        return reply.whoami

    def is_in(self, feed=None):
        """Whether a new connection's key is let in."""
        socket = self.curve(zmq.SUB if feed else zmq.DEALER,
                            self.told.server_key)
        monitor = socket.get_monitor_socket(
            zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_HANDSHAKE_FAILED_AUTH)
        socket.connect(feed or self.told.commands[0])
        assert monitor.poll(30000), "the handshake does not end"
        event = recv_monitor_message(monitor)["event"]
        socket.disable_monitor()
        socket.close()
        return event == zmq.EVENT_HANDSHAKE_SUCCEEDED

    def subscribe(self, feed):
        socket = self.curve(zmq.SUB, feed.public_key)
        socket.setsockopt(zmq.SUBSCRIBE, b"")
        socket.connect(feed.address)
        return socket


def revoke(asker, **which):
    reply = asker.ask(pb.Request(key=pb.KeyRequest(
        revoke=pb.KeyRevoke(**which))))
    assert not reply.HasField("error"), reply.error.sentence
    return reply.key


@pytest.fixture
def gateway(site, running):
    site.add_channel("CH1")
    site.add_channel("CH2", area=NEAR)
    site.add_units("CH1", 1)
    site.add_units("CH2", 1, area=NEAR)
    site.write()
    gateway = Gateway(site)
    running.append(gateway)
    options = [f"server_key {site.folder}/server.key",
               "commands tcp://127.0.0.1:*",
               f"feed city tcp://127.0.0.1:* {CITY}",
               f"feed tianhe tcp://127.0.0.1:* {TIANHE}",
               f"feed tianhe-live tcp://127.0.0.1:* {TIANHE} voice",
               f"feed haizhu tcp://127.0.0.1:* {HAIZHU}"]
    gateway.add_options(*options)
    return gateway.start()


@pytest.mark.parametrize("role,jurisdiction,feeds", [
    ("officer", [TIANHE], ["tianhe", "tianhe-live"]),
    ("viewer", [TIANHE], ["tianhe"]),
    ("engineer", [TIANHE, HAIZHU], ["haizhu", "tianhe", "tianhe-live"]),
    ("supervisor", [CITY], ["city", "haizhu", "tianhe", "tianhe-live"]),
    ("viewer", [TIANHE + AREA[1] + "."], []),
])
def test_a_key_opens_what_whoami_lists(gateway, role, jurisdiction, feeds):
    principal = Principal(gateway, "dispatch110", role, *jurisdiction)
    expires = int((time.time() + 3600) * 1e6)
    principal.register(expires_at_us=expires)
    told = principal.whoami()
    assert told.principal == "dispatch110" and told.gateway == "GC1"
    assert list(told.roles) == [role]
    assert list(told.jurisdiction) == jurisdiction
    assert told.public_key == principal.public.decode()
    assert told.expires_at_us == expires
    assert sorted(feed.name for feed in told.feeds) == feeds
    # Each of these lets it in, and no other does.
    for feed in gateway.do(whoami={}).feeds:
        if feed.public_key:
            assert principal.is_in(feed.address) == (feed.name in feeds), feed
    for feed in told.feeds:
        with principal.subscribe(feed) as socket:
            assert socket.poll(30000), f"nothing on {feed.name}"
            assert socket.recv_multipart()[0] == b"gc1.gateway.GC1.status"


def test_a_revoked_key_is_out_everywhere(gateway):
    gone = Principal(gateway, "gone").register()
    stays = Principal(gateway, "stays").register()
    feed = gone.whoami().feeds[0]
    assert stays.whoami().principal == "stays" and gone.is_in()
    with gone.subscribe(feed) as socket, stays.subscribe(feed) as other:
        assert socket.poll(30000) and other.poll(30000)
        revoke(gateway, name="gone")
        reply = gone.ask(pb.Request(whoami={}))
        assert reply.error.code == pb.ERROR_NOT_ALLOWED, reply
        assert not gone.is_in() and not gone.is_in(feed.address)
        assert stays.is_in() and stays.whoami()
        # Who stays finds the way back by itself; who is gone has what had
        # been sent before, and then no more.
        while socket.poll(0):
            socket.recv_multipart()
        beats = 0
        while beats < 4:
            assert other.poll(30000), "a feed did not come back"
            other.recv_multipart()
            beats += 1
        assert not socket.poll(0)


def test_two_keys_of_a_name_are_good_until_the_older_ends(gateway):
    older = Principal(gateway, "video", "viewer").register()
    newer = Principal(gateway, "video", "officer").register(overlap_s=3600)
    assert list(older.whoami().roles) == ["viewer"]
    assert older.whoami().expires_at_us
    assert list(newer.whoami().roles) == ["officer"]
    gateway.do(key=pb.KeyRequest(expire=pb.KeyExpire(
        public_key=older.key.public_key,
        expires_at_us=int((time.time() + 5) * 1e6))))
    wait_until(lambda: older.ask(pb.Request(whoami={})).error.code ==
               pb.ERROR_NOT_ALLOWED, "the end of the overlap")
    # The doors hear of it within a second.
    wait_until(lambda: not older.is_in(), "the older key is kept out")
    assert list(newer.whoami().roles) == ["officer"] and newer.is_in()


def test_keys_come_in_again_after_a_restart(gateway):
    kept = Principal(gateway, "kept").register()
    gone = Principal(gateway, "gone").register()
    told = revoke(gateway, name="gone")
    gateway.kill()
    gateway.start()
    # Another port, the same server key.
    told = gateway.do(key=pb.KeyRequest(list=pb.KeyList()))
    assert told.server_key == kept.told.server_key
    assert [key.name for key in told.keys] == ["kept"]
    assert kept.connect(told).whoami().principal == "kept"
    assert not gone.connect(told).is_in()


def test_an_engineer_hands_out_his_own_district(gateway):
    engineer = Principal(gateway, "tianhe-it", "engineer").register()
    Principal(gateway, "haizhu110", "officer", HAIZHU).register()
    theirs = Principal(gateway, "tianhe110").register(by=engineer)
    assert theirs.whoami().principal == "tianhe110"

    def ask(**action):
        return engineer.ask(pb.Request(key=pb.KeyRequest(**action)))

    for jurisdiction in ([HAIZHU], [CITY], [TIANHE, HAIZHU], ["gc1.gateway."]):
        other = Principal(gateway, "other", "viewer", *jurisdiction)
        error = ask(add=pb.KeyAdd(key=other.key)).error
        assert error.code == pb.ERROR_NOT_ALLOWED, error
    assert [key.name for key in ask(list=pb.KeyList(all=True)).key.keys] == \
        ["tianhe-it", "tianhe110"]
    for action in ({"revoke": pb.KeyRevoke(name="haizhu110")},
                   {"expire": pb.KeyExpire(name="haizhu110")}):
        assert ask(**action).error.code == pb.ERROR_NOT_FOUND
    # The last engineer's own key may go: local stays.
    revoke(engineer, name="tianhe-it")
    assert ask(list=pb.KeyList()).error.code == pb.ERROR_NOT_ALLOWED
    assert len(gateway.do(key=pb.KeyRequest(list=pb.KeyList())).keys) == 2


@pytest.mark.parametrize("role", ["viewer", "officer", "supervisor"])
def test_nobody_else_hands_out_keys(gateway, role):
    principal = Principal(gateway, "li", role, CITY).register()
    for action in ({"add": pb.KeyAdd(key=principal.key)},
                   {"list": pb.KeyList()},
                   {"revoke": pb.KeyRevoke(name="li")},
                   {"expire": pb.KeyExpire(name="li")}, {}):
        error = principal.ask(pb.Request(key=pb.KeyRequest(**action))).error
        assert error.code == pb.ERROR_NOT_ALLOWED
        assert "it needs the role engineer" in error.sentence


def test_a_server_key_is_no_principals(gateway):
    server = gateway.do(key=pb.KeyRequest(list=pb.KeyList())).server_key
    reply = gateway.ask(pb.Request(key=pb.KeyRequest(add=pb.KeyAdd(key=pb.Key(
        name="li", roles=["viewer"], jurisdiction=[CITY],
        public_key=server)))))
    assert reply.error.code == pb.ERROR_BAD_ARGUMENT
    assert "of the gateway itself" in reply.error.sentence
