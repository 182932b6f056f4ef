/* SPDX-License-Identifier: MIT */
#include "proto/transient.h"
#include "proto/gridcall.pb-c.h"

bool transient_is(enum topic_kind kind, const uint8_t *payload, size_t len)
{
	Gridcall__V1__Event *event;
	bool unnumbered;

	if (kind != TOPIC_ALARM)
		return !topic_kind_is_durable(kind);
	event = gridcall__v1__event__unpack(NULL, len, payload);
	unnumbered = event && !event->seq;
	gridcall__v1__event__free_unpacked(event, NULL);
	return unnumbered;
}
