/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/plugin.h"

#include <assert.h>
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <osmocom/core/linuxlist.h>
#include <talloc.h>

#define NAME_MAX_LEN 31
#define CALL         sizeof(void (*)(void))

/* What version 1.0 promised: these places never change inside the major. */
static_assert(offsetof(struct gridcall_head, abi_minor) == 2 &&
		      offsetof(struct gridcall_head, size) == 4 &&
		      offsetof(struct gridcall_head, kind) == 8,
	      "the head of every table keeps its place for ever");
static_assert(offsetof(struct gridcall_driver, close) ==
		      sizeof(struct gridcall_head) + 5 * CALL,
	      "close is the last member of a 1.0 driver");
static_assert(offsetof(struct gridcall_service, close) ==
		      sizeof(struct gridcall_head) + 5 * CALL,
	      "close is the last member of a 1.0 service");
static_assert(offsetof(struct gridcall_speech, close) ==
		      sizeof(struct gridcall_head) + 4 * CALL,
	      "close is the last member of a 1.0 speech engine");

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define KEEP_LOADED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KEEP_LOADED 1
#endif

struct plugin_list {
	struct llist_head plugins;
};

struct plugin {
	struct llist_head entry;
	char *path;
	void *handle;
	union {
		struct gridcall_head head;
		struct gridcall_driver driver;
		struct gridcall_service service;
		struct gridcall_speech speech;
	} table;
};

/* ---- what each kind must have ---- */

struct call {
	const char *name;
	size_t offset;
};

#define CALL_OF(kind, name)                                                    \
	{                                                                      \
#name, offsetof(struct gridcall_##kind, name)                  \
	}

static const struct call driver_calls[] = {
	CALL_OF(driver, open),
	CALL_OF(driver, tick),
	CALL_OF(driver, key),
	CALL_OF(driver, send),
	CALL_OF(driver, counters),
	CALL_OF(driver, close),
	{NULL, 0},
};

static const struct call service_calls[] = {
	CALL_OF(service, open),
	CALL_OF(service, publish),
	CALL_OF(service, reply),
	CALL_OF(service, progress),
	CALL_OF(service, counters),
	CALL_OF(service, close),
	{NULL, 0},
};

static const struct call speech_calls[] = {
	CALL_OF(speech, open),
	CALL_OF(speech, cancel),
	CALL_OF(speech, close),
	{NULL, 0},
};

static const struct {
	const char *name;
	size_t size_1_0; /* through the last member of version 1.0 */
	size_t size;     /* as we know it today */
	const struct call *calls;
} kinds[] = {
	[GRIDCALL_DRIVER] = {"driver",
			     offsetof(struct gridcall_driver, close) + CALL,
			     sizeof(struct gridcall_driver), driver_calls},
	[GRIDCALL_SERVICE] = {"service",
			      offsetof(struct gridcall_service, close) + CALL,
			      sizeof(struct gridcall_service), service_calls},
	[GRIDCALL_SPEECH] = {"speech",
			     offsetof(struct gridcall_speech, close) + CALL,
			     sizeof(struct gridcall_speech), speech_calls},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* ---- the steps of trust ---- */

/* One file on its way to be a plugin. */
struct attempt {
	const char *path;
	struct gridcall_why *why;
	const uint8_t *table; /* in the file's own memory */
	size_t held;          /* bytes of it that are there */
	size_t stated;        /* bytes that it says it has */
};

static bool wrong(const struct attempt *a, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The end of a long path says more than its beginning. */
static bool wrong(const struct attempt *a, const char *format, ...)
{
	size_t len = strlen(a->path);
	const char *path = len > 100 ? a->path + len - 100 : a->path;
	va_list args;
	int used;

	used = snprintf(a->why->text, sizeof(a->why->text), "%s: ", path);
	va_start(args, format);
	vsnprintf(a->why->text + used, sizeof(a->why->text) - (size_t)used,
		  format, args);
	va_end(args);
	return false;
}

static bool is_shared_object(int fd)
{
	unsigned char head[EI_NIDENT + sizeof(uint16_t)];
	uint16_t type;

	if (read(fd, head, sizeof(head)) != sizeof(head) ||
	    memcmp(head, ELFMAG, SELFMAG))
		return false;
	memcpy(&type, head + EI_NIDENT, sizeof(type));
	return type == ET_DYN;
}

static bool check_file(const struct attempt *a)
{
	struct stat info;
	bool is_object;
	int fd;

	if (lstat(a->path, &info))
		return wrong(a, "can't be found: %s", strerror(errno));
	if (S_ISLNK(info.st_mode))
		return wrong(a, "is a symbolic link; name the file itself");
	if (S_ISDIR(info.st_mode))
		return wrong(a, "is a folder; name one file in it");
	if (!S_ISREG(info.st_mode))
		return wrong(a, "is no regular file; name a plugin's .so");
	fd = open(a->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return wrong(a, "can't be read: %s", strerror(errno));
	is_object = is_shared_object(fd);
	close(fd);
	if (!is_object)
		return wrong(a, "is not a shared object; name a plugin's .so");
	return true;
}

/* dlopen() looks a name without a slash up elsewhere. */
static void *open_object(const struct attempt *a)
{
	char *path = talloc_asprintf(NULL, "%s%s",
				     strchr(a->path, '/') ? "" : "./", a->path);
	void *handle = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
	const char *trouble = path ? dlerror() : "memory is out";

	talloc_free(path);
	if (!handle)
		(void)wrong(a, "can't be loaded: %s",
			    trouble ? trouble : "for no stated reason");
	return handle;
}

/* Where the table is, and how many bytes the linker gave it. */
static bool find_table(struct attempt *a, void *handle)
{
	const ElfW(Sym) *symbol = NULL;
	void *extra = NULL;
	Dl_info info;

	a->table = dlsym(handle, GRIDCALL_PLUGIN_SYMBOL);
	if (!a->table)
		return wrong(a, "is no gridcall plugin: it has "
				"no " GRIDCALL_PLUGIN_SYMBOL);
	if (dladdr1(a->table, &info, &extra, RTLD_DL_SYMENT))
		symbol = extra;
	a->held = symbol ? symbol->st_size : 0;
	return true;
}

/* The three fields that never move. */
static bool check_version(struct attempt *a)
{
	struct gridcall_head head;
	size_t three = offsetof(struct gridcall_head, kind);

	if (a->held < three)
		return wrong(a,
			     GRIDCALL_PLUGIN_SYMBOL
			     " holds %zu bytes, too few for a head",
			     a->held);
	memcpy(&head, a->table, three);
	if (head.abi_major != GRIDCALL_ABI_MAJOR)
		return wrong(a,
			     "was built for version %u of plugin.h, this is "
			     "%u; build it again with ours",
			     head.abi_major, GRIDCALL_ABI_MAJOR);
	a->stated = head.size;
	if (a->stated > a->held)
		return wrong(a,
			     "says that its table has %zu bytes, but it has "
			     "%zu; set size to sizeof the table",
			     a->stated, a->held);
	if (a->stated < sizeof(struct gridcall_head))
		return wrong(a,
			     "its table of %zu bytes is too small for a "
			     "head; set size to sizeof the table",
			     a->stated);
	return true;
}

/* Now the table may be copied; what it lacks stays NULL. */
static bool copy_table(const struct attempt *a, struct plugin *plugin)
{
	struct gridcall_head head;

	memcpy(&head, a->table, sizeof(head));
	if (head.kind >= KINDS || !kinds[head.kind].name)
		return wrong(a,
			     "is of kind %u, which this gateway does not "
			     "know; a newer one may",
			     head.kind);
	if (a->stated < kinds[head.kind].size_1_0)
		return wrong(a,
			     "its table of %zu bytes is too small for a %s, "
			     "which has %zu; set size to sizeof the table",
			     a->stated, kinds[head.kind].name,
			     kinds[head.kind].size_1_0);
	memcpy(&plugin->table, a->table,
	       a->stated < kinds[head.kind].size ? a->stated
						 : kinds[head.kind].size);
	return true;
}

static bool check_names(const struct attempt *a, const struct plugin *plugin)
{
	const char *name = plugin->table.head.name;
	size_t len;

	if (!name)
		return wrong(a, "has no name; set head.name");
	len = strnlen(name, NAME_MAX_LEN + 1);
	if (!len || len > NAME_MAX_LEN ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789") != len)
		return wrong(a, "its name '%.*s' is not 1 to %u of a-z and 0-9",
			     (int)len, name, NAME_MAX_LEN);
	if (!plugin->table.head.summary || !*plugin->table.head.summary)
		return wrong(a, "has no summary; set head.summary");
	return true;
}

static bool check_calls(const struct attempt *a, const struct plugin *plugin)
{
	const struct call *call;

	for (call = kinds[plugin->table.head.kind].calls; call->name; call++) {
		void (*function)(void);

		memcpy(&function,
		       (const uint8_t *)&plugin->table + call->offset, CALL);
		if (!function)
			return wrong(a, "lacks %s(), which every %s must have",
				     call->name, plugin_kind(plugin));
	}
	if (plugin->table.head.kind == GRIDCALL_SPEECH &&
	    !plugin->table.speech.say && !plugin->table.speech.recognise)
		return wrong(a, "lacks both say() and recognise(); a speech "
				"engine must have one");
	return true;
}

static bool check_twin(const struct attempt *a, const struct plugin *plugin,
		       const struct plugin_list *list)
{
	const struct plugin *twin = plugin_find(list, plugin_name(plugin));

	if (!twin)
		return true;
	return wrong(a, "'%s' is already loaded, from %.80s; load one of them",
		     plugin_name(plugin), twin->path);
}

/* ---- the list ---- */

static int unload(struct plugin *plugin)
{
	if (plugin->entry.next)
		llist_del(&plugin->entry);
#ifndef KEEP_LOADED
	/* A sanitizer's report needs the names in the object until the end. */
	if (plugin->handle)
		dlclose(plugin->handle);
#endif
	return 0;
}

struct plugin *plugin_load(struct plugin_list *list, const char *path,
			   struct gridcall_why *why)
{
	struct attempt a = {.path = path, .why = why};
	struct plugin *plugin = talloc_zero(list, struct plugin);

	if (!plugin || !(plugin->path = talloc_strdup(plugin, path))) {
		(void)wrong(&a, "memory is out");
		talloc_free(plugin);
		return NULL;
	}
	talloc_set_destructor(plugin, unload);
	if (!check_file(&a) || !(plugin->handle = open_object(&a)) ||
	    !find_table(&a, plugin->handle) || !check_version(&a) ||
	    !copy_table(&a, plugin) || !check_names(&a, plugin) ||
	    !check_calls(&a, plugin) || !check_twin(&a, plugin, list))
		return plugin_free(plugin);
	llist_add_tail(&plugin->entry, &list->plugins);
	return plugin;
}

struct plugin *plugin_free(struct plugin *plugin)
{
	talloc_free(plugin);
	return NULL;
}

struct plugin_list *plugin_list_alloc(void *ctx)
{
	struct plugin_list *list = talloc_zero(ctx, struct plugin_list);

	if (list)
		INIT_LLIST_HEAD(&list->plugins);
	return list;
}

struct plugin_list *plugin_list_free(struct plugin_list *list)
{
	struct plugin *plugin, *next;

	if (!list)
		return NULL;
	llist_for_each_entry_safe (plugin, next, &list->plugins, entry)
		plugin_free(plugin);
	talloc_free(list);
	return NULL;
}

struct plugin *plugin_find(const struct plugin_list *list, const char *name)
{
	struct plugin *plugin;

	llist_for_each_entry (plugin, &list->plugins, entry)
		if (!strcmp(plugin_name(plugin), name))
			return plugin;
	return NULL;
}

struct plugin *plugin_next(const struct plugin_list *list,
			   const struct plugin *plugin)
{
	const struct llist_head *next =
		plugin ? plugin->entry.next : list->plugins.next;

	return next == &list->plugins ? NULL
				      : llist_entry(next, struct plugin, entry);
}

const char *plugin_name(const struct plugin *plugin)
{
	return plugin->table.head.name;
}

const char *plugin_summary(const struct plugin *plugin)
{
	return plugin->table.head.summary;
}

const char *plugin_path(const struct plugin *plugin)
{
	return plugin->path;
}

const char *plugin_kind(const struct plugin *plugin)
{
	return kinds[plugin->table.head.kind].name;
}

const struct gridcall_driver *plugin_driver(const struct plugin *plugin)
{
	return plugin->table.head.kind == GRIDCALL_DRIVER
		       ? &plugin->table.driver
		       : NULL;
}

const struct gridcall_service *plugin_service(const struct plugin *plugin)
{
	return plugin->table.head.kind == GRIDCALL_SERVICE
		       ? &plugin->table.service
		       : NULL;
}

const struct gridcall_speech *plugin_speech(const struct plugin *plugin)
{
	return plugin->table.head.kind == GRIDCALL_SPEECH
		       ? &plugin->table.speech
		       : NULL;
}
