/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A shared object that is no plugin.
 */
#include "plugins/plugin.h"

GRIDCALL_EXPORT extern const int fake_nothing;
const int fake_nothing = 1;
