/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/voice/recorder.h"

#include "codecs/audiofile.h"
#include "gateway/voice/recording.h"

#include <stdio.h>
#include <string.h>

#define US_PER_DAY INT64_C(86400000000)

struct date {
	int year;
	unsigned int month;
	unsigned int day;
};

/* Days since 1970 as a date.  gmtime_r() locks, and allocates at first. */
static struct date date_of(int64_t days)
{
	int64_t shifted = days + 719468; /* from 1 March of the year 0 */
	int64_t era = shifted / 146097;
	int64_t day = shifted - era * 146097;
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t rest = day - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * rest + 2) / 153; /* from March */
	struct date date = {
		.year = (int)(year + era * 400 + (month >= 10)),
		.month = (unsigned int)(month < 10 ? month + 3 : month - 9),
		.day = (unsigned int)(rest - (153 * month + 2) / 5 + 1),
	};

	return date;
}

/* A channel's code as the name of a folder. */
static void write_folder(const char *code, char folder[32])
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.";
	size_t i;

	for (i = 0; i < 31 && code[i]; i++)
		folder[i] = strchr(allowed, code[i]) ? code[i] : '_';
	if (!i)
		folder[i++] = '_';
	if (folder[0] == '.')
		folder[0] = '_';
	folder[i] = 0;
}

void tape_name(const struct tape_piece *piece, char name[RECORDER_NAME_MAX])
{
	int64_t utc_us = piece->utc_us > 0 ? piece->utc_us : 0;
	struct date date = date_of(utc_us / US_PER_DAY);
	unsigned int us = (unsigned int)(utc_us % 1000000);
	unsigned int second = (unsigned int)(utc_us % US_PER_DAY / 1000000);
	char folder[32];
	char part[12] = "";

	write_folder(piece->code, folder);
	if (piece->part > 1)
		snprintf(part, sizeof(part), "-%u", piece->part % 1000);
	snprintf(name, RECORDER_NAME_MAX,
		 "%04d%02u%02u/%s/%04d%02u%02uT%02u%02u%02u.%06uZ%s%s",
		 date.year % 10000, date.month, date.day, folder,
		 date.year % 10000, date.month, date.day, second / 3600,
		 second / 60 % 60, second % 60, us, part,
		 audiofile_suffix(recording_type(&piece->format)));
}

void tape_init(struct tape *tape, struct recorder *recorder, uint32_t channel,
	       const char *code)
{
	memset(tape, 0, sizeof(*tape));
	tape->recorder = recorder;
	tape->piece.channel = channel;
	snprintf(tape->piece.code, sizeof(tape->piece.code), "%s", code);
}

/* Frames in the piece, when it can't be handed over. */
static uint32_t frames_in(const struct tape_piece *piece)
{
	uint32_t frames = 0;
	uint32_t at = 0;

	for (; at < piece->used; frames++)
		at += 2u + piece->bytes[at] + 256u * piece->bytes[at + 1];
	return frames;
}

static void hand_over(struct tape *tape)
{
	struct tape_piece *piece = &tape->piece;
	uint32_t frames;

	piece->lost_before = tape->lost_before;
	if (!recorder_put(tape->recorder, piece)) {
		tape->lost_before = 0;
		tape->owing = false;
	} else if (piece->last) {
		tape->owing = true;
		return;
	} else {
		frames = frames_in(piece);
		tape->lost_before += frames;
		tape->lost += frames;
		recorder_count_lost(tape->recorder, frames);
	}
	piece->used = 0;
}

void tape_retry(struct tape *tape)
{
	if (tape->owing)
		hand_over(tape);
}

void tape_begin(struct tape *tape, int64_t utc_us)
{
	tape->name[0] = 0;
	if (!tape->recorder)
		return;
	if (tape->owing) { /* a new over ends the last one's file too */
		tape->lost += frames_in(&tape->piece);
		recorder_count_lost(tape->recorder, frames_in(&tape->piece));
		tape->owing = false;
	}
	tape->running = recorder_is_taking(tape->recorder);
	tape->lost_before = 0;
	tape->piece.utc_us = utc_us;
	tape->piece.part = 0;
	tape->piece.used = 0;
	tape->piece.last = false;
	memset(&tape->piece.format, 0, sizeof(tape->piece.format));
}

static bool is_other_format(const struct tape *tape,
			    const struct gridcall_format *format)
{
	return format->codec != tape->piece.format.codec ||
	       format->rate_hz != tape->piece.format.rate_hz;
}

static void begin_part(struct tape *tape, const struct gridcall_format *format)
{
	if (tape->piece.used)
		hand_over(tape);
	tape->piece.part++;
	tape->piece.format = *format;
	tape->lost_before = 0;
	if (tape->piece.part == 1)
		tape_name(&tape->piece, tape->name);
}

void tape_put(struct tape *tape, const struct gridcall_frame *frame)
{
	struct tape_piece *piece = &tape->piece;
	uint32_t len = frame->data ? frame->len : 0;

	if (!tape->running || len > GRIDCALL_FRAME_BYTES_MAX)
		return;
	if (!piece->part || (len && is_other_format(tape, &frame->format)))
		begin_part(tape, &frame->format);
	if (piece->used + 2u + len > TAPE_BYTES)
		hand_over(tape);
	piece->bytes[piece->used] = (uint8_t)len;
	piece->bytes[piece->used + 1] = (uint8_t)(len >> 8);
	if (len)
		memcpy(piece->bytes + piece->used + 2, frame->data, len);
	piece->used = (uint16_t)(piece->used + 2 + len);
}

void tape_end(struct tape *tape)
{
	if (tape->running && tape->piece.part) {
		tape->piece.last = true;
		hand_over(tape);
	}
	tape->running = false;
}
