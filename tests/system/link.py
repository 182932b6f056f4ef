# SPDX-License-Identifier: GPL-3.0-or-later
"""A link between a client and a gateway, and what can happen to it."""
import selectors
import socket
import threading

GREETING = 64  # bytes of ZMTP before the first frame


class Link:
    """Listens at one ipc address and passes everything on to another.

    mangle, if any, is asked about every message to the client and says how
    often it arrives: 0 is lost, 2 is a repetition.
    """

    def __init__(self, path, target, mangle=None):
        self.address, self.target = f"ipc://{path}", target[len("ipc://"):]
        self.mangle = mangle
        self.lock = threading.Lock()
        self.peers = {}   # both ways: socket to socket
        self.mangled = {}  # of a gateway's end: the Messages in its bytes
        self.silent = set()
        self.selector = selectors.DefaultSelector()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.wake, self.woken = socket.socketpair()
        for one in (self.listener, self.woken):
            self.selector.register(one, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.woken:
                    return
                with self.lock:
                    if key.fileobj is self.listener:
                        self.join(self.listener.accept()[0])
                    elif key.fileobj in self.peers:
                        self.carry(key.fileobj)

    def join(self, near):
        far = socket.socket(socket.AF_UNIX)
        try:
            far.connect(self.target)
        except OSError:
            near.close()
            far.close()
            return
        for one, other in ((near, far), (far, near)):
            self.peers[one] = other
            self.selector.register(one, selectors.EVENT_READ)
        if self.mangle:
            self.mangled[far] = Messages(self.mangle)

    def carry(self, one):
        try:
            data = one.recv(65536)
            if data and one not in self.silent:
                if one in self.mangled:
                    self.peers[one].sendall(self.mangled[one].take(data))
                else:
                    self.peers[one].sendall(data)
        except OSError:
            data = b""
        if not data:
            self.part(one)

    def part(self, one):
        for end in (one, self.peers.pop(one)):
            self.peers.pop(end, None)
            self.mangled.pop(end, None)
            self.silent.discard(end)
            self.selector.unregister(end)
            end.close()

    def cut(self):
        """Both ends see their connections closed; new ones are taken."""
        with self.lock:
            while self.peers:
                self.part(next(iter(self.peers)))

    def fall_silent(self):
        """What is connected hears no more; new connections are well."""
        with self.lock:
            self.silent = set(self.peers)

    def is_given_up(self):
        return not self.silent

    def close(self):
        self.wake.send(b"x")
        self.thread.join()
        self.cut()
        self.listener.close()


class Messages:
    """Finds the messages in the bytes of a plain ZMTP 3 connection."""

    def __init__(self, mangle):
        self.mangle = mangle
        self.buffer = b""
        self.message = b""  # its frames so far
        self.greeting = GREETING

    def take(self, data):
        """What becomes of the bytes."""
        self.buffer += data
        # At once: the peers exchange it step by step.
        out = self.cut_off(min(self.greeting, len(self.buffer)))
        self.greeting -= len(out)
        while not self.greeting:
            frame = self.cut_off(self.measure())
            if not frame:
                break
            if frame[0] & 4:    # a command of the protocol
                out += frame
                continue
            self.message += frame
            if not frame[0] & 1:  # no more frames of this message
                out += self.message * self.mangle(self.message)
                self.message = b""
        return out

    def measure(self):
        """Bytes of the frame that comes next, 0 if it is not whole yet."""
        head = 9 if self.buffer[:1] and self.buffer[0] & 2 else 2
        if len(self.buffer) < head:
            return 0
        size = head + int.from_bytes(self.buffer[1:head], "big")
        return size if len(self.buffer) >= size else 0

    def cut_off(self, size):
        part, self.buffer = self.buffer[:size], self.buffer[size:]
        return part
