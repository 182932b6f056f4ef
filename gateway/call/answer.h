/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * answer.h - what the keys of an over mean, and how sure that is
 *
 * Pure functions over the tones of one over: the grammar of an answer (fixed
 * widths, so that no single lost or doubled key makes another certain answer),
 * the radio's automatic ID split off by its timing, and the list of doubts.
 * Binding to a call is not done here.
 *
 * Memory:  caller's; nothing is allocated.
 * Threads: any.
 */
#pragma once

#include "gateway/fault.h"
#include "gateway/voice/signal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ANSWER_CODES_MAX 16

/* How a channel's units dial, from the column signalling. */
struct answer_format {
	uint8_t unit_width;      /* 1 to 4; default 2 */
	uint8_t count_width;     /* 1 to 4; default 2 */
	uint8_t situation_width; /* 1 to 2; default 1 */
	uint8_t id_width;        /* digits of an automatic ID; 0: none */
	char panic[8];           /* a radio's built-in panic code; "" none */
	char codes[ANSWER_CODES_MAX][4]; /* the site's codes; "" ends */
	char situations[16][3];          /* the site's situations; "" ends */
	bool courtesy;                   /* reserved for the repeater's beep */
};

/*
 * Read the column signalling: words separated by ';', for example
 * "dtmf;unit=2;count=2;situation=1;id=4;panic=119"; what is left out has its
 * default.  Codes and situations are the site's; NULL lists mean design section
 * 5.  Refuses, with a sentence, unknown words, widths out of range and all by
 * which one lost or doubled key could make another certain answer: a code, a
 * situation or a panic code as long as the count, a code within a code.
 */
int answer_format_parse(struct answer_format *format, const char *signalling,
			const char *const *codes, const char *const *situations,
			struct fault *fault);

enum answer_kind {
	ANSWER_NONE,  /* no keys */
	ANSWER_HEARD, /* keys that do not parse whole */
	ANSWER_COUNT, /* [*unit*]count[*situation]# */
	ANSWER_CODE,  /* [*unit]**code# */
	ANSWER_PANIC, /* the radio's panic code */
};

/* Why an answer is never "agrees"; bits. */
enum answer_doubt {
	DOUBT_NO_END = 1 << 0,     /* no final # */
	DOUBT_LOST = 1 << 1,       /* audio was lost inside */
	DOUBT_PAUSE = 1 << 2,      /* a pause twice the others inside */
	DOUBT_FRONT = 1 << 3,      /* its front may be cut */
	DOUBT_JOINED = 1 << 4,     /* digits of two overs */
	DOUBT_UNNAMED = 1 << 5,    /* bare count in a turn not made certain */
	DOUBT_IDENTITY = 1 << 6,   /* dialled unit and radio ID disagree */
	DOUBT_DAMAGED = 1 << 7,    /* a damaged ** : possible alarm */
	DOUBT_CORRECTION = 1 << 8, /* keys beside it say otherwise */
};

struct answer {
	enum answer_kind kind;
	uint32_t doubts;
	bool named;     /* unit was dialled */
	bool corrected; /* it replaces another of the over: the last stands */
	char unit[5];   /* digits as dialled */
	uint32_t count; /* ANSWER_COUNT */
	char situation[3];            /* "": not stated */
	char code[4];                 /* ANSWER_CODE */
	char radio_id[9];             /* automatic ID of the radio; "" none */
	char raw[OVER_TONES_MAX + 1]; /* the keys, without the ID */
	uint32_t end_ms; /* of its last key, from the start of the over */
};

/*
 * Parse count tones of one over (those past OVER_TONES_MAX are not read).
 * complete: the over has ended, so a missing # is a doubt and not something to
 * wait for.  Otherwise returns ANSWER_NONE until a # has closed a whole answer,
 * and again while more keys come; raw and radio_id are filled all the same.
 *
 * Of several in one over the last stands, but an alarm (a code of more than one
 * digit) outranks a code of one digit, and that a count; end_ms then tells the
 * one that stands.  A damaged ** outranks all but an alarm.  front says how the
 * over began; DOUBT_FRONT on a code leaves only its unit in doubt.  JOINED,
 * UNNAMED and IDENTITY are not set here.
 */
enum answer_kind answer_parse(const struct answer_format *format,
			      const struct tone *tones, size_t count,
			      enum over_front front, bool complete,
			      struct answer *answer);

/*
 * Parse the tones of two overs as one (a key let go in the middle).  The
 * second's times are from its own start; gap_ms lies between the first's last
 * tone and that start.  Sets DOUBT_JOINED.  Two IDs that differ: ANSWER_HEARD.
 */
enum answer_kind answer_join(const struct answer_format *format,
			     const struct tone *first, size_t first_count,
			     const struct tone *second, size_t second_count,
			     uint32_t gap_ms, struct answer *answer);

/*
 * The words of the contract: "no_end" for DOUBT_NO_END, "lost" ...; NULL past
 * the last bit, so: for (bit = 1; answer_doubt_name(bit); bit <<= 1).
 */
const char *answer_doubt_name(uint32_t bit);
