# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway on TCP, and key files of those who may come in."""
import gridcall_pb2 as pb
import zmq
from place import PORTS

KEY_FILE = """\
#   The key of {name} for gateway {gateway}.  Who holds this file is {name}.
metadata
    name = "{name}"
    gateway = "{gateway}"
    commands = "{commands}"
    server-key = "{server}"
curve
    public-key = "{public}"
    secret-key = "{secret}"
"""


def open_to_network(gateway, *jurisdictions):
    """Before its start: commands, and a feed of each jurisdiction, on TCP."""
    options = [f"server_key {gateway.folder}/server.key",
               f"commands tcp://127.0.0.1:{PORTS.take()}"]
    options += [f"feed net{place} tcp://*:{PORTS.take()} {jurisdiction}"
                for place, jurisdiction in enumerate(jurisdictions)]
    gateway.add_options(*options)


def make_key(gateway, name, jurisdiction="gc1.", role="viewer"):
    """What "gridcall key new" does; the path of the key file."""
    public, secret = (half.decode() for half in zmq.curve_keypair())
    told = gateway.do(key=pb.KeyRequest(add=pb.KeyAdd(key=pb.Key(
        name=name, public_key=public, roles=[role],
        jurisdiction=[jurisdiction]))))
    path = gateway.folder / f"{name}.key"
    path.touch(0o600)
    path.write_text(KEY_FILE.format(
        name=name, gateway=told.gateway, commands=told.commands[0],
        server=told.server_key, public=public, secret=secret))
    return path
