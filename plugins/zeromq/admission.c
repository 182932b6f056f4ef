/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/zeromq/admission.h"

#include <string.h>

#include "plugins/zeromq/courier.h"
#include "plugins/zeromq/outlet.h"

#define GUESTS_TURN 64   /* handshakes in a row before the feeds go on */
#define REFUSAL_MS  1000 /* between two lines of the log */

static enum zap_verdict judge_subscriber(struct courier *courier,
					 const struct zap_guest *guest,
					 struct outlet *outlet)
{
	const struct key *key = key_set_find(courier->keys, guest->public_key);

	if (!courier->keys)
		return ZAP_LATER;
	if (!guest->has_key || !key_is_good_for(key, outlet->feed)) {
		courier_count(&outlet->refused);
		return ZAP_REFUSED;
	}
	if (!outlet_remember(outlet, guest->public_key))
		return ZAP_LATER;
	courier_count(&outlet->admitted);
	return ZAP_WELCOME;
}

static enum zap_verdict judge_caller(struct courier *courier,
				     const struct zap_guest *guest)
{
	if (!courier->keys)
		return ZAP_LATER;
	if (!guest->has_key ||
	    !key_set_find(courier->keys, guest->public_key)) {
		courier_count(&courier->counters.turned_away);
		return ZAP_REFUSED;
	}
	courier_count(&courier->counters.admitted);
	return ZAP_WELCOME;
}

/* Once a second: whoever it is may come as often as they like. */
static void tell_refusal(struct courier *courier, const struct zap_guest *guest)
{
	char key[ZAP_KEY_TEXT] = "";
	int64_t now = courier_now_ms();

	courier->refusals++;
	if (courier->refusal_ms && now - courier->refusal_ms < REFUSAL_MS)
		return;
	zap_key_text(key, guest->public_key);
	courier_tell(
		courier, GRIDCALL_NOTICE,
		"%s was refused at %s: its key %s is not good for that (%u "
		"refused since the last such line)",
		guest->address, guest->domain, key, courier->refusals);
	courier->refusal_ms = now;
	courier->refusals = 0;
}

static enum zap_verdict judge(void *data, const struct zap_guest *guest)
{
	struct courier *courier = data;
	struct outlet *outlet = courier_outlet(courier, guest->domain);
	enum zap_verdict verdict = ZAP_REFUSED;

	if (outlet)
		verdict = judge_subscriber(courier, guest, outlet);
	else if (!strcmp(guest->domain, ADMISSION_COMMANDS))
		verdict = judge_caller(courier, guest);
	else if (!strcmp(guest->domain, ADMISSION_LOCAL))
		return ZAP_WELCOME; /* by the permissions of the file */
	if (verdict == ZAP_REFUSED)
		tell_refusal(courier, guest);
	return verdict;
}

void admission_take(struct courier *courier)
{
	int i;

	for (i = 0; i < GUESTS_TURN; i++)
		if (!zap_take(&courier->zap, judge, courier))
			break;
}

void admission_renew(struct courier *courier)
{
	struct key_set *keys = atomic_exchange(&courier->next_keys, NULL);
	struct key_set *old = courier->keys;
	size_t i;

	if (!keys)
		return;
	courier->keys = keys;
	for (i = 0; i < courier->outlet_count; i++) {
		struct outlet *outlet = &courier->outlets[i];
		const uint8_t *stranger = outlet_stranger(outlet, keys);
		const struct key *key =
			stranger ? key_set_find(old, stranger) : NULL;

		if (!stranger)
			continue;
		courier_tell(courier, GRIDCALL_NOTICE,
			     "feed %s is closed and bound again, because a key "
			     "of '%s' "
			     "is not good for it any more",
			     outlet->feed->name,
			     key ? key->principal : "somebody");
		outlet_close(outlet, courier_now_ms());
	}
	key_set_free(old);
}
