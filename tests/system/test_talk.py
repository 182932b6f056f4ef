# SPDX-License-Identifier: GPL-3.0-or-later
"""What an officer says goes out on the channels, and the key is let go."""
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import gridcall_pb2 as pb
import pytest
from place import City, Gateway, bring_up, wait_until
from sound import Radio
from talker import Talker

HERE = pathlib.Path(__file__).resolve().parent


@pytest.fixture
def gateway(site, running):
    site.add_channel("CH1")
    opus = site.add_channel("CH2")
    opus["address"] = opus["address"].replace("pcma", "opus")
    site.add_units("CH1", 2)
    return bring_up(site, running)


@pytest.fixture
def radios(site, gateway, running):
    radios = [Radio(channel) for channel in site.channels]
    running.extend(radios)
    return radios


@pytest.fixture
def talker(gateway, running):
    talker = Talker(gateway.commands)
    running.append(talker)
    return talker


def await_end(talker, *channels):
    """How the talk ended on these channels."""
    def ended():
        state = talker.state()
        return state if all(state[c].state == pb.TALK_ENDED
                            for c in channels) else None
    return wait_until(ended, "the end of the talk")


def test_a_talk_is_heard_at_each_radio(gateway, radios, talker):
    first = talker.begin("CH1", "CH2")
    assert [c.channel for c in first.channels] == ["CH1", "CH2"]
    assert first.next == 0
    talker.say(700, 100, lost=(40, 41))
    for code in "CH1", "CH2":
        assert talker.states(code) == [pb.TALK_WAITING, pb.TALK_KEYED]
    talker.state()
    assert talker.replies[-1][1].next == 100
    talker.end()
    ends = await_end(talker, "CH1", "CH2")
    for radio, code in zip(radios, ("CH1", "CH2")):
        radio.take()
        assert radio.keyings() == 1
        # 60 ms of lead, 100 of reserve; two lost ones are concealed.
        assert 100 <= len(radio.heard) <= 112
        sounds = radio.tone_frames(700)
        assert len(sounds) >= 94 and sounds[0] >= 3
        assert ends[code].reason == "all was sent"
        assert ends[code].sent_ms >= 1960


def test_an_opus_channel_gets_the_very_packets(radios, talker):
    talker.begin("CH2")
    sent = []
    put = talker.encoder.put
    talker.encoder.put = lambda pcm: sent.append(put(pcm)) or sent[-1]
    talker.say(700, 50)
    talker.end()
    await_end(talker, "CH2")
    radios[1].take()
    heard = [payload for _, _, payload in radios[1].heard]
    first = heard.index(sent[0])
    assert [p for p in heard[first:] if len(p) > 1] == sent


def test_the_key_is_let_go_when_the_talker_is_killed(gateway, radios):
    radio = radios[0]
    process = subprocess.Popen(
        [sys.executable, HERE / "talker.py", gateway.commands, "700", "CH1"],
        env=dict(os.environ, PYTHONPATH=str(HERE)))
    wait_until(lambda: radio.take(0.05) or len(radio.heard) > 50, "a talk")
    process.send_signal(signal.SIGKILL)
    killed = time.time()
    process.wait()
    wait_until(lambda: radio.take(0.05) or
               time.time() > radio.heard[-1][0] + 1, "quiet")
    print(f"unkeyed {radio.heard[-1][0] - killed:.3f} s after the kill")
    assert radio.heard[-1][0] - killed < 0.5
    assert radio.keyings() == 1
    text = gateway.vty("show channel CH1")
    assert "idle" in text


def test_a_busy_channel_waits_and_goes_on_from_now(gateway, radios, talker):
    """No word of it comes while somebody speaks, nor later what was old."""
    speaking = threading.Thread(target=radios[0].speak, args=(400, 75))
    speaking.start()
    wait_until(lambda: any(
        c.code == "CH1" and c.state == pb.CHANNEL_RECEIVING
        for c in gateway.do(channels={}).channels), "somebody who speaks")
    talker.begin("CH1")
    began = time.time()
    talker.say(500, 25)
    assert talker.states("CH1") == [pb.TALK_WAITING]
    assert "somebody speaks" in talker.replies[-1][1].channels[0].reason
    radios[0].take()
    assert not radios[0].heard
    talker.say(900, 150)
    speaking.join()
    talker.end()
    await_end(talker, "CH1")
    radios[0].take()
    assert radios[0].keyings() == 1 and radios[0].heard[0][0] > began + 0.5
    assert not radios[0].tone_frames(500)
    assert len(radios[0].tone_frames(900)) >= 50


def test_a_call_is_held_while_an_officer_talks(gateway, radios, talker):
    subscriber = gateway.subscribe().await_status()
    call = gateway.call(silence_ms=20000)
    subscriber.await_turn("CH1-01")
    talker.begin("CH1")
    talker.say(700, 25)
    subscriber.await_event(
        lambda e: e.call.held.reason == "local talks on channel CH1",
        "the hold")
    assert gateway.do(calls={}).calls[0].state == "held"
    subscriber.turns.clear()
    talker.end()
    subscriber.await_event(lambda e: e.call.HasField("resumed"), "the end")
    subscriber.await_turn("CH1-01")  # cued again
    gateway.do(cancel=pb.HoldRequest(call=call))


def test_a_call_goes_on_to_its_end_after_a_talk(site, gateway, running,
                                                talker):
    subscriber = gateway.subscribe().await_status()
    running.append(City(site))
    call = gateway.call(silence_ms=3000)
    subscriber.await_event(lambda e: e.call.turn.state == pb.UNIT_CALLED,
                           "a turn")
    talker.begin("CH1")
    talker.say(700, 50)
    talker.end()
    report = gateway.await_end(call)
    assert [u.state for u in report.units] == [pb.UNIT_ANSWERED] * 2, report


def test_an_alarm_heard_meanwhile_is_an_alarm_as_ever(gateway, radios,
                                                      talker):
    """It is told at once, holds the channel, and is acknowledged."""
    subscriber = gateway.subscribe().await_status()
    call = gateway.call(silence_ms=20000)
    subscriber.await_turn("CH1-01")
    dialling = threading.Thread(target=radios[0].dial, args=("**110#",))
    dialling.start()
    wait_until(lambda: any(
        c.code == "CH1" and c.state == pb.CHANNEL_RECEIVING
        for c in gateway.do(channels={}).channels), "somebody who dials")
    talker.begin("CH1")
    talker.say(700, 150)
    dialling.join()
    talker.end()
    await_end(talker, "CH1")
    alarm = subscriber.await_event(lambda e: e.alarm.kind == "police",
                                   "the alarm")
    assert alarm.alarm.channel == "CH1" and alarm.alarm.call == call
    held = subscriber.await_event(
        lambda e: "alarm on channel" in e.call.held.reason, "the hold")
    assert held.seq > alarm.seq - 2
    assert gateway.do(calls={}).calls[0].state == "held"
    # Said live, then the acknowledgement: two keyings since the cue.
    radios[0].take()
    wait_until(lambda: radios[0].take(0.05) or radios[0].keyings() >= 3,
               "the acknowledgement")
    gateway.do(release=pb.ReleaseRequest(channel="CH1"))
    subscriber.await_event(lambda e: e.call.HasField("resumed"), "the end")
    gateway.do(cancel=pb.HoldRequest(call=call))


def test_a_gateway_that_stops_lets_go_of_the_key(gateway, radios, talker):
    talker.begin("CH1")
    talker.say(700, 50)
    gateway.stop()
    radios[0].take()
    count = len(radios[0].heard)
    radios[0].take(0.3)
    assert len(radios[0].heard) == count and radios[0].keyings() == 1


def refusal(gateway, **fields):
    reply = gateway.ask(pb.Request(talk=pb.TalkRequest(**fields)))
    return reply.error.code, reply.error.sentence


def test_one_talk_at_a_time(gateway, radios, talker):
    talker.begin("CH1")
    talker.say(700, 5)
    code, sentence = refusal(gateway, channels=["CH2"])
    assert code == pb.ERROR_CONFLICT and "talks already" in sentence
    talker.say(700, 5)
    talker.end()
    # The next press comes while the last words are still being sent.
    talker.begin("CH1")
    talker.say(700, 25)
    talker.end()
    assert await_end(talker, "CH1")["CH1"].sent_ms >= 400


def test_what_no_talk_is_is_refused(gateway, talker):
    assert refusal(gateway)[0] == pb.ERROR_BAD_ARGUMENT
    assert refusal(gateway, channels=["NO"])[0] == pb.ERROR_NOT_FOUND
    assert refusal(gateway, talk="t0")[0] == pb.ERROR_NOT_FOUND
    assert refusal(gateway, selector="grid=99")[0] == pb.ERROR_NOT_FOUND
    assert refusal(gateway, selector="gird=07")[0] == pb.ERROR_BAD_ARGUMENT
    code, sentence = refusal(gateway, channels=["CH1"], packets=[b"ab"])
    assert code == pb.ERROR_BAD_ARGUMENT and "packet 0" in sentence
    packet = talker.encoder.put(bytes(320))
    assert refusal(gateway, channels=["CH1"], packets=[packet] * 51)[0] \
        == pb.ERROR_BAD_ARGUMENT
    assert "0 talks" in gateway.vty("show voice")


def test_a_selector_names_the_channels_of_its_units(gateway, radios, talker):
    first = talker.begin(selector="channel=CH1")
    assert [c.channel for c in first.channels] == ["CH1"]


def test_the_beginning_of_a_talk_is_told(gateway, talker):
    subscriber = gateway.subscribe().await_status()
    talker.begin("CH1", "CH2")
    talker.say(700, 5)
    subscriber.await_seq(gateway.do(status={}).seq)
    audits = [(e.topic.rsplit(".", 1)[1], e.audit.subject)
              for e, _ in subscriber.events if e.audit.command == "talk"]
    assert sorted(audits) == [("audit", "CH1"), ("audit", "CH2"),
                              ("over", "CH1"), ("over", "CH2")]


def test_the_transmit_limit_cuts_a_talk(site, running):
    site.add_channel("CH1", tx_limit_s=2)
    site.write()
    gateway = Gateway(site)
    radio = Radio(site.channels[0])
    talker = Talker(gateway.commands)
    running.extend((gateway, radio, talker))
    gateway.start()
    gateway.bring_in()
    talker.begin("CH1")
    talker.say(700, 150)
    end = talker.state()["CH1"]
    assert end.state == pb.TALK_ENDED and "time-out" in end.reason
    radio.take()
    assert radio.keyings() == 1 and len(radio.heard) <= 101


def test_who_floods_packets_is_not_heard_for_longer(gateway, radios, talker):
    """An hour of packets in a moment: what is said stays seconds long."""
    talker.begin("CH1")
    packet = talker.encoder.put(bytes(320))
    for _ in range(200):
        talker.send(packets=[packet] * 50)
        talker.take(to_last=True)
    talker.end()
    assert talker.replies[-1][1].next == 10000
    assert await_end(talker, "CH1")["CH1"].sent_ms < 4000
    assert radios[0].take() or radios[0].keyings() == 1


def test_what_was_said_while_an_alarm_is_acknowledged_is_old(
        gateway, radios, talker):
    """The gateway's own words go first; then from now, not from the past."""
    subscriber = gateway.subscribe().await_status()
    radios[0].dial("**110#")
    subscriber.await_event(lambda e: e.alarm.kind == "police", "the alarm")
    wait_until(lambda: radios[0].take(0.02) or radios[0].heard,
               "the acknowledgement")
    talker.begin("CH1")
    talker.say(500, 10)
    talker.say(900, 200)
    talker.end()
    await_end(talker, "CH1")
    radios[0].take()
    assert radios[0].keyings() == 2
    while not (radios[0].heard.pop(0) and radios[0].heard[0][1]):
        pass  # up to the second keying
    assert not radios[0].tone_frames(500)
    assert len(radios[0].tone_frames(900)) > 50
    gateway.do(release=pb.ReleaseRequest(channel="CH1"))
