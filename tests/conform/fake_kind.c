/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A plugin of a kind that is not known.
 */
#include "tests/conform/fake.h"

GRIDCALL_EXPORT extern const struct gridcall_driver gridcall_plugin;
const struct gridcall_driver gridcall_plugin = {
	.head = FAKE_HEAD(4, gridcall_plugin, "kind"),
	FAKE_DRIVER_CALLS,
};
