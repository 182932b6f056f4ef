# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may hear a channel live, and who may speak on it."""
import gridcall_pb2 as pb
import pytest
from place import wait_until
from sound import Encoder, Radio, tone
from test_principals import CITY, NEAR, Principal, gateway, revoke  # noqa

assert gateway  # the fixture


@pytest.fixture
def city(gateway):  # noqa: F811
    gateway.bring_in()
    return gateway


def refusal(principal, **body):
    reply = principal.ask(pb.Request(**body))
    return reply.error.code, reply.error.sentence


def listen(*channels):
    return {"listen": pb.ListenRequest(channels=channels)}


def talk(*channels, **fields):
    return {"talk": pb.TalkRequest(channels=channels, **fields)}


def test_the_right_follows_the_channels_home(city):
    officer = Principal(city, "officer").register()
    assert refusal(officer, **listen("CH1"))[0] == pb.ERROR_OK
    for body in listen("CH2"), listen("CH1", "CH2"), talk("CH2"), \
            talk("CH1", "CH2"), talk(selector="channel=CH2"):
        assert refusal(officer, **body)[0] in (
            pb.ERROR_NOT_FOUND, pb.ERROR_BAD_ARGUMENT), body
    reply = officer.ask(pb.Request(**talk(selector="")))
    assert reply.error.code == pb.ERROR_BAD_ARGUMENT
    reply = officer.ask(pb.Request(**talk(selector="tag=none")))
    assert reply.error.code == pb.ERROR_NOT_FOUND
    reply = officer.ask(pb.Request(**talk(selector="limit=9")))
    assert [c.channel for c in reply.talk.channels] == ["CH1"]


def test_a_channel_of_ones_grid_with_another_home_may_be_named(site, city):
    channels = (site.folder / "channels.csv").read_bytes()
    theirs, ours = ".".join(NEAR).encode(), b"440106.440106530000.07"
    city.do(**{"import": pb.ImportRequest(channels_csv=channels.replace(
        theirs + b"," + theirs, theirs + b"," + theirs + b";" + ours))})
    officer = Principal(city, "officer").register()
    for body in listen("CH2"), talk("CH2"):
        code, sentence = refusal(officer, **body)
        assert code == pb.ERROR_NOT_ALLOWED and "its home" in sentence


@pytest.mark.parametrize("role,hears,speaks", [
    ("viewer", False, False), ("officer", True, True),
    ("supervisor", True, True), ("engineer", True, False)])
def test_each_role_hears_and_speaks_as_it_may(city, role, hears, speaks):
    principal = Principal(city, role, role).register()
    for body, may in (listen("CH1"), hears), (talk("CH1"), speaks):
        assert refusal(principal, **body)[0] == \
            (pb.ERROR_OK if may else pb.ERROR_NOT_ALLOWED)


def test_two_do_not_talk_on_one_channel(city):
    first = Principal(city, "first").register()
    second = Principal(city, "second", "officer", CITY).register()
    packet = Encoder().put(tone(700))
    first.ask(pb.Request(**talk("CH1", packets=[packet])))
    code, sentence = refusal(second, **talk("CH1"))
    assert code == pb.ERROR_CONFLICT and "'first' talks there" in sentence
    both = second.ask(pb.Request(**talk("CH1", "CH2"))).talk
    states = {c.channel: c for c in both.channels}
    assert states["CH1"].state == pb.TALK_ENDED
    assert states["CH1"].reason == "first talks on it"
    assert states["CH2"].state == pb.TALK_WAITING
    # Nobody goes on with the talk of another.
    code, _ = refusal(first, talk=pb.TalkRequest(talk=both.talk))
    assert code == pb.ERROR_NOT_FOUND


def test_a_key_taken_away_ends_its_talk(site, city, running):
    radio = Radio(site.channels[0])
    running.append(radio)
    officer = Principal(city, "officer").register()
    encoder = Encoder()
    told = officer.ask(pb.Request(**talk("CH1"))).talk

    def speak():
        officer.ask(pb.Request(talk=pb.TalkRequest(
            talk=told.talk, number=speak.number,
            packets=[encoder.put(tone(700))])))
        speak.number += 1
        return radio.take(0.02) or len(radio.heard) > 20
    speak.number = 0
    wait_until(speak, "the talk")
    revoke(city, name="officer")

    def ended():
        code, _ = refusal(officer, talk=pb.TalkRequest(
            talk=told.talk, number=speak.number,
            packets=[encoder.put(tone(700))]))
        assert code == pb.ERROR_NOT_ALLOWED
        return radio.take(0.02) or "ended" in city.vty("show voice")
    wait_until(ended, "the end of the talk")
    assert radio.keyings() == 1
