/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * live_vty.c - what an operator types about live voice
 */
#include "gateway/control/gateway_vty.h"

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <osmocom/vty/command.h>
#include <osmocom/vty/vty.h>

#include "gateway/control/leases.h"
#include "gateway/control/talks.h"

static struct gateway *the_gateway;

static const struct value_string state_names[] = {
	{GRIDCALL__V1__TALK_STATE__TALK_WAITING, "waits"},
	{GRIDCALL__V1__TALK_STATE__TALK_KEYED, "keyed"},
	{GRIDCALL__V1__TALK_STATE__TALK_ENDED, "ended"},
	{0, NULL},
};

static void show_lease(void *data, const char *principal, const char *channel,
		       uint32_t left_ms)
{
	struct vty *vty = data;

	vty_out(vty, " %s listens to %s, %u s left%s", principal, channel,
		left_ms / 1000, VTY_NEWLINE);
}

static void show_talk(void *data, const struct talk *talk)
{
	struct vty *vty = data;
	void *ctx = talloc_new(NULL);
	Gridcall__V1__TalkReply reply;
	size_t i;

	talk_describe(talk, ctx, &reply);
	vty_out(vty, " %s by %s", reply.talk, talk_principal(talk));
	for (i = 0; i < reply.n_channels; i++)
		vty_out(vty, ", %s %s for %u ms", reply.channels[i]->channel,
			get_value_string(state_names, reply.channels[i]->state),
			reply.channels[i]->sent_ms);
	vty_out(vty, "%s", VTY_NEWLINE);
	talloc_free(ctx);
}

DEFUN(show_voice, show_voice_cmd, "show voice",
      SHOW_STR "Live voice: who listens, who talks, what it took\n")
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
	vty_out(vty, "%zu talks%s", talks_count(gateway->talks), VTY_NEWLINE);
	talks_visit(gateway->talks, show_talk, vty);
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
