/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/record/import.h"

#include <errno.h>
#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include <cmocka.h>

#define CHANNEL_HEADER                                                         \
	"code,name,home,grids,driver,address,kind,lead_ms,hang_ms,tail_ms,"    \
	"tx_limit_s,over_limit_s,signalling\n"
#define CH1                                                                    \
	"CH1,天河一,440106.440106530000.07,440106.440106530000.08,rtp,"     \
	"remote=192.0.2.7:5004,simplex,300,0,200,60,120,dtmf\n"
#define CH2                                                                    \
	"CH2,天河二,440106.440106530000.09,,rtp,remote=192.0.2.8:5004,"     \
	"repeater,300,1500,200,60,120,dtmf\n"

#define UNIT_HEADER                                                            \
	"code,name,spoken,aliases,category,district,station,grid,zone,"        \
	"channel,number,radio_ids,answers_by,strength,duty,phone,lon,lat,crs," \
	"cameras,tags\n"
#define AREA "440106,440106530000,07"
#define U1                                                                     \
	"TH-001,正佳广场,正佳,正佳;Grandview,GZ:B," AREA ",Z1,CH1,07,"         \
	"1001;1002,keypad;speech,18,Mo-Fr 07:00-19:00,020-12345678,113.3245,"  \
	"23.1322,GCJ02,cam1;cam2,mall\n"
#define U2                                                                     \
	"TH-002,天河小学,,,GZ:A," AREA ",,CH1,08,1003,keypad,4,,,,,,,school\n"

struct trial {
	void *ctx;
	struct import_files files;
	struct import_rules rules;
	struct directory *existing;
	struct import *import;
};

static int set_up(void **state)
{
	struct trial *trial = talloc_zero(NULL, struct trial);

	trial->ctx = trial;
	trial->existing = directory_alloc(trial);
	*state = trial;
	return 0;
}

static int tear_down(void **state)
{
	talloc_free(*state);
	return 0;
}

static void run(struct trial *trial, const char *channels, const char *units)
{
	trial->files.channels = (const uint8_t *)channels;
	trial->files.channels_len = channels ? strlen(channels) : 0;
	trial->files.units = (const uint8_t *)units;
	trial->files.units_len = units ? strlen(units) : 0;
	trial->import = import_run(trial->ctx, &trial->files, trial->existing,
				   &trial->rules);
}

/* Must go well; what it made is then in force. */
static void take_in(struct trial *trial, const char *channels,
		    const char *units)
{
	run(trial, channels, units);
	if (trial->import->fault_total)
		fail_msg("row %u %s: %s", trial->import->faults[0].row,
			 trial->import->faults[0].column,
			 trial->import->faults[0].sentence);
	assert_non_null(trial->import->directory);
	trial->existing = trial->import->directory;
}

static void assert_total(struct trial *trial, size_t total)
{
	const struct import *import = trial->import;
	size_t i;

	if (import->fault_total == total)
		return;
	for (i = 0; i < import->fault_count; i++)
		print_error("row %u, column '%s', value '%s': %s\n",
			    import->faults[i].row, import->faults[i].column,
			    import->faults[i].value,
			    import->faults[i].sentence);
	fail_msg("%zu faults, not %zu", import->fault_total, total);
}

static void assert_fault(struct trial *trial, size_t index, uint32_t row,
			 const char *column)
{
	const struct import_fault *fault;

	assert_null(trial->import->directory);
	assert_int_equal(trial->import->change_count, 0);
	assert_true(index < trial->import->fault_count);
	fault = &trial->import->faults[index];
	if (fault->row != row || strcmp(fault->column, column))
		fail_msg("row %u, column '%s': %s", fault->row, fault->column,
			 fault->sentence);
	assert_true(strlen(fault->sentence) > 10);
}

static void good_files_make_a_directory(void **state)
{
	struct trial *trial = *state;
	const struct unit *unit;
	const struct channel_entry *channel;

	take_in(trial, CHANNEL_HEADER CH1 CH2, UNIT_HEADER U1 U2);
	assert_int_equal(trial->import->added, 4);
	assert_string_equal(trial->import->encoding, "UTF-8");
	unit = directory_find_number(trial->existing, "CH1", "07");
	assert_string_equal(unit->code, "TH-001");
	assert_string_equal(unit->aliases[1], "Grandview");
	assert_int_equal(unit->strength, 18);
	assert_ptr_equal(directory_find_radio(trial->existing, "CH1", "1002"),
			 unit);
	channel = directory_find_channel(trial->existing, "CH1");
	assert_false(channel->repeater);
	assert_int_equal(channel->over_limit_s, 120);
	/* The home grid is one of its grids, written or not. */
	assert_string_equal(channel->grids[0], "440106.440106530000.07");
	assert_string_equal(channel->grids[1], "440106.440106530000.08");
	assert_null(channel->grids[2]);
	channel = directory_find_channel(trial->existing, "CH2");
	assert_true(channel->repeater);
	assert_string_equal(channel->grids[0], channel->home);
}

static void columns_come_in_any_order(void **state)
{
	struct trial *trial = *state;

	take_in(trial,
		"signalling,over_limit_s,tx_limit_s,tail_ms,hang_ms,lead_ms,"
		"kind,address,driver,grids,home,name,code\r\n"
		"dtmf,120,60,200,0,300,simplex,a=b,rtp,,"
		"440106.440106530000.07, 天河 ,CH1\r\n,,,,,,,,,,,,\r\n",
		NULL);
	assert_string_equal(directory_channel(trial->existing, 0)->name,
			    "天河");
	assert_int_equal(directory_channel(trial->existing, 0)->tail_ms, 200);
}

static void the_same_again_changes_nothing(void **state)
{
	struct trial *trial = *state;

	take_in(trial, CHANNEL_HEADER CH1 CH2, UNIT_HEADER U1 U2);
	take_in(trial, CHANNEL_HEADER CH2 CH1, UNIT_HEADER U2 U1);
	assert_int_equal(trial->import->same, 4);
	assert_int_equal(trial->import->change_count, 0);
}

static void changes_are_told_column_by_column(void **state)
{
	static const char moved[] =
		UNIT_HEADER "TH-001,正佳广场,正佳,正佳;Grandview,GZ:B,440106,"
			    "440106530000,08,Z1,CH1,07,1001;1002,keypad,20,"
			    "Mo-Fr 07:00-19:00,020-12345678,113.3245,23.1322,"
			    "GCJ02,cam1;cam2,mall\n"
			    "TH-003,新,,,GZ:C," AREA ",,CH1,09,,click,1,,,,,,"
			    ",\n";
	struct trial *trial = *state;
	const struct import_change *change;
	Gridcall__V1__ImportReply reply;

	take_in(trial, CHANNEL_HEADER CH1, UNIT_HEADER U1 U2);
	take_in(trial, NULL, moved);
	assert_int_equal(trial->import->changed, 1);
	assert_int_equal(trial->import->removed, 1);
	assert_int_equal(trial->import->added, 1);
	assert_int_equal(trial->import->same, 1);
	change = &trial->import->changes[0];
	assert_int_equal(change->change, GRIDCALL__V1__CHANGE__CHANGE_CHANGED);
	assert_int_equal(change->column_count, 3);
	assert_string_equal(change->wordings[0], "grid: 07 → 08");
	assert_string_equal(change->wordings[1],
			    "answers_by: keypad;speech → keypad");
	assert_string_equal(change->wordings[2], "strength: 18 → 20");
	assert_string_equal(trial->import->changes[1].unit_before->code,
			    "TH-002");
	assert_string_equal(trial->import->changes[2].unit->code, "TH-003");
	import_reply(trial->import, trial, &reply);
	assert_int_equal(reply.n_changes, 3);
	assert_string_equal(reply.changes[1]->name, "天河小学");
	assert_string_equal(reply.changes[0]->columns[0], "grid: 07 → 08");
	assert_string_equal(reply.changes[0]->file, "units.csv");
}

static void a_wrong_header_is_refused(void **state)
{
	struct trial *trial = *state;

	run(trial, "code,nmae,code\n", NULL);
	assert_fault(trial, 0, 1, "nmae");
	assert_fault(trial, 1, 1, "code");
	assert_fault(trial, 2, 1, "name");
	assert_fault(trial, 3, 1, "home");
	assert_total(trial, 14);
	run(trial, "", NULL);
	assert_fault(trial, 0, 0, "");
	run(trial, CHANNEL_HEADER "CH1,short\n" CH2 "\"open\n", NULL);
	assert_fault(trial, 0, 2, "");
	assert_fault(trial, 1, 4, "");
	run(trial, "caf\xe9\n", NULL);
	assert_fault(trial, 0, 0, "");
}

/* A good row with one cell put wrong, and the column that must be named. */
struct wrong {
	const char *column;
	const char *good;
	const char *bad;
};

static const struct wrong wrong_units[] = {
	{"code", "TH-001,", "TH 001,"},
	{"code", "TH-001,", ","},
	{"code", "TH-001,", ".TH,"},
	{"name", "正佳广场", ""},
	{"name", "正佳广场", "a\tb"},
	{"category", "GZ:B", "B"},
	{"category", "GZ:B", "GZ:b"},
	{"category", "GZ:B", "GZ:AB"},
	{"district", "440106,", "44010,"},
	{"station", "440106530000,", "4401065300001,"},
	{"station", "440106530000,", "x1,"},
	{"grid", ",07,Z1", ",,Z1"},
	{"grid", ",07,Z1", ",0-7,Z1"},
	{"channel", "CH1", "CH9"},
	{"number", "CH1,07", "CH1,0x"},
	{"number", "CH1,07", "CH1,"},
	{"number", "CH1,07", "CH1,12345"},
	{"radio_ids", "1001", "10-01"},
	{"radio_ids", "1001;1002", "1001;1001"},
	{"answers_by", "keypad;speech", ""},
	{"answers_by", "speech", "shouting"},
	{"strength", ",18,", ",10000,"},
	{"strength", ",18,", ",-1,"},
	{"strength", ",18,", ",18人,"},
	{"strength", ",18,", ",,"},
	{"duty", "Mo-Fr", "Mo-Fx"},
	{"lon", "113.3245", "213.3"},
	{"lon", "113.3245", "113.3E"},
	{"lon", "113.3245", ""},
	{"lat", "23.1322", "91"},
	{"crs", "GCJ02", "BD09"},
	{"crs", "GCJ02", ""},
};

static const struct wrong wrong_channels[] = {
	{"code", "CH1", "C,H1"},
	{"name", "天河一", ""},
	{"home", "440106.440106530000.07", "440106.440106530000"},
	{"grids", "440106530000.08", "440106530000.0_"},
	{"driver", "rtp", "RTP"},
	{"driver", "rtp", "../rtp"},
	{"address", "remote=192.0.2.7:5004", ""},
	{"kind", "simplex", "duplex"},
	{"lead_ms", ",300,", ",2001,"},
	{"hang_ms", ",0,", ",x,"},
	{"tail_ms", ",200,", ",,"},
	{"tx_limit_s", ",60,", ",0,"},
	{"over_limit_s", ",120,", ",3601,"},
};

static char *swap(void *ctx, const char *row, const struct wrong *wrong)
{
	const char *at = strstr(row, wrong->good);

	assert_non_null(at);
	return talloc_asprintf(ctx, "%.*s%s%s", (int)(at - row), row,
			       wrong->bad, at + strlen(wrong->good));
}

static void every_wrong_cell_names_its_row_and_column(void **state)
{
	struct trial *trial = *state;
	size_t i;

	for (i = 0; i < sizeof(wrong_units) / sizeof(*wrong_units); i++) {
		char *row = swap(trial, U1, &wrong_units[i]);

		run(trial, CHANNEL_HEADER CH1,
		    talloc_asprintf(trial, UNIT_HEADER U2 "%s", row));
		assert_fault(trial, 0, 3, wrong_units[i].column);
		assert_total(trial, 1);
		assert_string_equal(trial->import->faults[0].file, "units.csv");
	}
	for (i = 1; i < sizeof(wrong_channels) / sizeof(*wrong_channels); i++) {
		char *row = swap(trial, CH1, &wrong_channels[i]);

		run(trial, talloc_asprintf(trial, CHANNEL_HEADER CH2 "%s", row),
		    NULL);
		assert_fault(trial, 0, 3, wrong_channels[i].column);
		assert_total(trial, 1);
	}
}

static void what_must_be_unique_is(void **state)
{
	struct trial *trial = *state;

	run(trial, CHANNEL_HEADER CH1 CH1, NULL);
	assert_fault(trial, 0, 3, "code");
	run(trial, CHANNEL_HEADER CH1, UNIT_HEADER U1 U2 U1);
	assert_fault(trial, 0, 4, "code");
	assert_fault(trial, 1, 4, "number");
	assert_fault(trial, 2, 4, "radio_ids");
	assert_fault(trial, 3, 4, "radio_ids");
	assert_total(trial, 4);
	assert_non_null(strstr(trial->import->faults[1].sentence, "row 2"));
	/* On another channel the same number is another unit. */
	run(trial, CHANNEL_HEADER CH1 CH2,
	    UNIT_HEADER U2 "TH-9,x,,,GZ:A," AREA ",,CH2,08,1003,keypad,4,,,,,,,"
			   "\n");
	assert_total(trial, 0);
}

static void every_fault_of_a_file_is_told(void **state)
{
	struct trial *trial = *state;

	run(trial, CHANNEL_HEADER CH1,
	    UNIT_HEADER U1 "bad code,,,,X,1,x,y,,CH9,z,,no,x,q,,1,1,x,,\n" U2
			   "x\n");
	assert_total(trial, 13);
	assert_fault(trial, 0, 3, "strength");
	assert_fault(trial, 12, 5, "");
	assert_null(trial->import->directory);
}

static int refuse_dtmf(const char *signalling, struct fault *fault)
{
	return strcmp(signalling, "dtmf")
		       ? 0
		       : fault_set(fault, 1, "no dtmf here, please");
}

static int only_even(const struct channel_entry *channel, const char *number,
		     struct fault *fault)
{
	return strchr("02468", number[strlen(number) - 1])
		       ? 0
		       : fault_set(fault, 1, "'%s' is odd on %s", number,
				   channel->code);
}

static void the_rules_of_other_rooms_are_asked(void **state)
{
	struct trial *trial = *state;

	trial->rules.check_signalling = refuse_dtmf;
	run(trial, CHANNEL_HEADER CH1, NULL);
	assert_fault(trial, 0, 2, "signalling");
	assert_string_equal(trial->import->faults[0].sentence,
			    "no dtmf here, please");
	trial->rules.check_signalling = NULL;
	trial->rules.check_number = only_even;
	run(trial, CHANNEL_HEADER CH1, UNIT_HEADER U2 U1);
	assert_fault(trial, 0, 3, "number");
	assert_string_equal(trial->import->faults[0].sentence,
			    "'07' is odd on CH1");
}

static void units_that_stay_must_fit_new_channels(void **state)
{
	struct trial *trial = *state;

	take_in(trial, CHANNEL_HEADER CH1 CH2, UNIT_HEADER U1 U2);
	run(trial, CHANNEL_HEADER CH2, NULL);
	assert_fault(trial, 0, 0, "code");
	assert_total(trial, 2);
	trial->rules.check_number = only_even;
	run(trial, CHANNEL_HEADER CH2 CH1, NULL);
	assert_fault(trial, 0, 3, "signalling");
	assert_total(trial, 1);
	trial->rules.check_number = NULL;
	take_in(trial, CHANNEL_HEADER CH1, NULL);
	assert_int_equal(trial->import->removed, 1);
	assert_int_equal(directory_unit_count(trial->existing), 2);
	/* A file without rows empties its kind. */
	take_in(trial, NULL, UNIT_HEADER);
	assert_int_equal(directory_unit_count(trial->existing), 0);
	assert_int_equal(directory_channel_count(trial->existing), 1);
}

static void a_gb18030_file_is_read_as_such(void **state)
{
	struct trial *trial = *state;
	char from[] = UNIT_HEADER U1 U2;
	char to[sizeof(from)];
	char *in = from, *out = to;
	size_t in_len = strlen(from), out_len = sizeof(to) - 1;
	iconv_t converter = iconv_open("GB18030", "UTF-8");

	assert_int_equal(iconv(converter, &in, &in_len, &out, &out_len), 0);
	*out = '\0';
	iconv_close(converter);
	take_in(trial, CHANNEL_HEADER CH1, to);
	assert_string_equal(trial->import->encoding, "GB18030");
	assert_string_equal(
		directory_find_unit(trial->existing, "TH-001")->name,
		"正佳广场");
}

#define MANY 100000

static char *many_units(void *ctx)
{
	size_t room = 200 * (size_t)MANY, len;
	char *text = talloc_size(ctx, room);
	int i;

	len = (size_t)sprintf(text, "%s", UNIT_HEADER);
	for (i = 0; i < MANY; i++)
		len += (size_t)sprintf(
			text + len,
			"U%06d,单元%d,,别名,GZ:A," AREA
			",,C%04d,%02d,%d;%d,keypad;speech,%d,"
			"Mo-Fr 07:00-19:00; PH off,020-1,113.3,23.1,WGS84,c,"
			"school\n",
			i, i, i / 50, i % 50, 2 * i, 2 * i + 1, i % 100);
	return text;
}

static void a_hundred_thousand_rows_are_taken_in(void **state)
{
	struct trial *trial = *state;
	char *channels = talloc_strdup(trial, CHANNEL_HEADER);
	char *units = many_units(trial);
	char *last;
	int i;

	for (i = 0; i < MANY / 50; i++)
		channels = talloc_asprintf_append_buffer(
			channels,
			"C%04d,n,440106.440106530000.07,,rtp,a,simplex,1,1,1,"
			"1,1,\n",
			i);
	take_in(trial, channels, units);
	assert_int_equal(directory_unit_count(trial->existing), MANY);
	take_in(trial, NULL, units);
	assert_int_equal(trial->import->same, MANY + MANY / 50);
	/* One bad row of all, and nothing is taken in. */
	last = strstr(units, "U099999,");
	*last = ' ';
	last[1] = '!';
	run(trial, NULL, units);
	assert_fault(trial, 0, MANY + 1, "code");
	assert_total(trial, 1);
}

static void faults_without_end_are_counted(void **state)
{
	struct trial *trial = *state;
	Gridcall__V1__ImportReply reply;

	/* No channel of them is known. */
	run(trial, NULL, many_units(trial));
	assert_total(trial, MANY);
	assert_int_equal(trial->import->fault_count, IMPORT_FAULTS_MAX);
	import_reply(trial->import, trial, &reply);
	assert_int_equal(reply.faults_total, MANY);
	assert_int_equal(reply.n_faults, 1000);
	assert_string_equal(reply.faults[0]->column, "channel");
	assert_string_equal(reply.faults[0]->value, "C0000");
}

static bool stop_at_zero(void *data)
{
	unsigned int *left = data;

	return !*left || !--*left;
}

static void an_import_stops_at_whichever_row_it_is_told(void **state)
{
	struct trial *trial = *state;
	unsigned int left, asked;

	trial->rules.should_stop = stop_at_zero;
	trial->rules.data = &left;
	for (asked = 1;; asked++) {
		assert_true(asked < 100);
		left = asked;
		run(trial, CHANNEL_HEADER CH1 CH2, UNIT_HEADER U1 U2);
		if (!trial->import->stopped)
			break;
		assert_null(trial->import->directory);
	}
	/* Each of four rows was asked about more than once. */
	assert_true(asked > 8);
	assert_int_equal(trial->import->added, 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(good_files_make_a_directory),
		TEST(columns_come_in_any_order),
		TEST(the_same_again_changes_nothing),
		TEST(changes_are_told_column_by_column),
		TEST(a_wrong_header_is_refused),
		TEST(every_wrong_cell_names_its_row_and_column),
		TEST(what_must_be_unique_is),
		TEST(every_fault_of_a_file_is_told),
		TEST(the_rules_of_other_rooms_are_asked),
		TEST(an_import_stops_at_whichever_row_it_is_told),
		TEST(units_that_stay_must_fit_new_channels),
		TEST(a_gb18030_file_is_read_as_such),
		TEST(a_hundred_thousand_rows_are_taken_in),
		TEST(faults_without_end_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
