/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A driver that needs a symbol which nobody has.
 */
#include "tests/conform/fake.h"

void fake_nobody_has_this(void *state, uint64_t now_us);

GRIDCALL_EXPORT extern const struct gridcall_driver gridcall_plugin;
const struct gridcall_driver gridcall_plugin = {
	.head = FAKE_HEAD(GRIDCALL_DRIVER, gridcall_plugin, "unresolved"),
	.open = fake_open,
	.tick = fake_nobody_has_this,
	.key = fake_key,
	.send = fake_send,
	.counters = fake_counters,
	.close = fake_close,
};
