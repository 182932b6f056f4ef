# SPDX-License-Identifier: GPL-3.0-or-later
"""Foreign RTP senders carry a keypad answer into the gateway."""
import array
import math
import subprocess
import wave

import gridcall_pb2 as pb
import pytest
from place import bring_up

ROWS = {"1": (697, 1209), "2": (697, 1336), "3": (697, 1477),
        "4": (770, 1209), "5": (770, 1336), "6": (770, 1477),
        "7": (852, 1209), "8": (852, 1336), "9": (852, 1477),
        "*": (941, 1209), "0": (941, 1336), "#": (941, 1477)}
RATE = 48000


def write_answer(path, digits):
    """Half a second of quiet, the digits, a quarter of quiet."""
    samples = array.array("h", [0] * (RATE // 2))
    for digit in digits:
        low, high = ROWS[digit]
        samples.extend(
            int(6000 * math.sin(2 * math.pi * low * n / RATE)
                + 6000 * math.sin(2 * math.pi * high * n / RATE))
            for n in range(RATE // 10))
        samples.extend([0] * (RATE // 10))
    samples.extend([0] * (RATE // 4))
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", ""))
        out.writeframes(samples.tobytes())


def gstreamer(path, port, chain):
    return ["gst-launch-1.0", "-q", "filesrc", f"location={path}", "!",
            "wavparse", "!", "audioconvert", "!", "audioresample", "!",
            *chain, "!", "udpsink", "host=127.0.0.1", f"port={port}",
            "sync=true"]


def ffmpeg(path, port, *codec):
    return ["ffmpeg", "-nostdin", "-loglevel", "error", "-re", "-i",
            str(path), *codec, "-f", "rtp", f"rtp://127.0.0.1:{port}"]


PEERS = {
    "GStreamer Opus": lambda path, port: gstreamer(
        path, port, ["opusenc", "frame-size=20", "!", "rtpopuspay",
                     "pt=111"]),
    "GStreamer A-law": lambda path, port: gstreamer(
        path, port, ["audio/x-raw,rate=8000,channels=1", "!", "alawenc",
                     "!", "rtppcmapay"]),
    "ffmpeg Opus": lambda path, port: ffmpeg(
        path, port, "-c:a", "libopus", "-ac", "1", "-frame_duration", "20",
        "-payload_type", "111"),
    "ffmpeg µ-law": lambda path, port: ffmpeg(
        path, port, "-c:a", "pcm_mulaw", "-ar", "8000", "-ac", "1"),
}


@pytest.mark.parametrize("peer", PEERS)
def test_a_foreign_sender_carries_an_answer(site, running, peer):
    channel = site.add_channel("CH1")
    site.add_units("CH1", 1)
    gateway = bring_up(site, running)
    answer = site.folder / "answer.wav"
    write_answer(answer, "11#")
    subscriber = gateway.subscribe().await_status()
    call = gateway.call(silence_ms=15000)
    subscriber.await_turn("CH1-01")
    done = subprocess.run(PEERS[peer](answer, channel["local"]),
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    report = gateway.await_end(call)
    reply = report.units[0].reply
    assert report.units[0].state == pb.UNIT_ANSWERED, report
    assert reply.raw == "11#" and reply.headcount == 11
    assert report.units[0].grade == pb.GRADE_AGREES, reply
