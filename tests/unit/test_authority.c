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

#include "gateway/control/authority.h"
#include "gateway/control/command.h"

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

static void each_role_may_use_exactly_the_commands_of_its_column(void **state)
{
	struct principal principal;
	enum right right;
	unsigned int bit;
	size_t i;

	for (i = 0; i < rows; i++) {
		assert_true(command_right(table[i].body, &right));
		for (bit = 0; authority_role_name(bit); bit++) {
			authority_find(&principal, "somebody", "nowhere");
			principal.roles = 1u << bit;
			assert_int_equal(authority_allows(&principal, right),
					 (table[i].roles >> bit) & 1);
		}
	}
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

	authority_find(&principal, "local", "ipc");
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
		authority_find(&principal, names[i], "");
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
	authority_find(&principal, name, name);
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
