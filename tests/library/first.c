/* SPDX-License-Identifier: MIT
 *
 * first.c - the example of gridcall(3): prints every event of an area
 *
 * usage: first KEY-FILE-OR-ADDRESS POSITION-FILE EVENTS PREFIX...
 */
#include <gridcall/gridcall.h>

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long left;

static void on_event(void *data, const struct gridcall_event *event)
{
	(void)data;
	printf("%" PRIu64 " %s\n", event->seq, event->topic);
	left--;
}

static void on_trouble(void *data, const char *sentence)
{
	(void)data;
	fprintf(stderr, "%s\n", sentence ? sentence : "It works again");
}

int main(int argc, char **argv)
{
	struct gridcall_config config = {0};
	struct gridcall_interest interest = {.on_event = on_event,
					     .on_trouble = on_trouble,
					     .position = "- 0"};
	struct gridcall_fault fault = {0};
	struct gridcall_client *client;
	struct gridcall_subscription *feed = NULL;

	if (argc < 4)
		return 2;
	if (strstr(argv[1], "://"))
		config.address = argv[1];
	else
		config.key_file = argv[1];
	interest.position_file = argv[2];
	left = strtol(argv[3], NULL, 10);
	interest.prefixes = (const char *const *)argv + 4;
	interest.prefix_count = (size_t)(argc - 4);
	client = gridcall_open(&config, &fault);
	if (client)
		feed = gridcall_subscribe(client, &interest, &fault);
	if (!feed)
		fprintf(stderr, "%s\n", fault.sentence);
	while (feed && left > 0) {
		struct pollfd fd = {.fd = gridcall_fd(client),
				    .events = POLLIN};

		(void)poll(&fd, 1, -1);
		gridcall_process(client);
	}
	gridcall_unsubscribe(feed);
	gridcall_close(client);
	return left > 0;
}
