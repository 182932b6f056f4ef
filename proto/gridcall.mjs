// SPDX-License-Identifier: MIT
/**
 * gridcall.mjs - a client of a gridcall gateway that misses nothing
 *
 *     import * as gridcall from "./gridcall.mjs";
 *     const client = gridcall.open("dispatch110.key"); // or an ipc:// address
 *     const feed = client.subscribe(["gc1.440106."], {position: await load()});
 *     for await (const event of feed)
 *       await save(event, feed.position);              // in one transaction
 *
 * Every event of the prefixes comes exactly once, in order within its topic,
 * whatever the network drops and whichever side is started anew, as long as the
 * position is kept together with what was made of the event.  A position is
 * text, belongs to its prefixes, and is the same in every language.
 *
 * Messages are plain objects with the names of gridcall.proto: enums as their
 * names, numbers as Number (exact to 2^53), event.body names what it carries.
 *
 * Needs Node 18 or later and the packages of package.json.  One `for await` of
 * a feed at a time; client.close() lets the process end.
 */
import {closeSync, fstatSync, openSync, readFileSync} from "node:fs";
import {setTimeout as sleep} from "node:timers/promises";
import {fileURLToPath} from "node:url";
import protobuf from "protobufjs";
import * as zmq from "zeromq";

const RETRY_MS = 500;
const PATIENCE_MS = 5000;   // for what a feed asks by itself
const SILENCE_MS = 5000;    // a heartbeat comes once a second
const CHAIN_US = 25e6;      // and tells which topics changed in the last 30 s
const WAITING_HELPS = ["ERROR_BUSY", "ERROR_UNAVAILABLE", "ERROR_TOO_LATE",
                       "ERROR_INTERNAL"];

const MISSING = Symbol("missing");

const contract = new protobuf.Root().loadSync(
  fileURLToPath(new URL("gridcall.proto", import.meta.url)), {keepCase: true});
const shape = {defaults: true, oneofs: true, longs: Number, enums: String,
               bytes: Buffer};

/** The message of this name, as in decode("Voice", payload). */
export function decode(name, bytes) {
  const type = contract.lookupType(`gridcall.v1.${name}`);
  return type.toObject(type.decode(bytes), shape);
}

function encode(name, fields) {
  const type = contract.lookupType(`gridcall.v1.${name}`);
  return type.encode(type.fromObject(fields)).finish();
}

/** A refusal.  Its message is one sentence: what, where, how to mend. */
export class GatewayError extends Error {
  constructor(code, sentence) {
    super(sentence);
    this.code = code;       // "ERROR_..."
  }
}

/** That history is gone: take client.snapshot() and its position. */
export class NeedSnapshot extends GatewayError {}

/** A client of the gateway at an address, or that a key file names. */
export function open(where) {
  if (where.includes("://"))
    return new Client(where);
  const words = readPrivate(where)
    .matchAll(/^\s+([a-z-]+)\s*=\s*"(.*)"/gm);
  const key = Object.fromEntries([...words].map(([, word, value]) =>
    [word, value]));
  return new Client(key.commands, key);
}

/** The text of a file that nobody else may read. */
function readPrivate(path) {
  // systemd lends a credential by a mask that looks like a group.
  const lent = process.env.CREDENTIALS_DIRECTORY;
  const others = lent && path.startsWith(lent) ? 0o007 : 0o077;
  const file = openSync(path);
  try {
    if (fstatSync(file).mode & others)
      throw new GatewayError("ERROR_BAD_ARGUMENT",
        `The key file '${path}' may be read by others; chmod 600 it, and ` +
        "get a new key if somebody did");
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

class Client {
  constructor(address, key) {
    Object.assign(this, {address, key, asked: 0, waiting: new Map()});
    this.sockets = [];
    this.commands = this.connect(zmq.Dealer, address, key?.["server-key"]);
    this.sent = Promise.resolve();
    this.listen();
  }

  connect(Kind, address, serverKey) {
    const socket = new Kind({
      linger: 0,
      immediate: true,         // queue nothing for a gateway that is away
      handshakeInterval: 3000,
      reconnectInterval: 50, reconnectMaxInterval: 1000,
      // No heartbeats of ZeroMQ's on a feed: libzmq aborts the process when
      // one is due and the gateway hung up while this queue was full.
      ...Kind === zmq.Subscriber ? {receiveHighWaterMark: 100000}
        : {heartbeatInterval: 1000, heartbeatTimeout: 3000},
    });
    // ZMQ_SNDHWM 0, else subscriptions past the 1,000th are lost
    socket.setInt32Option(23, 0);
    if (serverKey) {
      socket.curveServerKey = serverKey;
      socket.curvePublicKey = this.key["public-key"];
      socket.curveSecretKey = this.key["secret-key"];
    }
    socket.connect(address);
    this.sockets.push(socket);
    return socket;
  }

  async listen() {
    for await (const [payload] of this.commands) {
      const reply = decode("Reply", payload);
      this.waiting.get(reply.id)?.(reply);
    }
  }

  /** One at a time; rejects when no connection is there in time. */
  send(bytes, deadlineMs) {
    const send = () => {
      this.commands.sendTimeout = deadlineMs;
      return this.commands.send(bytes);
    };
    this.sent = this.sent.then(send, send);
    return this.sent;
  }

  /**
   * Send a Request of these fields; gives the body of its Reply.
   *
   *     (await client.ask({report: {call}})).units
   */
  async ask({deadline_ms = 10000, ...fields}) {
    const id = String(++this.asked);
    const timer = new AbortController();
    const replied = new Promise((resolve) => this.waiting.set(id, resolve));
    try {
      await this.send(encode("Request", {id, deadline_ms, ...fields}),
                      deadline_ms)
        .catch(() => {
          throw new GatewayError(
            "ERROR_UNAVAILABLE", `No gateway can be reached at ` +
            `'${this.address}'; is gridcalld running, and does it know your ` +
            `key, or are you in its group?`);
        });
      const reply = await Promise.race([
        replied, sleep(deadline_ms, undefined, {signal: timer.signal})]);
      if (!reply)
        throw new GatewayError(
          "ERROR_TOO_LATE", `The gateway at '${this.address}' did not answer ` +
          `within ${deadline_ms} ms; the command may have been carried out: ` +
          `repeat it with the same idempotency_key`);
      if (!reply.error)
        return reply[reply.body];
      throw new (reply.error.code === "ERROR_NEED_SNAPSHOT" ? NeedSnapshot
        : GatewayError)(reply.error.code, reply.error.sentence);
    } finally {
      timer.abort();
      this.waiting.delete(id);
    }
  }

  /** What there is now, a SnapshotReply with the position after it. */
  async snapshot(prefixes = []) {
    const whole = await this.ask({snapshot: {prefixes}});
    whole.position = `${whole.epoch} ${whole.through_seq}`;
    for (let after = whole.next; after;) {
      const page = await this.ask({snapshot: {prefixes, after}});
      whole.channels.push(...page.channels);
      whole.units.push(...page.units);
      for (const call of page.calls) {
        const last = whole.calls.at(-1);
        if (last?.summary.call === call.summary.call)
          last.units.push(...call.units); // a long one goes on
        else
          whole.calls.push(call);
      }
      after = page.next;
    }
    return whole;
  }

  /**
   * A Feed; without a position it begins with what comes next.  prefixes are a
   * list, of areas like "gc1.440106."; [] is all you may see.
   */
  subscribe(prefixes, options = {}) {
    return new Feed(this, prefixes, options);
  }

  close() {
    for (const socket of this.sockets)
      socket.close();
  }
}

/** Events of the prefixes: iterate over it, as often as you like. */
class Feed {
  constructor(client, prefixes, {
    position = "", voice = false, address = "", onVolatile = () => {},
    onTrouble = (sentence) => console.warn(sentence),
  }) {
    if (position && !/^\S+ \d+( [\w.]+:\d+)*$/.test(position))
      throw new RangeError(`'${position}' is not a position`);
    Object.assign(this, {client, prefixes, onVolatile, onTrouble});
    this.voice = voice;         // a feed with voice, for onVolatile
    this.address = address;     // where the gateway's own can't be reached
    this.beginsNow = !position;
    const [epoch, through, ...ahead] = (position || "- 0").split(" ");
    this.epoch = epoch;
    this.through = Number(through); // all events up to this seq were given
    this.tails = new Map();     // topic: topic_seq that was given last
    this.ahead = new Map();     // topic: seq of those beyond through
    for (const [topic, seq] of ahead.map((word) => word.split(":"))) {
      this.tails.set(topic, Number(seq));
      this.ahead.set(topic, Infinity);
    }
  }

  get position() {
    let text = `${this.epoch} ${this.through}`;
    for (const [topic, seq] of this.ahead)
      if (seq > this.through)
        text += ` ${topic}:${this.tails.get(topic)}`;
    return text;
  }

  async *[Symbol.asyncIterator]() {
    let socket = await this.begin();
    try {
      yield* this.replay();
      for (;;) {
        const message = await socket.receive().catch(() => null);
        if (socket.closed)
          return;
        let found = MISSING;
        if (message) {
          found = this.take(...message);
        } else {
          this.onTrouble("Nothing comes from the feed, not even a heartbeat");
          socket.close();
          socket = await this.begin();
        }
        if (found === MISSING)
          yield* this.replay();
        else if (found)
          yield found;
      }
    } finally {
      socket.close();
    }
  }

  /** Learn what there is, then subscribe; a replay gives what was between. */
  async begin() {
    const me = await this.need({whoami: {}});
    const feeds = me.feeds.sort((a, b) =>
      (a.voice !== this.voice) - (b.voice !== this.voice));
    const feed = feeds.find(({jurisdiction}) =>
      this.prefixes.every((prefix) => prefix.startsWith(jurisdiction)));
    if (!feed)
      throw new GatewayError(
        "ERROR_NOT_ALLOWED", `No feed open to ${me.principal} carries all of ` +
        `${this.prefixes.join(" ")}; there are: ` +
        feeds.map(({jurisdiction}) => jurisdiction).join(" "));
    if (!this.prefixes.length)
      this.prefixes = [feed.jurisdiction];
    this.status = await this.need({status: {}});
    if (this.epoch === "-")
      this.epoch = this.status.epoch;
    if (this.beginsNow)
      this.through = this.status.seq;
    this.beginsNow = false;
    const host = this.client.address.match(/\/\/(.*):/)?.[1] ?? "";
    const socket = this.client.connect(
      zmq.Subscriber, this.address || feed.address.replace("*", host),
      feed.public_key);
    socket.receiveTimeout = SILENCE_MS;
    socket.subscribe(...this.prefixes,
                     `gc1.gateway.${this.status.gateway}.status`);
    return socket;
  }

  async need(fields) {
    for (;;) {
      try {
        return await this.client.ask({deadline_ms: PATIENCE_MS, ...fields});
      } catch (error) {
        if (!WAITING_HELPS.includes(error.code))
          throw error;
        this.onTrouble(error.message);
        await sleep(RETRY_MS);
      }
    }
  }

  /** All that is missing after through, page by page. */
  async *replay() {
    let page;
    do {
      page = await this.need({replay: {
        epoch: this.epoch, after_seq: this.through, prefixes: this.prefixes}});
      for (const payload of page.events) {
        const event = decode("Event", payload);
        const given = this.wasGiven(event);
        this.tails.set(event.topic,
                       Math.max(event.topic_seq, this.tail(event.topic)));
        this.through = event.seq;
        if (!given)
          yield event;
      }
      this.through = Math.max(this.through, page.through_seq);
    } while (page.more);
    for (const {topic, topic_seq} of page.topics)
      this.tails.set(topic, topic_seq);
    this.ahead.clear();
  }

  tail(topic) {
    return this.tails.get(topic) ?? 0;
  }

  wasGiven(event) {
    return event.seq <= this.through ||
      event.topic_seq <= this.tail(event.topic);
  }

  /** What a message of the feed gives: an event, nothing, or MISSING. */
  take(frame, payload) {
    const topic = frame.toString();
    const kind = topic.split(".").pop();
    if (["status", "channel", "voice"].includes(kind)) {
      this.onVolatile(topic, payload);
      return kind === "status" ? this.takeStatus(payload) : null;
    }
    let event = null;
    try {
      event = decode("Event", payload);
    } catch {}
    if (event?.topic !== topic)
      return null;              // of a volatile kind that is yet to come
    if (!event.seq) {           // an alarm that can't be recorded yet
      this.onVolatile(topic, payload);
      return null;
    }
    if (event.gateway !== this.status.gateway)
      return null;
    if (event.epoch === this.epoch && this.wasGiven(event))
      return null;
    if (event.epoch !== this.epoch ||
        event.topic_seq !== this.tail(topic) + 1)
      return MISSING;
    this.tails.set(topic, event.topic_seq);
    if (event.seq === this.through + 1)
      this.through = event.seq;
    else
      this.ahead.set(topic, event.seq);
    return event;
  }

  /** Nothing is missing if heartbeats come unbroken and tell no more. */
  takeStatus(payload) {
    const status = decode("Status", payload);
    const last = this.status;
    const apartUs = status.time_us - last.time_us;
    if (status.gateway !== last.gateway)
      return null;
    this.status = status;
    if (status.epoch !== this.epoch ||
        status.up_since_us !== last.up_since_us ||
        apartUs < 0 || apartUs > CHAIN_US ||
        status.topics.some(({topic, topic_seq}) =>
          topic_seq > this.tail(topic) &&
          this.prefixes.some((prefix) => topic.startsWith(prefix))))
      return MISSING;
    this.through = Math.max(this.through, status.seq);
    for (const [topic, seq] of this.ahead)
      if (seq <= this.through)
        this.ahead.delete(topic);
    return null;
  }
}
