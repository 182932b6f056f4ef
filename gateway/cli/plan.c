/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/cli/plan.h"

#include <stdio.h>

#include "gateway/cli/board_draw.h"
#include "gateway/cli/table.h"
#include "gateway/cli/texts.h"
#include "gateway/cli/width.h"

static void add_duration(struct table *table, uint32_t ms)
{
	char text[DURATION_SIZE];

	board_duration(text, ms);
	table_add(table, ms ? text : "-");
}

static void put_channels(const Gridcall__V1__Plan *plan)
{
	const char *const headings[] = {text_of(TEXT_CHANNEL),
					text_of(TEXT_UNITS),
					text_of(TEXT_AIRTIME),
					text_of(TEXT_LONGEST),
					text_of(TEXT_WAIT),
					text_of(TEXT_FINISH),
					"",
					NULL};
	struct table table;
	char clock[DURATION_SIZE];
	size_t i, k;

	table_init(&table, headings);
	for (i = 1; i <= 5; i++)
		table.right[i] = true;
	for (i = 0; i < plan->n_channels; i++) {
		const Gridcall__V1__PlanChannel *channel = plan->channels[i];

		table_add(&table, channel->channel);
		table_format(&table, "%u", channel->units);
		add_duration(&table, channel->airtime_ms);
		add_duration(&table, channel->longest_ms);
		add_duration(&table, channel->wait_ms);
		board_clock(clock, channel->finish_at_us);
		table_add(&table, clock);
		table_add(&table, channel->name);
	}
	table_print(&table, stdout);
	table_clear(&table);
	for (i = 0; i < plan->n_channels; i++)
		for (k = 0; k < plan->channels[i]->n_warnings; k++) {
			printf("%s: %s: ", text_of(TEXT_WARNING),
			       plan->channels[i]->channel);
			(void)width_put(stdout, plan->channels[i]->warnings[k],
					SIZE_MAX);
			putchar('\n');
		}
}

static void put_not_asked(const Gridcall__V1__Plan *plan)
{
	size_t i;

	if (!plan->n_not_asked)
		return;
	printf("%s:\n", text_of(TEXT_NOT_ASKED));
	for (i = 0; i < plan->n_not_asked; i++) {
		const Gridcall__V1__CalledUnit *unit = plan->not_asked[i];
		struct line line = line_begin(stdout, SIZE_MAX, false);

		line_format(
			&line, STYLE_PLAIN, "  %s  %s  %s  %s",
			text_of_state(unit->state,
				      GRIDCALL__V1__GRADE__GRADE_UNSPECIFIED),
			unit->channel, unit->unit, unit->name);
		if (unit->reason[0])
			line_format(&line, STYLE_PLAIN, "  %s", unit->reason);
		line_end(&line);
	}
}

void plan_put(const Gridcall__V1__Plan *plan)
{
	char airtime[DURATION_SIZE], finish[DURATION_SIZE];
	size_t i;

	put_channels(plan);
	for (i = 0; i < plan->n_warnings; i++) {
		printf("%s: ", text_of(TEXT_WARNING));
		(void)width_put(stdout, plan->warnings[i], SIZE_MAX);
		putchar('\n');
	}
	put_not_asked(plan);
	board_duration(airtime, plan->airtime_ms);
	board_clock(finish, plan->finish_at_us);
	printf("%s %u  %s %u  %s %s  %s %s\n", text_of(TEXT_CHOSEN),
	       plan->units, text_of(TEXT_REACH), plan->reach,
	       text_of(TEXT_AIRTIME), airtime, text_of(TEXT_PLANNED_FINISH),
	       finish);
}
