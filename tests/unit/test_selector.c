/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/selector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <talloc.h>

#include "gateway/record/directory_builder.h"

struct town {
	void *ctx;
	struct directory *directory;
};

static char *school[] = {(char *)"school", (char *)"north", NULL};
static char *mall[] = {(char *)"mall", NULL};
static char *keypad[] = {(char *)"keypad", (char *)"phone", NULL};
static char *click[] = {(char *)"click", NULL};
static char *nickname[] = {(char *)"Big Gate", NULL};

static const struct unit units[] = {
	{
		.code = "U4",
		.name = "正佳广场",
		.spoken = "正佳",
		.aliases = nickname,
		.category = "GZ:B",
		.district = "440106",
		.station = "440106530000",
		.grid = "07",
		.zone = "Z 1",
		.channel = "CH1",
		.number = "02",
		.answers_by = keypad,
		.tags = mall,
	},
	{
		.code = "U3",
		.name = "天河小学",
		.category = "GZ:A",
		.district = "440106",
		.station = "440106530000",
		.grid = "07",
		.channel = "CH1",
		.number = "01",
		.answers_by = keypad,
		.tags = school,
	},
	{
		.code = "U2",
		.name = "越秀公园",
		.category = "GZ:D",
		.district = "440104",
		.station = "440104510000",
		.grid = "03",
		.channel = "CH2",
		.number = "02",
		.answers_by = click,
	},
	{
		.code = "U1",
		.name = "North School",
		.category = "GZ:A",
		.district = "440104",
		.station = "440104510000",
		.grid = "07",
		.channel = "CH0",
		.number = "05",
		.answers_by = click,
		.tags = school,
	},
};

static void make_town(struct town *town, bool second_scheme)
{
	static const char *const codes[] = {"CH0", "CH1", "CH2"};
	struct directory_builder *builder;
	size_t i;

	town->ctx = talloc_new(NULL);
	builder = directory_builder_alloc(town->ctx);
	for (i = 0; i < sizeof(units) / sizeof(*units); i++) {
		struct unit unit = units[i];

		if (second_scheme && i == 2)
			unit.category = "XJ:D";
		directory_builder_unit(builder, &unit);
	}
	for (i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		struct channel_entry channel = {.code = codes[i]};

		directory_builder_channel(builder, &channel);
	}
	town->directory = directory_builder_finish(builder);
}

static int set_up(void **state)
{
	static struct town town;

	make_town(&town, false);
	*state = &town;
	return 0;
}

static int tear_down(void **state)
{
	struct town *town = *state;

	/* Everything that parsing made hangs below its ctx. */
	talloc_free(town->ctx);
	return 0;
}

/* The codes of what text selects, in order. */
static void assert_selects(const struct town *town, const char *text,
			   const char *codes)
{
	struct fault fault = {0};
	struct selector *selector =
		selector_parse(town->ctx, text, town->directory, &fault);
	const struct unit **selected;
	char found[64] = "";
	size_t count, i;

	if (!selector)
		fail_msg("'%s': %s", text, fault.sentence);
	selected = selector_units(selector, town->ctx, town->directory, &count);
	for (i = 0; i < count; i++) {
		strcat(found, i ? " " : "");
		strcat(found, selected[i]->code);
	}
	assert_string_equal(found, codes);
}

static void assert_refused(const struct town *town, const char *text,
			   const char *sentence)
{
	struct fault fault = {0};

	assert_null(selector_parse(town->ctx, text, town->directory, &fault));
	assert_int_not_equal(fault.code, 0);
	if (!strstr(fault.sentence, sentence))
		fail_msg("'%s' does not say '%s'", fault.sentence, sentence);
}

static void nothing_selects_all_by_channel_and_number(void **state)
{
	assert_selects(*state, "", "U1 U3 U4 U2");
	assert_selects(*state, " \t\n", "U1 U3 U4 U2");
}

static void each_word_selects_by_its_field(void **state)
{
	assert_selects(*state, "district=440106", "U3 U4");
	assert_selects(*state, "station=440104510000", "U1 U2");
	assert_selects(*state, "grid=03", "U2");
	assert_selects(*state, "zone=\"Z 1\"", "U4");
	assert_selects(*state, "category=GZ:A", "U1 U3");
	assert_selects(*state, "channel=CH1", "U3 U4");
	assert_selects(*state, "code=U2", "U2");
	assert_selects(*state, "number=02", "U4 U2");
	assert_selects(*state, "tag=north", "U1 U3");
	assert_selects(*state, "answers_by=phone", "U3 U4");
	assert_selects(*state, "limit=2", "U1 U3");
}

static void a_name_is_found_by_any_part_of_any_name(void **state)
{
	assert_selects(*state, "name=小学", "U3");
	assert_selects(*state, "name=正佳", "U4");
	assert_selects(*state, "name=\"big gate\"", "U4");
	assert_selects(*state, "name=school,公园", "U1 U2");
	assert_selects(*state, "name=nobody", "");
}

static void terms_are_anded_and_values_or_ed(void **state)
{
	assert_selects(*state, "district=440106,440104 category=GZ:A,GZ:D",
		       "U1 U3 U2");
	assert_selects(*state, "  grid=07   tag=school limit=1", "U1");
	assert_selects(*state, "grid=07 district=440104", "U1");
	assert_selects(*state, "tag=mall,\"north\"", "U1 U3 U4");
	assert_selects(*state, "grid=03 tag=school", "");
}

static void not_equal_leaves_out(void **state)
{
	assert_selects(*state, "grid!=07", "U2");
	assert_selects(*state, "tag!=school", "U4 U2");
	assert_selects(*state, "tag=school tag!=north,mall", "");
	assert_selects(*state, "code!=U1,U2,U3", "U4");
	assert_selects(*state, "name!=School limit=9", "U3 U4 U2");
}

/* "name=M,M,M" with count values; to be freed. */
static char *repeat(const char *word, size_t count)
{
	char *text = malloc(strlen(word) + 2 * count + 2);
	char *at = text;
	size_t i;

	assert_non_null(text);
	at += sprintf(at, "%s=", word);
	for (i = 0; i < count; i++)
		at += sprintf(at, "M,");
	at[-1] = '\0';
	return text;
}

static void a_selector_that_would_take_long_is_refused(void **state)
{
	char *most = repeat("tag", 100000);
	char *long_text = repeat("tag", 200000);
	char *names = repeat("name", 33);
	char *fewer_names = repeat("name", 32);

	assert_selects(*state, most, "");
	assert_refused(*state, long_text, "longer than 262144 bytes");
	assert_refused(
		*state, names,
		"name at character 1 has 33 values, and 32 are the most");
	assert_non_null(selector_parse(
		((struct town *)*state)->ctx, fewer_names,
		((struct town *)*state)->directory, &(struct fault){0}));
	free(most);
	free(long_text);
	free(names);
	free(fewer_names);
}

static void a_letter_alone_needs_a_single_scheme(void **state)
{
	struct town two;

	assert_selects(*state, "category=A,GZ:B", "U1 U3 U4");
	make_town(&two, true);
	assert_refused(&two, "category=A", "'A' at character 10: the");
	assert_selects(&two, "category=XJ:D,GZ:B", "U4 U2");
	talloc_free(two.ctx);
}

static void an_unknown_word_is_told_its_nearest(void **state)
{
	assert_refused(*state, "distrct=440106",
		       "unknown word 'distrct' at character 1; the nearest "
		       "known one is district");
	assert_refused(*state, "grid=07 tags=x",
		       "'tags' at character 9; the nearest known one is tag");
	assert_refused(*state, "name=正佳 gird=07", "'gird' at character 9");
	assert_refused(*state, "untested>30d", "unknown word 'untested'");
	assert_refused(*state, "Grid=07", "known one is grid");
	assert_refused(*state, "nmae=x", "known one is name");
}

static void a_bad_value_is_refused_with_its_place(void **state)
{
	assert_refused(*state, "district=44", "'44' at character 10: a dist");
	assert_refused(*state, "station=x y", "'x' at character 9: a station");
	assert_refused(*state, "grid=07,7-", "'7-' at character 9: a grid");
	assert_refused(*state, "number=x", "digits only");
	assert_refused(*state, "answers_by=radio", "use keypad, speech");
	assert_refused(*state, "category=GZ:", "write scheme and letter");
	assert_refused(*state, "category=:A", "write scheme and letter");
	assert_refused(*state, "code=U1,U9", "'U9' at character 9: the dir");
	assert_refused(*state, "channel=CH9", "no channel of this code");
	assert_refused(*state, "limit=0", "from 1 to 1000000");
	assert_refused(*state, "limit=1000001", "from 1 to 1000000");
	assert_refused(*state, "limit=99999999999999999999", "from 1");
	assert_refused(*state, "limit=1,2", "'1,2' at character 7: a limit");
}

static void a_slip_of_the_pen_is_refused(void **state)
{
	assert_refused(*state, "grid", "takes = or != and a value");
	assert_refused(*state, "grid =07", "without spaces");
	assert_refused(*state, "grid>07", "takes = or !=");
	assert_refused(*state, "limit!=5", "limit at character 1 takes = and");
	assert_refused(*state, "grid=", "at character 6: a value is missing");
	assert_refused(*state, "grid= 07", "a value is missing");
	assert_refused(*state, "grid=07,", "a value is missing");
	assert_refused(*state, "grid=07,,08", "a value is missing");
	assert_refused(*state, "=07", "a word is missing");
	assert_refused(*state, "name=\"x", "not closed");
	assert_refused(*state, "name=\"\"", "hold nothing");
	assert_refused(*state, "name=\"x\"y", "'y' at character 9: write");
	assert_refused(*state, "name=a=b", "'=' at character 7");
}

static void a_word_said_twice_is_refused(void **state)
{
	assert_refused(*state, "grid=07 grid=03",
		       "grid at character 9 was said before at character 1");
	assert_refused(*state, "tag!=a tag!=b", "was said before");
	assert_refused(*state, "limit=1 limit=2", "was said before");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_selects_all_by_channel_and_number),
		TEST(each_word_selects_by_its_field),
		TEST(a_name_is_found_by_any_part_of_any_name),
		TEST(terms_are_anded_and_values_or_ed),
		TEST(not_equal_leaves_out),
		TEST(a_letter_alone_needs_a_single_scheme),
		TEST(a_selector_that_would_take_long_is_refused),
		TEST(an_unknown_word_is_told_its_nearest),
		TEST(a_bad_value_is_refused_with_its_place),
		TEST(a_slip_of_the_pen_is_refused),
		TEST(a_word_said_twice_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
