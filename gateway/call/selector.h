/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * selector.h - which units: "district=440106 category=GZ:A,GZ:B limit=50"
 *
 * Terms are anded, the values of one term or-ed by commas.  The same words
 * everywhere: command line, console, scheduler.
 *
 * Memory:  talloc below ctx.
 * Threads: main.
 */
#pragma once

#include "gateway/fault.h"
#include "gateway/record/scope.h"

#include <stddef.h>

struct selector;

/*
 * Parse text.  NULL and fault for an unknown word (naming the nearest known
 * one), a bad value, or a category without its scheme where the directory has
 * more than one.  Empty text selects every unit.
 */
struct selector *selector_parse(void *ctx, const char *text,
				const struct directory *directory,
				struct fault *fault);

/*
 * The same for somebody who sees only scope: other units and channels do not
 * exist for him, not in a refusal and not in a limit.  The selector keeps
 * scope.
 */
struct selector *selector_parse_within(void *ctx, const char *text,
				       const struct directory *directory,
				       const struct scope *scope,
				       struct fault *fault);

/*
 * The units it selects, in order of channel, then keypad number, as a talloc
 * array below ctx; *count is 0 when none.
 */
const struct unit **selector_units(const struct selector *selector, void *ctx,
				   const struct directory *directory,
				   size_t *count);
