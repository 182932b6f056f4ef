# SPDX-License-Identifier: GPL-3.0-or-later
"""Tones, Opus and an RTP radio, for tests of live voice."""
import ctypes
import ctypes.util
import math
import random
import select
import socket
import struct
import time

RATE = 8000
FRAME = RATE // 50
FRAME_S = 0.02

OPUS = ctypes.CDLL(ctypes.util.find_library("opus"))
OPUS.opus_decoder_create.restype = ctypes.c_void_p
OPUS.opus_encoder_create.restype = ctypes.c_void_p


def tone(hz, first=0, samples=FRAME, rate=RATE):
    """16-bit samples of a tone, from its sample first on."""
    return b"".join(struct.pack("<h", int(9000 * math.sin(
        2 * math.pi * hz * n / rate))) for n in range(first, first + samples))


def pitch(pcm, rate=RATE):
    """The frequency that sounds, by its rising zero crossings; 0: none."""
    samples = struct.unpack(f"<{len(pcm) // 2}h", pcm)
    if not samples or max(samples) < 500:
        return 0
    rises = [n for n in range(1, len(samples))
             if samples[n - 1] < 0 <= samples[n]]
    if len(rises) < 3:
        return 0
    return rate * (len(rises) - 1) / (rises[-1] - rises[0])


def alaw_of(sample):
    """One sample as A-law (ITU-T G.711, table 1a)."""
    sign, size = (0x80, sample) if sample >= 0 else (0, ~sample)
    size >>= 4
    segment = max(size.bit_length() - 4, 0)
    step = (size >> (segment - 1) if segment else size) & 15
    return (sign | segment << 4 | step) ^ 0x55


def sample_of(alaw):
    """The same the other way."""
    alaw ^= 0x55
    segment, size = (alaw >> 4) & 7, (alaw & 15) * 2 + 1
    if segment:
        size = (size + 32) << (segment - 1)
    return size << 3 if alaw & 0x80 else -(size << 3)


SAMPLES = [struct.pack("<h", sample_of(alaw)) for alaw in range(256)]


def to_alaw(pcm):
    return bytes(map(alaw_of, struct.unpack(f"<{len(pcm) // 2}h", pcm)))


def from_alaw(data):
    return b"".join(SAMPLES[alaw] for alaw in data)


class Decoder:
    """Opus packets of 20 ms to samples at 8 kHz."""

    def __init__(self):
        error = ctypes.c_int()
        self.state = ctypes.c_void_p(OPUS.opus_decoder_create(
            RATE, 1, ctypes.byref(error)))
        assert error.value == 0

    def put(self, packet):
        pcm = (ctypes.c_int16 * FRAME)()
        done = OPUS.opus_decode(self.state, packet or None, len(packet), pcm,
                                FRAME, 0)
        assert done == FRAME, done
        return bytes(pcm)


class Encoder:
    """Samples at 8 kHz to Opus packets of 20 ms."""

    def __init__(self):
        error = ctypes.c_int()
        self.state = ctypes.c_void_p(OPUS.opus_encoder_create(
            RATE, 1, 2048, ctypes.byref(error)))
        assert error.value == 0

    def put(self, pcm):
        data = ctypes.create_string_buffer(1275)
        done = OPUS.opus_encode(self.state, pcm, FRAME, data, 1275)
        assert done > 0, done
        return data.raw[:done]


class Pace:
    """A clock that ticks each 20 ms, without drift."""

    def __init__(self):
        self.due = time.monotonic()

    def wait(self, *readable):
        """Until the next tick, or until a socket can be read: which ones."""
        left = self.due - time.monotonic()
        if left <= 0:
            self.due += FRAME_S
            return None
        return select.select(readable, [], [], left)[0]


class Radio:
    """A radio behind an RTP gateway: G.711 A-law, packets while keyed."""

    def __init__(self, channel):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", int(channel["remote"])))
        self.to = ("127.0.0.1", int(channel["local"]))
        self.ssrc = random.getrandbits(32)
        self.seq = random.getrandbits(16)
        self.timestamp = random.getrandbits(32)
        self.heard = []  # (monotonic time, marker, samples)
        self.began = 0.0

    def close(self):
        self.socket.close()

    def send(self, pcm):
        header = struct.pack("!BBHII", 0x80, 8, self.seq & 0xffff,
                             self.timestamp & 0xffffffff, self.ssrc)
        self.seq += 1
        self.timestamp += FRAME
        self.socket.sendto(header + to_alaw(pcm), self.to)

    def speak(self, hz, frames, lost=()):
        """An over of one tone; frames whose number is in lost never come."""
        pace = Pace()
        self.timestamp += RATE
        self.began = time.time()
        for n in range(frames):
            while pace.wait() is not None:
                pass
            if n in lost:
                self.seq += 1
                self.timestamp += FRAME
            else:
                self.send(tone(hz, n * FRAME))

    def take(self, limit_s=0.0):
        """Take in what was sent to the radio; False, for wait_until."""
        while select.select([self.socket], [], [], limit_s)[0]:
            data = self.socket.recv(4096)
            limit_s = 0
            assert data[0] == 0x80 and data[1] & 0x7f == 8, data[:12]
            self.heard.append((time.monotonic(), bool(data[1] & 0x80),
                               from_alaw(data[12:])))
        return False
