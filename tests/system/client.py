# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests do with proto/gridcall.py; client.mjs is its twin.

usage: client.py WHERE ask REQUEST_JSON
       client.py WHERE follow FEED LOG LIFE PREFIX...

ask prints the body of the reply as JSON, of a snapshot all pages.  follow writes a line for every event,
"seq topic topic_seq", a tab, and the position after it; it goes on after the
last line of LOG, and kills itself after LIFE events.  A refusal is printed as
"code sentence" and ends with 3.
"""
import json
import os
import signal
import sys

ROOT = os.environ["GRIDCALL_ROOT"]
sys.path[:0] = [f"{ROOT}/proto", f"{ROOT}/build/python"]

import gridcall  # noqa: E402
from google.protobuf import json_format  # noqa: E402


def follow(client, feed, log, life, *prefixes):
    with open(log, "a+") as out:
        out.seek(0)
        lines = out.read().splitlines()
        position = lines[-1].partition("\t")[2] if lines else "- 0"
        events = client.subscribe(prefixes, position, address=feed)
        for count, event in enumerate(events, 1):
            out.write(f"{event.seq} {event.topic} {event.topic_seq}\t"
                      f"{events.position}\n")
            out.flush()
            if count == int(life):
                os.kill(os.getpid(), signal.SIGKILL)


def ask(client, request):
    request = json.loads(request)
    if "snapshot" in request:
        reply, position = client.snapshot()
        shown = dict(json_format.MessageToDict(reply), position=position)
        print(json.dumps(shown))
    else:
        print(json_format.MessageToJson(client.ask(**request),
                                        preserving_proto_field_name=True))


def main(where, verb, *arguments):
    try:
        {"ask": ask, "follow": follow}[verb](gridcall.open(where), *arguments)
    except gridcall.GatewayError as error:
        print(gridcall.pb.ErrorCode.Name(error.code), error)
        sys.exit(3)


main(*sys.argv[1:])
