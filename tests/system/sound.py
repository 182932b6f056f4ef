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
SO_TIMESTAMPNS = 35  # Linux; Python names it not yet

OPUS = ctypes.CDLL(ctypes.util.find_library("opus"))
OPUS.opus_decoder_create.restype = ctypes.c_void_p
OPUS.opus_encoder_create.restype = ctypes.c_void_p


def tone(hz, first=0, samples=FRAME, rate=RATE):
    """16-bit samples of a tone, from its sample first on."""
    return b"".join(struct.pack("<h", int(9000 * math.sin(
        2 * math.pi * hz * n / rate))) for n in range(first, first + samples))


KEYS = {"1": (697, 1209), "*": (941, 1209), "0": (941, 1336),
        "#": (941, 1477)}


def key_press(key):
    """100 ms of a keypad tone and 100 of quiet, in frames."""
    low, high = KEYS[key]
    pcm = b"".join(struct.pack("<h", int(
        6000 * math.sin(2 * math.pi * low * n / RATE)
        + 6000 * math.sin(2 * math.pi * high * n / RATE)))
        for n in range(5 * FRAME)) + bytes(10 * FRAME)
    return [pcm[at:at + 2 * FRAME] for at in range(0, len(pcm), 2 * FRAME)]


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
    """A radio behind an RTP gateway: packets while keyed, A-law by default."""

    def __init__(self, channel):
        self.is_opus = "codec=opus" in channel["address"]
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.bind(("127.0.0.1", int(channel["remote"])))
        self.to = ("127.0.0.1", int(channel["local"]))
        self.ssrc = random.getrandbits(32)
        self.seq = random.getrandbits(16)
        self.timestamp = random.getrandbits(32)
        self.heard = []  # (when it came, by the kernel; marker, payload)
        self.began = 0.0

    def close(self):
        self.socket.close()

    def send(self, pcm):
        header = struct.pack("!BBHII", 0x80, 8, self.seq & 0xffff,
                             self.timestamp & 0xffffffff, self.ssrc)
        self.seq += 1
        self.timestamp += FRAME
        self.socket.sendto(header + to_alaw(pcm), self.to)

    def play(self, frames):
        """An over of these frames; those that are None never come."""
        pace = Pace()
        self.timestamp += RATE
        self.began = time.time()
        for frame in frames:
            while pace.wait() is not None:
                pass
            if frame is None:
                self.seq += 1
                self.timestamp += FRAME
            else:
                self.send(frame)

    def speak(self, hz, frames, lost=()):
        """An over of one tone; frames whose number is in lost never come."""
        self.play([None if n in lost else tone(hz, n * FRAME)
                   for n in range(frames)])

    def dial(self, keys):
        """An over with keypad tones, a second of quiet before and after."""
        quiet = [bytes(2 * FRAME)] * 50
        self.play(quiet + sum(map(key_press, keys), []) + quiet)

    def take(self, limit_s=0.0):
        """Take in what was sent to the radio; False, for wait_until."""
        while select.select([self.socket], [], [], limit_s)[0]:
            data, told, _, _ = self.socket.recvmsg(4096, 64)
            seconds, nanoseconds = struct.unpack("@ll", told[0][2])
            limit_s = 0
            assert data[0] == 0x80, data[:12]
            assert (data[1] & 0x7f == 8) != self.is_opus, data[:12]
            self.heard.append((seconds + nanoseconds / 1e9,
                               bool(data[1] & 0x80), data[12:]))
        return False

    def keyings(self):
        """How often the transmitter keyed: each begins with a marker."""
        return sum(marker for _, marker, _ in self.heard)

    def sound(self):
        """Samples of all that was sent, at 8 kHz."""
        if not self.is_opus:
            return b"".join(from_alaw(data) for _, _, data in self.heard)
        decoder = Decoder()
        return b"".join(decoder.put(data) for _, _, data in self.heard)

    def tone_frames(self, hz):
        """In which frames that tone sounds."""
        pcm = self.sound()
        frames = [pcm[at:at + 2 * FRAME]
                  for at in range(0, len(pcm), 2 * FRAME)]
        return [n for n, frame in enumerate(frames)
                if abs(pitch(frame) - hz) < 60]
