/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/rota.h"

#include <string.h>

#include <osmocom/core/linuxlist.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

/* One who asked and waits. */
struct asker {
	struct llist_head entry;
	struct llist_head items;
	const char *principal;
	uint64_t connection;
};

struct item {
	struct llist_head entry;
	void *item;
};

struct rota {
	struct llist_head askers; /* the first is served next */
};

struct rota *rota_alloc(void *ctx)
{
	struct rota *rota = talloc_zero(ctx, struct rota);

	OSMO_ASSERT(rota);
	INIT_LLIST_HEAD(&rota->askers);
	return rota;
}

struct rota *rota_free(struct rota *rota)
{
	talloc_free(rota);
	return NULL;
}

static struct asker *find(struct rota *rota, const struct rota_asker *who)
{
	struct asker *asker;

	llist_for_each_entry (asker, &rota->askers, entry)
		if (asker->connection == who->connection &&
		    !strcmp(asker->principal, who->principal))
			return asker;
	asker = talloc_zero(rota, struct asker);
	OSMO_ASSERT(asker);
	asker->principal = talloc_strdup(asker, who->principal);
	asker->connection = who->connection;
	INIT_LLIST_HEAD(&asker->items);
	llist_add_tail(&asker->entry, &rota->askers);
	return asker;
}

void rota_put(struct rota *rota, const struct rota_asker *who, void *item)
{
	struct asker *asker = find(rota, who);
	struct item *place = talloc_zero(asker, struct item);

	OSMO_ASSERT(place);
	place->item = item;
	llist_add_tail(&place->entry, &asker->items);
}

void *rota_take(struct rota *rota)
{
	struct asker *asker =
		llist_first_entry_or_null(&rota->askers, struct asker, entry);
	struct item *place;
	void *item;

	if (!asker)
		return NULL;
	place = llist_first_entry(&asker->items, struct item, entry);
	item = place->item;
	llist_del(&place->entry);
	talloc_free(place);
	llist_del(&asker->entry);
	if (llist_empty(&asker->items))
		talloc_free(asker);
	else
		llist_add_tail(&asker->entry, &rota->askers);
	return item;
}

bool rota_is_empty(const struct rota *rota)
{
	return llist_empty(&rota->askers);
}
