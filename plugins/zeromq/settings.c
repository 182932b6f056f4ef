/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/zeromq/settings.h"

#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BACKLOG_MAX 10000000

__attribute__((format(printf, 2, 3))) static int
refuse(struct gridcall_why *why, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(why->text, sizeof(why->text), format, list);
	va_end(list);
	return -EINVAL;
}

static int take_address(char address[SETTINGS_ADDRESS_MAX],
			const struct gridcall_option *option,
			struct gridcall_why *why)
{
	const char *value = option->value;

	if (!strncmp(value, "tcp://", 6))
		return refuse(
			why,
			"%s '%.100s': TCP needs CURVE, which this service "
			"does not have yet; give ipc:///path",
			option->key, value);
	if (strncmp(value, "ipc://", 6) || !value[6])
		return refuse(why,
			      "%s '%.100s' is not an address of this service; "
			      "give ipc:///path",
			      option->key, value);
	/* Such names have no file, hence no permissions to guard them. */
	if (value[6] == '@' || value[6] == '*')
		return refuse(why,
			      "%s '%.100s' has no file whose permissions "
			      "could guard it; give ipc:///path",
			      option->key, value);
	if (strlen(value) >= SETTINGS_ADDRESS_MAX)
		return refuse(why,
			      "%s '%.40s...' is longer than the %d characters "
			      "of a socket's path; choose a shorter one",
			      option->key, value, SETTINGS_ADDRESS_MAX - 7);
	strcpy(address, value);
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

static int take_jurisdiction(char jurisdiction[TOPIC_MAX],
			     const struct gridcall_option *option,
			     struct gridcall_why *why)
{
	const char *value = option->value;
	size_t len = strlen(value);

	if (!topic_prefix_is_valid(value, len) ||
	    (len && value[len - 1] != '.'))
		return refuse(why,
			      "jurisdiction '%.100s' is not a whole area; give "
			      "a prefix that ends in '.', like gc1.440106.",
			      value);
	strcpy(jurisdiction, value);
	return 0;
}

static int take(struct settings *settings, const struct gridcall_option *option,
		struct gridcall_why *why)
{
	const char *key = option->key;

	if (!strcmp(key, "commands"))
		return take_address(settings->commands, option, why);
	if (!strcmp(key, "feed"))
		return take_address(settings->feed, option, why);
	if (!strcmp(key, "jurisdiction"))
		return take_jurisdiction(settings->jurisdiction, option, why);
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
		      "commands, feed, jurisdiction, backlog, "
		      "subscriber_backlog, mode and group",
		      key);
}

int settings_parse(struct settings *settings,
		   const struct gridcall_option *options,
		   struct gridcall_why *why)
{
	struct settings read = {.backlog = 100000,
				.subscriber_backlog = 10000,
				.mode = 0660,
				.group = (gid_t)-1};

	for (; options && options->key; options++)
		if (take(&read, options, why))
			return -EINVAL;
	if (!read.commands[0] && !read.feed[0])
		return refuse(why, "the service has nothing to do; give it "
				   "commands, feed or both");
	if (!strcmp(read.commands, read.feed))
		return refuse(why,
			      "commands and feed are both '%.100s'; give each "
			      "a socket of its own",
			      read.feed);
	*settings = read;
	return 0;
}
