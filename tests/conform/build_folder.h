/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * build_folder.h - where the shared objects under test were built
 */
#pragma once

#include <stdlib.h>

/* GRIDCALL_BUILD, as build/asan; build/debug when it is not set. */
static inline const char *build_folder(void)
{
	const char *folder = getenv("GRIDCALL_BUILD");

	return folder ? folder : "build/debug";
}
