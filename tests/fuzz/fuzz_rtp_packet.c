/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whatever came in, the payload lies inside the packet, and what was read is
 * read again from what we would build of it.
 */
#include "plugins/rtp/rtp_packet.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct rtp_packet packet, again;
	uint8_t *built;
	int size;

	if (rtp_packet_parse(&packet, data, len))
		return 0;
	if (packet.payload < data + RTP_HEADER_BYTES ||
	    packet.payload + packet.len > data + len)
		abort();
	built = malloc(len);
	size = rtp_packet_build(&packet, built, len);
	if (size != (int)(RTP_HEADER_BYTES + packet.len) ||
	    rtp_packet_parse(&again, built, (size_t)size))
		abort();
	if (again.marker != packet.marker || again.seq != packet.seq ||
	    again.payload_type != packet.payload_type ||
	    again.timestamp != packet.timestamp || again.ssrc != packet.ssrc ||
	    again.len != packet.len ||
	    memcmp(again.payload, packet.payload, packet.len))
		abort();
	free(built);
	return 0;
}
