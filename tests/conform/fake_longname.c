/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A driver with a name that does not end soon enough.
 */
#include "tests/conform/fake.h"

GRIDCALL_EXPORT extern const struct gridcall_driver gridcall_plugin;
const struct gridcall_driver gridcall_plugin = {
	.head = FAKE_HEAD(GRIDCALL_DRIVER, gridcall_plugin,
			  "abcdefghijklmnopqrstuvwxyz012345"),
	FAKE_DRIVER_CALLS,
};
