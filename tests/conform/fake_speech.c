/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A speech engine that can neither speak nor listen.
 */
#include "tests/conform/fake.h"

static int open_engine(void **state, const struct gridcall_speech_host *host,
		       struct gridcall_speech_desk *desk,
		       const struct gridcall_option *options,
		       struct gridcall_why *why)
{
	return -ENOTSUP;
}

static void cancel(void *state, uint64_t token)
{
}

GRIDCALL_EXPORT extern const struct gridcall_speech gridcall_plugin;
const struct gridcall_speech gridcall_plugin = {
	.head = FAKE_HEAD(GRIDCALL_SPEECH, gridcall_plugin, "speech"),
	.open = open_engine,
	.cancel = cancel,
	.close = fake_close,
};
