/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sentence.h - an answer as an officer would write it down, in their language
 *
 * Memory:  below ctx.
 * Threads: any.
 */
#pragma once

#include "proto/gridcall.pb-c.h"

/* "正佳广场18人在岗,情况正常"; language is zh or en. */
const char *sentence_of_reply(void *ctx, const char *language, const char *name,
			      const Gridcall__V1__ReplyEvent *reply);

/*
 * What the gateway's own word for a reason is in that language; a text that it
 * has no word for is given back as it is.
 */
const char *sentence_of_reason(const char *language, const char *reason);
