/* SPDX-License-Identifier: MIT
 *
 * transient.h - which messages of a feed are in no ledger
 *
 * Threads: any.
 */
#pragma once

#include "proto/topic.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Those of the volatile kinds, and an alarm that has no seq because its gateway
 * can't record it yet: it comes again, numbered.
 */
bool transient_is(enum topic_kind kind, const uint8_t *payload, size_t len);
