/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * directory_builder.h - gathers rows and makes a directory of them
 *
 * Memory:  a builder and what it makes are one talloc tree below ctx; rows are
 *          copied.  Leave one that is not finished with talloc_free().
 * Threads: one thread; then the directory is handed over whole.
 * Errors:  none for rows: whoever adds them has checked them.  Of two rows
 *          with one code both are kept and either may be found.
 */
#pragma once

#include "gateway/record/directory.h"
#include "proto/gridcall.pb-c.h"

struct directory_builder;

struct directory_builder *directory_builder_alloc(void *ctx);

/* NULL strings and lists become empty ones. */
void directory_builder_unit(struct directory_builder *builder,
			    const struct unit *unit);
void directory_builder_channel(struct directory_builder *builder,
			       const struct channel_entry *channel);

/* The same from packed messages.  -EBADMSG when they can't be unpacked. */
int directory_builder_unit_bytes(struct directory_builder *builder,
				 const uint8_t *data, size_t len);
int directory_builder_channel_bytes(struct directory_builder *builder,
				    const uint8_t *data, size_t len);

/* Sorts; the builder is gone after it. */
struct directory *directory_builder_finish(struct directory_builder *builder);
