/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * calls.h - every open call of this gateway, and the door to them
 *
 * Commands come in here already authorised; voice signals come in from the
 * inbox; events go out to the ledger.  A call is split over its channels; each
 * channel asks its units in turn and knows nothing of the others.
 *
 * Memory:  below the ctx given to calls_alloc().  Messages made for a caller
 *          hang below the ctx that the caller passed.
 * Threads: main only.
 * Errors:  0, or -EINVAL and a fault that says why.
 */
#pragma once

#include "gateway/call/answer.h"
#include "gateway/fault.h"
#include "gateway/record/directory.h"
#include "gateway/record/ledger.h"
#include "gateway/voice/voice.h"
#include "proto/gridcall.pb-c.h"

struct calls;
struct scope;

/* The site's settings; the VTY writes them before calls_resume(). */
struct calls_settings {
	uint32_t silence_ms;      /* a unit's silence time, default 8000 */
	uint32_t rounds;          /* default 2 */
	uint32_t yield_every;     /* turns between yields, default 8 */
	uint32_t yield_ms;        /* default 5000 */
	uint32_t resume_within_s; /* default 600 */
	uint32_t late_ms;         /* a late answer still binds, 600000 */
	uint32_t busy_ms;    /* a channel busy this long is jammed, 30000 */
	bool always_cue;     /* on repeaters too */
	const char *prompts; /* folder of recordings */
	const char *announcements;     /* folder that keeps uploaded ones */
	const char *language;          /* zh or en: the receipts' folder */
	const char *const *codes;      /* NULL: design section 5 */
	const char *const *situations; /* NULL: design section 5 */
};

struct calls_config {
	const char *gateway;
	struct voice *voice;
	struct ledger *ledger;
	/* The directory in force now; never NULL. */
	const struct directory *(*directory)(void *data);
	/* The voice slot of a channel, negative when it is not open. */
	int (*slot)(void *data, const char *channel);
	/* The channel of a slot, NULL when it is free. */
	const struct channel_entry *(*channel)(void *data, uint32_t slot);
	/*
	 * Send what the ledger can't take in time: an alarm, as an Event of
	 * seq 0.  It is recorded, and told with its seq, when it can.
	 */
	void (*publish)(void *data, const char *topic, const uint8_t *payload,
			size_t len);
	/* Run work on the job thread, then done on main. */
	void (*job)(void *data, void (*work)(void *arg),
		    void (*done)(void *arg), void *arg);
	void *data;
};

struct calls *calls_alloc(void *ctx, const struct calls_config *config);

/*
 * The gateway is stopping: nothing more is asked or sent, and no radio that
 * closes makes a unit unreachable.  Overs that end with their channels are
 * still recorded.  Open calls stay open in the ledger.
 */
void calls_stop(struct calls *calls);

/* calls_stop(), and forgets everything. */
struct calls *calls_free(struct calls *calls);

struct calls_settings *calls_settings(struct calls *calls);

/* Take up the calls that the ledger has open.  Once, at start. */
void calls_resume(struct calls *calls);

/* Every signal of voice, in order. */
void calls_signal(struct calls *calls, const struct signal *signal);

/* The directory was swapped: channels and units may have gone. */
void calls_directory_changed(struct calls *calls);

/* The ledger can't write: pause everything, unkeyed.  NULL: go on. */
void calls_trouble(struct calls *calls, const char *sentence);

/* Who asks. */
struct calls_principal {
	const char *name;
	const char *address;
	const struct scope *scope; /* plan and start select from it alone */
};

int calls_plan(struct calls *calls, void *ctx,
	       const struct calls_principal *principal,
	       const Gridcall__V1__PlanRequest *request,
	       Gridcall__V1__Plan **plan, struct fault *fault);

/*
 * Start a call.  Its first events are added to batch, whose commit the caller
 * does; the call begins to act in calls_started(), after the commit.
 */
int calls_start(struct calls *calls, void *ctx,
		const struct calls_principal *principal,
		const Gridcall__V1__StartRequest *request,
		struct ledger_batch *batch, Gridcall__V1__StartReply **reply,
		struct fault *fault);
void calls_started(struct calls *calls, const char *call);

/*
 * pause, resume, cancel, release and confirm add their events to batch and act
 * at once where stopping must not wait (pause and cancel unkey before the
 * disk); the caller commits.
 */
int calls_pause(struct calls *calls, const struct calls_principal *principal,
		const char *call, const char *reason,
		struct ledger_batch *batch, struct fault *fault);
int calls_continue(struct calls *calls, const struct calls_principal *principal,
		   const char *call, struct ledger_batch *batch,
		   struct fault *fault);
int calls_cancel(struct calls *calls, const struct calls_principal *principal,
		 const char *call, const char *reason,
		 struct ledger_batch *batch, struct fault *fault);
int calls_release(struct calls *calls, const struct calls_principal *principal,
		  const char *channel, struct ledger_batch *batch,
		  struct fault *fault);
int calls_confirm(struct calls *calls, const struct calls_principal *principal,
		  const Gridcall__V1__ConfirmRequest *request,
		  struct ledger_batch *batch, struct fault *fault);

/*
 * An officer's live voice is on a channel, or waits for it: its call is held,
 * and goes on when as many talks have ended as began.
 */
void calls_talk_began(struct calls *calls, const char *principal,
		      const char *channel);
void calls_talk_ended(struct calls *calls, const char *principal,
		      const char *channel);

/* The id of the call that is open on a channel; "" when none. */
const char *calls_on_channel(const struct calls *calls, const char *channel);

size_t calls_open_count(const struct calls *calls);
