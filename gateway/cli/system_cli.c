/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * whoami, status and recording.
 */
#include "gateway/cli/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/cli/board_draw.h"
#include "gateway/cli/when.h"

static void put_feed(const Gridcall__V1__Feed *feed, const char *label)
{
	printf("%-13s %s  %s  %s%s\n", label, feed->name, feed->address,
	       feed->jurisdiction, feed->voice ? "  voice" : "");
	if (feed->public_key[0])
		printf("%-13s %s  with key %s\n", "", feed->name,
		       feed->public_key);
}

static void put_whoami(const Gridcall__V1__WhoamiReply *reply)
{
	char until[WHEN_SIZE];
	size_t i;

	printf("principal     %s\n", reply->principal);
	printf("gateway       %s\n", reply->gateway);
	for (i = 0; i < reply->n_roles; i++)
		printf("%-13s %s\n", i ? "" : "roles", reply->roles[i]);
	for (i = 0; i < reply->n_jurisdiction; i++)
		printf("%-13s %s\n", i ? "" : "jurisdiction",
		       reply->jurisdiction[i][0] ? reply->jurisdiction[i]
						 : "everything");
	if (reply->public_key[0])
		printf("key           %s\n", reply->public_key);
	if (reply->expires_at_us) {
		when_tell(until, reply->expires_at_us);
		printf("good until    %s\n", until);
	}
	for (i = 0; i < reply->n_feeds; i++)
		put_feed(reply->feeds[i], i ? "" : "feeds");
	if (!reply->n_feeds)
		printf("feeds         none is open to you\n");
}

enum status whoami_run(struct cli *cli)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__WhoamiRequest body = GRIDCALL__V1__WHOAMI_REQUEST__INIT;
	Gridcall__V1__Reply *reply;
	enum status status;

	request.body_case = GRIDCALL__V1__REQUEST__BODY_WHOAMI;
	request.whoami = &body;
	status = cli_ask(cli, &request, &reply);
	if (status)
		return status;
	if (cli_has(cli, "json"))
		status = cli_print_json(&reply->whoami->base);
	else
		put_whoami(reply->whoami);
	gridcall_reply_free(reply);
	return status;
}

static void put_status(const Gridcall__V1__Status *status)
{
	char up[DURATION_SIZE];

	board_duration(up, (status->time_us - status->up_since_us) / 1000);
	printf("gateway       %s, version %s, up %s\n", status->gateway,
	       status->version, up);
	printf("ledger        %s, epoch %s, event %llu\n", status->ledger,
	       status->epoch, (unsigned long long)status->seq);
	printf("clock         %s\n", status->clock_synchronised
					     ? "synchronised"
					     : "NOT synchronised");
	printf("channels      %u, of which down %u\n", status->channels,
	       status->channels_down);
	printf("units         %u\n", status->units);
	printf("open calls    %u\n", status->calls_open);
	printf("feed dropped  %llu\n",
	       (unsigned long long)status->feed_dropped);
}

enum status status_run(struct cli *cli)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__StatusRequest body = GRIDCALL__V1__STATUS_REQUEST__INIT;
	Gridcall__V1__Reply *reply;
	enum status status;

	request.body_case = GRIDCALL__V1__REQUEST__BODY_STATUS;
	request.status = &body;
	status = cli_ask(cli, &request, &reply);
	if (status)
		return status;
	if (cli_has(cli, "json"))
		status = cli_print_json(&reply->status->base);
	else
		put_status(reply->status);
	gridcall_reply_free(reply);
	return status;
}

/* ----------------------------------------------------------- recording -- */

static enum status write_all(FILE *file, const char *path,
			     const ProtobufCBinaryData *bytes)
{
	bool failed =
		!file || fwrite(bytes->data, 1, bytes->len, file) != bytes->len;

	if (file && file != stdout)
		failed = fclose(file) || failed;
	else if (file)
		failed = fflush(file) || failed;
	if (failed)
		return cli_fail(STATUS_USAGE, "'%s' can't be written: %s", path,
				strerror(errno));
	return STATUS_DONE;
}

/* A name that the caller did not choose overwrites nothing. */
static enum status write_named(const Gridcall__V1__RecordingReply *recording)
{
	const char *slash = strrchr(recording->name, '/');
	const char *path = slash ? slash + 1 : recording->name;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	enum status status;

	if (fd < 0 && errno == EEXIST)
		return cli_fail(STATUS_USAGE,
				"'%s' exists here already; name another file "
				"with --output",
				path);
	status = write_all(fd < 0 ? NULL : fdopen(fd, "wb"), path,
			   &recording->file);
	if (!status)
		printf("%s\n", path);
	return status;
}

/* The newest of a unit in a call, by the report; malloc. */
static enum status find_recording(struct cli *cli, char **name)
{
	Gridcall__V1__Reply *reply;
	enum status status = report_ask(cli, cli->words[0], &reply);
	size_t i;

	if (status)
		return status;
	for (i = 0; i < reply->report->n_units; i++) {
		const Gridcall__V1__ReportUnit *entry = reply->report->units[i];

		if (entry->unit && entry->recording[0] &&
		    !strcmp(entry->unit->unit, cli->words[1]))
			*name = strdup(entry->recording);
	}
	gridcall_reply_free(reply);
	if (*name)
		return STATUS_DONE;
	return cli_fail(STATUS_REFUSED,
			"call %s has no recording of a unit '%s'; gridcall "
			"report %s shows what it has",
			cli->words[0], cli->words[1], cli->words[0]);
}

static enum status write_recording(const struct cli *cli,
				   const Gridcall__V1__RecordingReply *reply)
{
	const char *path = cli_text(cli, "output", NULL);

	if (cli_has(cli, "json"))
		return cli_print_json(&reply->base);
	if (!path)
		return write_named(reply);
	if (!strcmp(path, "-"))
		return write_all(stdout, "-", &reply->file);
	return write_all(fopen(path, "wb"), path, &reply->file);
}

enum status recording_run(struct cli *cli)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__RecordingRequest body =
		GRIDCALL__V1__RECORDING_REQUEST__INIT;
	Gridcall__V1__Reply *reply;
	char *name = NULL;
	enum status status = STATUS_DONE;

	if (cli->word_count == 2)
		status = find_recording(cli, &name);
	if (status)
		return status;
	request.body_case = GRIDCALL__V1__REQUEST__BODY_RECORDING;
	request.recording = &body;
	body.recording = name ? name : (char *)cli->words[0];
	status = cli_ask(cli, &request, &reply);
	free(name);
	if (status)
		return status;
	status = write_recording(cli, reply->recording);
	gridcall_reply_free(reply);
	return status;
}
