/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/cli/key_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/cli/texts.h"
#include "gateway/cli/when.h"

#define TCP "tcp://"

/* ---------------------------------------------------------------- times -- */

int key_text_span(const char *text, uint32_t *span_s)
{
	return when_span(text, span_s) ? 0 : -EINVAL;
}

int key_text_moment(const char *text, time_t now, int64_t *moment_us)
{
	int64_t now_us = (int64_t)now * 1000000;
	int64_t at_us = 0;

	if (strcmp(text, "never") &&
	    (!when_parse(text, now_us, &at_us) || at_us < now_us))
		return -EINVAL;
	*moment_us = at_us;
	return 0;
}

void key_text_of_moment(char text[KEY_TEXT_SIZE], int64_t moment_us)
{
	strcpy(text, text_of(TEXT_NEVER));
	if (moment_us)
		when_tell(text, moment_us);
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
