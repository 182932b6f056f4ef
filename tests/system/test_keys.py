# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of principals: registered, listed, taken away, kept over a kill."""
import time

import gridcall_pb2 as pb
import pytest
import zmq
from place import Gateway, wait_until

TIANHE, HAIZHU = "gc1.440106.", "gc1.440105."


@pytest.fixture
def gateway(site, running):
    site.add_channel("CH1")
    site.add_units("CH1", 2)
    site.write()
    gateway = Gateway(site)
    running.append(gateway)
    return gateway.start()


def now_us():
    return int(time.time() * 1e6)


def new_key(name, roles=("officer",), jurisdiction=(TIANHE,), **fields):
    fields.setdefault("public_key", zmq.curve_keypair()[0].decode())
    return pb.Key(name=name, roles=roles, jurisdiction=jurisdiction, **fields)


def adding(key, overlap_s=0, idempotency_key=""):
    return pb.Request(idempotency_key=idempotency_key, key=pb.KeyRequest(
        add=pb.KeyAdd(key=key, overlap_s=overlap_s)))


def add(gateway, key, **options):
    reply = gateway.ask(adding(key, **options))
    assert not reply.HasField("error"), reply.error.sentence
    return reply.key


def listed(gateway, every=False):
    return list(gateway.do(key=pb.KeyRequest(
        list=pb.KeyList(all=every))).keys)


def revoking(**which):
    return pb.Request(key=pb.KeyRequest(revoke=pb.KeyRevoke(**which)))


def expiring(**which):
    return pb.Request(key=pb.KeyRequest(expire=pb.KeyExpire(**which)))


def refused(gateway, request, code, *words):
    reply = gateway.ask(request)
    assert reply.error.code == code, reply
    for word in words:
        assert word in reply.error.sentence
    return reply.error.sentence


def test_a_key_is_added_listed_expired_and_revoked(gateway):
    key = new_key("dispatch110", ("officer", "viewer"), (TIANHE, HAIZHU))
    reply = add(gateway, key)
    assert reply.gateway == "GC1"
    [added] = reply.keys
    assert added.name == "dispatch110"
    assert added.public_key == key.public_key
    assert list(added.roles) == ["viewer", "officer"]
    assert list(added.jurisdiction) == [TIANHE, HAIZHU]
    assert added.created_by == "local" and not added.expires_at_us
    assert abs(added.created_at_us - now_us()) < 60e6
    assert listed(gateway) == [added]
    later = now_us() + 3600 * 10**6
    [changed] = gateway.ask(expiring(
        name="dispatch110", expires_at_us=later)).key.keys
    assert changed.expires_at_us == later
    assert listed(gateway) == [changed]
    [revoked] = gateway.ask(revoking(name="dispatch110")).key.keys
    assert revoked.revoked_by == "local" and revoked.revoked_at_us
    assert listed(gateway) == []
    assert listed(gateway, every=True) == [revoked]


def test_a_change_of_keys_is_in_the_audit(gateway):
    subscriber = gateway.subscribe("gc1.gateway.").await_status()
    add(gateway, new_key("dispatch110", expires_at_us=1798761600 * 10**6))
    gateway.ask(revoking(name="dispatch110"))
    told = subscriber.await_event(
        lambda e: e.audit.subject == "revoke dispatch110", "the revocation")
    assert told.topic == "gc1.gateway.GC1.audit"
    assert told.audit.command == "key" and told.audit.principal == "local"
    assert ("add dispatch110 officer gc1.440106. until 2027-01-01" in
            [event.audit.subject for event, _ in subscriber.events])


def test_a_repeat_under_its_idempotency_key_is_the_same(gateway):
    request = adding(new_key("li"), idempotency_key="k1")
    first = gateway.ask(request)
    again = gateway.ask(request)
    assert first.key.keys and again.key == first.key
    assert len(listed(gateway)) == 1
    refused(gateway, adding(new_key("li"), idempotency_key="k1"),
            pb.ERROR_CONFLICT, "another request")
    assert listed(gateway) == list(first.key.keys)


def test_a_restart_and_a_kill_keep_what_was_told(gateway):
    add(gateway, new_key("li", expires_at_us=now_us() + 86400 * 10**6))
    add(gateway, new_key("wu"))
    gateway.stop()
    gateway.start()
    assert [key.name for key in listed(gateway)] == ["li", "wu"]
    add(gateway, new_key("an", ("engineer",), ("gc1.",)))
    before = listed(gateway)
    gateway.ask(revoking(name="wu"))
    gateway.kill()
    gateway.start()
    assert listed(gateway) == [k for k in before if k.name != "wu"]
    assert [k.name for k in listed(gateway, every=True)] == ["an", "li", "wu"]
    refused(gateway, expiring(name="wu"), pb.ERROR_CONFLICT,
            "does not come back")


def test_each_wrong_value_has_its_sentence(gateway):
    good = new_key("li")

    def wrong(*words, code=pb.ERROR_BAD_ARGUMENT, overlap_s=0, **fields):
        key = pb.Key()
        key.CopyFrom(good)
        for field, value in fields.items():
            if isinstance(value, list):
                del getattr(key, field)[:]
                getattr(key, field).extend(value)
            else:
                setattr(key, field, value)
        return refused(gateway, adding(key, overlap_s), code, *words)

    sentences = {
        wrong("'Li'", "a-z", name="Li"),
        wrong("local", "another name", name="local"),
        wrong("40 characters of Z85", public_key="abc"),
        wrong("protects nothing", public_key="0" * 40),
        wrong("no role", "choose among", roles=["boss"]),
        wrong("has no role", roles=[]),
        wrong("'gc1.440106'", "gc1.440106.", jurisdiction=["gc1.440106"]),
        wrong("has no jurisdiction", jurisdiction=[]),
        wrong("more than 16", jurisdiction=[f"gc1.4401{n:02d}."
                                            for n in range(17)]),
        wrong("expired already", expires_at_us=int(time.time())),
        wrong("50 years", expires_at_us=int(time.time() * 1e9)),
        wrong("at most 90 days", overlap_s=10**8),
        refused(gateway, pb.Request(key=pb.KeyRequest(add=pb.KeyAdd())),
                pb.ERROR_BAD_ARGUMENT, "no name"),
        refused(gateway, pb.Request(key=pb.KeyRequest()),
                pb.ERROR_BAD_REQUEST, "add, list, revoke or expire"),
        refused(gateway, revoking(), pb.ERROR_BAD_ARGUMENT, "no key is named"),
        refused(gateway, revoking(name="li"), pb.ERROR_NOT_FOUND, "'li'"),
        refused(gateway, expiring(public_key=good.public_key),
                pb.ERROR_NOT_FOUND, good.public_key),
    }
    assert len(sentences) == 17
    assert listed(gateway, every=True) == []
    add(gateway, good)
    refused(gateway, adding(good), pb.ERROR_CONFLICT, "registered already")
    refused(gateway, adding(new_key("li")), pb.ERROR_CONFLICT,
            "has a key in force", "overlap")
    both = add(gateway, new_key("li"), overlap_s=60).keys
    assert [bool(key.expires_at_us) for key in both] == [True, False]
    refused(gateway, adding(new_key("li"), 60), pb.ERROR_CONFLICT,
            "two keys in force")
    gateway.ask(revoking(name="li"))
    refused(gateway, revoking(name="li"), pb.ERROR_CONFLICT,
            "revoked before")


def test_a_key_expires_while_the_gateway_runs(gateway):
    add(gateway, new_key("li", expires_at_us=now_us() + 4 * 10**6))
    wait_until(lambda: "of 'li' is no longer in force" in gateway.read_log(),
               "the end of the key of li")
    assert listed(gateway) == []


def test_an_administrator_sees_keys_and_nothing_more(gateway):
    key = new_key("dispatch110", ("officer", "engineer"), (TIANHE, HAIZHU),
                  expires_at_us=1893456000 * 10**6)
    add(gateway, key)
    add(gateway, new_key("wu"))
    gateway.ask(revoking(name="wu"))
    shown = gateway.vty("show keys")
    assert (f"dispatch110          {key.public_key[:8]} officer,engineer "
            f"{TIANHE},{HAIZHU} expires 2030-01-01") in shown
    assert "1 keys in force" in shown and key.public_key not in shown
    shown = gateway.vty("show keys all")
    assert "wu " in shown and "by local" in shown and "2 keys" in shown


def test_whoami_says_who_and_where(gateway):
    told = gateway.do(whoami={})
    assert told.principal == "local" and told.gateway == "GC1"
    assert list(told.jurisdiction) == ["gc1."]
    assert not told.public_key and not told.expires_at_us
    [feed] = told.feeds
    assert feed.address == gateway.feed and feed.jurisdiction == "gc1."
    assert not feed.public_key and not feed.voice
