/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * census.h - how much of the directory is somebody's, for status messages
 *
 * Every feed tells it each second and every principal may ask, so what is
 * counted is kept until the directory changes.
 *
 * Memory:  below the gateway.
 * Threads: main.
 */
#pragma once

#include "gateway/control/authority.h"
#include "gateway/gateway.h"

/*
 * Replace the figures of a status by those of what a principal sees; of the
 * rest it then tells not even how much there is.
 */
void census_narrow(struct gateway *gateway, const struct principal *principal,
		   Gridcall__V1__Status *status);

/* The same for everybody who reads a feed of one jurisdiction. */
void census_narrow_feed(struct gateway *gateway, const char *jurisdiction,
			Gridcall__V1__Status *status);
