/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * plugin.h - shared objects from disk, trusted step by step
 *
 * A file may be anything, so the loader believes one thing after the other:
 * that it is a shared object, that it has the symbol, the three fields that
 * never move, the size, the head, and at last the calls.  What passed is a
 * table of our own size, with NULL for what an older plugin lacks.
 *
 * Memory:  a plugin is a talloc child of its list.
 * Threads: main.
 */
#pragma once

#include "plugins/plugin.h"

struct plugin_list;
struct plugin;

/* NULL when memory is out.  Freeing it unloads every plugin in it. */
struct plugin_list *plugin_list_alloc(void *ctx);

/* Accepts NULL.  Always returns NULL. */
struct plugin_list *plugin_list_free(struct plugin_list *list);

/*
 * Load one file.  NULL with a sentence in why that names the file for every way
 * in which it can be wrong; nothing is kept of it then.
 */
struct plugin *plugin_load(struct plugin_list *list, const char *path,
			   struct gridcall_why *why);

/*
 * Unload.  Everything it opened must be closed.  Accepts NULL, always returns
 * NULL.
 */
struct plugin *plugin_free(struct plugin *plugin);

/* By name; NULL when it is not loaded. */
struct plugin *plugin_find(const struct plugin_list *list, const char *name);

/* The one loaded after plugin, the first after NULL; NULL at the end. */
struct plugin *plugin_next(const struct plugin_list *list,
			   const struct plugin *plugin);

const char *plugin_name(const struct plugin *plugin);
const char *plugin_summary(const struct plugin *plugin);
const char *plugin_path(const struct plugin *plugin);

/* "driver", "service" or "speech" */
const char *plugin_kind(const struct plugin *plugin);

/* Its table, or NULL when it is of another kind. */
const struct gridcall_driver *plugin_driver(const struct plugin *plugin);
const struct gridcall_service *plugin_service(const struct plugin *plugin);
const struct gridcall_speech *plugin_speech(const struct plugin *plugin);
