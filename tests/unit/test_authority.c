/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The whole table of rights, as far as commands exist.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/clock.h"
#include "gateway/control/authority.h"
#include "gateway/control/command.h"
#include "gateway/control/keyring.h"

#include <osmocom/core/talloc.h>

#define BODY(name) GRIDCALL__V1__REQUEST__BODY_##name

#define ALL (ROLE_VIEWER | ROLE_OFFICER | ROLE_SUPERVISOR | ROLE_ENGINEER)

/* As the design writes it: who may use which command. */
static const struct {
	Gridcall__V1__Request__BodyCase body;
	uint32_t roles;
} table[] = {
	{BODY(WHOAMI), ALL},
	{BODY(STATUS), ALL},
	{BODY(UNITS), ALL},
	{BODY(CHANNELS), ALL},
	{BODY(CALLS), ALL},
	{BODY(REPORT), ALL},
	{BODY(REPLAY), ALL},
	{BODY(RECORDING), ROLE_OFFICER | ROLE_SUPERVISOR | ROLE_ENGINEER},
	{BODY(PLAN), ROLE_OFFICER | ROLE_SUPERVISOR},
	{BODY(START), ROLE_OFFICER | ROLE_SUPERVISOR},
	{BODY(PAUSE), ROLE_OFFICER | ROLE_SUPERVISOR},
	{BODY(RESUME), ROLE_OFFICER | ROLE_SUPERVISOR},
	{BODY(CANCEL), ROLE_OFFICER | ROLE_SUPERVISOR},
	{BODY(CONFIRM), ROLE_OFFICER | ROLE_SUPERVISOR},
	{BODY(RELEASE), ROLE_OFFICER | ROLE_SUPERVISOR},
	{BODY(IMPORT), ROLE_ENGINEER},
	{BODY(SNAPSHOT), ALL},
	{BODY(WITHDRAW), ALL},
	{BODY(LISTEN), ROLE_OFFICER | ROLE_SUPERVISOR | ROLE_ENGINEER},
	{BODY(TALK), ROLE_OFFICER | ROLE_SUPERVISOR},
	{BODY(EXCUSE), ROLE_OFFICER | ROLE_SUPERVISOR},
	{BODY(KEY), ROLE_ENGINEER},
};

static const size_t rows = sizeof(table) / sizeof(table[0]);

/* Somebody without a key. */
static void find(struct principal *principal, const char *name,
		 const char *address)
{
	authority_find(
		principal, NULL,
		&(struct authority_name){.name = name, .address = address});
}

static void each_role_may_use_exactly_the_commands_of_its_column(void **state)
{
	struct principal principal;
	enum right right;
	unsigned int bit;
	size_t i;

	for (i = 0; i < rows; i++) {
		assert_true(command_right(table[i].body, &right));
		for (bit = 0; authority_role_name(bit); bit++) {
			find(&principal, "somebody", "nowhere");
			principal.roles = 1u << bit;
			assert_int_equal(authority_allows(&principal, right),
					 (table[i].roles >> bit) & 1);
		}
	}
}

/* ---- by key ---- */

#define PUBLIC_A "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"
#define PUBLIC_B "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"

/* As it came out of the ledger. */
static void load(struct keyring *keyring, const char *public_key,
		 const char *role, int64_t expires_us)
{
	Gridcall__V1__Key key = GRIDCALL__V1__KEY__INIT;
	char *jurisdiction[] = {(char *)"gc1.440106.", (char *)"gc1.440103."};
	char *roles[] = {(char *)role};
	struct fault fault = {0};
	uint8_t packed[512];

	key.name = (char *)"li";
	key.public_key = (char *)public_key;
	key.roles = roles;
	key.n_roles = 1;
	key.jurisdiction = jurisdiction;
	key.n_jurisdiction = 2;
	key.expires_at_us = expires_us;
	keyring_load(keyring, packed, gridcall__v1__key__pack(&key, packed),
		     clock_utc_us(), &fault);
	assert_string_equal(fault.sentence, "");
}

static void find_by_key(struct principal *principal,
			const struct keyring *keyring, const char *name,
			const char *public_key)
{
	uint8_t bytes[Z85_KEY_BYTES];

	assert_int_equal(z85_decode(bytes, public_key, Z85_KEY_CHARS), 0);
	authority_find(principal, keyring,
		       &(struct authority_name){.name = name,
						.address = "10.1.2.3",
						.public_key = bytes});
}

static void a_key_of_each_role_may_use_its_column_in_its_area(void **state)
{
	int64_t later_us = clock_utc_us() + 3600000000;
	struct principal principal;
	struct keyring *keyring;
	enum right right;
	unsigned int bit;
	size_t i;

	for (bit = 0; authority_role_name(bit); bit++) {
		keyring = keyring_alloc(NULL);
		load(keyring, PUBLIC_A, authority_role_name(bit), later_us);
		find_by_key(&principal, keyring, "li", PUBLIC_A);
		for (i = 0; i < rows; i++) {
			assert_true(command_right(table[i].body, &right));
			assert_int_equal(authority_allows(&principal, right),
					 (table[i].roles >> bit) & 1);
		}
		assert_true(authority_covers(&principal, "gc1.440106.1."));
		assert_true(authority_covers_area(&principal, "440103.1.07"));
		assert_false(authority_covers(&principal, "gc1."));
		assert_false(authority_covers(&principal, ""));
		assert_false(authority_covers_area(&principal, "440104.1.07"));
		assert_string_equal(principal.public_key, PUBLIC_A);
		assert_string_equal(principal.address, "10.1.2.3");
		assert_true(principal.expires_us == later_us);
		talloc_free(keyring);
	}
}

static void assert_nobody(const struct principal *principal)
{
	assert_int_equal(principal->roles, 0);
	assert_int_equal(principal->areas, 0);
	assert_false(authority_covers(principal, "gc1.440106.1."));
	assert_string_equal(principal->public_key, "");
}

static void without_a_key_in_force_a_name_may_nothing(void **state)
{
	struct keyring *keyring = keyring_alloc(NULL);
	struct principal principal;

	find_by_key(&principal, keyring, "li", PUBLIC_A);
	assert_nobody(&principal);
	load(keyring, PUBLIC_A, "engineer", clock_utc_us() - 1);
	find_by_key(&principal, keyring, "li", PUBLIC_A);
	assert_nobody(&principal);
	load(keyring, PUBLIC_B, "engineer", 0);
	/* One's own name, but the key that ended; and another's name. */
	find_by_key(&principal, keyring, "li", PUBLIC_A);
	assert_nobody(&principal);
	find_by_key(&principal, keyring, "wu", PUBLIC_B);
	assert_nobody(&principal);
	find_by_key(&principal, keyring, "li", PUBLIC_B);
	assert_int_equal(principal.roles, ROLE_ENGINEER);
	talloc_free(keyring);
}

static void local_with_a_key_is_nobody(void **state)
{
	struct keyring *keyring = keyring_alloc(NULL);
	struct principal principal;

	load(keyring, PUBLIC_A, "engineer", 0);
	find_by_key(&principal, keyring, "local", PUBLIC_A);
	assert_nobody(&principal);
	talloc_free(keyring);
}

static void every_command_of_the_protocol_stands_in_the_table(void **state)
{
	const ProtobufCMessageDescriptor *request =
		&gridcall__v1__request__descriptor;
	enum right right;
	unsigned int i;
	size_t row;

	for (i = 0; i < request->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &request->fields[i];

		if (!(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
			continue;
		for (row = 0; row < rows && table[row].body != field->id; row++)
			;
		assert_true(row < rows);
		assert_true(command_right(field->id, &right));
	}
}

static void a_command_of_no_body_has_no_right(void **state)
{
	enum right right;

	assert_false(
		command_right(GRIDCALL__V1__REQUEST__BODY__NOT_SET, &right));
	assert_false(command_right(38, &right));
}

static void local_holds_every_role_everywhere(void **state)
{
	struct principal principal;

	find(&principal, "local", "ipc");
	assert_int_equal(principal.roles, ALL);
	assert_true(authority_covers(&principal, ""));
	assert_true(authority_covers_area(&principal, "440106.1.07"));
	assert_string_equal(principal.address, "ipc");
}

static void a_name_that_is_not_known_may_nothing(void **state)
{
	static const char *const names[] = {"", "Local", "local ", "locals",
					    "officer"};
	struct principal principal;
	size_t i, row;
	enum right right;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		find(&principal, names[i], "");
		assert_int_equal(principal.roles, 0);
		for (row = 0; row < rows; row++) {
			assert_true(command_right(table[row].body, &right));
			assert_false(authority_allows(&principal, right));
		}
	}
}

static void a_refusal_names_exactly_the_roles_that_would_do(void **state)
{
	enum right right;
	unsigned int bit;
	size_t i;

	for (i = 0; i < rows; i++) {
		const char *text;

		assert_true(command_right(table[i].body, &right));
		text = authority_roles_with(right);
		if (table[i].roles == ALL) {
			assert_string_equal(text, "any role");
			continue;
		}
		for (bit = 0; authority_role_name(bit); bit++)
			assert_int_equal(
				strstr(text, authority_role_name(bit)) != NULL,
				(table[i].roles >> bit) & 1);
	}
}

static void a_name_too_long_is_cut_and_still_nobody(void **state)
{
	struct principal principal;
	char name[200];

	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	find(&principal, name, name);
	assert_int_equal(strlen(principal.name), sizeof(principal.name) - 1);
	assert_int_equal(strlen(principal.address),
			 sizeof(principal.address) - 1);
	assert_int_equal(principal.roles, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			each_role_may_use_exactly_the_commands_of_its_column),
		cmocka_unit_test(
			a_key_of_each_role_may_use_its_column_in_its_area),
		cmocka_unit_test(without_a_key_in_force_a_name_may_nothing),
		cmocka_unit_test(local_with_a_key_is_nobody),
		cmocka_unit_test(
			every_command_of_the_protocol_stands_in_the_table),
		cmocka_unit_test(a_command_of_no_body_has_no_right),
		cmocka_unit_test(local_holds_every_role_everywhere),
		cmocka_unit_test(a_name_that_is_not_known_may_nothing),
		cmocka_unit_test(
			a_refusal_names_exactly_the_roles_that_would_do),
		cmocka_unit_test(a_name_too_long_is_cut_and_still_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
