/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/cli/key_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/cli/texts.h"

#define TCP      "tcp://"
#define SPAN_MAX (100ull * 366 * 86400) /* seconds: nobody plans further */

/* ---------------------------------------------------------------- times -- */

int key_text_span(const char *text, uint32_t *span_s)
{
	static const struct {
		char unit;
		uint32_t seconds;
	} units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
	unsigned long long number;
	char *end;
	size_t i;

	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || !*end || end[1] || number > SPAN_MAX)
		return -EINVAL;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (*end == units[i].unit &&
		    number * units[i].seconds <= SPAN_MAX) {
			*span_s = (uint32_t)(number * units[i].seconds);
			return 0;
		}
	return -EINVAL;
}

static int take_day(const char *text, time_t *moment)
{
	struct tm day = {.tm_isdst = -1};
	const char *end = strptime(text, "%Y-%m-%d", &day);
	int month = day.tm_mon;
	int of_month = day.tm_mday;

	if (!end || *end || strlen(text) != strlen("2027-01-01"))
		return -EINVAL;
	*moment = mktime(&day);
	/* The 31st of a month that has none becomes another day. */
	if (day.tm_mon != month || day.tm_mday != of_month)
		return -EINVAL;
	return *moment == (time_t)-1 ? -EINVAL : 0;
}

int key_text_moment(const char *text, time_t now, int64_t *moment_us)
{
	uint32_t span_s;
	time_t moment;

	if (!strcmp(text, "never")) {
		*moment_us = 0;
		return 0;
	}
	if (!key_text_span(text, &span_s))
		moment = now + (time_t)span_s;
	else if (take_day(text, &moment))
		return -EINVAL;
	if (moment < now)
		return -EINVAL;
	*moment_us = (int64_t)moment * 1000000;
	return 0;
}

void key_text_of_moment(char text[KEY_TEXT_SIZE], int64_t moment_us)
{
	time_t moment = (time_t)(moment_us / 1000000);
	struct tm local;

	strcpy(text, text_of(TEXT_NEVER));
	if (moment_us && localtime_r(&moment, &local))
		(void)strftime(text, KEY_TEXT_SIZE, "%Y-%m-%d %H:%M", &local);
}

/* ---------------------------------------------------------------- words -- */

void key_text_list(char text[KEY_TEXT_SIZE], char *const *items, size_t count)
{
	size_t len = 0;
	size_t i;

	text[0] = '\0';
	for (i = 0; i < count && len < KEY_TEXT_SIZE; i++)
		len += (size_t)snprintf(text + len, KEY_TEXT_SIZE - len, "%s%s",
					i ? "," : "", items[i]);
}

const char *key_text_state(const Gridcall__V1__Key *key, time_t now)
{
	int64_t now_us = (int64_t)now * 1000000;

	if (key->revoked_at_us)
		return text_of(TEXT_REVOKED);
	if (key->expires_at_us && key->expires_at_us <= now_us)
		return text_of(TEXT_EXPIRED);
	return text_of(TEXT_IN_FORCE);
}

/* -------------------------------------------------------------- address -- */

/* Length of the host of tcp://host:port. */
static size_t host_len(const char *address)
{
	const char *host = address + strlen(TCP);
	const char *colon = strrchr(host, ':');

	return colon ? (size_t)(colon - host) : strlen(host);
}

static bool is_tcp(const char *address)
{
	return !strncmp(address, TCP, strlen(TCP));
}

static bool is_any_host(const char *host, size_t len)
{
	static const char *const any[] = {"*", "0.0.0.0", "[::]"};
	size_t i;

	for (i = 0; i < sizeof(any) / sizeof(any[0]); i++)
		if (strlen(any[i]) == len && !memcmp(any[i], host, len))
			return true;
	return false;
}

bool key_text_address(char *text, size_t size, const char *bound,
		      const char *host, const char *commands)
{
	char own[256] = "";
	bool guessed = false;
	int len;

	snprintf(text, size, "%s", bound);
	if (host && is_tcp(host))
		snprintf(text, size, "%s", host);
	if (!is_tcp(bound) || (host && is_tcp(host)))
		return false;
	if (!host && !is_any_host(bound + strlen(TCP), host_len(bound)))
		return false;
	if (host) {
		len = (int)strlen(host);
	} else if (is_tcp(commands)) {
		host = commands + strlen(TCP);
		len = (int)host_len(commands);
	} else {
		(void)gethostname(own, sizeof(own) - 1);
		host = own;
		len = (int)strlen(own);
		guessed = true;
	}
	snprintf(text, size, TCP "%.*s%s", len, host,
		 bound + strlen(TCP) + host_len(bound));
	return guessed;
}

/* ------------------------------------------------------------ hand over -- */

void key_text_hand_over(const Gridcall__V1__Key *key,
			const struct gridcall_keyfile *file, const char *path,
			bool guessed)
{
	char roles[KEY_TEXT_SIZE], areas[KEY_TEXT_SIZE], until[KEY_TEXT_SIZE];
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	key_text_list(roles, key->roles, key->n_roles);
	key_text_list(areas, key->jurisdiction, key->n_jurisdiction);
	key_text_of_moment(until, key->expires_at_us);
	printf(text_of(TEXT_KEY_MADE), key->name, roles, areas, until);
	putchar('\n');
	printf(text_of(TEXT_KEY_GIVE), path, key->name);
	putchar('\n');
	printf(text_of(TEXT_KEY_ADDRESS), file->commands);
	putchar('\n');
	if (guessed)
		puts(text_of(TEXT_KEY_GUESSED));
	puts(text_of(TEXT_KEY_TRY));
	printf("  gridcall whoami --key %s\n", name);
	printf("  Python:  import gridcall; "
	       "client = gridcall.open('%s')\n",
	       name);
	printf("  Node:    import { open } from './gridcall.mjs'; "
	       "const client = open('%s')\n",
	       name);
}
