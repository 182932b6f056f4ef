/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A driver whose size does not even hold its head.
 */
#include "tests/conform/fake.h"

GRIDCALL_EXPORT extern const struct gridcall_driver gridcall_plugin;
const struct gridcall_driver gridcall_plugin = {
	.head = FAKE_HEAD(GRIDCALL_DRIVER, uint64_t, "headless"),
	FAKE_DRIVER_CALLS,
};
