/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * scenario.h - how each handheld behaves, and how its channel sounds
 *
 * An INI file: [city] holds settings of all channels and the default mix,
 * [channel CODE] settings of one, [units] a line of words for each unit that
 * is special.  Every word is in scenario_help().
 *
 * Units:   as the names end; levels in dB below full scale.
 * Memory:  malloc; scenario_fini() gives all back, after failure too.
 * Threads: one.
 */
#pragma once

#include "tests/city/people.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCENARIO_UNSET INT32_MIN

struct behaviour {
	bool silent;
	bool silent_first_round;
	bool wrong_digits;
	bool always_wrong;
	bool named;
	bool let_go;
	bool slow;
	bool fast;
	bool hesitates;
	bool twice;
	bool corrected;
	bool unknown_number;
	bool front_cut;
	bool no_end;
	bool click;
	bool stuck;
	int32_t stuck_s; /* 0: for ever */
	int32_t late_s;
	int32_t guards;
	int32_t tone_ms;
	int32_t gap_ms;
	int32_t level_db;
	int32_t twist_db;
	int32_t noise_db;
	int32_t alarm_at_s;
	char count[32]; /* of each guard, with commas */
	char situation[4];
	char alarm[8];
	char dial[48];
	char speech[256];
	char ptt_id[12];
	char others_turn[PEOPLE_CODE_MAX];
	char together[PEOPLE_CODE_MAX];
};

/* How the air and the radios of one channel are. */
struct settings {
	int32_t reaction_low_ms;
	int32_t reaction_high_ms;
	int32_t key_up_ms;
	int32_t burst_ms;
	int32_t burst_db;
	int32_t noise_db;
	int32_t level_db;
	int32_t twist_db; /* drawn up to this, both ways */
	int32_t count_width;
	int32_t courtesy_hz;
	int32_t courtesy_ms;
	bool capture;            /* the stronger wins; else both are mixed */
	bool ssrc_per_radio;     /* else one per over */
	bool chain;              /* repeater: answer after the one before */
	bool breaks_hang;        /* repeater: key before its carrier drops */
	bool hang_after_gateway; /* repeater: its carrier comes back to us */
	bool ptt_id;             /* send radio_ids at key-up */
	char codec[8];           /* of what we send; "" as the channel's */
	int32_t payload;         /* RTP payload type; 0: by codec */
};

struct scenario {
	struct settings city;
	char mix[512]; /* "normal:90 silent:10" */
	struct line *lines;
	size_t line_count;
};

/*
 * Parse a text; a word that is not known is -EINVAL with a sentence that names
 * its line.
 */
int scenario_parse(struct scenario *scenario, const char *text, char *why,
		   size_t why_size);
void scenario_fini(struct scenario *scenario);

/* The settings of one channel. */
void scenario_settings(const struct scenario *scenario, const char *channel,
		       struct settings *settings);

/* How a unit behaves: its own line, else drawn from the mix by the seed. */
void scenario_behaviour(const struct scenario *scenario, const char *unit,
			uint64_t seed, struct behaviour *behaviour);

/* Every code that [units] and [channel] name is one of these people's. */
int scenario_check(const struct scenario *scenario, const struct people *people,
		   char *why, size_t why_size);

/* "1.0-4.0" in seconds into settings; -EINVAL otherwise. */
int scenario_reaction(struct settings *settings, const char *text);

/* What may be written in the file, for --help. */
const char *scenario_help(void);
