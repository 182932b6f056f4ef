/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any text: refused with a sentence, or it selects units in order, no more than
 * there are, and the same again with a space before and after it.
 */
#include "gateway/call/selector.h"

#include <stdlib.h>
#include <string.h>
#include <talloc.h>

#include "gateway/record/directory_builder.h"

static struct directory *make_directory(void *ctx)
{
	static char *tags[] = {(char *)"school", NULL};
	struct directory_builder *builder = directory_builder_alloc(ctx);
	struct channel_entry channel = {.code = "CH1"};
	struct unit unit = {.channel = "CH1", .tags = tags, .grid = "07"};
	static const char *const codes[] = {"01", "02", "03"};
	size_t i;

	directory_builder_channel(builder, &channel);
	for (i = 0; i < 3; i++) {
		unit.code = unit.number = unit.name = codes[i];
		unit.category = i ? "GZ:A" : "GZ:B";
		directory_builder_unit(builder, &unit);
	}
	return directory_builder_finish(builder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	void *ctx = talloc_new(NULL);
	struct directory *directory = make_directory(ctx);
	char *text = talloc_strndup(ctx, (const char *)data, len);
	char *spaced = talloc_asprintf(ctx, " %s ", text);
	struct fault fault = {0};
	struct selector *one = selector_parse(ctx, text, directory, &fault);
	struct selector *two = selector_parse(ctx, spaced, directory, NULL);
	const struct unit **units, **again;
	size_t count, other, i;

	if (!one != !two || !one != !!*fault.sentence)
		abort();
	if (one) {
		units = selector_units(one, ctx, directory, &count);
		again = selector_units(two, ctx, directory, &other);
		if (count != other || count > directory_unit_count(directory) ||
		    memcmp(units, again, count * sizeof(*units)) != 0)
			abort();
		for (i = 1; i < count; i++)
			if (strcmp(units[i - 1]->number, units[i]->number) >= 0)
				abort();
	}
	talloc_free(ctx);
	return 0;
}
