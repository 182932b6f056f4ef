/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/voice/preroll.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	struct gridcall_format format;
	uint32_t len; /* 0: lost */
};

struct preroll {
	uint32_t count;
	uint32_t used;
	struct entry entries[PREROLL_FRAMES];
	uint8_t bytes[PREROLL_FRAMES * GRIDCALL_FRAME_BYTES_MAX];
};

struct preroll *preroll_alloc(void)
{
	return calloc(1, sizeof(struct preroll));
}

struct preroll *preroll_free(struct preroll *preroll)
{
	free(preroll);
	return NULL;
}

void preroll_clear(struct preroll *preroll)
{
	preroll->count = 0;
	preroll->used = 0;
}

static void drop_oldest(struct preroll *preroll)
{
	uint32_t len = preroll->entries[0].len;

	preroll->count--;
	preroll->used -= len;
	memmove(preroll->entries, preroll->entries + 1,
		preroll->count * sizeof(struct entry));
	memmove(preroll->bytes, preroll->bytes + len, preroll->used);
}

void preroll_put(struct preroll *preroll, const struct gridcall_frame *frame)
{
	struct entry *entry;

	if (preroll->count == PREROLL_FRAMES)
		drop_oldest(preroll);
	entry = &preroll->entries[preroll->count++];
	entry->format = frame->format;
	entry->len = frame->data ? frame->len : 0;
	if (entry->len)
		memcpy(preroll->bytes + preroll->used, frame->data, entry->len);
	preroll->used += entry->len;
}

uint32_t preroll_count(const struct preroll *preroll)
{
	return preroll ? preroll->count : 0;
}

void preroll_frame(const struct preroll *preroll, uint32_t index,
		   struct gridcall_frame *frame)
{
	const uint8_t *data = preroll->bytes;
	uint32_t i;

	for (i = 0; i < index; i++)
		data += preroll->entries[i].len;
	frame->format = preroll->entries[index].format;
	frame->len = preroll->entries[index].len;
	frame->data = frame->len ? data : NULL;
}
