/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * import: what a directory file would change, or every fault that it has.
 */
#include "gateway/cli/commands.h"

#include <stdio.h>
#include <stdlib.h>

#include "gateway/cli/table.h"

static const char *const fault_headings[] = {"FILE",  ">ROW",          "COLUMN",
					     "VALUE", "WHAT IS WRONG", NULL};

static enum status read_option(struct cli *cli, const char *option,
			       ProtobufCBinaryData *bytes)
{
	const char *path = cli_text(cli, option, NULL);

	if (!path)
		return STATUS_DONE;
	return cli_read_file(path, GRIDCALL_REQUEST_MAX, &bytes->data,
			     &bytes->len);
}

static void put_faults(const Gridcall__V1__ImportReply *reply)
{
	struct table table;
	size_t i;

	table_init(&table, fault_headings);
	for (i = 0; i < reply->n_faults; i++) {
		const Gridcall__V1__ImportFault *fault = reply->faults[i];

		table_add(&table, fault->file);
		table_format(&table, "%u", fault->row);
		table_add(&table, fault->column);
		table_add(&table, fault->value);
		table_add(&table, fault->sentence);
	}
	table_print(&table, stdout);
	table_clear(&table);
	if (reply->faults_total > reply->n_faults)
		printf("... and %u more\n",
		       reply->faults_total - (uint32_t)reply->n_faults);
}

static void put_changes(const Gridcall__V1__ImportReply *reply)
{
	static const char *const signs[] = {"?", "+", "~", "-"};
	static const char *const headings[] = {"",     "FILE",    "CODE",
					       "NAME", "COLUMNS", NULL};
	uint32_t total = reply->added + reply->changed + reply->removed;
	struct table table;
	size_t i, k;

	table_init(&table, headings);
	for (i = 0; i < reply->n_changes; i++) {
		const Gridcall__V1__ImportChange *change = reply->changes[i];

		for (k = 0; k == 0 || k < change->n_columns; k++) {
			table_add(&table, k ? "" : signs[change->change & 3]);
			table_add(&table, k ? "" : change->file);
			table_add(&table, k ? "" : change->code);
			table_add(&table, k ? "" : change->name);
			table_add(&table,
				  change->n_columns ? change->columns[k] : "");
		}
	}
	if (reply->n_changes)
		table_print(&table, stdout);
	table_clear(&table);
	if (total > reply->n_changes)
		printf("... and %u more\n", total - (uint32_t)reply->n_changes);
}

static enum status put_reply(const struct cli *cli,
			     const Gridcall__V1__ImportReply *reply)
{
	if (reply->faults_total || reply->n_faults) {
		put_faults(reply);
		return cli_fail(STATUS_REFUSED,
				"nothing was imported: %u faults; mend them in "
				"the file and import it again",
				reply->faults_total);
	}
	if (!cli_has(cli, "summary"))
		put_changes(reply);
	printf("%s: %u added, %u changed, %u removed, %u the same (read as "
	       "%s)\n",
	       reply->done ? "Imported" : "Would import", reply->added,
	       reply->changed, reply->removed, reply->same, reply->encoding);
	return STATUS_DONE;
}

static enum status ask_and_put(struct cli *cli,
			       Gridcall__V1__ImportRequest *body)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__Reply *reply;
	char key[CLI_KEY_SIZE];
	enum status status;

	cli_make_key(key);
	request.body_case = GRIDCALL__V1__REQUEST__BODY_IMPORT;
	request.import = body;
	body->dry_run = cli_has(cli, "dry-run");
	if (!body->dry_run)
		request.idempotency_key = key;
	status = cli_ask(cli, &request, &reply);
	if (status)
		return status;
	if (cli_has(cli, "json")) {
		(void)cli_print_json(&reply->import->base);
		if (reply->import->faults_total || reply->import->n_faults)
			status = STATUS_REFUSED;
	} else {
		status = put_reply(cli, reply->import);
	}
	gridcall_reply_free(reply);
	return status;
}

enum status import_files_run(struct cli *cli)
{
	Gridcall__V1__ImportRequest body = GRIDCALL__V1__IMPORT_REQUEST__INIT;
	enum status status;

	if (!cli_has(cli, "units") && !cli_has(cli, "channels"))
		return cli_fail(STATUS_USAGE, "import needs --units FILE, "
					      "--channels FILE or both");
	status = read_option(cli, "channels", &body.channels_csv);
	if (!status)
		status = read_option(cli, "units", &body.units_csv);
	if (!status)
		status = ask_and_put(cli, &body);
	free(body.units_csv.data);
	free(body.channels_csv.data);
	return status;
}
