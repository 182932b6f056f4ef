/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/rtp/jitter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define MS         1000u
#define START      (1000u * MS)
#define FIRST      65530 /* wraps soon */
#define FIRST_TIME 0xffffff00u
#define STORY_MAX  4096

static const struct gridcall_format pcma = {GRIDCALL_PCMA, 8000};
static const struct gridcall_format l16 = {GRIDCALL_L16, 16000};
static const struct gridcall_format opus = {GRIDCALL_OPUS, 48000};

/*
 * One jitter, the clock, and what came out as a word: each frame as the letter
 * that filled it ('?' when it is mixed), '.' for a lost one, '|' for the end.
 */
struct bench {
	struct jitter *jitter;
	uint64_t now_us;
	uint32_t ssrc;
	char story[STORY_MAX];
	size_t len;
};

static struct bench *bench_with(uint32_t depth_ms)
{
	const struct jitter_config config = {
		.depth_ms = depth_ms,
		.gap_ms = 100,
		.packet_bytes = 2000,
	};
	static struct bench bench;

	bench = (struct bench){.now_us = START, .ssrc = 7};
	bench.jitter = jitter_alloc(&config);
	assert_non_null(bench.jitter);
	return &bench;
}

static enum jitter_offer push(struct bench *b, int number, uint32_t timestamp,
			      char letter, size_t len)
{
	struct jitter_packet packet = {
		.ssrc = b->ssrc,
		.timestamp = timestamp,
		.seq = (uint16_t)(FIRST + number),
		.format = pcma,
		.len = len,
	};
	uint8_t data[2000];

	memset(data, letter, sizeof(data));
	packet.data = data;
	return jitter_push(b->jitter, &packet, b->now_us);
}

/* 20 ms, number 0 is 'a'. */
static enum jitter_offer push20(struct bench *b, int number)
{
	return push(b, number, FIRST_TIME + (uint32_t)number * 160,
		    (char)('a' + number % 26), 160);
}

static void note(struct bench *b, enum jitter_verdict verdict,
		 const struct gridcall_frame *frame)
{
	size_t i;
	char letter = '|';

	if (verdict == JITTER_IDLE || verdict == JITTER_WAIT)
		return;
	if (verdict == JITTER_LOST) {
		assert_null(frame->data);
		assert_int_equal(frame->len, 0);
		letter = '.';
	}
	if (verdict == JITTER_FRAME) {
		letter = (char)frame->data[0];
		for (i = 0; i < frame->len; i++)
			if ((char)frame->data[i] != letter)
				letter = '?';
	}
	assert_true(b->len < STORY_MAX - 1);
	b->story[b->len++] = letter;
}

/* Let 20 ms pass, then pull. */
static void tick(struct bench *b)
{
	struct gridcall_frame frame;

	b->now_us += 20 * MS;
	note(b, jitter_pull(b->jitter, b->now_us, &frame), &frame);
}

static void ticks(struct bench *b, int count)
{
	while (count-- > 0)
		tick(b);
}

static void ends_as(struct bench *b, const char *story)
{
	ticks(b, 20);
	assert_string_equal(b->story, story);
	assert_false(jitter_is_open(b->jitter));
	assert_int_equal(jitter_backlog_ms(b->jitter), 0);
	b->jitter = jitter_free(b->jitter);
}

#define TALLY(b, which) ((int)tally_read(&jitter_tallies((b)->jitter)->which))

/* ---- an over's life ---- */

static void begins_once_and_ends_once(void **state)
{
	struct bench *b = bench_with(40);
	int i;

	assert_int_equal(push20(b, 0), JITTER_BEGAN);
	for (i = 1; i < 10; i++) {
		tick(b);
		assert_int_equal(push20(b, i), JITTER_QUEUED);
	}
	ends_as(b, "abcdefghij|");
}

static void plays_an_over_of_one_packet(void **state)
{
	struct bench *b = bench_with(40);

	push20(b, 0);
	ends_as(b, "a|");
}

static void waits_for_its_depth_before_the_first_frame(void **state)
{
	struct bench *b = bench_with(60);

	push20(b, 0);
	ticks(b, 2);
	assert_string_equal(b->story, "");
	tick(b);
	assert_string_equal(b->story, "a");
	ends_as(b, "a|");
}

static void ends_after_the_gap_and_not_before(void **state)
{
	struct bench *b = bench_with(0);

	push20(b, 0);
	ticks(b, 4); /* 80 ms */
	assert_true(jitter_is_open(b->jitter));
	tick(b);
	assert_false(jitter_is_open(b->jitter));
	ends_as(b, "a|");
}

static void plays_out_before_it_ends(void **state)
{
	struct bench *b = bench_with(40);
	int i;

	/* after a stall everything comes at once */
	for (i = 0; i < 12; i++)
		push20(b, i);
	ends_as(b, "abcdefghijkl|");
}

static void begins_a_second_over_after_the_gap(void **state)
{
	struct bench *b = bench_with(0);

	push20(b, 0);
	ticks(b, 10);
	assert_int_equal(push20(b, 1), JITTER_BEGAN);
	ends_as(b, "a|b|");
}

/* ---- loss ---- */

static void tells_a_missing_packet_as_lost(void **state)
{
	struct bench *b = bench_with(40);

	push20(b, 0);
	push20(b, 1);
	push20(b, 4);
	ticks(b, 5);
	assert_int_equal(TALLY(b, lost), 2);
	ends_as(b, "ab..e|");
}

static void invents_no_loss_at_the_end(void **state)
{
	struct bench *b = bench_with(40);

	push20(b, 0);
	push20(b, 2);
	jitter_skip(b->jitter, b->ssrc, (uint16_t)(FIRST + 3));
	ends_as(b, "a.c|");
}

static void waits_for_what_is_only_delayed(void **state)
{
	struct bench *b = bench_with(0);

	push20(b, 0);
	ticks(b, 4);
	push20(b, 1);
	assert_int_equal(TALLY(b, lost), 0);
	ends_as(b, "ab|");
}

static void tells_a_short_pause_of_the_sender_as_lost(void **state)
{
	struct bench *b = bench_with(0);

	push20(b, 0);
	ticks(b, 4);
	/* next in sequence, but 60 ms later on the sample clock */
	push(b, 1, FIRST_TIME + 160 * 4, 'b', 160);
	ends_as(b, "a...b|");
}

static void believes_no_timestamp_that_outruns_the_clock(void **state)
{
	struct bench *b = bench_with(0);
	int i;

	/* a sender whose clock counts six times too fast */
	for (i = 0; i < 8; i++) {
		push(b, i, FIRST_TIME + (uint32_t)i * 960, (char)('a' + i),
		     160);
		tick(b);
	}
	ends_as(b, "abcdefgh|");
}

static void plays_a_sender_whose_timestamp_stands(void **state)
{
	struct bench *b = bench_with(40);
	int i;

	for (i = 0; i < 6; i++) {
		if (i != 3)
			push(b, i, 5, (char)('a' + i), 160);
		tick(b);
	}
	ends_as(b, "abc.ef|");
}

static void counts_no_event_packet_as_missing(void **state)
{
	struct bench *b = bench_with(40);

	push20(b, 0);
	jitter_skip(b->jitter, b->ssrc, (uint16_t)(FIRST + 1));
	push(b, 2, FIRST_TIME + 160, 'b', 160);
	ends_as(b, "ab|");
}

static void begins_no_over_with_an_event(void **state)
{
	struct bench *b = bench_with(40);

	jitter_skip(b->jitter, b->ssrc, FIRST);
	assert_false(jitter_is_open(b->jitter));
	ends_as(b, "");
}

/* ---- order ---- */

static void puts_packets_in_order_across_the_wrap(void **state)
{
	struct bench *b = bench_with(40);
	const int order[] = {1, 0, 3, 2, 5, 4, 7, 6, 9, 8};
	size_t i;

	for (i = 0; i < 10; i++)
		push20(b, order[i]);
	ends_as(b, "abcdefghij|");
}

static void drops_duplicates_before_and_after_they_were_played(void **state)
{
	struct bench *b = bench_with(0);

	push20(b, 0);
	assert_int_equal(push20(b, 0), JITTER_DUPLICATE);
	tick(b);
	assert_int_equal(push20(b, 0), JITTER_DUPLICATE);
	push20(b, 1);
	assert_int_equal(TALLY(b, duplicate), 2);
	ends_as(b, "ab|");
}

static void drops_what_comes_too_late_and_grows_at_once(void **state)
{
	struct bench *b = bench_with(20);

	push20(b, 0);
	push20(b, 2);
	ticks(b, 3);
	assert_string_equal(b->story, "a.c");
	assert_int_equal(push20(b, 1), JITTER_LATE);
	assert_int_equal(TALLY(b, late), 1);
	assert_int_equal(jitter_depth_ms(b->jitter), 40);
	push20(b, 3);
	tick(b); /* left out: the delay is longer now */
	assert_string_equal(b->story, "a.c");
	tick(b);
	assert_string_equal(b->story, "a.cd");
	ends_as(b, "a.cd|");
}

static void shrinks_again_after_overs_without_trouble(void **state)
{
	struct bench *b = bench_with(20);

	push20(b, 0);
	push20(b, 2);
	ticks(b, 3);
	push20(b, 1);
	ticks(b, 20);
	assert_int_equal(jitter_depth_ms(b->jitter), 40);
	push20(b, 30);
	ticks(b, 40);
	assert_int_equal(jitter_depth_ms(b->jitter), 20);
	push20(b, 40);
	ticks(b, 40);
	assert_int_equal(jitter_depth_ms(b->jitter), 20);
	ends_as(b, "a.c|e|o|");
}

static void takes_no_straggler_for_a_new_over(void **state)
{
	struct bench *b = bench_with(0);

	push20(b, 0);
	push20(b, 2);
	ticks(b, 10);
	assert_int_equal(push20(b, 1), JITTER_HELD);
	ends_as(b, "a.c|");
}

static void takes_a_sender_that_starts_its_numbers_again(void **state)
{
	struct bench *b = bench_with(0);
	int i;

	for (i = 0; i < 5; i++)
		push20(b, i);
	ticks(b, 12);
	assert_int_equal(push20(b, 0), JITTER_HELD);
	assert_int_equal(push20(b, 1), JITTER_BEGAN);
	ends_as(b, "abcde|ab|");
}

/* ---- jumps ---- */

static void goes_on_when_the_source_changes(void **state)
{
	struct bench *b = bench_with(40);

	push20(b, 0);
	b->ssrc = 8;
	assert_int_equal(push20(b, 20), JITTER_HELD);
	assert_int_equal(push20(b, 21), JITTER_QUEUED);
	assert_int_equal(push20(b, 22), JITTER_QUEUED);
	assert_int_equal(TALLY(b, resyncs), 1);
	ends_as(b, "a.uvw|");
}

static void keeps_to_the_first_of_two_sources_at_once(void **state)
{
	struct bench *b = bench_with(40);
	int i;

	for (i = 0; i < 6; i++) {
		b->ssrc = 7;
		push20(b, i);
		b->ssrc = 8;
		push20(b, 10 + i);
		tick(b);
	}
	assert_int_equal(TALLY(b, resyncs), 0);
	assert_int_equal(TALLY(b, strays), 5);
	ends_as(b, "abcdef|");
}

static void goes_on_after_a_jump_of_sequence_or_timestamp(void **state)
{
	struct bench *b = bench_with(40);

	push20(b, 0);
	assert_int_equal(push20(b, 1000), JITTER_HELD);
	assert_int_equal(push20(b, 1001), JITTER_QUEUED);
	push(b, 1002, 1u << 30, 'x', 160);
	push(b, 1003, (1u << 30) + 160, 'y', 160);
	assert_int_equal(TALLY(b, resyncs), 2);
	ends_as(b, "a.mn.xy|");
}

static void takes_no_far_number_at_its_word(void **state)
{
	struct bench *b = bench_with(40);

	push20(b, 0);
	/* a hundred packets on, but only a second on the sample clock */
	assert_int_equal(push(b, 100, FIRST_TIME + 8000, 'x', 160),
			 JITTER_HELD);
	push20(b, 1);
	ends_as(b, "ab|");
}

static void forgets_a_stray_packet(void **state)
{
	struct bench *b = bench_with(40);

	push20(b, 0);
	assert_int_equal(push20(b, 9000), JITTER_HELD);
	push20(b, 1);
	assert_int_equal(TALLY(b, strays), 1);
	ends_as(b, "ab|");
}

/* ---- packets of other lengths ---- */

static void keeps_long_packets_with_pauses_between_in_one_over(void **state)
{
	struct bench *b = bench_with(40);
	int i;

	/* 1024 samples every 128 ms, though an over ends after 100 ms */
	for (i = 0; i < 4; i++) {
		push(b, i, FIRST_TIME + 1024u * (uint32_t)i, 'z', 1024);
		ticks(b, i & 1 ? 6 : 7);
	}
	ticks(b, 30);
	assert_int_equal(strchr(b->story, '|') - b->story, b->len - 1);
	assert_int_equal(b->len - 1, (4 * 1024 + 159) / 160);
	b->jitter = jitter_free(b->jitter);
}

static void counts_the_gap_from_where_a_long_packet_ends(void **state)
{
	struct bench *b = bench_with(0);

	push(b, 0, FIRST_TIME, 'z', 1024);
	ticks(b, 10);
	/* 72 ms after the 128 of the first */
	assert_int_equal(push(b, 1, FIRST_TIME + 1024, 'z', 160),
			 JITTER_QUEUED);
	b->jitter = jitter_free(b->jitter);
}

static void tells_every_frame_that_a_lost_packet_touches(void **state)
{
	struct bench *b = bench_with(40);

	/* 30 ms each: the second would be half of b and all of c */
	push(b, 0, FIRST_TIME, 'a', 240);
	push(b, 2, FIRST_TIME + 480, 'd', 240);
	push(b, 3, FIRST_TIME + 720, 'd', 240);
	ends_as(b, "a..ddd|");
}

static void carries_l16_and_opus(void **state)
{
	struct bench *b = bench_with(0);
	struct gridcall_frame frame;
	uint8_t data[640] = {0x08 /* SILK, 20 ms, one frame */};
	struct jitter_packet packet = {
		.ssrc = 1, .format = opus, .data = data, .len = 50};

	assert_int_equal(jitter_push(b->jitter, &packet, START), JITTER_BEGAN);
	assert_int_equal(jitter_pull(b->jitter, START, &frame), JITTER_FRAME);
	assert_int_equal(frame.format.codec, GRIDCALL_OPUS);
	assert_int_equal(frame.len, 50);
	packet.format = l16;
	packet.seq = 1;
	packet.len = 640;
	jitter_push(b->jitter, &packet, START);
	assert_int_equal(jitter_pull(b->jitter, START, &frame), JITTER_FRAME);
	assert_int_equal(frame.format.codec, GRIDCALL_L16);
	assert_int_equal(frame.len, 640);
	b->jitter = jitter_free(b->jitter);
}

static void refuses_what_can_not_be_cut(void **state)
{
	struct bench *b = bench_with(0);
	uint8_t data[2001] = {0x18 /* SILK, 60 ms */};
	struct jitter_packet packet = {.format = opus, .data = data, .len = 9};

	assert_int_equal(jitter_push(b->jitter, &packet, START), JITTER_MISFIT);
	packet.format = l16;
	assert_int_equal(jitter_push(b->jitter, &packet, START), JITTER_MISFIT);
	packet.len = 0;
	assert_int_equal(jitter_push(b->jitter, &packet, START), JITTER_MISFIT);
	packet.format = pcma;
	packet.len = 2001;
	assert_int_equal(jitter_push(b->jitter, &packet, START), JITTER_MISFIT);
	ends_as(b, "");
}

/* ---- time ---- */

static void survives_a_clock_that_jumps(void **state)
{
	struct bench *b = bench_with(40);
	struct gridcall_frame frame;
	int i;

	push20(b, 0);
	push20(b, 1);
	assert_int_equal(jitter_pull(b->jitter, 0, &frame), JITTER_WAIT);
	b->now_us += 3600ull * 1000 * MS;
	for (i = 0; i < 8; i++)
		tick(b);
	assert_string_equal(b->story, "ab|");
	b->jitter = jitter_free(b->jitter);
}

static void keeps_at_most_its_window_of_a_burst(void **state)
{
	struct bench *b = bench_with(0);
	int i;

	for (i = 0; i < 100; i++)
		assert_int_not_equal(push20(b, i), JITTER_HELD);
	ticks(b, 120);
	/* the oldest are gone and told so, the newest 64 are heard */
	assert_int_equal(b->story[b->len - 1], '|');
	assert_int_equal(b->story[b->len - 2], 'a' + 99 % 26);
	assert_int_equal(strspn(b->story, "."), 0);
	assert_int_equal(b->len, 65);
	b->jitter = jitter_free(b->jitter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(begins_once_and_ends_once),
		cmocka_unit_test(plays_an_over_of_one_packet),
		cmocka_unit_test(waits_for_its_depth_before_the_first_frame),
		cmocka_unit_test(ends_after_the_gap_and_not_before),
		cmocka_unit_test(plays_out_before_it_ends),
		cmocka_unit_test(begins_a_second_over_after_the_gap),
		cmocka_unit_test(tells_a_missing_packet_as_lost),
		cmocka_unit_test(invents_no_loss_at_the_end),
		cmocka_unit_test(waits_for_what_is_only_delayed),
		cmocka_unit_test(tells_a_short_pause_of_the_sender_as_lost),
		cmocka_unit_test(believes_no_timestamp_that_outruns_the_clock),
		cmocka_unit_test(plays_a_sender_whose_timestamp_stands),
		cmocka_unit_test(counts_no_event_packet_as_missing),
		cmocka_unit_test(begins_no_over_with_an_event),
		cmocka_unit_test(puts_packets_in_order_across_the_wrap),
		cmocka_unit_test(
			drops_duplicates_before_and_after_they_were_played),
		cmocka_unit_test(drops_what_comes_too_late_and_grows_at_once),
		cmocka_unit_test(shrinks_again_after_overs_without_trouble),
		cmocka_unit_test(takes_no_straggler_for_a_new_over),
		cmocka_unit_test(takes_a_sender_that_starts_its_numbers_again),
		cmocka_unit_test(goes_on_when_the_source_changes),
		cmocka_unit_test(keeps_to_the_first_of_two_sources_at_once),
		cmocka_unit_test(goes_on_after_a_jump_of_sequence_or_timestamp),
		cmocka_unit_test(takes_no_far_number_at_its_word),
		cmocka_unit_test(forgets_a_stray_packet),
		cmocka_unit_test(
			keeps_long_packets_with_pauses_between_in_one_over),
		cmocka_unit_test(counts_the_gap_from_where_a_long_packet_ends),
		cmocka_unit_test(tells_every_frame_that_a_lost_packet_touches),
		cmocka_unit_test(carries_l16_and_opus),
		cmocka_unit_test(refuses_what_can_not_be_cut),
		cmocka_unit_test(survives_a_clock_that_jumps),
		cmocka_unit_test(keeps_at_most_its_window_of_a_burst),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
