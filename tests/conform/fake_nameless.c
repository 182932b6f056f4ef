/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A driver without a name.
 */
#include "tests/conform/fake.h"

GRIDCALL_EXPORT extern const struct gridcall_driver gridcall_plugin;
const struct gridcall_driver gridcall_plugin = {
	.head = FAKE_HEAD(GRIDCALL_DRIVER, gridcall_plugin, NULL),
	FAKE_DRIVER_CALLS,
};
