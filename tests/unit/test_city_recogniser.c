/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/city/recogniser.c"
#include "tests/city/cuebook.c"
#include "tests/city/dice.c"
#include "tests/city/expand.c"
#include "tests/city/sound.c"

#include "codecs/encoder.h"
#include "plugins/plugin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const char *const names[] = {
	"plaza",    "plaza_gate", "school_1", "school_2", "school_3",
	"hospital", "village",    "repeat",   "done",     "exercise",
};

#define NAMES (sizeof(names) / sizeof(names[0]))

struct cues {
	struct book *book;
	struct ear *ear;
	int16_t *pcm[NAMES];
	size_t samples[NAMES];
};

static int set_up(void **state)
{
	struct cues *cues = calloc(1, sizeof(*cues));
	int numbers[NAMES];
	size_t i;

	cues->book = book_alloc();
	for (i = 0; i < NAMES; i++) {
		char path[128], why[128] = "";
		uint32_t rate_hz;

		snprintf(path, sizeof(path), "tests/data/cues/%s.wav",
			 names[i]);
		if (audiofile_read(path, &cues->pcm[i], &cues->samples[i],
				   &rate_hz, why, sizeof(why)) ||
		    rate_hz != SOUND_RATE_HZ) {
			print_error("%s: %s\n", path, why);
			return -1;
		}
		numbers[i] = book_add(cues->book, names[i], cues->pcm[i],
				      cues->samples[i]);
	}
	cues->ear = ear_alloc(cues->book, numbers, NAMES);
	*state = cues;
	return 0;
}

static int tear_down(void **state)
{
	struct cues *cues = *state;
	size_t i;

	for (i = 0; i < NAMES; i++)
		free(cues->pcm[i]);
	ear_free(cues->ear);
	book_free(cues->book);
	free(cues);
	return 0;
}

/* Through the gateway's encoder and the city's own expansion. */
static void put_coded(struct ear *ear, const struct sound *sound,
		      uint32_t codec)
{
	struct encoder *encoder = encoder_alloc(codec, 8000, 8000);
	uint8_t data[ENCODER_BYTES_MAX];
	int16_t pcm[SOUND_FRAME];
	size_t at;
	int i;

	for (at = 0; at + SOUND_FRAME <= sound->samples; at += SOUND_FRAME) {
		assert_int_equal(encoder_put(encoder, sound->pcm + at, data),
				 SOUND_FRAME);
		for (i = 0; i < SOUND_FRAME; i++)
			pcm[i] = codec == GRIDCALL_PCMA ? expand_alaw(data[i])
							: expand_ulaw(data[i]);
		ear_put(ear, pcm, SOUND_FRAME);
	}
	encoder_free(encoder);
}

static int level_of(const struct sound *sound)
{
	double power = 1;
	size_t i;

	for (i = 0; i < sound->samples; i++)
		power += (double)sound->pcm[i] * sound->pcm[i];
	power /= (double)sound->samples;
	return (int)lrint(10 * log10(power / (FULL_SCALE * FULL_SCALE / 2)));
}

/* A cue after so much silence, with noise so many dB below it. */
static void make_cue(const struct cues *cues, size_t i, uint32_t lead_ms,
		     int snr_db, struct sound *sound)
{
	int level_db;

	sound_init(sound, 1 + i);
	sound_pcm(sound, cues->pcm[i], cues->samples[i]);
	level_db = level_of(sound);
	sound->samples = 0;
	sound_silence(sound, lead_ms);
	sound_pcm(sound, cues->pcm[i], cues->samples[i]);
	sound_silence(sound, 120);
	sound_background(sound, level_db - snr_db);
}

static void tell_all(struct cues *cues, uint32_t codec, uint32_t lead_ms,
		     int snr_db)
{
	struct heard heard;
	struct sound sound;
	size_t i;

	for (i = 0; i < NAMES; i++) {
		make_cue(cues, i, lead_ms, snr_db, &sound);
		put_coded(cues->ear, &sound, codec);
		sound_fini(&sound);
		ear_end(cues->ear, &heard);
		assert_true(heard.count >= 1);
		assert_string_equal(
			book_name(cues->book, heard.numbers[heard.count - 1]),
			names[i]);
	}
}

static void tells_each_cue_after_a_law_and_20_db_of_noise(void **state)
{
	tell_all(*state, GRIDCALL_PCMA, 300, 20);
}

static void tells_each_cue_after_u_law_and_12_db_of_noise(void **state)
{
	tell_all(*state, GRIDCALL_PCMU, 300, 12);
}

static void tells_each_cue_wherever_the_packets_cut_it(void **state)
{
	uint32_t lead_ms;

	for (lead_ms = 100; lead_ms < 120; lead_ms += 3)
		tell_all(*state, GRIDCALL_PCMA, lead_ms, 25);
}

static void hears_a_lead_in_and_the_name_after_it(void **state)
{
	struct cues *cues = *state;
	struct heard heard;
	struct sound sound;

	sound_init(&sound, 1);
	sound_tone(&sound, 300, 800, -12);
	sound_pcm(&sound, cues->pcm[9], cues->samples[9]);
	sound_silence(&sound, 60);
	sound_pcm(&sound, cues->pcm[3], cues->samples[3]);
	sound_silence(&sound, 100);
	put_coded(cues->ear, &sound, GRIDCALL_PCMA);
	sound_fini(&sound);
	ear_end(cues->ear, &heard);
	assert_int_equal(heard.count, 2);
	assert_string_equal(book_name(cues->book, heard.numbers[0]),
			    "exercise");
	assert_string_equal(book_name(cues->book, heard.numbers[1]),
			    "school_2");
	assert_true(heard.end_ms[1] + 100 > heard.length_ms);
}

static void takes_nothing_for_a_cue_that_is_none(void **state)
{
	struct cues *cues = *state;
	struct heard heard;
	struct sound sound;
	size_t i;

	sound_init(&sound, 1);
	sound_silence(&sound, 500);
	sound_noise(&sound, 2000, -20);
	sound_tone(&sound, 1000, 1000, -10);
	for (i = 0; i < 8; i++)
		sound_key(&sound, "12345678"[i], 120, -12, 0);
	for (i = cues->samples[5]; i-- > 0;) /* speech, backwards */
		sound_pcm(&sound, &cues->pcm[5][i], 1);
	put_coded(cues->ear, &sound, GRIDCALL_PCMA);
	sound_fini(&sound);
	ear_end(cues->ear, &heard);
	assert_int_equal(heard.count, 0);
}

static void refuses_a_recording_without_sound(void **state)
{
	struct cues *cues = *state;
	int16_t silence[8000] = {0};

	assert_int_equal(book_add(cues->book, "silence", silence, 8000),
			 -EINVAL);
	assert_int_equal(book_add(cues->book, "nothing", silence, 0), -EINVAL);
}

/* --------------------------------------------------- what it means ------- */

static struct person persons[] = {
	{.code = "A", .channel = "C", .number = "01"},
	{.code = "B", .channel = "C", .number = "07"},
	{.code = "Z", .channel = "D", .number = "70"},
};
static struct people people = {.persons = persons, .person_count = 3};
static struct place place = {.code = "C"};
static struct entry entries[] = {
	{.role = ROLE_UNIT, .person = &persons[0]},
	{.role = ROLE_DIGIT, .digit = '0'},
	{.role = ROLE_DIGIT, .digit = '7'},
	{.role = ROLE_REPEAT},
	{.role = ROLE_DONE},
	{.role = ROLE_OTHER},
};

/* What numbers of entries, each a second after the other, ask. */
static struct meaning ask_for(struct cues *cues, const char *numbers,
			      uint32_t rest_ms)
{
	struct cuebook book = {.people = &people,
			       .book = cues->book,
			       .entries = entries,
			       .count = 6};
	struct heard heard = {.count = strlen(numbers)};
	size_t i;

	for (i = 0; i < heard.count; i++) {
		heard.numbers[i] = numbers[i] - '0';
		heard.begin_ms[i] = 1000 * (uint32_t)i;
		heard.end_ms[i] = 1000 * (uint32_t)(i + 1);
	}
	heard.length_ms = 1000 * (uint32_t)heard.count + rest_ms;
	return cuebook_meaning(&book, &place, &heard);
}

static void asks_the_unit_that_is_named_last(void **state)
{
	struct meaning meaning = ask_for(*state, "50", 100);

	assert_int_equal(meaning.cue, CUE_UNIT);
	assert_ptr_equal(meaning.person, &persons[0]);
	assert_int_equal(ask_for(*state, "03", 0).cue, CUE_UNIT);
	assert_int_equal(ask_for(*state, "30", 0).cue, CUE_UNIT);
	assert_int_equal(ask_for(*state, "3", 0).cue, CUE_REPEAT);
	assert_int_equal(ask_for(*state, "04", 0).cue, CUE_DONE);
	assert_int_equal(ask_for(*state, "5", 0).cue, CUE_NOTICE);
	assert_int_equal(ask_for(*state, "5", 2000).cue, CUE_OTHER);
	assert_int_equal(ask_for(*state, "5555", 0).cue, CUE_OTHER);
	assert_int_equal(ask_for(*state, "", 0).cue, CUE_OTHER);
}

static void asks_the_unit_whose_number_is_spelt(void **state)
{
	struct meaning meaning = ask_for(*state, "512", 100);

	assert_int_equal(meaning.cue, CUE_UNIT);
	assert_ptr_equal(meaning.person, &persons[1]);
	/* 70 is a unit of another channel */
	assert_int_equal(ask_for(*state, "21", 0).cue, CUE_OTHER);
}

static void asks_nobody_when_the_name_is_not_the_last_word(void **state)
{
	assert_int_equal(ask_for(*state, "0", 2000).cue, CUE_OTHER);
	assert_int_equal(ask_for(*state, "4", 2000).cue, CUE_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_each_cue_after_a_law_and_20_db_of_noise),
		cmocka_unit_test(tells_each_cue_after_u_law_and_12_db_of_noise),
		cmocka_unit_test(tells_each_cue_wherever_the_packets_cut_it),
		cmocka_unit_test(hears_a_lead_in_and_the_name_after_it),
		cmocka_unit_test(takes_nothing_for_a_cue_that_is_none),
		cmocka_unit_test(refuses_a_recording_without_sound),
		cmocka_unit_test(asks_the_unit_that_is_named_last),
		cmocka_unit_test(asks_the_unit_whose_number_is_spelt),
		cmocka_unit_test(
			asks_nobody_when_the_name_is_not_the_last_word),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
