# SPDX-License-Identifier: GPL-3.0-or-later
"""An officer who talks: a tone as Opus, packet by packet, at its own pace.

Also a program, so that it can be killed: talker.py SOCKET HZ CHANNEL...
"""
import os
import sys
import time

sys.path.insert(0, os.environ["GRIDCALL_ROOT"] + "/build/python")

import gridcall_pb2 as pb  # noqa: E402
import zmq  # noqa: E402
from sound import FRAME, Encoder, Pace, tone  # noqa: E402


class Talker:
    def __init__(self, commands):
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(commands)
        self.encoder = Encoder()
        self.talk = ""
        self.number = 0
        self.asked = 0
        self.answered = 0  # by id; replies come in the order of requests
        self.replies = []  # (monotonic time, TalkReply)

    def close(self):
        self.context.destroy(linger=0)

    def send(self, **fields):
        self.asked += 1
        request = pb.Request(id=str(self.asked), talk=pb.TalkRequest(
            talk=self.talk, number=self.number, **fields))
        self.number += len(request.talk.packets)
        self.socket.send(request.SerializeToString())

    def take(self, to_last=False):
        """The replies that are there, or all; a refusal is raised."""
        while self.socket.poll(
                10000 if to_last and self.answered < self.asked else 0):
            reply = pb.Reply.FromString(self.socket.recv())
            assert not reply.HasField("error"), reply.error.sentence
            self.answered = int(reply.id)
            self.replies.append((time.monotonic(), reply.talk))
        return self.replies

    def begin(self, *channels, **fields):
        self.talk, self.number = "", 0
        self.send(channels=channels, **fields)
        self.take(to_last=True)
        self.talk = self.replies[-1][1].talk
        return self.replies[-1][1]

    def say(self, hz, frames, lost=()):
        """A tone; packets whose number is in lost are never sent."""
        pace = Pace()
        for n in range(frames):
            while pace.wait() is not None:
                pass
            packet = self.encoder.put(tone(hz, n * FRAME))
            if n in lost:
                self.number += 1
            else:
                self.send(packets=[packet])
            self.take()

    def end(self):
        self.send(end=True)
        self.take(to_last=True)

    def state(self):
        """How it goes, by channel."""
        self.send()
        self.take(to_last=True)
        return {c.channel: c for c in self.replies[-1][1].channels}

    def states(self, channel):
        """The states of a channel as they were told, each once."""
        told = [c.state for _, reply in self.replies for c in reply.channels
                if c.channel == channel]
        return [state for n, state in enumerate(told)
                if n == 0 or told[n - 1] != state]


if __name__ == "__main__":
    talker = Talker(sys.argv[1])
    talker.begin(*sys.argv[3:])
    talker.say(float(sys.argv[2]), 50 * 60)
