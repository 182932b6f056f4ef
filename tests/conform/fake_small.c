/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A driver whose size leaves its last call out.
 */
#include "tests/conform/fake.h"

GRIDCALL_EXPORT extern const struct gridcall_driver gridcall_plugin;
const struct gridcall_driver gridcall_plugin = {
	.head = FAKE_HEAD(GRIDCALL_DRIVER,
			  char[offsetof(struct gridcall_driver, close)],
			  "small"),
	FAKE_DRIVER_CALLS,
};
