/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * lane.h - one channel as the calls share it
 *
 * The over that is on it, the legs that wait for it (one call at a time), what
 * is being sent, and who holds it: an alarm, or an officer who talks.
 *
 * Memory:  below the set; a lane stays as long as the set, for its channel may
 *          come back.
 * Threads: main only.
 */
#pragma once

#include "gateway/call/set.h"
#include "gateway/call/shelf.h"
#include "gateway/call/turn.h"

struct leg;

/* An over as heard so far. */
struct hearing {
	bool is_on;
	struct over over; /* complete when it has ended */
	char id[OVER_ID_MAX];
	struct tone tones[OVER_TONES_MAX];
	size_t tone_count;
	struct turn *turn;        /* in whose turn it began; NULL: nobody's */
	bool after_turn;          /* that turn had passed already */
	struct turn *filed;       /* for whom its answer was filed */
	bool confirmed;           /* said the same again when asked to */
	struct turn_reply beside; /* filed beside the one that stands */
	char alarm[OVER_ID_MAX];  /* it raised this alarm; "": none */
	char radio_id[9];
	uint32_t doubts; /* of the whole over, when it ended */
};

/* Unfinished keys of the over before, for one that goes on with them. */
struct fragment {
	struct tone tones[OVER_TONES_MAX];
	size_t tone_count;
	uint64_t ended_us;
	struct turn *turn;
};

struct alarm {
	struct llist_head entry;
	const char *id;
	const char *unit;
	const char *call;
	const char *kind;
	const char *code;
	const char *area; /* of the unit; "" none */
	const char *raw;
	int64_t heard_at_us;
	struct lane *lane;
	bool exercise;
	bool taken_back;
	bool is_recorded;  /* the ledger has it */
	bool is_published; /* told without the ledger, which can't write */
	bool is_released;  /* only waits to be recorded */
};

struct lane {
	struct llist_head entry;
	struct hlist_node node;
	struct calls *calls;
	const char *code;
	const char *home; /* district.station.grid */
	bool is_repeater;
	char *signalling; /* that format was read from */
	struct answer_format format;
	enum channel_state state;
	struct hearing hearing;
	struct fragment fragment;
	struct llist_head legs; /* struct leg, by leg->queue */
	struct llist_head alarms;
	uint32_t talks; /* live voice on it; then nothing else is sent */
	char talker[64];
	struct shelf_wait acknowledgement; /* waits for its recording */
	uint32_t ticket;    /* of what is being sent; 0: nothing */
	uint64_t quiet_us;  /* when the last over or sending ended */
	bool has_begun;     /* its first frame went out */
	struct leg *sender; /* whose it is; NULL: nobody's any more */
	bool has_next;      /* waits for the ticket to end */
	struct playlist next;
	struct leg *next_sender;
};

/* By channel code, made when there is none; NULL when no such channel. */
struct lane *lane_get(struct calls *calls, const char *code);
struct lane *lane_find(const struct calls *calls, const char *code);
struct lane *lane_of_slot(struct calls *calls, uint32_t slot);
struct lane *lane_free(struct lane *lane);

/* The directory may have changed what the channel is. */
void lane_refresh(struct lane *lane);

/* The leg whose turn it is on this channel; NULL. */
struct leg *lane_leg(const struct lane *lane);

/* Hold or let go the first leg. */
void lane_kick(struct lane *lane);

/*
 * Send after whatever is being halted, or said live.  sender (may be NULL)
 * hears SENT, UNSENT or DOWN.  Holds of its clips are taken over.
 */
void lane_play(struct lane *lane, struct playlist *playlist,
	       struct leg *sender);

/* Halt what sender sends. */
void lane_halt(struct lane *lane, const struct leg *sender);

/* Forget a turn or leg that is being freed. */
void lane_forget_leg(struct lane *lane, const struct leg *leg);

void lane_signal(struct lane *lane, const struct signal *signal);
