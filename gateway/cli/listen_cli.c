/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * listen: channels live, each over a line with its levels, its sound in a file.
 */
#include "gateway/cli/commands.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codecs/audiofile.h"
#include "codecs/level.h"
#include "codecs/opus.h"

#define RATE_HZ    8000 /* enough to tell how loud it is */
#define SAMPLES    (RATE_HZ / 50)
#define PACKET_MS  20
#define GAP_MAX    50       /* lost packets written as a gap: a second */
#define ACTIVE_MDB (-45000) /* louder than an open channel's noise */

/* What is heard on one channel. */
struct hearing {
	const char *channel;
	struct opus_ear *ear;
	bool is_on;
	int64_t began_us;
	uint32_t packets;
	uint32_t lost;
	uint32_t active;
	double power; /* sum over what was active */
	int32_t peak_mdb;
};

struct listening {
	struct cli *cli;
	struct hearing *hearings;
	struct audiofile_writer *writer; /* NULL: no file */
	uint64_t left;                   /* overs still to print */
	bool failed;
};

static struct hearing *find(struct listening *listening, const char *channel)
{
	size_t i;

	for (i = 0; i < listening->cli->word_count; i++)
		if (!strcmp(listening->hearings[i].channel, channel))
			return &listening->hearings[i];
	return NULL;
}

/* -------------------------------------------------------------- levels -- */

static void begin(struct hearing *hearing, const Gridcall__V1__Voice *voice)
{
	opus_ear_reset(hearing->ear);
	hearing->is_on = true;
	hearing->began_us = voice->time_us;
	hearing->packets = 0;
	hearing->lost = 0;
	hearing->active = 0;
	hearing->power = 0;
	hearing->peak_mdb = LEVEL_SILENCE_MDB;
}

static void measure(struct hearing *hearing, const ProtobufCBinaryData *packet)
{
	int16_t pcm[SAMPLES];
	int32_t mean_mdb, peak_mdb;

	hearing->packets++;
	hearing->lost += !packet;
	if (opus_ear_put(hearing->ear, packet ? packet->data : NULL,
			 packet ? packet->len : 0, pcm, SAMPLES) != SAMPLES)
		return;
	mean_mdb = level_mean_mdb(pcm, SAMPLES);
	peak_mdb = level_peak_mdb(pcm, SAMPLES);
	if (peak_mdb > hearing->peak_mdb)
		hearing->peak_mdb = peak_mdb;
	if (mean_mdb < ACTIVE_MDB)
		return;
	hearing->active++;
	hearing->power += pow(10, mean_mdb / 10000.0);
}

static void put_over(const struct hearing *hearing, const char *over)
{
	time_t second = (time_t)(hearing->began_us / 1000000);
	struct tm local;
	char clock[16];

	localtime_r(&second, &local);
	strftime(clock, sizeof(clock), "%H:%M:%S", &local);
	printf("%s  %-10s %5.1f s", clock, hearing->channel,
	       hearing->packets * PACKET_MS / 1000.0);
	if (hearing->active)
		printf("  level %5.1f dB  peak %5.1f dB",
		       10 * log10(hearing->power / hearing->active),
		       hearing->peak_mdb / 1000.0);
	else
		printf("  quiet");
	if (hearing->lost)
		printf("  lost %u ms", hearing->lost * PACKET_MS);
	printf("  %s\n", over);
	fflush(stdout);
}

/* ------------------------------------------------------------- packets -- */

static void take_packet(struct listening *listening, struct hearing *hearing,
			const ProtobufCBinaryData *packet)
{
	if (packet && !packet->len)
		packet = NULL;
	measure(hearing, packet);
	if (listening->writer &&
	    audiofile_writer_put(listening->writer,
				 packet ? packet->data : NULL,
				 packet ? packet->len : 0))
		listening->failed = true;
}

static void on_voice(void *data, const Gridcall__V1__Voice *voice,
		     uint32_t lost)
{
	struct listening *listening = data;
	struct hearing *hearing = find(listening, voice->channel);
	size_t i;

	if (!hearing || !listening->left)
		return;
	if (!hearing->is_on)
		begin(hearing, voice);
	for (; lost && lost <= GAP_MAX; lost--)
		take_packet(listening, hearing, NULL);
	for (i = 0; i < voice->n_packets; i++)
		take_packet(listening, hearing, &voice->packets[i]);
	if (cli_has(listening->cli, "json"))
		listening->failed |=
			cli_print_json(&voice->base) != STATUS_DONE;
	if (!voice->ended)
		return;
	hearing->is_on = false;
	if (!cli_has(listening->cli, "json"))
		put_over(hearing, voice->over);
	if (listening->left != UINT64_MAX)
		listening->left--;
}

static void on_trouble(void *data, const char *sentence)
{
	(void)data;
	if (sentence)
		(void)cli_say(STATUS_DONE, sentence);
}

/* ----------------------------------------------------------- listening -- */

/* Refused at once, rather than tried for ever by the library. */
static enum status ask_lease(struct cli *cli)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__ListenRequest body = GRIDCALL__V1__LISTEN_REQUEST__INIT;
	Gridcall__V1__Reply *reply;
	enum status status;

	request.body_case = GRIDCALL__V1__REQUEST__BODY_LISTEN;
	request.listen = &body;
	body.channels = (char **)cli->words;
	body.n_channels = cli->word_count;
	status = cli_ask(cli, &request, &reply);
	if (!status)
		gridcall_reply_free(reply);
	return status;
}

static void wait_for_voice(struct listening *listening)
{
	struct pollfd fds[] = {
		{.fd = gridcall_fd(listening->cli->client), .events = POLLIN},
		{.fd = fileno(stdout), .events = 0},
	};

	while (listening->left && !listening->failed && !*cli_interrupted()) {
		/* A signal just before the wait is seen at its end. */
		(void)poll(fds, 2, 250);
		if (fds[1].revents & (POLLERR | POLLNVAL))
			return;
		gridcall_process(listening->cli->client);
	}
}

static enum status hear(struct listening *listening)
{
	const struct gridcall_hearing hearing = {
		.channels = listening->cli->words,
		.channel_count = listening->cli->word_count,
		.on_voice = on_voice,
		.on_trouble = on_trouble,
		.data = listening,
	};
	struct gridcall_listener *listener;
	struct gridcall_fault fault = {0};
	enum status status = ask_lease(listening->cli);

	if (status)
		return status;
	cli_catch_interrupts();
	listener = gridcall_listen(listening->cli->client, &hearing, &fault);
	if (!listener)
		return cli_say(STATUS_USAGE, fault.sentence);
	wait_for_voice(listening);
	gridcall_unlisten(listener);
	if (!listening->failed)
		return STATUS_DONE;
	return cli_fail(STATUS_INCOMPLETE, "what was heard can't be written");
}

static enum status hear_to_file(struct listening *listening)
{
	const char *path = cli_text(listening->cli, "out", NULL);
	FILE *file = fopen(path, "wb");
	enum status status;
	bool failed;

	if (file)
		listening->writer =
			audiofile_writer_open(file, AUDIOFILE_OPUS, 48000);
	if (!listening->writer) {
		status = cli_fail(STATUS_USAGE, "'%s' can't be written: %s",
				  path, strerror(errno));
		if (file)
			fclose(file);
		return status;
	}
	status = hear(listening);
	failed = audiofile_writer_close(listening->writer) < 0;
	failed = fclose(file) || failed;
	if (failed && !status)
		status = cli_fail(STATUS_INCOMPLETE,
				  "'%s' may be incomplete: %s", path,
				  strerror(errno));
	return status;
}

static bool prepare(struct listening *listening)
{
	const struct cli *cli = listening->cli;
	size_t i;

	listening->hearings =
		calloc(cli->word_count, sizeof(*listening->hearings));
	for (i = 0; listening->hearings && i < cli->word_count; i++) {
		listening->hearings[i].channel = cli->words[i];
		listening->hearings[i].ear = opus_ear_alloc(RATE_HZ);
		if (!listening->hearings[i].ear)
			return false;
	}
	return listening->hearings;
}

static void clear(struct listening *listening)
{
	size_t i;

	for (i = 0; listening->hearings && i < listening->cli->word_count; i++)
		opus_ear_free(listening->hearings[i].ear);
	free(listening->hearings);
}

enum status listen_run(struct cli *cli)
{
	struct listening listening = {.cli = cli, .left = UINT64_MAX};
	enum status status =
		cli_number(cli, "count", UINT64_MAX - 1, &listening.left);

	if (status)
		return status;
	if (cli_has(cli, "out") && cli->word_count > 1)
		return cli_fail(STATUS_USAGE,
				"--out takes the sound of one channel; start "
				"one gridcall for each");
	if (!prepare(&listening))
		status = cli_fail(STATUS_INCOMPLETE, "memory is out");
	else if (cli_has(cli, "out"))
		status = hear_to_file(&listening);
	else
		status = hear(&listening);
	clear(&listening);
	return status;
}
