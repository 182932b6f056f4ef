/* SPDX-License-Identifier: MIT
 *
 * look.c - what there is now by a snapshot, then what is heard on a channel
 *
 * usage: look KEY-FILE CHANNEL
 */
#include <gridcall/gridcall.h>

#include <poll.h>
#include <stdio.h>

struct look {
	int whole;      /* the snapshot was taken */
	int over_ended; /* on the channel */
	size_t packets; /* of that over */
	unsigned int lost;
};

static void on_event(void *data, const struct gridcall_event *event)
{
	(void)data;
	(void)event;
}

static void on_snapshot(void *data, const struct gridcall_page *page)
{
	struct look *look = data;
	size_t i;

	for (i = 0; i < page->reply->n_units; i++)
		printf("unit %s\n", page->reply->units[i]->code);
	for (i = 0; i < page->reply->n_channels; i++)
		printf("channel %s\n", page->reply->channels[i]->code);
	look->whole = page->last;
}

static void on_voice(void *data, const Gridcall__V1__Voice *voice,
		     uint32_t lost)
{
	struct look *look = data;

	look->packets += voice->n_packets;
	look->lost += lost;
	look->over_ended = voice->ended;
}

static void on_trouble(void *data, const char *sentence)
{
	(void)data;
	if (sentence)
		fprintf(stderr, "%s\n", sentence);
}

static void turn(struct gridcall_client *client)
{
	struct pollfd fd = {.fd = gridcall_fd(client), .events = POLLIN};

	(void)poll(&fd, 1, -1);
	gridcall_process(client);
}

int main(int argc, char **argv)
{
	struct look look = {0};
	struct gridcall_config config = {0};
	struct gridcall_interest interest = {.on_event = on_event,
					     .on_snapshot = on_snapshot,
					     .on_trouble = on_trouble,
					     .data = &look};
	struct gridcall_hearing hearing = {.channel_count = 1,
					   .on_voice = on_voice,
					   .on_trouble = on_trouble,
					   .data = &look};
	struct gridcall_fault fault = {0};
	struct gridcall_client *client;
	struct gridcall_subscription *feed;
	struct gridcall_listener *listener;

	if (argc != 3)
		return 2;
	config.key_file = argv[1];
	client = gridcall_open(&config, &fault);
	if (!client) {
		fprintf(stderr, "%s\n", fault.sentence);
		return 1;
	}
	feed = gridcall_subscribe(client, &interest, &fault);
	while (feed && !look.whole)
		turn(client);
	hearing.channels = (const char *const *)argv + 2;
	listener = gridcall_listen(client, &hearing, &fault);
	puts("listening");
	fflush(stdout);
	while (feed && listener && !look.over_ended)
		turn(client);
	printf("heard %zu packets, %u lost\n", look.packets, look.lost);
	gridcall_unlisten(listener);
	gridcall_unsubscribe(feed);
	gridcall_close(client);
	return 0;
}
