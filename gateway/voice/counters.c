/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/voice/counters.h"

size_t counters_copy(const struct channel_counters *counters,
		     struct gridcall_counter *copy, size_t max)
{
	size_t count = 0;

#define PUT(field, sentence)                                                   \
	if (count < max) {                                                     \
		copy[count].name = #field;                                     \
		copy[count].summary = sentence;                                \
		copy[count].value = atomic_load_explicit(                      \
			&counters->field, memory_order_relaxed);               \
	}                                                                      \
	count++;
	CHANNEL_COUNTERS(PUT)
#undef PUT
	return count;
}
