/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/zeromq/settings.h"

#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BACKLOG_MAX  10000000
#define WORDS_MAX    4
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789-"

__attribute__((format(printf, 2, 3))) static int
refuse(struct gridcall_why *why, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(why->text, sizeof(why->text), format, list);
	va_end(list);
	return -EINVAL;
}

/* ---------------------------------------------------------------- words -- */

struct words {
	char text[256];
	char *word[WORDS_MAX];
	size_t count;
};

/* False when there are more than anything here takes. */
static bool split(struct words *words, const char *value)
{
	char *at = words->text;
	char *word;

	words->count = 0;
	if (strlen(value) >= sizeof(words->text))
		return false;
	strcpy(words->text, value);
	while ((word = strsep(&at, " \t"))) {
		if (!*word)
			continue;
		if (words->count == WORDS_MAX)
			return false;
		words->word[words->count++] = word;
	}
	return true;
}

/* One more of what there may be many of; NULL when memory is out. */
static void *extend(void *list, size_t *count, size_t size)
{
	void *longer = realloc(list, (*count + 1) * size);

	if (longer)
		memset((char *)longer + *count * size, 0, size);
	*count += longer ? 1 : 0;
	return longer;
}

/* -------------------------------------------------------------- options -- */

bool settings_is_tcp(const char *address)
{
	return !strncmp(address, "tcp://", 6);
}

/* Numbers are checked here; which hosts there are the socket knows. */
static bool has_host_and_port(const char *text)
{
	const char *port = strrchr(text, ':');
	size_t len = port ? strspn(port + 1, "0123456789") : 0;
	long number;

	if (!port || port == text)
		return false;
	if (!strcmp(port + 1, "*"))
		return true;
	number = strtol(port + 1, NULL, 10);
	return len && len < 6 && !port[1 + len] && number > 0 && number < 65536;
}

static int take_address(char address[SETTINGS_ADDRESS_MAX], const char *key,
			const char *value, struct gridcall_why *why)
{
	bool is_tcp = settings_is_tcp(value);

	if (is_tcp ? !has_host_and_port(value + 6)
		   : strncmp(value, "ipc://", 6) || !value[6])
		return refuse(why,
			      "%s '%.100s' is not an address of this service; "
			      "give ipc:///path or tcp://host:port",
			      key, value);
	/* Such names have no file, hence no permissions to guard them. */
	if (!is_tcp && (value[6] == '@' || value[6] == '*'))
		return refuse(why,
			      "%s '%.100s' has no file whose permissions "
			      "could guard it; give ipc:///path",
			      key, value);
	if (strlen(value) >= SETTINGS_ADDRESS_MAX)
		return refuse(why,
			      "%s '%.40s...' is longer than the %d characters "
			      "of a socket's path; choose a shorter one",
			      key, value, SETTINGS_ADDRESS_MAX - 7);
	strcpy(address, value);
	return 0;
}

static int take_name(char name[SETTINGS_NAME_MAX], const char *value,
		     struct gridcall_why *why)
{
	size_t len = strlen(value);

	if (!len || len >= SETTINGS_NAME_MAX ||
	    strspn(value, NAME_LETTERS) != len || !strcmp(value, "commands") ||
	    !strcmp(value, "local"))
		return refuse(why,
			      "feed '%.100s' can't be called so; a feed's name "
			      "is 1 to %d of a-z, 0-9 and -, and neither "
			      "commands nor local",
			      value, SETTINGS_NAME_MAX - 1);
	strcpy(name, value);
	return 0;
}

static int take_jurisdiction(char jurisdiction[TOPIC_MAX], const char *value,
			     struct gridcall_why *why)
{
	size_t len = strlen(value);

	if (!len || value[len - 1] != '.' || !topic_prefix_is_valid(value, len))
		return refuse(why,
			      "jurisdiction '%.100s' is not a whole area; give "
			      "a prefix that ends in '.', like gc1.440106.; "
			      "everything is " SETTINGS_EVERYTHING,
			      value);
	strcpy(jurisdiction, value);
	return 0;
}

static int take_commands(struct settings *settings, const char *value,
			 struct gridcall_why *why)
{
	void *longer = extend(settings->commands, &settings->command_count,
			      sizeof(*settings->commands));

	if (!longer)
		return refuse(why, "memory is out");
	settings->commands = longer;
	return take_address(
		settings->commands[settings->command_count - 1].address,
		"commands", value, why);
}

static int take_feed(struct settings *settings, const char *value,
		     struct gridcall_why *why)
{
	struct settings_feed *feed =
		extend(settings->feeds, &settings->feed_count,
		       sizeof(*settings->feeds));
	struct words words;

	if (!feed)
		return refuse(why, "memory is out");
	settings->feeds = feed;
	feed += settings->feed_count - 1;
	if (!split(&words, value) || words.count < 3 ||
	    (words.count == 4 && strcmp(words.word[3], "voice")))
		return refuse(why,
			      "feed '%.100s' is not NAME ADDRESS JURISDICTION "
			      "[voice]; write for example: feed all "
			      "ipc:///run/gridcall/feed.sock gc1.",
			      value);
	feed->voice = words.count == 4;
	if (take_name(feed->name, words.word[0], why) ||
	    take_address(feed->address, "feed", words.word[1], why) ||
	    take_jurisdiction(feed->jurisdiction, words.word[2], why))
		return -EINVAL;
	return 0;
}

static int take_path(char path[PATH_MAX], const struct gridcall_option *option,
		     struct gridcall_why *why)
{
	if (option->value[0] != '/' || strlen(option->value) >= PATH_MAX)
		return refuse(why,
			      "%s '%.100s' is not a path that begins with /; "
			      "give one like /var/lib/gridcall/server.key",
			      option->key, option->value);
	strcpy(path, option->value);
	return 0;
}

static int take_count(uint32_t *count, const struct gridcall_option *option,
		      struct gridcall_why *why)
{
	char *end;
	long number = strtol(option->value, &end, 10);

	if (*end || end == option->value || number < 1 || number > BACKLOG_MAX)
		return refuse(why,
			      "%s '%.100s' is not a number of messages; give "
			      "1 to %d",
			      option->key, option->value, BACKLOG_MAX);
	*count = (uint32_t)number;
	return 0;
}

static int take_mode(mode_t *mode, const struct gridcall_option *option,
		     struct gridcall_why *why)
{
	char *end;
	long number = strtol(option->value, &end, 8);

	if (*end || end == option->value || number < 0 || number > 0777)
		return refuse(why,
			      "mode '%.100s' is not a permission in octal; "
			      "give one like 0660",
			      option->value);
	*mode = (mode_t)number;
	return 0;
}

static int take_group(gid_t *group, const struct gridcall_option *option,
		      struct gridcall_why *why)
{
	struct group entry;
	struct group *found = NULL;
	char space[4096];

	if (getgrnam_r(option->value, &entry, space, sizeof(space), &found) ||
	    !found)
		return refuse(why,
			      "group '%.100s' is not a group of this machine; "
			      "make it or name another",
			      option->value);
	*group = found->gr_gid;
	return 0;
}

static int take(struct settings *settings, const struct gridcall_option *option,
		struct gridcall_why *why)
{
	const char *key = option->key;

	if (!strcmp(key, "commands"))
		return take_commands(settings, option->value, why);
	if (!strcmp(key, "feed"))
		return take_feed(settings, option->value, why);
	if (!strcmp(key, "server_key"))
		return take_path(settings->server_key, option, why);
	if (!strcmp(key, "backlog"))
		return take_count(&settings->backlog, option, why);
	if (!strcmp(key, "subscriber_backlog"))
		return take_count(&settings->subscriber_backlog, option, why);
	if (!strcmp(key, "mode"))
		return take_mode(&settings->mode, option, why);
	if (!strcmp(key, "group"))
		return take_group(&settings->group, option, why);
	return refuse(why,
		      "'%.100s' is not an option of this service; it knows "
		      "commands, feed, server_key, backlog, "
		      "subscriber_backlog, mode and group",
		      key);
}

/* ------------------------------------------------------------ the whole -- */

static const char *address_at(const struct settings *settings, size_t i)
{
	return i < settings->command_count
		       ? settings->commands[i].address
		       : settings->feeds[i - settings->command_count].address;
}

/* Any free port is another each time. */
static bool is_same(const char *a, const char *b)
{
	return !strcmp(a, b) &&
	       !(settings_is_tcp(a) && !strcmp(strrchr(a, ':'), ":*"));
}

static int check_addresses(const struct settings *settings,
			   struct gridcall_why *why)
{
	size_t count = settings->command_count + settings->feed_count;
	size_t i, k;

	for (i = 0; i < count; i++)
		for (k = 0; k < i; k++)
			if (is_same(address_at(settings, i),
				    address_at(settings, k)))
				return refuse(why,
					      "'%s' is given twice; give each "
					      "feed and each command socket an "
					      "address of its own",
					      address_at(settings, i));
	return 0;
}

static int check_names(const struct settings *settings,
		       struct gridcall_why *why)
{
	size_t i, k;

	for (i = 0; i < settings->feed_count; i++)
		for (k = 0; k < i; k++)
			if (!strcmp(settings->feeds[i].name,
				    settings->feeds[k].name))
				return refuse(why,
					      "two feeds are called '%s'; give "
					      "each a name of its own",
					      settings->feeds[i].name);
	return 0;
}

int settings_parse(struct settings *settings,
		   const struct gridcall_option *options,
		   struct gridcall_why *why)
{
	struct settings read = {.backlog = 100000,
				.subscriber_backlog = 10000,
				.mode = 0660,
				.group = (gid_t)-1};
	int rc = 0;

	for (; !rc && options && options->key; options++)
		rc = take(&read, options, why);
	if (!rc && !read.command_count && !read.feed_count)
		rc = refuse(why, "the service has nothing to do; give it "
				 "commands, a feed or both");
	if (!rc)
		rc = check_names(&read, why);
	if (!rc)
		rc = check_addresses(&read, why);
	if (rc)
		settings_clear(&read);
	else
		*settings = read;
	return rc;
}

void settings_clear(struct settings *settings)
{
	free(settings->commands);
	free(settings->feeds);
	memset(settings, 0, sizeof(*settings));
}
