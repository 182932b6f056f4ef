/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A driver for a newer gateway, which has calls that ours does not know.  Not
 * wrong: it must load.
 */
#include "tests/conform/fake.h"

struct newer {
	struct gridcall_driver driver;
	void (*unknown)(void *state);
};

GRIDCALL_EXPORT extern const struct newer gridcall_plugin;
const struct newer gridcall_plugin = {
	.driver =
		{
			.head = {.abi_major = GRIDCALL_ABI_MAJOR,
				 .abi_minor = GRIDCALL_ABI_MINOR + 9,
				 .size = sizeof(struct newer),
				 .kind = GRIDCALL_DRIVER,
				 .name = "newer",
				 .summary = "Made for a test"},
			FAKE_DRIVER_CALLS,
		},
	.unknown = fake_close,
};
