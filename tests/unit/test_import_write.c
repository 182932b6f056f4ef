/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/record/import.h"

#include "tests/unit/ledger_bench.h"

#define CHANNELS                                                               \
	"code,name,home,grids,driver,address,kind,lead_ms,hang_ms,tail_ms,"    \
	"tx_limit_s,over_limit_s,signalling\n"                                 \
	"CH1,n,440106.440106530000.07,,rtp,a,simplex,1,1,1,1,1,\n"
#define UNITS                                                                  \
	"code,name,spoken,aliases,category,district,station,grid,zone,"        \
	"channel,number,radio_ids,answers_by,strength,duty,phone,lon,lat,crs," \
	"cameras,tags\n"
#define UNIT(code, grid, number)                                               \
	code ",正佳,,,GZ:A,440106,440106530000," grid ",,CH1," number          \
	     ",,keypad,4,,,,,,,\n"

/* Topics and changes of the unit events told, one word each. */
static char told[512];

static void on_unit_event(void *data, const struct ledger_event *event)
{
	Gridcall__V1__Event *message;
	char word[96];

	message = gridcall__v1__event__unpack(NULL, event->len, event->payload);
	assert_non_null(message);
	assert_string_equal(message->unit->principal, "li");
	snprintf(word, sizeof(word), "%d:%s:%s:%s ", message->unit->change,
		 message->unit->unit->code, event->topic + 24,
		 message->unit->moved_from);
	strcat(told, word);
	gridcall__v1__event__free_unpacked(message, NULL);
}

static void keep_directory(struct ledger_reader *reader, void *data)
{
	struct directory **directory = data;

	*directory = ledger_reader_directory(reader, NULL);
}

static void take_in(struct bench *bench, const char *units)
{
	struct import_files files = {
		.channels = (const uint8_t *)CHANNELS,
		.channels_len = strlen(CHANNELS),
		.units = (const uint8_t *)units,
		.units_len = strlen(units),
	};
	struct import_rules rules = {0};
	struct directory *directory = NULL;
	struct ledger_batch *batch = ledger_batch_alloc(bench->ledger);
	struct import *import, *again;
	unsigned int before = bench->done;

	ledger_read_now(bench->ledger, keep_directory, &directory);
	import = import_run(directory, &files, directory, &rules);
	assert_non_null(import->directory);
	told[0] = '\0';
	import_write(import, batch, "li");
	ledger_commit(bench->ledger, batch, on_done, bench);
	UNTIL(bench->done > before);
	talloc_free(directory);
	/* What the ledger gives back is what was imported. */
	ledger_read_now(bench->ledger, keep_directory, &directory);
	again = import_run(directory, &files, directory, &rules);
	assert_int_equal(again->change_count, 0);
	talloc_free(directory);
}

static void an_import_changes_rows_and_tells_units(void **state)
{
	struct bench *bench = *state;

	bench->config.on_event = on_unit_event;
	open_it(bench);
	take_in(bench, UNITS UNIT("A", "07", "01") UNIT("B", "07", "02"));
	assert_string_equal(told, "1:A:07.unit: 1:B:07.unit: ");
	take_in(bench, UNITS UNIT("A", "08", "01"));
	assert_string_equal(told, "2:A:08.unit:gc1.440106.440106530000.07. "
				  "2:A:07.unit:gc1.440106.440106530000.07. "
				  "3:B:07.unit: ");
	take_in(bench, UNITS UNIT("A", "08", "01"));
	assert_string_equal(told, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_import_changes_rows_and_tells_units),
	};

	log_init(&log_setup, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
