/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * live_vty.c - what an operator types about live voice
 */
#include "gateway/control/gateway_vty.h"

#include <osmocom/vty/command.h>
#include <osmocom/vty/vty.h>

#include "gateway/control/leases.h"

static struct gateway *the_gateway;

static void show_lease(void *data, const char *principal, const char *channel,
		       uint32_t left_ms)
{
	struct vty *vty = data;

	vty_out(vty, " %s listens to %s, %u s left%s", principal, channel,
		left_ms / 1000, VTY_NEWLINE);
}

DEFUN(show_voice, show_voice_cmd, "show voice",
      SHOW_STR "Live voice: who listens, and what was made for them\n")
{
	struct gateway *gateway = the_gateway;
	struct voice_monitor_stats stats;

	if (!gateway->started) {
		vty_out(vty, "%% the gateway has not started yet%s",
			VTY_NEWLINE);
		return CMD_WARNING;
	}
	vty_out(vty, "%zu leases to listen%s",
		leases_count(gateway->leases, NULL), VTY_NEWLINE);
	leases_visit(gateway->leases, show_lease, vty);
	voice_monitor_stats(gateway->voice, &stats);
	vty_out(vty, "frames encoded %llu, passed %llu, lost %llu%s",
		(unsigned long long)stats.encoded,
		(unsigned long long)stats.passed,
		(unsigned long long)stats.lost, VTY_NEWLINE);
	return CMD_SUCCESS;
}

void live_vty_init(struct gateway *gateway)
{
	the_gateway = gateway;
	install_element_ve(&show_voice_cmd);
}
