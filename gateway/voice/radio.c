/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/voice/radio.h"

#include <errno.h>
#include <stdio.h>

static int on_watch(struct gridcall_radio *radio, int fd,
		    void (*ready)(void *state, int fd, uint64_t now_us))
{
	struct watch *watch;

	if (!radio->is_opening)
		return -EPERM;
	if (fd < 0 || !ready)
		return -EINVAL;
	if (radio->watch_count == RADIO_WATCHES_MAX)
		return -ENOSPC;
	watch = &radio->watches[radio->watch_count++];
	watch->kind = WATCH_RADIO;
	watch->fd = fd;
	watch->ready = ready;
	watch->radio = radio;
	return 0;
}

static void on_keyed(struct gridcall_radio *radio, uint64_t now_us)
{
	channel_keyed(radio->channel, now_us);
}

static void on_heard(struct gridcall_radio *radio,
		     const struct gridcall_frame *frame, uint64_t now_us)
{
	channel_heard(radio->channel, frame, now_us);
}

static void on_unkeyed(struct gridcall_radio *radio, uint64_t now_us)
{
	channel_unkeyed(radio->channel, now_us);
}

static int report(struct gridcall_radio *radio, enum report_type type,
		  int level, const char *text)
{
	struct report item = {
		.type = type,
		.slot = radio->slot,
		.serial = radio->serial,
		.level = level,
	};

	snprintf(item.text, sizeof(item.text), "%s", text ? text : "");
	return inbox_put(radio->reports, &item);
}

static void on_failed(struct gridcall_radio *radio, const char *sentence)
{
	if (report(radio, REPORT_FAILED, 0, sentence) < 0)
		atomic_store(&radio->missed, REPORT_FAILED);
}

static void on_recovered(struct gridcall_radio *radio)
{
	if (report(radio, REPORT_RECOVERED, 0, "") < 0)
		atomic_store(&radio->missed, REPORT_RECOVERED);
}

static void on_log(struct gridcall_radio *radio, enum gridcall_level level,
		   const char *text)
{
	if (report(radio, REPORT_LOG, level, text) < 0)
		channel_count_log(radio->channel);
}

const struct gridcall_driver_host radio_host = {
	.size = sizeof(radio_host),
	.watch = on_watch,
	.keyed = on_keyed,
	.heard = on_heard,
	.unkeyed = on_unkeyed,
	.failed = on_failed,
	.recovered = on_recovered,
	.log = on_log,
};

void radio_take_report(struct gridcall_radio *radio, const struct report *item,
		       uint64_t now_us)
{
	switch (item->type) {
	case REPORT_FAILED:
		channel_failed(radio->channel, item->text, now_us);
		break;
	case REPORT_RECOVERED:
		channel_recovered(radio->channel, now_us);
		break;
	case REPORT_LOG:
		channel_log(radio->channel, item->level, item->text, now_us);
		break;
	case REPORT_NONE:
		break;
	}
}

void radio_tick(struct gridcall_radio *radio, uint64_t now_us)
{
	int missed = atomic_exchange(&radio->missed, REPORT_NONE);

	if (missed == REPORT_FAILED)
		channel_failed(radio->channel, "the radio does not work",
			       now_us);
	else if (missed == REPORT_RECOVERED)
		channel_recovered(radio->channel, now_us);
	channel_tick(radio->channel, now_us);
}
