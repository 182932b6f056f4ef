/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A driver that can't send.
 */
#include "tests/conform/fake.h"

GRIDCALL_EXPORT extern const struct gridcall_driver gridcall_plugin;
const struct gridcall_driver gridcall_plugin = {
	.head = FAKE_HEAD(GRIDCALL_DRIVER, gridcall_plugin, "callless"),
	.open = fake_open,
	.tick = fake_tick,
	.key = fake_key,
	.counters = fake_counters,
	.close = fake_close,
};
