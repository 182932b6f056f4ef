/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * option.h - "key=value key=value" as typed, taken apart for a plugin
 *
 * The address column of channels.csv and the VTY use the same words.  A key is
 * made of a-z, 0-9 and _; a value ends at the next space, or is set in double
 * quotes, where \" stands for a quote and \\ for a backslash.  An empty value
 * is allowed.  What the words mean is the plugin's to say.
 *
 * Memory:  one talloc chunk with children below ctx.
 * Threads: any, as far as ctx is.
 */
#pragma once

#include "plugins/plugin.h"

#define OPTIONS_MAX 64

/*
 * Split text (NULL is empty) into a list that ends with a NULL key; free it
 * with talloc_free().  NULL and a sentence in why when the text is wrong or
 * memory is out.
 */
struct gridcall_option *option_split(void *ctx, const char *text,
				     struct gridcall_why *why);

/* The value of key, or NULL. */
const char *option_find(const struct gridcall_option *options, const char *key);
