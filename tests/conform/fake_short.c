/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The symbol is there, but too few bytes for a head.
 */
#include "plugins/plugin.h"

GRIDCALL_EXPORT extern const uint16_t gridcall_plugin;
const uint16_t gridcall_plugin = GRIDCALL_ABI_MAJOR;
