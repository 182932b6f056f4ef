# SPDX-License-Identifier: GPL-3.0-or-later
"""Live voice: what is heard on a channel, and what an officer says to it."""
import threading
import time

import gridcall_pb2 as pb
import pytest
from place import AREA, bring_up, wait_until
from sound import Decoder, Radio, pitch

VOICE = "gc1." + ".".join(AREA) + ".voice"


def start(site, running):
    """A gateway whose feed carries live voice."""
    return bring_up(site, running, (
        f"feed all ipc://{site.folder}/feed.sock gc1. voice",))


@pytest.fixture
def gateway(site, running):
    site.add_channel("CH1")
    site.add_channel("CH2")
    return start(site, running)


@pytest.fixture
def radios(site, gateway, running):
    radios = [Radio(channel) for channel in site.channels]
    running.extend(radios)
    return radios


def listen(gateway, *channels, **options):
    return gateway.do(listen=pb.ListenRequest(channels=channels, **options))


class Ear:
    """What a subscriber hears of one channel."""

    def __init__(self, subscriber, channel):
        self.subscriber, self.channel = subscriber, channel
        self.taken = 0
        self.messages = []

    def take(self):
        self.subscriber.take(0.02)
        for topic, payload in self.subscriber.volatile[self.taken:]:
            if topic == VOICE:
                voice = pb.Voice.FromString(payload)
                if voice.channel == self.channel:
                    self.messages.append(voice)
        self.taken = len(self.subscriber.volatile)
        return self.messages

    def await_over(self):
        """All messages of the next over, taken away."""
        wait_until(lambda: any(v.ended for v in self.take()),
                   "the end of an over")
        last = next(n for n, v in enumerate(self.messages) if v.ended)
        over, self.messages = self.messages[:last + 1], \
            self.messages[last + 1:]
        return over


def voice_told(gateway):
    """How many messages of live voice the gateway counted."""
    text = gateway.vty("show rate-counters")
    line = next(line for line in text.splitlines() if "voice:told" in line)
    return int(line.split(":")[-1].split()[0])


def assert_hears(over, hz, frames):
    """The packets of an over, in order and whole, sound that tone."""
    decoder, pcm, number = Decoder(), b"", 0
    for message in over:
        assert message.number == number and message.over == over[0].over
        assert 0 <= len(message.packets) <= 3
        number += len(message.packets)
        pcm += b"".join(decoder.put(packet) for packet in message.packets)
    assert number == frames
    assert abs(pitch(pcm[4000:-1000]) - hz) < 5


def test_a_channel_is_heard_while_somebody_listens(gateway, radios):
    subscriber = gateway.subscribe().await_status()
    other = Ear(gateway.subscribe().await_status(), "CH1")
    ear = Ear(subscriber, "CH1")
    reply = listen(gateway, "CH1")
    assert reply.lease_ms == 30000 and list(reply.topics) == [VOICE]
    radios[1].speak(500, 10)  # nobody listens to that one
    radios[0].speak(700, 100, lost=(50, 51))
    over = ear.await_over()
    packets = [p for message in over for p in message.packets]
    assert_hears(over, 700, 100)
    assert [n for n, p in enumerate(packets) if not p] == [50, 51]
    event = subscriber.await_event(
        lambda e: e.over.channel == "CH1", "the over's event")
    assert event.over.over == over[0].over
    assert event.over.began_at_us == over[0].time_us
    assert abs(over[0].time_us / 1e6 - radios[0].began) < 1
    assert over[0].gateway == "GC1"
    assert_hears(other.await_over(), 700, 100)
    assert "frames encoded 98," in gateway.vty("show voice")
    assert all(pb.Voice.FromString(payload).channel == "CH1"
               for topic, payload in subscriber.volatile if topic == VOICE)


def test_without_a_lease_nothing_is_encoded_or_told(gateway, radios):
    subscriber = gateway.subscribe().await_status()
    radios[0].speak(700, 25)
    subscriber.await_event(lambda e: e.over.channel == "CH1", "an over")
    listen(gateway, "CH1", "CH2")
    listen(gateway, "CH1", "CH2", stop=True)
    radios[0].speak(700, 25)
    subscriber.await_event(
        lambda e: e.over.channel == "CH1" and e.topic_seq > 2, "an over")
    assert voice_told(gateway) == 0
    assert "frames encoded 0" in gateway.vty("show voice")
    assert not any(topic == VOICE for topic, _ in subscriber.volatile)


def test_a_lease_that_is_not_renewed_ends(gateway, radios):
    subscriber = gateway.subscribe().await_status()
    ear = Ear(subscriber, "CH1")
    listen(gateway, "CH1")
    radios[0].speak(700, 10)
    ear.await_over()
    wait_until(lambda: "0 leases" in gateway.vty("show voice"),
               "the end of the lease", 40)
    told = voice_told(gateway)
    radios[0].speak(700, 10)
    subscriber.await_event(
        lambda e: e.over.channel == "CH1" and e.topic_seq > 2, "an over")
    assert voice_told(gateway) == told


def test_the_beginning_of_a_lease_is_told_and_its_renewal_is_not(gateway):
    subscriber = gateway.subscribe().await_status()
    for _ in range(3):
        listen(gateway, "CH1", "CH2", "CH1")
    listen(gateway, "CH1", stop=True)
    listen(gateway, "CH1")
    seq = gateway.do(status={}).seq
    subscriber.await_seq(seq)
    audits = [(e.topic.rsplit(".", 1)[1], e.audit.subject, e.audit.principal)
              for e, _ in subscriber.events if e.audit.command == "listen"]
    assert [a for a in audits if a[0] == "over"] == [
        ("over", "CH1", "local"), ("over", "CH2", "local"),
        ("over", "CH1", "local")]
    assert len([a for a in audits if a[0] == "audit"]) == 3


def test_an_unknown_channel_is_not_found(gateway):
    for channels in (["NO"], ["CH1", "NO"]):
        reply = gateway.ask(pb.Request(
            listen=pb.ListenRequest(channels=channels)))
        assert reply.error.code == pb.ERROR_NOT_FOUND
        assert "'NO'" in reply.error.sentence
    reply = gateway.ask(pb.Request(listen=pb.ListenRequest()))
    assert reply.error.code == pb.ERROR_BAD_ARGUMENT
    assert "0 leases" in gateway.vty("show voice")


def test_voice_is_told_while_it_is_spoken(gateway, radios):
    subscriber = gateway.subscribe().await_status()
    ear = Ear(subscriber, "CH1")
    listen(gateway, "CH1")
    speaking = threading.Thread(target=radios[0].speak, args=(700, 100))
    speaking.start()
    wait_until(ear.take, "the first packet")
    late_ms = (time.time() - ear.messages[0].time_us / 1e6) * 1000
    assert speaking.is_alive()
    print(f"heard {late_ms:.0f} ms after its first packet")
    speaking.join()
    assert_hears(ear.await_over(), 700, 100)


def test_a_channel_that_is_opened_again_is_heard_again(gateway, radios):
    ear = Ear(gateway.subscribe().await_status(), "CH1")
    listen(gateway, "CH1")
    radios[0].speak(700, 10)
    ear.await_over()
    channels = (gateway.folder / "channels.csv").read_bytes()
    done = gateway.do(**{"import": pb.ImportRequest(
        channels_csv=channels.replace(b",60,0,20,", b",80,0,20,"))})
    assert done.changed == 2
    radios[0].speak(700, 50)
    assert_hears(ear.await_over(), 700, 50)


def test_nobody_listens_to_more_than_64_channels(site, running):
    for number in range(65):
        site.add_channel(f"N{number:02d}")
    gateway = start(site, running)
    codes = [channel["code"] for channel in site.channels]
    many = pb.Request(listen=pb.ListenRequest(channels=codes))
    assert gateway.ask(many).error.code == pb.ERROR_CONFLICT
    assert "0 leases" in gateway.vty("show voice")
    listen(gateway, *codes[:64])
    reply = gateway.ask(pb.Request(
        listen=pb.ListenRequest(channels=codes[64:])))
    assert "64 are the most" in reply.error.sentence
    listen(gateway, codes[0], stop=True)
    listen(gateway, codes[64])
