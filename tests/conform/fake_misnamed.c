/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A driver with a name that nobody could type into a configuration.
 */
#include "tests/conform/fake.h"

GRIDCALL_EXPORT extern const struct gridcall_driver gridcall_plugin;
const struct gridcall_driver gridcall_plugin = {
	.head = FAKE_HEAD(GRIDCALL_DRIVER, gridcall_plugin, "My Radio"),
	FAKE_DRIVER_CALLS,
};
