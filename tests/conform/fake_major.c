/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A driver of another major version; nothing behind the first three fields may
 * be believed.
 */
#include "tests/conform/fake.h"

GRIDCALL_EXPORT extern const struct gridcall_head gridcall_plugin;
const struct gridcall_head gridcall_plugin = {
	.abi_major = GRIDCALL_ABI_MAJOR + 1,
	.size = UINT32_MAX,
	.kind = UINT32_MAX,
};
