/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/admission.h"

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#include "gateway/clock.h"
#include "gateway/control/keyring.h"
#include "gateway/gateway.h"
#include "gateway/log.h"
#include "gateway/record/ledger_query.h"
#include "gateway/services.h"

static bool load_key(void *data, const uint8_t *key, size_t len)
{
	struct fault fault = {0};

	if (keyring_load(data, key, len, clock_utc_us(), &fault))
		LOGP(DCONTROL, LOGL_ERROR, "a key is left out: %s\n",
		     fault.sentence);
	return true;
}

static void load_keys(struct ledger_reader *reader, void *data)
{
	if (ledger_reader_keys(reader, load_key, data) < 0)
		LOGP(DCONTROL, LOGL_ERROR,
		     "the keys in the ledger can't be read; who comes in over "
		     "a network may be refused until the ledger is mended\n");
}

void admission_load(struct gateway *gateway)
{
	gateway->keyring = keyring_alloc(gateway);
	ledger_read_now(gateway->ledger, load_keys, gateway->keyring);
}

void admission_tell(struct gateway *gateway)
{
	struct gridcall_key *keys;
	size_t count;

	keys = keyring_in_force(gateway->keyring, gateway, clock_utc_us(),
				&count);
	services_keys(gateway->services, keys, count);
	talloc_free(keys);
}

void admission_check(struct gateway *gateway)
{
	if (keyring_has_changed(gateway->keyring, clock_utc_us()))
		admission_tell(gateway);
}
