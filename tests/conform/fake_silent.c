/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A driver that does not say what it is for.
 */
#include "tests/conform/fake.h"

GRIDCALL_EXPORT extern const struct gridcall_driver gridcall_plugin;
const struct gridcall_driver gridcall_plugin = {
	.head = {.abi_major = GRIDCALL_ABI_MAJOR,
		 .size = sizeof(gridcall_plugin),
		 .kind = GRIDCALL_DRIVER,
		 .name = "silent"},
	FAKE_DRIVER_CALLS,
};
