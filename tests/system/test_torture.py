# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing lost, nothing twice, order kept: 50,000 events through 10 faults.

make torture does the same with 1,000,000 and 100.
"""
import types

import torture
import verdict
from journal import digest

EVENTS, FAULTS, SEED = 50_000, 10, 3


def test_no_event_is_lost_doubled_or_out_of_order_through_ten_faults(folder):
    settings = torture.parse(["--events", str(EVENTS), "--faults",
                              str(FAULTS), "--seed", str(SEED)])
    found = torture.torture_in(folder, settings)
    verdict.show(found.rows)
    assert not found.misdeeds
    rows = {each["name"]: each for each in found.rows}
    for name in ("lost", "twice", "out_of_order", "changed"):
        assert rows[name]["value"] == 0, found.found
    assert rows["events"]["value"] >= EVENTS
    assert rows["faults"]["value"] == FAULTS
    # Or the faults were none.
    assert rows["recovered"]["value"] > EVENTS / 100
    assert rows["events_reply"]["value"] > 0


# ------------------------------------------------- the judge can condemn ----

TOPIC = "gc1.440106.440106530000.07.unit"
NAME, WHOLE = digest(b"topic"), digest(b"payload")


class FakeLedger:
    """Five events of one topic, one of a place that nobody asked for."""
    events = [(TOPIC, seq, NAME, digest(b"%d" % seq)) for seq in range(1, 6)]
    events.append(("gc1.440103.440103530000.01.unit", 1, NAME, WHOLE))


def judge(*seqs, changed=()):
    given = [(seq, FakeLedger.events[seq - 1][1], NAME,
              WHOLE if seq in changed else FakeLedger.events[seq - 1][3])
             for seq in seqs]
    subscriber = types.SimpleNamespace(prefixes=("gc1.440106.",),
                                       events=lambda: given)
    return verdict.judge(subscriber, FakeLedger, 3)


def test_the_judge_acquits_who_has_everything_once_in_order():
    assert judge(1, 2, 3, 4, 5) == dict(events=5, lost=0, twice=0,
                                        out_of_order=0, changed=0)


def test_the_judge_sees_what_is_lost_twice_out_of_order_or_changed():
    assert judge(1, 2, 3, 4)["lost"] == 1
    assert judge(1, 2, 4, 5)["lost"] == 1
    assert judge(1, 2, 2, 3, 4, 5)["twice"] == 1
    assert judge(1, 3, 2, 4, 5)["out_of_order"] > 0
    assert judge(1, 2, 3, 4, 5, changed=(3,))["changed"] == 1
    assert judge(1, 2, 3, 4, 5, 6)["changed"] == 1
