/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_fanout.c - whatever is said, what comes out can be sent
 */
#include "codecs/opus.h"
#include "gateway/voice/fanout.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(struct uplink *uplink)
{
	struct gridcall_frame frame;

	if (uplink_waiting(uplink) > UPLINK_PACKETS)
		abort();
	while (uplink_take(uplink, &frame))
		if (frame.format.codec == GRIDCALL_OPUS
			    ? !opus_is_plain(frame.data, frame.len)
			    : frame.len != 160)
			abort();
}

/* A packet: a byte to add to the number, one for its length, then its bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct gridcall_format formats[] = {{GRIDCALL_OPUS, 48000},
							 {GRIDCALL_PCMU, 8000}};
	struct uplink *uplinks[] = {uplink_alloc(&formats[0], 0),
				    uplink_alloc(&formats[1], 0)};
	struct fanout *fanout = fanout_alloc();
	uint32_t number = 0;
	size_t size;

	if (fanout_add(fanout, uplinks[0]) || fanout_add(fanout, uplinks[1]))
		abort();
	for (; len >= 2; data += 2 + size, len -= 2 + size) {
		size = data[1] < len - 2 ? data[1] : len - 2;
		number += data[0];
		if (!size || opus_is_plain(data + 2, size))
			fanout_put(fanout, number, data + 2, size, 0);
		if (uplink_waiting(uplinks[0]) != uplink_waiting(uplinks[1]))
			abort();
		if (data[0] & 1)
			check(uplinks[number & 1]), check(uplinks[~number & 1]);
	}
	fanout_drop(fanout);
	uplink_drop(uplinks[0]);
	uplink_drop(uplinks[1]);
	return 0;
}
