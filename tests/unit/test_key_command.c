/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The command "key" as principals with keys ask it: what they may, what
 * services are told, and that the disk has it before.
 */
#include "tests/unit/key_gate.h"

/* Rows of a table that the disk has. */
static int64_t count_in_file(const struct bench *bench, const char *table)
{
	struct database *database;
	int64_t count = -1;
	char question[64], why[128];

	snprintf(question, sizeof(question), "SELECT count(*) FROM %s", table);

	assert_int_equal(database_open(&database, bench->path, DATABASE_READ,
				       why, sizeof(why)),
			 0);
	assert_int_equal(database_number(database, question, &count), 0);
	database_close(database);
	return count;
}

static void a_key_is_durable_before_anybody_is_told(void **state)
{
	struct bench *bench = *state;

	send_add(bench, &li);
	/* Queued: neither answered, nor good, nor told, not by the second. */
	admission_check(bench->gateway);
	assert_null(gate.reply);
	assert_int_equal(gate.told, 0);
	await_reply();
	assert_done();
	assert_int_equal(count_in_file(bench, "key"), 1);
	assert_int_equal(gate.told, 1);
	assert_string_equal(gate.names, "li,");
	assert_string_equal(gate.reply->key->server_key, PUBLIC_GW);
	assert_int_equal(gate.reply->key->n_commands, 1);
	assert_string_equal(gate.reply->key->commands[0], "tcp://*:7440");
	assert_string_equal(gate.reply->key->gateway, "GC1");
}

static void the_next_start_tells_services_the_same_keys(void **state)
{
	struct bench *bench = *state;

	add(bench, &li);
	add(bench, &wu);
	send_revoke(bench, "li");
	await_reply();
	assert_done();
	close_ledger(bench);
	gate.names[0] = '\0';
	open_ledger(bench);
	assert_string_equal(gate.names, "wu,");
}

static void services_hear_when_a_key_has_expired(void **state)
{
	struct bench *bench = *state;
	struct draft draft = li;
	struct key *key;

	draft.expires_us = clock_utc_us() + HOUR_US;
	add(bench, &draft);
	assert_done();
	assert_string_equal(gate.names, "li,");
	admission_check(bench->gateway);
	assert_int_equal(gate.told, 1);
	/* Its hour is over. */
	key = (struct key *)keyring_find(bench->gateway->keyring, "li", NULL,
					 clock_utc_us());
	key->expires_us = clock_utc_us();
	admission_check(bench->gateway);
	assert_int_equal(gate.told, 2);
	assert_int_equal(gate.key_count, 0);
	come_as(bench, "li", PUBLIC_A);
	ask_whoami(bench);
	assert_refused(ERROR(NOT_ALLOWED), "no key in force");
}

static void only_an_engineer_may_ask_for_keys(void **state)
{
	static const char *const roles[] = {"viewer", "officer", "supervisor"};
	static const char *const keys[] = {PUBLIC_A, PUBLIC_B, PUBLIC_C};
	struct bench *bench = *state;
	struct draft draft = li;
	size_t i;

	for (i = 0; i < 3; i++) {
		come_as(bench, "local", NULL);
		draft.role = roles[i];
		draft.public_key = keys[i];
		add(bench, &draft);
		assert_done();
		come_as(bench, "li", keys[i]);
		send_revoke(bench, "li");
		await_reply();
		assert_refused(ERROR(NOT_ALLOWED),
			       "'li' may not use key; it needs the role "
			       "engineer");
		come_as(bench, "local", NULL);
		send_revoke(bench, "li");
		await_reply();
		assert_done();
	}
}

static void the_gateways_own_key_is_nobody_elses(void **state)
{
	struct bench *bench = *state;
	struct draft draft = li;

	draft.public_key = PUBLIC_GW;
	add(bench, &draft);
	assert_refused(ERROR(BAD_ARGUMENT), "of the gateway itself");
}

static void an_engineer_grants_within_his_own_area(void **state)
{
	struct bench *bench = *state;
	struct draft draft = wu;

	add(bench, &engineer);
	come_as(bench, "tianhe-it", PUBLIC_A);
	draft.area = "gc1.440105.";
	add(bench, &draft);
	assert_refused(ERROR(NOT_ALLOWED), "'gc1.440105.' is not within the "
					   "jurisdiction of 'tianhe-it'");
	draft.area = "gc1.440106.440106530000.";
	add(bench, &draft);
	assert_done();
	assert_string_equal(gate.reply->key->keys[0]->created_by, "tianhe-it");
	come_as(bench, "wu", PUBLIC_B);
	ask_whoami(bench);
	assert_done();
}

static void what_is_not_ones_own_is_in_the_audit_alone(void **state)
{
	struct bench *bench = *state;
	struct draft draft = wu;
	int64_t before;

	draft.area = "gc1.440105.";
	add(bench, &draft);
	add(bench, &engineer);
	before = count_in_file(bench, "event");
	come_as(bench, "tianhe-it", PUBLIC_A);
	send_revoke(bench, "nobody");
	await_reply();
	assert_refused(ERROR(NOT_FOUND), "there is no key of 'nobody'");
	send_revoke(bench, "wu");
	await_reply();
	assert_refused(ERROR(NOT_FOUND), "there is no key of 'wu'");
	draft = li;
	draft.public_key = PUBLIC_B;
	add(bench, &draft);
	assert_refused(ERROR(CONFLICT), "registered already; make");
	draft.public_key = PUBLIC_C;
	draft.name = "wu";
	add(bench, &draft);
	assert_refused(ERROR(CONFLICT), "the name 'wu' is taken");
	draft.name = "li";
	add(bench, &draft);
	assert_done();
	/* The last, and the three that were outside. */
	assert_int_equal(count_in_file(bench, "event"), before + 4);
}

static void who_takes_away_his_own_key_leaves_local(void **state)
{
	struct bench *bench = *state;

	add(bench, &engineer);
	come_as(bench, "tianhe-it", PUBLIC_A);
	send_revoke(bench, "tianhe-it");
	await_reply();
	assert_done();
	assert_int_equal(gate.key_count, 0);
	add(bench, &wu);
	assert_refused(ERROR(NOT_ALLOWED), "no key in force");
	come_as(bench, "local", NULL);
	add(bench, &wu);
	assert_done();
}

static void while_the_ledger_cant_write_only_revoking_goes_on(void **state)
{
	struct bench *bench = *state;

	add(bench, &li);
	strcpy(bench->gateway->trouble, "disk full");
	add(bench, &wu);
	assert_refused(ERROR(UNAVAILABLE), "disk full");
	send_revoke(bench, "li");
	/* At once, before it is written: the next second tells it. */
	admission_check(bench->gateway);
	assert_int_equal(gate.key_count, 0);
	await_reply();
	assert_done();
}

static void a_repeat_is_the_first_reply_and_adds_nothing(void **state)
{
	struct bench *bench = *state;
	int64_t created_us;

	bench->idempotency_key = "k";
	add(bench, &li);
	assert_done();
	created_us = gate.reply->key->keys[0]->created_at_us;
	add(bench, &li);
	assert_done();
	assert_true(gate.reply->key->keys[0]->created_at_us == created_us);
	assert_int_equal(gate.told, 1);
	add(bench, &wu);
	assert_refused(ERROR(CONFLICT), "another request");
}

/* What the audit tells of a command that is on its way to the disk. */
static const char *subject_of(struct bench *bench)
{
	return llist_first_entry(&bench->gateway->commands, struct command,
				 entry)
		->subject;
}

static void the_subject_says_what_was_done(void **state)
{
	struct bench *bench = *state;
	struct draft draft = li;

	draft.expires_us = INT64_C(1893456000000000);
	send_add(bench, &draft);
	assert_string_equal(subject_of(bench),
			    "add li officer gc1.440106. until 2030-01-01");
	await_reply();
	send_revoke(bench, "li");
	assert_string_equal(subject_of(bench), "revoke li");
	await_reply();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_key_is_durable_before_anybody_is_told),
		TEST(the_next_start_tells_services_the_same_keys),
		TEST(services_hear_when_a_key_has_expired),
		TEST(only_an_engineer_may_ask_for_keys),
		TEST(the_gateways_own_key_is_nobody_elses),
		TEST(an_engineer_grants_within_his_own_area),
		TEST(what_is_not_ones_own_is_in_the_audit_alone),
		TEST(who_takes_away_his_own_key_leaves_local),
		TEST(while_the_ledger_cant_write_only_revoking_goes_on),
		TEST(a_repeat_is_the_first_reply_and_adds_nothing),
		TEST(the_subject_says_what_was_done),
	};

	osmo_init_logging2(talloc_named_const(NULL, 0, "log"), &log_setup);
	return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
