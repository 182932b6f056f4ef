/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * talk: a recording as live voice, at its own pace.
 */
#include "gateway/cli/commands.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codecs/audiofile.h"
#include "codecs/opus.h"
#include "codecs/resampler.h"

#define RATE_HZ      16000 /* all that a voice radio carries */
#define SAMPLES      (RATE_HZ / 50)
#define PACKET_NS    INT64_C(20000000)
#define FILE_MAX     (64u << 20)
#define CHANNELS_MAX 64
#define LOOK_MS      50
#define LAST_MS      5000 /* for the channels to send what waits */

static const char *const state_names[] = {"waits", "on the air", "ended"};

/* What was told of one channel. */
struct told {
	char channel[64];
	char reason[200];
	uint32_t state;
	uint32_t sent_ms;
};

struct talking {
	struct cli *cli;
	struct gridcall_talk *talk;
	struct opus_mouth *mouth;
	int16_t *pcm;
	size_t samples;
	size_t at;
	char id[64];
	struct told *told;
	size_t told_count;
	bool is_over; /* says the library */
	int rc;
	char sentence[512];
};

/* -------------------------------------------------------------- states -- */

static struct told *told_of(struct talking *talking, const char *channel)
{
	struct told *told;
	size_t i;

	for (i = 0; i < talking->told_count; i++)
		if (!strcmp(talking->told[i].channel, channel))
			return &talking->told[i];
	told = realloc(talking->told,
		       (talking->told_count + 1) * sizeof(*told));
	if (!told)
		return NULL;
	talking->told = told;
	told = &told[talking->told_count++];
	*told = (struct told){.state = UINT32_MAX};
	snprintf(told->channel, sizeof(told->channel), "%s", channel);
	return told;
}

static void put_change(struct talking *talking,
		       const Gridcall__V1__TalkChannel *channel)
{
	struct told *told = told_of(talking, channel->channel);

	if (!told)
		return;
	told->sent_ms = channel->sent_ms;
	if (told->state == channel->state &&
	    !strcmp(told->reason, channel->reason))
		return;
	told->state = channel->state;
	snprintf(told->reason, sizeof(told->reason), "%s", channel->reason);
	if (cli_has(talking->cli, "json"))
		(void)cli_print_json(&channel->base);
	else
		printf("%-10s %s%s%s\n", told->channel,
		       told->state < 3 ? state_names[told->state] : "?",
		       told->reason[0] ? ": " : "", told->reason);
	fflush(stdout);
}

static void on_state(void *data, const Gridcall__V1__TalkReply *state)
{
	struct talking *talking = data;
	size_t i;

	snprintf(talking->id, sizeof(talking->id), "%s", state->talk);
	for (i = 0; i < state->n_channels; i++)
		put_change(talking, state->channels[i]);
}

static void on_ended(void *data, int rc, const char *sentence)
{
	struct talking *talking = data;

	talking->is_over = true;
	talking->rc = rc;
	snprintf(talking->sentence, sizeof(talking->sentence), "%s", sentence);
}

static bool have_all_ended(const struct talking *talking)
{
	size_t i;

	for (i = 0; i < talking->told_count; i++)
		if (talking->told[i].state !=
		    GRIDCALL__V1__TALK_STATE__TALK_ENDED)
			return false;
	return true;
}

/* ------------------------------------------------------------- talking -- */

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void say_one(struct talking *talking)
{
	uint8_t bytes[OPUS_BYTES_MAX];
	int16_t pcm[SAMPLES] = {0};
	ProtobufCBinaryData packet = {.data = bytes};
	size_t left = talking->samples - talking->at;
	int len;

	if (left > SAMPLES)
		left = SAMPLES;
	memcpy(pcm, talking->pcm + talking->at, left * sizeof(*pcm));
	talking->at += left;
	len = opus_mouth_put(talking->mouth, pcm, bytes);
	packet.len = len > 0 ? (size_t)len : 0;
	(void)gridcall_talk_packets(talking->talk, &packet, 1);
}

/* Its own pace; then until the gateway has all of it. */
static void speak(struct talking *talking)
{
	struct pollfd fd = {.fd = gridcall_fd(talking->cli->client),
			    .events = POLLIN};
	int64_t due_ns = now_ns();
	int64_t left_ns;
	bool is_ending = false;

	while (!talking->is_over && !*cli_interrupted()) {
		left_ns = due_ns - now_ns();
		if (left_ns <= 0 && talking->at < talking->samples) {
			say_one(talking);
			due_ns += PACKET_NS;
		} else if (talking->at == talking->samples && !is_ending) {
			(void)gridcall_talk_end(talking->talk);
			is_ending = true;
		}
		if (is_ending || left_ns < 0)
			left_ns = is_ending ? LOOK_MS * INT64_C(1000000) : 0;
		(void)poll(&fd, 1, (int)((left_ns + 999999) / 1000000));
		gridcall_process(talking->cli->client);
	}
}

/* Ask how it goes, or end it: also after Ctrl-C, so not cli_ask(). */
static int ask(struct talking *talking, bool end)
{
	const struct gridcall_patience patience = {.deadline_ms = 1000};
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__TalkRequest body = GRIDCALL__V1__TALK_REQUEST__INIT;
	Gridcall__V1__Reply *reply = NULL;
	int rc;

	request.body_case = GRIDCALL__V1__REQUEST__BODY_TALK;
	request.talk = &body;
	body.talk = talking->id;
	body.end = end;
	rc = gridcall_ask(talking->cli->client, &request, &patience, &reply,
			  NULL);
	if (!rc && reply->body_case == GRIDCALL__V1__REPLY__BODY_TALK)
		on_state(talking, reply->talk);
	gridcall_reply_free(reply);
	return rc;
}

/* The last words are still being sent. */
static void see_the_end(struct talking *talking)
{
	int64_t until_ns = now_ns() + LAST_MS * INT64_C(1000000);

	while (talking->id[0] && !have_all_ended(talking) &&
	       now_ns() < until_ns && !ask(talking, true))
		(void)poll(NULL, 0, LOOK_MS);
}

static enum status judge(const struct talking *talking)
{
	enum status status = STATUS_DONE;
	size_t i;

	if (*cli_interrupted())
		return STATUS_INTERRUPTED;
	if (talking->rc && !talking->told_count)
		return cli_say(talking->rc == -EREMOTEIO ? STATUS_REFUSED
							 : STATUS_UNREACHABLE,
			       talking->sentence);
	if (talking->rc && talking->rc != -EPIPE)
		return cli_say(STATUS_INCOMPLETE, talking->sentence);
	/* A channel on which nothing or not all of it was sent. */
	for (i = 0; i < talking->told_count; i++)
		if (strcmp(talking->told[i].reason, "all was sent"))
			status = STATUS_INCOMPLETE;
	return status;
}

/* --channel A,B: the names are cut in place. */
static size_t cut_names(char *text, const char *names[CHANNELS_MAX])
{
	size_t count = 0;
	char *rest = text;
	char *name;

	while (count < CHANNELS_MAX && (name = strsep(&rest, ",")))
		if (name[0])
			names[count++] = name;
	return count;
}

static enum status talk_to(struct talking *talking)
{
	char *text = strdup(cli_text(talking->cli, "channel", ""));
	const char *names[CHANNELS_MAX];
	const struct gridcall_talk_to to = {
		.channels = names,
		.channel_count = text ? cut_names(text, names) : 0,
		.selector = cli_text(talking->cli, "select", NULL),
		.on_state = on_state,
		.on_ended = on_ended,
		.data = talking,
	};
	struct gridcall_fault fault = {0};

	cli_catch_interrupts();
	talking->talk = gridcall_talk_begin(talking->cli->client, &to, &fault);
	free(text);
	if (!talking->talk)
		return cli_say(STATUS_USAGE, fault.sentence);
	speak(talking);
	if (*cli_interrupted() && talking->id[0])
		(void)ask(talking, true);
	gridcall_talk_free(talking->talk);
	see_the_end(talking);
	return judge(talking);
}

/* ----------------------------------------------------------------- file -- */

static enum status read_sound(struct talking *talking)
{
	const char *path = talking->cli->words[0];
	char why[160] = "";
	int16_t *pcm = NULL;
	uint32_t rate_hz = 0;
	size_t samples = 0;
	uint8_t *data;
	size_t len;
	int rc;
	enum status status = cli_read_file(path, FILE_MAX, &data, &len);

	if (status)
		return status;
	rc = audiofile_decode(data, len, &pcm, &samples, &rate_hz, why,
			      sizeof(why));
	if (!rc)
		rc = resample_all(pcm, samples, rate_hz, RATE_HZ, &talking->pcm,
				  &talking->samples);
	free(data);
	free(pcm);
	if (!rc)
		return STATUS_DONE;
	return cli_fail(STATUS_USAGE, "'%s': %s", path,
			why[0] ? why : strerror(-rc));
}

enum status talk_run(struct cli *cli)
{
	struct talking talking = {.cli = cli};
	enum status status;

	if (!cli_has(cli, "channel") && !cli_has(cli, "select"))
		return cli_fail(STATUS_USAGE,
				"talk needs --channel C[,C...], or --select "
				"SELECTOR for the channels of these units");
	status = read_sound(&talking);
	if (!status)
		status = cli_open(cli);
	talking.mouth = opus_mouth_alloc(RATE_HZ);
	if (!status && !talking.mouth)
		status = cli_fail(STATUS_INCOMPLETE, "memory is out");
	if (!status)
		status = talk_to(&talking);
	opus_mouth_free(talking.mouth);
	free(talking.pcm);
	free(talking.told);
	return status;
}
