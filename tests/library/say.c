/* SPDX-License-Identifier: MIT
 *
 * say.c - a second of silence, spoken live on a channel
 *
 * usage: say KEY-FILE-OR-ADDRESS CHANNEL
 */
#include <gridcall/gridcall.h>

#include <poll.h>
#include <stdio.h>
#include <string.h>

#define PACKETS   50
#define PACKET_MS 20

static int over;
static int keyed;

static void on_state(void *data, const Gridcall__V1__TalkReply *state)
{
	size_t i;

	(void)data;
	for (i = 0; i < state->n_channels; i++)
		if (state->channels[i]->state ==
		    GRIDCALL__V1__TALK_STATE__TALK_KEYED)
			keyed = 1;
}

static void on_ended(void *data, int rc, const char *sentence)
{
	(void)data;
	printf("ended %d %s\n", rc, sentence);
	over = 1;
}

int main(int argc, char **argv)
{
	static uint8_t silence[] = {0xf8, 0xff, 0xfe};
	ProtobufCBinaryData packet = {sizeof(silence), silence};
	struct gridcall_config config = {0};
	struct gridcall_talk_to to = {
		.channel_count = 1, .on_state = on_state, .on_ended = on_ended};
	struct gridcall_fault fault = {0};
	struct gridcall_client *client;
	struct gridcall_talk *talk = NULL;
	int sent = 0;

	if (argc != 3)
		return 2;
	*(strstr(argv[1], "://") ? &config.address : &config.key_file) =
		argv[1];
	to.channels = (const char *const *)argv + 2;
	client = gridcall_open(&config, &fault);
	if (client)
		talk = gridcall_talk_begin(client, &to, &fault);
	if (!talk)
		printf("%s\n", fault.sentence);
	while (talk && !over) {
		struct pollfd fd = {.fd = gridcall_fd(client),
				    .events = POLLIN};

		/* A sound card would set the pace. */
		if (poll(&fd, 1, PACKET_MS) > 0)
			gridcall_process(client);
		else if (sent < PACKETS &&
			 !gridcall_talk_packets(talk, &packet, 1) &&
			 ++sent == PACKETS)
			(void)gridcall_talk_end(talk);
	}
	printf("sent %d, keyed %d\n", sent, keyed);
	gridcall_talk_free(talk);
	gridcall_close(client);
	return 0;
}
