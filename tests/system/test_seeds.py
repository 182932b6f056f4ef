# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites, guards and mishaps drawn from a seed, judged by what was really sent.

Whatever guards do on the air: no certain answer that its unit did not give,
none that was given without a trace, no channel left keyed, and every call ends.
The handhelds' own diary is the truth.
"""
import random
import re

import gridcall_pb2 as pb
import pytest
from place import PROMPTS, City, Gateway, wait_until

CERTAIN = (pb.GRADE_AGREES, pb.GRADE_ATTENTION)
SITUATIONS = ("0", "1", "2", "9")
ALARMS = {"110": "police", "119": "fire", "120": "ambulance"}

ANSWER = re.compile(r"(?:\*(\d\d)\*)?(\d\d)(?:\*([0129]))?")
ALARM = re.compile(r"(?:\*(\d\d))?\*\*(110|119|120)")

# Times of two programs for the same sound: packets, a decoder's frames.
SLACK_S = 0.35
SPEECH = f"speech={PROMPTS}/zh/spoken_answer.wav"


# ------------------------------------------------------------------ drawing --

def draw_hands(dice):
    """How somebody presses the keys, and how it sounds."""
    words = []
    if dice.random() < 0.3:
        words.append(dice.choice(("slow", "fast", "hesitates")))
    for word, chance in (("no_end", .08), ("front_cut", .1), ("let_go", .08),
                         ("corrected", .1), ("twice", .08)):
        if dice.random() < chance:
            words.append(word)
    if dice.random() < 0.2:
        words.append(f"noise_db={dice.choice((-40, -30, -24))}")
    if dice.random() < 0.2:
        words.append(f"twist_db={dice.choice((-7, -4, 4, 6))}")
    if dice.random() < 0.15:
        words.append(f"level_db={dice.choice((-30, -22, -6, -3))}")
    if dice.random() < 0.25:
        words.append(f"situation={dice.choice(SITUATIONS[:3])}")
    return words


def draw_words(dice, unit, others, on_repeater):
    """What a unit does in its turn; see gridcall-city --help."""
    other = dice.choice(others)
    kind = dice.choice((
        "normal", "normal", "normal", "silent", "silent_first_round",
        "wrong_digits", "always_wrong", "late", "named", "unknown_number",
        "others_turn", "together", "guards", "guards", "click", "speech",
        "alarm", "alarm_at", "stuck", "dial", "count", "emergency"))
    words = draw_hands(dice)
    # Who may speak in a neighbour's turn says who it is: a bare count sounds
    # as the neighbour's.
    if "twice" in words or (kind == "guards" and on_repeater):
        words.append("named")
    if kind == "late":
        words += [f"late={dice.randint(2, 6)}", "named"]
    elif kind in ("others_turn", "together"):
        words += [f"{kind}={other}", "named"]
    elif kind == "guards":
        words.append(f"guards={dice.randint(2, 3)}")
        words.append(dice.choice(("normal", "named", "count=17,18",
                                  "count=12,34,56")))
    elif kind == "speech":
        words.append(SPEECH)
    elif kind == "alarm":
        words.append(f"alarm={dice.choice(list(ALARMS))}")
    elif kind == "alarm_at":
        words.append(f"alarm_at={dice.randint(3, 15)}")
    elif kind == "stuck":
        words.append(f"stuck={dice.choice((2, 4, 12))}")
    elif kind == "count":
        words.append("count=" + dice.choice(("5", "100", "00", "99", "110")))
    elif kind == "dial":
        words.append("dial=" + "".join(
            dice.choice("0123456789*##") for _ in range(dice.randint(2, 9))))
    elif kind == "emergency":
        words.append("situation=9")
    else:
        words.append(kind)
    if dice.random() < 0.1:
        words.append(f"ptt_id={unit['radio_ids'] or '1234'}")
    return " ".join(dict.fromkeys(words))


def draw_air(dice, channel):
    lines = [f"[channel {channel['code']}]", "chain = yes",
             f"capture = {dice.choice(('yes', 'no'))}",
             f"ssrc_per_radio = {dice.choice(('yes', 'no'))}",
             f"noise_db = {dice.choice((-46, -46, -36, -30))}"]
    if "id=4" in channel["signalling"] and dice.random() < 0.7:
        lines.append("ptt_id = yes")
    if dice.random() < 0.25:
        lines.append("codec = opus")
    if channel["kind"] == "repeater":
        lines.append(f"breaks_hang = {dice.choice(('yes', 'no'))}")
        lines.append(f"hang_after_gateway = {dice.choice(('yes', 'no'))}")
    return lines


def draw_site(site, dice):
    """Two channels and their units; returns what the handhelds will do."""
    units, air = [], []
    for code, columns in (
            ("CH1", {}),
            ("CH2", {"kind": "repeater",
                     "hang_ms": dice.choice((300, 500, 800)),
                     "tail_ms": dice.choice((0, 60))})):
        with_id = dice.random() < 0.4
        row = site.add_channel(
            code, over_limit_s=10, tx_limit_s=12,
            signalling="dtmf;id=4" if with_id else "dtmf", **columns)
        if dice.random() < 0.3:
            row["address"] = row["address"].replace("pcma", "pcmu")
        before = len(site.units)
        site.add_units(code, dice.randint(6, 8))
        mine = site.units[before:]
        codes = [unit["code"] for unit in mine]
        for number, unit in enumerate(mine, 1):
            if with_id and dice.random() < 0.8:
                unit["radio_ids"] = f"{4 + int(code[2])}{number:03d}"
            units.append(f"{unit['code']} = " + draw_words(
                dice, unit, [c for c in codes if c != unit["code"]],
                row["kind"] == "repeater"))
        air += draw_air(dice, row)
    site.write()
    return "\n".join(units + air) + "\n"


# -------------------------------------------------------------------- truth --

class Over:
    """One time that a handheld sent."""

    def __init__(self, line, site):
        self.unit, self.channel = line["unit"], line["channel"]
        self.keys = line["answer"]
        self.began = line["time"]
        self.ended = self.began + line.get("over_ms", 0) / 1e3
        self.site = site

    def __repr__(self):
        return (f"{self.began % 1000:.2f}-{self.ended % 1000:.2f} "
                f"{self.unit} {self.keys}")

    def whose(self, number):
        """The unit that a dialled number names."""
        if not number:
            return self.unit
        return next((u["code"] for u in self.site.units
                     if u["channel"] == self.channel
                     and u["number"] == number), None)

    def texts(self):
        """Between the ends; the automatic ID may be the first's."""
        return self.keys.split("#")[:-1]

    def answers(self):
        """(unit, count, situation) of each whole answer dialled in it."""
        found = [ANSWER.fullmatch(text) for text in self.texts()]
        return [(self.whose(m[1]), int(m[2]), m[3] or "")
                for m in found if m]

    def alarms(self):
        found = [ALARM.fullmatch(text) for text in self.texts()]
        kinds = [ALARMS[m[2]] for m in found if m]
        return kinds + ["emergency" for _, _, situation in self.answers()
                        if situation == "9"]

    def covers(self, at_us):
        return (self.began - SLACK_S <= at_us / 1e6
                <= self.ended + SLACK_S)

    def meets(self, event):
        """An over of the ledger that holds some of this one."""
        end = event.began_at_us / 1e6 + event.length_ms / 1e3
        return (event.channel == self.channel
                and event.began_at_us / 1e6 <= self.ended + SLACK_S
                and end >= self.began - SLACK_S)


class Run:
    """One seed: a site, its gateway and handhelds, and what came of it."""

    def __init__(self, site, running, seed):
        self.site, self.seed = site, seed
        dice = random.Random(seed)
        self.scenario = draw_site(site, dice)
        self.options = {
            "silence_ms": dice.choice((1200, 1500, 2000)),
            "rounds": dice.choice((1, 1, 2)),
            "always_cue": dice.random() < 0.3,
        }
        self.faults = []
        self.gateway = Gateway(site, **{"yield every 5 for": 800})
        running.append(self.gateway)
        self.gateway.start()
        self.gateway.bring_in()
        self.subscriber = self.gateway.subscribe().await_status()
        running.append(self.subscriber.socket)
        self.city = City(site, self.scenario, seed=seed, reaction="0.1-0.5")
        running.append(self.city)
        wait_until(lambda: any(line["event"] == "ready"
                               for line in self.city.lines()),
                   "the handhelds ready")

    def hold_the_call(self):
        """Until it ends; an officer who releases what alarms hold."""
        self.released = set()
        call = self.gateway.call(**self.options)

        def ended():
            self.release_alarms()
            return self.gateway.report(call).summary.state == "ended"
        wait_until(ended, f"the end of {call}: {self}", 150)
        self.settle()
        self.report = self.gateway.report(call)
        self.replay()
        self.settle()
        self.city.close()
        self.truth = [Over(line, self.site) for line in self.city.lines()
                      if line["event"] == "over"]

    def release_alarms(self):
        self.subscriber.take(0.2)
        for event, _ in self.subscriber.events:
            alarm = event.alarm
            if event.WhichOneof("body") != "alarm" or alarm.released \
                    or alarm.alarm in self.released:
                continue
            self.released.add(alarm.alarm)
            self.gateway.ask(pb.Request(release=pb.ReleaseRequest(
                channel=alarm.channel)))

    def settle(self):
        """Whoever still speaks has spoken; nothing is left keyed."""
        def idle():
            self.release_alarms()
            return all(channel.state == pb.CHANNEL_IDLE for channel in
                       self.gateway.do(channels={}).channels)
        wait_until(lambda: all(idle() for _ in range(4)),
                   f"channels unkeyed: {self}", 40)

    def replay(self):
        self.payloads, after = [], 0
        while True:
            reply = self.gateway.do(replay=pb.ReplayRequest(after_seq=after))
            self.payloads += reply.events
            after = reply.through_seq
            if not reply.more:
                break
        self.events = [pb.Event.FromString(p) for p in self.payloads]
        self.through_seq = after

    def of(self, body):
        return [(event.seq, getattr(event, body)) for event in self.events
                if event.WhichOneof("body") == body]

    def fault(self, *words):
        self.faults.append(" ".join(str(word).strip() for word in words))

    def __str__(self):
        return (f"seed {self.seed} {self.options}\n{self.scenario}\n"
                + "\n".join(self.faults))

    # ---- the promise ----

    def judge(self):
        for _, reply in self.of("reply"):
            self.judge_reply(reply)
        for unit in self.report.units:
            self.judge_unit(unit)
        for over in self.truth:
            self.judge_trace(over)
        self.judge_alarms()
        self.judge_ledger()

    def speakers(self, reply, at_us):
        """What was on the air then, of whoever may be that unit."""
        return [over for over in self.truth
                if over.channel == reply.channel and over.covers(at_us)]

    def judge_reply(self, reply):
        """Certain: its unit said just that, just then."""
        if reply.grade not in CERTAIN:
            return
        near = self.speakers(reply, reply.answered_at_us)
        if reply.via == "click":
            given = any(over.unit == reply.unit and over.keys == "(click)"
                        for over in near)
        else:
            given = any((reply.unit, reply.headcount, reply.situation)
                        in over.answers() for over in near)
        if not given:
            self.fault("certain but not given:", reply, near)

    def judge_unit(self, unit):
        """What stands at the end is the last that its over says."""
        reply = unit.reply
        if unit.state != pb.UNIT_ANSWERED or unit.grade not in CERTAIN \
                or reply.via != "keypad":
            return
        said = [over.answers()[-1] for over in
                self.speakers(reply, reply.answered_at_us) if over.answers()]
        if (reply.unit, reply.headcount, reply.situation) not in said:
            self.fault("stands but is not the last said:", reply, said)

    def judge_trace(self, over):
        """A certain answer given is there: an over with keys or a clip."""
        if not over.answers() and not over.alarms():
            return
        if over.began > self.report.summary.finish_at_us / 1e6:
            return
        if not any(over.meets(event) and (event.digits or event.recording)
                   for _, event in self.of("over")):
            self.fault("given and lost without a trace:", over)

    def judge_alarms(self):
        for _, alarm in self.of("alarm"):
            if alarm.released or alarm.taken_back:
                continue
            near = self.speakers(alarm, alarm.heard_at_us)
            if not any(alarm.kind in over.alarms() for over in near):
                self.fault("an alarm that nobody raised:", alarm, near)
        summary = self.report.summary
        if summary.agrees + summary.attention + summary.doubtful \
                + summary.heard + summary.silent + summary.not_asked \
                != summary.units:
            self.fault("figures that don't add up:", summary)

    def judge_ledger(self):
        """Feed, ledger and report tell the same, without a gap."""
        seqs = [event.seq for event in self.events]
        if seqs != list(range(1, len(seqs) + 1)):
            self.fault("a gap in the ledger:", seqs)
        self.subscriber.await_seq(self.through_seq)
        stored = dict(zip(seqs, self.payloads))
        for event, payload in self.subscriber.events:
            if event.seq <= self.through_seq and stored[event.seq] != payload:
                self.fault("feed and ledger differ:", event)
        replies = dict(self.of("reply"))
        for unit in self.report.units:
            reply = replies.get(unit.reply_seq)
            if unit.state == pb.UNIT_ANSWERED and (
                    reply is None or reply != unit.reply):
                self.fault("report and ledger differ:", unit, reply)


def attack(site, running, seed):
    run = Run(site, running, seed)
    run.hold_the_call()
    run.judge()
    return run


@pytest.mark.parametrize("seed", (4, 15, 16))
def test_the_promise_holds_whatever_guards_do(site, running, seed):
    run = attack(site, running, seed)
    assert not run.faults, str(run)
