/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * client.c - what the tests do with libgridcall; client.py says more
 *
 * usage: client WHERE follow FEED LOG LIFE PREFIX...
 */
#include "proto/gridcall.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct follower {
	struct gridcall_subscription *feed;
	FILE *log;
	long life; /* events left; 0: for ever */
};

static void on_event(void *data, const struct gridcall_event *event)
{
	struct follower *follower = data;
	size_t size = gridcall_position(follower->feed, NULL, 0) + 1;
	char *position = malloc(size);

	if (!position)
		abort();
	(void)gridcall_position(follower->feed, position, size);
	fprintf(follower->log, "%" PRIu64 " %s %" PRIu64 "\t%s\n", event->seq,
		event->topic, event->topic_seq, position);
	fflush(follower->log);
	free(position);
	if (follower->life && !--follower->life)
		kill(getpid(), SIGKILL);
}

static void on_break(void *data, const struct gridcall_break *now,
		     uint64_t *after_seq)
{
	(void)data;
	(void)after_seq;
	printf("ERROR_NEED_SNAPSHOT of epoch %s\n", now->epoch);
	fflush(stdout);
	_exit(3);
}

static void on_trouble(void *data, const char *sentence)
{
	(void)data;
	printf("%s\n", sentence ? sentence : "it works again");
	fflush(stdout);
}

/* What stands behind the tab of the last line; the caller frees it. */
static char *last_position(const char *path)
{
	char *position = strdup("- 0");
	FILE *log = fopen(path, "r");
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	while (log && (len = getline(&line, &size, log)) > 0) {
		char *tab = strchr(line, '\t');

		if (!tab || line[len - 1] != '\n')
			continue;
		line[len - 1] = '\0';
		free(position);
		position = strdup(tab + 1);
	}
	free(line);
	if (log)
		fclose(log);
	return position;
}

int main(int argc, char **argv)
{
	struct gridcall_config config = {0};
	struct gridcall_interest interest = {.on_event = on_event,
					     .on_break = on_break,
					     .on_trouble = on_trouble};
	struct follower follower = {0};
	struct gridcall_fault fault = {0};
	struct gridcall_client *client;

	if (argc < 6)
		return 2;
	*(strstr(argv[1], "://") ? &config.address : &config.key_file) =
		argv[1];
	interest.feed = argv[3][0] ? argv[3] : NULL;
	interest.position = last_position(argv[4]);
	interest.prefixes = (const char *const *)argv + 6;
	interest.prefix_count = (size_t)(argc - 6);
	interest.data = &follower;
	follower.log = fopen(argv[4], "a");
	follower.life = strtol(argv[5], NULL, 10);
	client = gridcall_open(&config, &fault);
	if (client && follower.log)
		follower.feed = gridcall_subscribe(client, &interest, &fault);
	if (!follower.feed) {
		printf("%s\n", fault.sentence);
		return 3;
	}
	for (;;) {
		struct pollfd fd = {.fd = gridcall_fd(client),
				    .events = POLLIN};

		(void)poll(&fd, 1, -1);
		gridcall_process(client);
	}
}
