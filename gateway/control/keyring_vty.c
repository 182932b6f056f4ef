/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * keyring_vty.c - keys as an administrator sees them: nothing secret
 *
 * To look only: a key is added and revoked by the command "key", which is
 * recorded with its principal.
 */
#include "gateway/control/gateway_vty.h"

#include <string.h>

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <osmocom/vty/command.h>
#include <osmocom/vty/vty.h>

#include "gateway/clock.h"
#include "gateway/control/keyring.h"
#include "gateway/gateway.h"

static struct gateway *the_gateway;

static void show_roles(struct vty *vty, const struct key *key)
{
	const char *separator = "";
	unsigned int bit;

	for (bit = 0; authority_role_name(bit); bit++) {
		if (!(key->roles & (1u << bit)))
			continue;
		vty_out(vty, "%s%s", separator, authority_role_name(bit));
		separator = ",";
	}
}

static void show_key(struct vty *vty, const struct key *key, int64_t now_us)
{
	char date[32];
	size_t i;

	vty_out(vty, "%-20s %.8s ", key->name, key->public_key);
	show_roles(vty, key);
	for (i = 0; i < key->areas; i++)
		vty_out(vty, "%s%s", i ? "," : " ", key->jurisdiction[i]);
	key_date(key->revoked_us ? key->revoked_us : key->expires_us, date,
		 sizeof(date));
	if (key->revoked_us)
		vty_out(vty, " revoked %s by %s", date, key->revoked_by);
	else if (key->pending)
		vty_out(vty, " waits for the disk");
	else
		vty_out(vty, " %s %s",
			key_is_in_force(key, now_us) ? "expires" : "expired",
			date);
	vty_out(vty, "%s", VTY_NEWLINE);
}

static int show(struct vty *vty, bool all)
{
	const struct authority_name name = {.name = "local", .address = "vty"};
	struct principal local;
	struct keyring_change change = {.by = &local, .now_us = clock_utc_us()};
	size_t i;

	if (!the_gateway->started) {
		vty_out(vty, "%% the gateway has not started yet%s",
			VTY_NEWLINE);
		return CMD_WARNING;
	}
	authority_find(&local, NULL, &name);
	keyring_list(the_gateway->keyring, &change, all);
	for (i = 0; i < change.count; i++)
		show_key(vty, change.keys[i], change.now_us);
	vty_out(vty, "%zu keys%s%s", change.count, all ? "" : " in force",
		VTY_NEWLINE);
	talloc_free(change.keys);
	return CMD_SUCCESS;
}

DEFUN(show_keys, show_keys_cmd, "show keys",
      SHOW_STR "Keys in force: who may come in over a network\n")
{
	return show(vty, false);
}

DEFUN(show_keys_all, show_keys_all_cmd, "show keys all",
      SHOW_STR "Keys in force: who may come in over a network\n"
	       "Those that were revoked or expired too\n")
{
	return show(vty, true);
}

void keyring_vty_init(struct gateway *gateway)
{
	the_gateway = gateway;
	install_element_ve(&show_keys_cmd);
	install_element_ve(&show_keys_all_cmd);
}
