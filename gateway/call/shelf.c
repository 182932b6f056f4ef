/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/shelf.h"
#include "gateway/log.h"

#include <errno.h>
#include <osmocom/core/hashtable.h>
#include <osmocom/core/utils.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>

#define SHELF_ITEMS_MAX 2000 /* a cue of a second is some 10 kB */
#define LOAD_AT_ONCE    8

struct item {
	struct hlist_node node;
	struct llist_head order; /* oldest use first */
	struct llist_head todo;
	struct llist_head waiting; /* struct shelf_wait */
	char *path;
	struct gridcall_format format;
	struct clip *clip;
	bool is_loading;
	bool is_stale; /* the file changed while we read it */
	char why[256];
};

/* What the job thread reads in one go; it shares nothing with the items. */
struct load {
	struct shelf *shelf; /* NULL: gone */
	size_t count;
	struct {
		struct item *item;
		char *path;
		struct gridcall_format format;
		struct clip *clip;
		struct gridcall_why why;
	} files[LOAD_AT_ONCE];
};

struct shelf {
	struct calls_config config;
	DECLARE_HASHTABLE(items, 10);
	struct llist_head order;
	struct llist_head todo;
	size_t count;
	struct load *load;
};

struct shelf *shelf_alloc(void *ctx, const struct calls_config *config)
{
	struct shelf *shelf = talloc_zero(ctx, struct shelf);

	OSMO_ASSERT(shelf);
	shelf->config = *config;
	hash_init(shelf->items);
	INIT_LLIST_HEAD(&shelf->order);
	INIT_LLIST_HEAD(&shelf->todo);
	return shelf;
}

/* ------------------------------------------------------------------ items --
 */

static uint32_t hash_of(const char *path)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (; *path; path++)
		hash = (hash ^ (uint8_t)*path) * 16777619u;
	return hash;
}

static struct item *item_find(struct shelf *shelf, const char *path,
			      const struct gridcall_format *format)
{
	struct item *item;

	hash_for_each_possible(
		shelf->items, item, node,
		hash_of(path)) if (!item->is_stale &&
				   !strcmp(item->path, path) &&
				   item->format.codec == format->codec &&
				   item->format.rate_hz ==
					   format->rate_hz) return item;
	return NULL;
}

static void item_free(struct shelf *shelf, struct item *item)
{
	struct shelf_wait *wait, *next;

	llist_for_each_entry_safe (wait, next, &item->waiting, entry)
		shelf_wait_stop(wait);
	hash_del(&item->node);
	llist_del(&item->order);
	llist_del(&item->todo);
	(void)clip_drop(item->clip);
	talloc_free(item);
	shelf->count--;
}

static bool is_idle(const struct item *item)
{
	return !item->is_loading && llist_empty(&item->waiting) &&
	       llist_empty(&item->todo);
}

static void make_room(struct shelf *shelf)
{
	struct item *item, *next;

	llist_for_each_entry_safe (item, next, &shelf->order, order) {
		if (shelf->count < SHELF_ITEMS_MAX)
			return;
		if (is_idle(item))
			item_free(shelf, item);
	}
}

static struct item *item_alloc(struct shelf *shelf, const char *path,
			       const struct gridcall_format *format)
{
	struct item *item;

	make_room(shelf);
	item = talloc_zero(shelf, struct item);
	OSMO_ASSERT(item);
	item->path = talloc_strdup(item, path);
	item->format = *format;
	INIT_LLIST_HEAD(&item->waiting);
	hash_add(shelf->items, &item->node, hash_of(path));
	llist_add_tail(&item->order, &shelf->order);
	llist_add_tail(&item->todo, &shelf->todo);
	shelf->count++;
	return item;
}

struct shelf *shelf_free(struct shelf *shelf)
{
	struct item *item, *next;

	if (!shelf)
		return NULL;
	if (shelf->load)
		shelf->load->shelf = NULL;
	llist_for_each_entry_safe (item, next, &shelf->order, order)
		item_free(shelf, item);
	talloc_free(shelf);
	return NULL;
}

/* ---------------------------------------------------------------- loading --
 */

static void load_work(void *arg)
{
	struct load *load = arg;
	size_t i;

	for (i = 0; i < load->count; i++)
		load->files[i].clip =
			clip_load(load->files[i].path, &load->files[i].format,
				  1, &load->files[i].why);
}

static void item_loaded(struct shelf *shelf, struct item *item,
			struct clip *clip, const struct gridcall_why *why)
{
	struct shelf_wait *wait;

	item->is_loading = false;
	item->clip = clip;
	if (!clip) {
		snprintf(item->why, sizeof(item->why), "%s", why->text);
		LOGP(DCALL, LOGL_ERROR, "recording '%s' is left out: %s\n",
		     item->path, item->why);
	}
	while (!llist_empty(&item->waiting)) {
		wait = llist_first_entry(&item->waiting, struct shelf_wait,
					 entry);
		shelf_wait_stop(wait);
		wait->on_ready(wait->data);
	}
	if (item->is_stale)
		item_free(shelf, item);
}

static void load_start(struct shelf *shelf);

static void load_done(void *arg)
{
	struct load *load = arg;
	struct shelf *shelf = load->shelf;
	size_t i;

	if (shelf)
		shelf->load = NULL;
	for (i = 0; i < load->count; i++) {
		free(load->files[i].path);
		if (load->shelf)
			item_loaded(shelf, load->files[i].item,
				    load->files[i].clip, &load->files[i].why);
		else
			(void)clip_drop(load->files[i].clip);
	}
	if (shelf)
		load_start(shelf);
	free(load);
}

static void load_start(struct shelf *shelf)
{
	struct item *item;
	struct load *load;

	if (shelf->load || llist_empty(&shelf->todo))
		return;
	load = calloc(1, sizeof(*load));
	OSMO_ASSERT(load);
	load->shelf = shelf;
	while (load->count < LOAD_AT_ONCE && !llist_empty(&shelf->todo)) {
		item = llist_first_entry(&shelf->todo, struct item, todo);
		llist_del_init(&item->todo);
		item->is_loading = true;
		load->files[load->count].item = item;
		load->files[load->count].path = strdup(item->path);
		OSMO_ASSERT(load->files[load->count].path);
		load->files[load->count++].format = item->format;
	}
	shelf->load = load;
	shelf->config.job(shelf->config.data, load_work, load_done, load);
}

/* ----------------------------------------------------------------- public --
 */

void shelf_wait_init(struct shelf_wait *wait, void (*on_ready)(void *data),
		     void *data)
{
	*wait = (struct shelf_wait){.on_ready = on_ready, .data = data};
}

void shelf_wait_stop(struct shelf_wait *wait)
{
	if (wait->is_waiting)
		llist_del(&wait->entry);
	wait->is_waiting = false;
}

int shelf_get(struct shelf *shelf, const char *path,
	      const struct gridcall_format *format, struct shelf_wait *wait,
	      struct clip **clip, const char **why)
{
	struct item *item = item_find(shelf, path, format);

	if (!item)
		item = item_alloc(shelf, path, format);
	llist_move_tail(&item->order, &shelf->order);
	if (item->clip) {
		*clip = item->clip;
		return 0;
	}
	if (item->why[0]) {
		*why = item->why;
		return -EINVAL;
	}
	if (wait && !wait->is_waiting) {
		wait->is_waiting = true;
		llist_add_tail(&wait->entry, &item->waiting);
	}
	load_start(shelf);
	return -EAGAIN;
}

void shelf_forget(struct shelf *shelf, const char *path)
{
	struct item *item;
	struct hlist_node *next;

	hash_for_each_possible_safe(shelf->items, item, next, node,
				    hash_of(path))
	{
		if (strcmp(item->path, path))
			continue;
		if (is_idle(item))
			item_free(shelf, item);
		else
			item->is_stale = true;
	}
}
