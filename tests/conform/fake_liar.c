/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A driver that says it has more bytes than it has.
 */
#include "tests/conform/fake.h"

struct larger {
	struct gridcall_driver driver;
	char more[4096];
};

GRIDCALL_EXPORT extern const struct gridcall_driver gridcall_plugin;
const struct gridcall_driver gridcall_plugin = {
	.head = FAKE_HEAD(GRIDCALL_DRIVER, struct larger, "liar"),
	FAKE_DRIVER_CALLS,
};
