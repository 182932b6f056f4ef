/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * excuse: units that are left out of calls, with a reason and until a time.
 */
#include "gateway/cli/commands.h"

#include <stdio.h>
#include <time.h>

#include "gateway/cli/when.h"

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static enum status fill(const struct cli *cli,
			Gridcall__V1__ExcuseRequest *body)
{
	const char *until = cli_text(cli, "until", NULL);
	const char *reason = cli_text(cli, "reason", NULL);

	body->units = (char **)cli->words;
	body->n_units = cli->word_count;
	if (cli_has(cli, "end")) {
		if (until || reason)
			return cli_fail(STATUS_USAGE,
					"--end stands alone: it needs neither "
					"--reason nor --until");
		return STATUS_DONE;
	}
	if (!until || !reason)
		return cli_fail(STATUS_USAGE,
				"excuse needs --reason TEXT and --until WHEN, "
				"or --end");
	if (!when_parse(until, now_us(), &body->until_us))
		return cli_fail(STATUS_USAGE,
				"--until takes a day, a minute or a span: "
				"2026-12-01, 2026-12-01T08:30, 12h or 7d, not "
				"'%s'",
				until);
	body->reason = (char *)reason;
	return STATUS_DONE;
}

static void tell(const struct cli *cli, const Gridcall__V1__ExcuseRequest *body)
{
	const char *units = cli->word_count == 1 ? "unit is" : "units are";
	char until[WHEN_SIZE];

	if (!body->until_us) {
		printf("%zu %s called again.\n", cli->word_count, units);
		return;
	}
	when_tell(until, body->until_us);
	printf("%zu %s left out of calls until %s.\n", cli->word_count, units,
	       until);
}

enum status excuse_run(struct cli *cli)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__ExcuseRequest body = GRIDCALL__V1__EXCUSE_REQUEST__INIT;
	Gridcall__V1__Reply *reply;
	enum status status = fill(cli, &body);

	if (status)
		return status;
	request.body_case = GRIDCALL__V1__REQUEST__BODY_EXCUSE;
	request.excuse = &body;
	status = cli_ask_once(cli, &request, &reply);
	if (status)
		return status;
	if (cli_has(cli, "json"))
		status = cli_print_json(&reply->excuse->base);
	else
		tell(cli, &body);
	gridcall_reply_free(reply);
	return status;
}
