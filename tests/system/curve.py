# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway on TCP, and holders of keys who come in that way."""
import time

import gridcall_pb2 as pb
import zmq
from place import PORTS


class Holder:
    """Somebody with a CURVE key, which the gateway may know or not."""

    def __init__(self, tcp, name, roles=("viewer",), jurisdiction=("gc1.",)):
        self.tcp = tcp
        self.name = name
        self.key = pb.Key(name=name, roles=roles, jurisdiction=jurisdiction)
        self.context = zmq.Context()
        self.renew()

    def renew(self):
        """Another pair under the same name."""
        self.public, self.secret = zmq.curve_keypair()
        self.key.public_key = self.public.decode()

    def register(self):
        self.tcp.gateway.do(key=pb.KeyRequest(add=pb.KeyAdd(key=self.key)))
        return self

    def revoke(self):
        self.tcp.gateway.do(key=pb.KeyRequest(
            revoke=pb.KeyRevoke(name=self.name)))

    def file(self):
        """For journal.py."""
        path = self.tcp.gateway.folder / f"{self.name}.pair"
        path.write_bytes(b" ".join((self.public, self.secret,
                                    self.tcp.server_key)))
        return path

    def key_file(self, commands):
        """As gridcall key new makes it; it names the address."""
        path = self.tcp.gateway.folder / f"{self.name}.key"
        path.write_text(f"""metadata
    name = "{self.name}"
    gateway = "GC1"
    commands = "{commands}"
    server-key = "{self.tcp.server_key.decode()}"
curve
    public-key = "{self.public.decode()}"
    secret-key = "{self.secret.decode()}"
""")
        path.chmod(0o600)
        return path

    def connect(self, kind, address, **options):
        end = self.context.socket(kind)
        for option in (zmq.LINGER, zmq.SNDHWM, zmq.RCVHWM):
            end.setsockopt(option, 0)
        end.curve_serverkey = options.get("server_key", self.tcp.server_key)
        end.curve_publickey, end.curve_secretkey = self.public, self.secret
        end.connect(address)
        return end

    def ask(self, request, limit_s=30):
        """The reply; None when there is none in time."""
        request.id = f"c{time.monotonic_ns()}"
        with self.connect(zmq.DEALER, self.tcp.commands) as dealer:
            dealer.send(request.SerializeToString())
            if not dealer.poll(int(limit_s * 1000)):
                return None
            return pb.Reply.FromString(dealer.recv())

    def do(self, **body):
        reply = self.ask(pb.Request(**body))
        assert reply and not reply.HasField("error"), reply
        return getattr(reply, reply.WhichOneof("body"))

    def close(self):
        self.context.destroy(linger=0)


class Tcp:
    """What a gateway that is not started yet offers over TCP.

    feeds: name and jurisdiction of each.
    """

    def __init__(self, gateway, **feeds):
        self.gateway = gateway
        key = gateway.folder / "server.key"
        self.commands = f"tcp://127.0.0.1:{PORTS.take()}"
        self.feeds = {name: f"tcp://127.0.0.1:{PORTS.take()}"
                      for name in feeds}
        options = [f"server_key {key}", f"commands {self.commands}"]
        options += [f"feed {name} {self.feeds[name]} {jurisdiction}"
                    for name, jurisdiction in feeds.items()]
        gateway.add_options(*options)
        self.key_file = key

    @property
    def server_key(self):
        """Known once it was started."""
        for line in self.key_file.read_text().splitlines():
            if "public-key" in line:
                return line.split('"')[1].encode()
        raise AssertionError(f"no key in {self.key_file}")
