/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A service that lacks every call.
 */
#include "tests/conform/fake.h"

GRIDCALL_EXPORT extern const struct gridcall_service gridcall_plugin;
const struct gridcall_service gridcall_plugin = {
	.head = FAKE_HEAD(GRIDCALL_SERVICE, gridcall_plugin, "service"),
};
