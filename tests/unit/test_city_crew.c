/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/city/crew.c"
#include "tests/city/air.c"
#include "tests/city/diary.c"
#include "tests/city/dice.c"
#include "tests/city/guard.c"
#include "tests/city/people.c"
#include "tests/city/scenario.c"
#include "tests/city/sound.c"

#include "codecs/dtmf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const char units_csv[] = "\xef\xbb\xbf"
				"code,name,channel,number,strength,radio_ids\n"
				"A,\"Gate, \"\"north\"\"\",S,01,12,1001;1002\n"
				"C,Third,S,03,9,\n"
				"B,Second,S,02,180,\n"
				"K,First,R,01,5,\n"
				"L,Second,R,02,6,\n"
				"M,Third,R,03,7,\n";
static const char channels_csv[] =
	"code,kind,address,hang_ms,tail_ms\r\n"
	"S,simplex,local=127.0.0.1:1 remote=127.0.0.1:2 codec=pcmu,0,40\r\n"
	"R,repeater,\"local=[::1]:3 remote=[::1]:4 codec=l16 rate=16000 "
	"pt=99\",500,100\r\n";

/* A channel without sockets: what the base received is kept. */
struct stage {
	struct people people;
	struct scenario scenario;
	struct diary diary;
	struct crew *crew;
	uint64_t now_us;
	uint64_t hash;
	size_t carriers; /* times that it came up */
	bool carrier;
	uint64_t first_us; /* of the last carrier */
	struct sound air;
	char said[128];
};

static void open_stage(struct stage *stage, size_t channel, const char *text,
		       uint64_t seed)
{
	struct crew_config config = {.people = &stage->people,
				     .scenario = &stage->scenario,
				     .seed = seed,
				     .diary = &stage->diary};
	char why[256] = "";

	memset(stage, 0, sizeof(*stage));
	stage->now_us = 1000000;
	sound_init(&stage->air, 1);
	assert_int_equal(people_parse(&stage->people, units_csv, channels_csv,
				      why, sizeof(why)),
			 0);
	if (scenario_parse(&stage->scenario, text, why, sizeof(why)))
		fail_msg("%s", why);
	config.place = &stage->people.places[channel];
	stage->crew = crew_alloc(&config, why, sizeof(why));
	assert_non_null(stage->crew);
}

static void close_stage(struct stage *stage)
{
	crew_free(stage->crew);
	scenario_fini(&stage->scenario);
	people_fini(&stage->people);
	sound_fini(&stage->air);
}

static void on_digit(void *data, const struct dtmf_digit *digit)
{
	char *said = data;
	size_t len = strlen(said);

	if (len < 127)
		said[len] = digit->digit;
}

/* So much time goes by; what was keyed in it is read into said. */
static const char *pass(struct stage *stage, uint32_t ms)
{
	struct dtmf_listener *listener =
		dtmf_listener_alloc(on_digit, stage->said);
	int16_t pcm[SOUND_FRAME];
	uint32_t at;
	size_t i;

	memset(stage->said, 0, sizeof(stage->said));
	for (at = 0; at < ms; at += 20, stage->now_us += 20000) {
		bool carrier = crew_frame(stage->crew, stage->now_us, pcm);

		if (carrier && !stage->carrier) {
			stage->carriers++;
			stage->first_us = stage->now_us;
		}
		stage->carrier = carrier;
		stage->hash = stage->hash * 31 + carrier;
		if (!carrier)
			memset(pcm, 0, sizeof(pcm));
		for (i = 0; i < SOUND_FRAME; i++)
			stage->hash = stage->hash * 31 + (uint16_t)pcm[i];
		sound_pcm(&stage->air, pcm, SOUND_FRAME);
		dtmf_listener_put(listener, pcm, SOUND_FRAME);
	}
	dtmf_listener_end(listener);
	dtmf_listener_free(listener);
	return stage->said;
}

static const struct person *person(const struct stage *stage, const char *code)
{
	size_t i;

	for (i = 0; i < stage->people.person_count; i++)
		if (!strcmp(stage->people.persons[i].code, code))
			return &stage->people.persons[i];
	return NULL;
}

/* The gateway speaks for a second and a half. */
static void gateway(struct stage *stage, enum cue cue, const char *code)
{
	uint64_t began_us = stage->now_us;

	crew_gateway_keyed(stage->crew, began_us);
	pass(stage, 1500);
	crew_gateway_unkeyed(stage->crew, cue,
			     code ? person(stage, code) : NULL, 1500,
			     stage->now_us);
}

static const char *ask_unit(struct stage *stage, const char *code,
			    uint32_t wait_ms)
{
	gateway(stage, CUE_UNIT, code);
	return pass(stage, wait_ms);
}

static void check_answer(const char *behaviour, uint64_t seed,
			 const char *expected)
{
	struct stage stage;
	char text[256];

	snprintf(text, sizeof(text), "[units]\nA = %s\n", behaviour);
	open_stage(&stage, 0, text, seed);
	assert_string_equal(ask_unit(&stage, "A", 30000), expected);
	close_stage(&stage);
}

static void answers_its_own_cue_as_the_scenario_says(void **state)
{
	uint64_t seed;

	for (seed = 1; seed <= 5; seed++) {
		check_answer("normal", seed, "12#");
		check_answer("fast", seed, "12#");
		check_answer("slow", seed, "12#");
		check_answer("named situation=2", seed, "*01*12*2#");
		check_answer("count=7", seed, "7#");
		check_answer("dial=**##", seed, "**##");
		check_answer("no_end", seed, "12");
		check_answer("unknown_number", seed, "*99*12#");
		check_answer("alarm=119", seed, "**119#");
		check_answer("let_go", seed, "12#");
		check_answer("twice", seed, "12#12#");
		check_answer("ptt_id=1001", seed, "100112#");
		check_answer("silent", seed, "");
		check_answer("silent_first_round", seed, "");
		check_answer("click", seed, "");
	}
}

static void fits_the_count_into_its_width(void **state)
{
	struct stage stage;

	open_stage(&stage, 0, "", 1);
	assert_string_equal(ask_unit(&stage, "C", 9000), "09#");
	assert_string_equal(ask_unit(&stage, "B", 9000), "80#");
	close_stage(&stage);
}

static void keys_within_its_reaction_and_key_up_delay(void **state)
{
	uint64_t seed;

	for (seed = 1; seed < 20; seed++) {
		struct stage stage;
		uint64_t asked_us;

		open_stage(&stage, 0, "[city]\nreaction = 0.3-0.6\n", seed);
		gateway(&stage, CUE_UNIT, "A");
		asked_us = stage.now_us;
		pass(&stage, 2000);
		assert_in_range(stage.first_us - asked_us, 420000, 760000);
		close_stage(&stage);
	}
}

/* A whole roll-call of the simplex channel; its sound as a number. */
static uint64_t roll_call(uint64_t seed)
{
	static const char text[] = "[city]\n"
				   "default = normal:3 silent:1 slow:2 "
				   "wrong_digits+fast:2 let_go:1\n";
	struct stage stage;
	uint64_t hash;

	open_stage(&stage, 0, text, seed);
	gateway(&stage, CUE_OTHER, NULL);
	ask_unit(&stage, "A", 8000);
	ask_unit(&stage, "B", 8000);
	ask_unit(&stage, "C", 8000);
	ask_unit(&stage, "A", 8000);
	gateway(&stage, CUE_DONE, NULL);
	hash = stage.hash;
	close_stage(&stage);
	return hash;
}

static void is_the_same_run_for_the_same_seed(void **state)
{
	assert_true(roll_call(1) == roll_call(1));
	assert_true(roll_call(2) == roll_call(2));
	assert_true(roll_call(1) != roll_call(2));
}

static void decides_the_same_whatever_others_do(void **state)
{
	struct behaviour first, again;
	struct stage stage;
	uint32_t silent = 0, i;
	char code[16];

	open_stage(&stage, 0, "[city]\ndefault = normal:3 silent:1\n", 1);
	for (i = 0; i < 1000; i++) {
		snprintf(code, sizeof(code), "U%u", i);
		scenario_behaviour(&stage.scenario, code, 9, &first);
		scenario_behaviour(&stage.scenario, code, 9, &again);
		assert_memory_equal(&first, &again, sizeof(first));
		silent += first.silent;
	}
	assert_in_range(silent, 200, 300);
	close_stage(&stage);
}

static void repeats_rightly_when_told_to(void **state)
{
	struct stage stage;
	const char *said;

	open_stage(&stage, 0, "[units]\nA = wrong_digits\nB = always_wrong\n",
		   4);
	said = ask_unit(&stage, "A", 9000);
	assert_true(*said);
	assert_string_not_equal(said, "12#");
	gateway(&stage, CUE_REPEAT, NULL);
	assert_string_equal(pass(&stage, 9000), "12#");
	assert_string_not_equal(ask_unit(&stage, "B", 9000), "80#");
	gateway(&stage, CUE_REPEAT, NULL);
	assert_string_not_equal(pass(&stage, 9000), "80#");
	close_stage(&stage);
}

static void answers_in_the_second_round_if_silent_in_the_first(void **state)
{
	struct stage stage;

	open_stage(&stage, 0, "[units]\nA = silent_first_round\n", 1);
	assert_string_equal(ask_unit(&stage, "A", 9000), "");
	assert_string_equal(ask_unit(&stage, "A", 9000), "12#");
	close_stage(&stage);
}

static void gives_up_its_turn_when_another_is_called(void **state)
{
	struct stage stage;

	open_stage(&stage, 0, "[units]\nC = late=15\n", 1);
	gateway(&stage, CUE_UNIT, "A"); /* and at once: */
	assert_string_equal(ask_unit(&stage, "B", 9000), "80#");
	ask_unit(&stage, "C", 2000); /* a late one stays with it */
	assert_string_equal(ask_unit(&stage, "A", 25000), "12#09#");
	close_stage(&stage);
}

static void never_keys_while_the_gateway_sends(void **state)
{
	struct stage stage;

	open_stage(&stage, 0, "[units]\nA = late=3\n", 1);
	gateway(&stage, CUE_UNIT, "A");
	crew_gateway_keyed(stage.crew, stage.now_us);
	pass(&stage, 10000);
	assert_int_equal(stage.carriers, 0);
	assert_int_equal(stage.diary.waits, 1);
	crew_gateway_unkeyed(stage.crew, CUE_OTHER, NULL, 10000, stage.now_us);
	assert_string_equal(pass(&stage, 5000), "12#");
	close_stage(&stage);
}

static void hears_no_cue_while_it_keys(void **state)
{
	struct stage stage;

	open_stage(&stage, 0, "[units]\nA = stuck=12\n", 1);
	ask_unit(&stage, "A", 6000);
	crew_gateway_keyed(stage.crew, stage.now_us);
	while (!stage.diary.overs)
		pass(&stage, 20);
	pass(&stage, 300); /* it has let go only for the last syllable */
	crew_gateway_unkeyed(stage.crew, CUE_UNIT, person(&stage, "A"), 9000,
			     stage.now_us);
	assert_string_equal(pass(&stage, 20000), "");
	assert_int_equal(stage.carriers, 1);
	close_stage(&stage);
}

static void lets_the_one_before_repeat_first(void **state)
{
	struct stage stage;

	open_stage(&stage, 1, "[city]\nreaction = 2.0\n", 3);
	gateway(&stage, CUE_UNIT, "K");
	while (!stage.diary.overs)
		pass(&stage, 20);
	pass(&stage, 1500); /* L is about to answer */
	assert_int_equal(crew_busy(stage.crew), 1);
	gateway(&stage, CUE_REPEAT, NULL);
	assert_string_equal(pass(&stage, 40000), "05#06#07#");
	close_stage(&stage);
}

static void keeps_a_stuck_transmitter_up_for_ever(void **state)
{
	struct stage stage;

	open_stage(&stage, 0, "[units]\nA = stuck\n", 1);
	ask_unit(&stage, "A", 200000);
	assert_true(stage.carrier);
	assert_int_equal(stage.carriers, 1);
	assert_int_equal(crew_busy(stage.crew), 1);
	close_stage(&stage);
}

static void lets_the_stronger_of_two_win_or_mixes_them(void **state)
{
	static const char both[] = "[units]\nA = dial=1111# tone_ms=200 "
				   "gap_ms=200\nB = together=A dial=2222# "
				   "tone_ms=200 gap_ms=200\n[channel S]\n"
				   "capture = %s\n";
	struct stage stage;
	char text[256];
	const char *said;

	snprintf(text, sizeof(text), both, "yes");
	open_stage(&stage, 0, text, 1);
	said = ask_unit(&stage, "A", 9000);
	assert_int_equal(stage.diary.overs, 2);
	assert_true(!strncmp(said, "1111#", 5) || !strncmp(said, "2222#", 5));
	close_stage(&stage);
	snprintf(text, sizeof(text), both, "no");
	open_stage(&stage, 0, text, 1);
	said = ask_unit(&stage, "A", 9000);
	assert_int_equal(stage.diary.overs, 2);
	assert_int_equal(stage.carriers, 1);
	assert_true(strncmp(said, "1111#", 5) && strncmp(said, "2222#", 5));
	close_stage(&stage);
}

static void has_several_guards_of_one_unit_answer(void **state)
{
	struct stage stage;
	const char *said;

	open_stage(&stage, 1, "[units]\nK = guards=2 count=17,18\n", 1);
	said = ask_unit(&stage, "K", 20000); /* the second waits its turn */
	assert_true(!strncmp(said, "17#18#", 6) || !strncmp(said, "18#17#", 6));
	close_stage(&stage);
	open_stage(&stage, 0, "[units]\nA = guards=3\n", 1);
	ask_unit(&stage, "A", 20000); /* here they can't hear each other */
	assert_int_equal(stage.diary.overs, 3);
	close_stage(&stage);
}

static void answers_in_anothers_turn(void **state)
{
	struct stage stage;

	open_stage(&stage, 0, "[units]\nA = silent\nB = others_turn=A\n", 1);
	assert_string_equal(ask_unit(&stage, "A", 9000), "*02*80#");
	close_stage(&stage);
}

static void raises_an_alarm_of_its_own_accord(void **state)
{
	struct stage stage;

	open_stage(&stage, 0, "[units]\nB = alarm_at=20 alarm=120\n", 1);
	ask_unit(&stage, "A", 9000);
	assert_string_equal(pass(&stage, 20000), "**120#");
	assert_string_equal(ask_unit(&stage, "B", 9000), "80#");
	close_stage(&stage);
}

static void answers_in_turn_on_a_repeater_without_cues(void **state)
{
	struct stage stage;

	open_stage(&stage, 1, "[units]\nK = named\n", 3);
	gateway(&stage, CUE_OTHER, NULL);
	assert_string_equal(pass(&stage, 40000), "*01*05#06#07#");
	gateway(&stage, CUE_NOTICE, NULL);
	assert_int_equal(stage.carriers, 3);
	assert_string_equal(pass(&stage, 20000), "");
	close_stage(&stage);
}

static void waits_for_a_cue_on_a_repeater_after_no_answer(void **state)
{
	struct stage stage;

	open_stage(&stage, 1, "[units]\nL = dial=6#\n", 3);
	gateway(&stage, CUE_OTHER, NULL);
	assert_string_equal(pass(&stage, 40000), "05#6#");
	assert_string_equal(ask_unit(&stage, "L", 40000), "06#07#");
	close_stage(&stage);
}

static void never_answers_unasked_on_simplex(void **state)
{
	struct stage stage;

	open_stage(&stage, 0, "", 3);
	gateway(&stage, CUE_OTHER, NULL);
	pass(&stage, 40000);
	ask_unit(&stage, "A", 40000);
	assert_int_equal(stage.carriers, 1);
	close_stage(&stage);
}

static void takes_the_gateways_word_before_its_own_turn(void **state)
{
	struct stage stage;

	open_stage(&stage, 1, "[city]\nreaction = 1.0\n", 3);
	gateway(&stage, CUE_OTHER, NULL); /* K would answer in 1 s */
	pass(&stage, 500);
	assert_string_equal(ask_unit(&stage, "M", 9000), "07#");
	close_stage(&stage);
}

static void holds_one_carrier_over_answer_hang_and_tail(void **state)
{
	struct stage stage;
	uint64_t ended_us;

	open_stage(&stage, 1, "[city]\nchain = no\n", 3);
	gateway(&stage, CUE_UNIT, "K");
	while (!stage.diary.overs)
		pass(&stage, 20);
	ended_us = stage.now_us;
	while (stage.carrier)
		pass(&stage, 20);
	assert_int_equal(stage.carriers, 1);
	assert_in_range(stage.now_us - ended_us, 580000, 640000);
	close_stage(&stage);
}

static void says_what_is_wrong_in_a_scenario(void **state)
{
	static const struct {
		const char *text;
		const char *part;
	} bad[] = {
		{"[city]\nreacton = 1", "line 2: unknown word 'reacton'"},
		{"[city]\nreaction = 4-1", "not a reaction"},
		{"[units]\nA = silent lat=3", "unknown word 'lat'"},
		{"[units]\nA = late=x", "can't be in 'late'"},
		{"[units]\nA = dial=0123456789012345678901234567890123456789"
		 "0123456789",
		 "can't be in 'dial'"},
		{"[citizens]\n", "unknown section 'citizens'"},
		{"[units\n", "no ] in section"},
		{"A = silent\n", "no key = value in a section"},
		{"[city]\ndefault = normal:3 slient:1\n", "'slient'"},
		{"[channel S]\nkey_up_ms = 99999\n", "'key_up_ms'"},
	};
	struct scenario scenario;
	char why[256];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		*why = '\0';
		assert_int_not_equal(scenario_parse(&scenario, bad[i].text, why,
						    sizeof(why)),
				     0);
		if (!strstr(why, bad[i].part))
			fail_msg("'%s' lacks '%s'", why, bad[i].part);
	}
}

static void refuses_a_scenario_of_other_people(void **state)
{
	struct stage stage;
	struct scenario scenario;
	char why[256];

	open_stage(&stage, 0, "[units]\nA = silent\n[channel S]\nchain = no\n",
		   1);
	assert_int_equal(scenario_check(&stage.scenario, &stage.people, why,
					sizeof(why)),
			 0);
	assert_int_equal(scenario_parse(&scenario, "[units]\nX9 = silent\n",
					why, sizeof(why)),
			 0);
	assert_int_not_equal(
		scenario_check(&scenario, &stage.people, why, sizeof(why)), 0);
	assert_non_null(strstr(why, "'X9'"));
	scenario_fini(&scenario);
	close_stage(&stage);
}

static void reads_the_tables_of_the_gateway(void **state)
{
	struct stage stage;
	const struct place *place;
	struct people none;
	char why[256];

	open_stage(&stage, 0, "", 1);
	assert_int_equal(stage.people.person_count, 6);
	assert_string_equal(person(&stage, "A")->name, "Gate, \"north\"");
	assert_string_equal(person(&stage, "A")->radio_id, "1001");
	assert_int_equal(person(&stage, "B")->strength, 180);
	place = &stage.people.places[1];
	assert_true(place->repeater);
	assert_string_equal(place->remote, "[::1]:4");
	assert_int_equal(place->rate_hz, 16000);
	assert_int_equal(place->payload, 99);
	assert_int_equal(place->hang_ms, 500);
	assert_int_not_equal(people_parse(&none, units_csv,
					  "code,address\nS,nonsense\n", why,
					  sizeof(why)),
			     0);
	assert_non_null(strstr(why, "'S' has no local="));
	close_stage(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_its_own_cue_as_the_scenario_says),
		cmocka_unit_test(fits_the_count_into_its_width),
		cmocka_unit_test(keys_within_its_reaction_and_key_up_delay),
		cmocka_unit_test(is_the_same_run_for_the_same_seed),
		cmocka_unit_test(decides_the_same_whatever_others_do),
		cmocka_unit_test(repeats_rightly_when_told_to),
		cmocka_unit_test(
			answers_in_the_second_round_if_silent_in_the_first),
		cmocka_unit_test(gives_up_its_turn_when_another_is_called),
		cmocka_unit_test(never_keys_while_the_gateway_sends),
		cmocka_unit_test(hears_no_cue_while_it_keys),
		cmocka_unit_test(lets_the_one_before_repeat_first),
		cmocka_unit_test(keeps_a_stuck_transmitter_up_for_ever),
		cmocka_unit_test(lets_the_stronger_of_two_win_or_mixes_them),
		cmocka_unit_test(has_several_guards_of_one_unit_answer),
		cmocka_unit_test(answers_in_anothers_turn),
		cmocka_unit_test(raises_an_alarm_of_its_own_accord),
		cmocka_unit_test(answers_in_turn_on_a_repeater_without_cues),
		cmocka_unit_test(waits_for_a_cue_on_a_repeater_after_no_answer),
		cmocka_unit_test(never_answers_unasked_on_simplex),
		cmocka_unit_test(takes_the_gateways_word_before_its_own_turn),
		cmocka_unit_test(holds_one_carrier_over_answer_hang_and_tail),
		cmocka_unit_test(says_what_is_wrong_in_a_scenario),
		cmocka_unit_test(refuses_a_scenario_of_other_people),
		cmocka_unit_test(reads_the_tables_of_the_gateway),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
