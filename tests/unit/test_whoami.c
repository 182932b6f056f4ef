/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/key_gate.h"

static void assert_feeds(const char *names)
{
	const Gridcall__V1__WhoamiReply *whoami = gate.reply->whoami;
	char text[256] = "";
	size_t i;

	assert_done();
	for (i = 0; i < whoami->n_feeds; i++) {
		strcat(text, whoami->feeds[i]->name);
		strcat(text, " ");
	}
	assert_string_equal(text, names);
}

static void whoami_lists_the_feeds_open_to_its_asker(void **state)
{
	struct bench *bench = *state;
	struct draft draft = wu;

	ask_whoami(bench);
	assert_feeds("all tianhe tianhe-live haizhu city ");
	assert_true(gate.reply->whoami->feeds[2]->voice);
	assert_string_equal(gate.reply->whoami->feeds[0]->public_key, "");
	assert_string_equal(gate.reply->whoami->feeds[1]->public_key,
			    PUBLIC_GW);
	add(bench, &li);
	add(bench, &wu);
	come_as(bench, "li", PUBLIC_A);
	ask_whoami(bench);
	assert_feeds("tianhe tianhe-live ");
	/* Who may not hear has no voice. */
	come_as(bench, "wu", PUBLIC_B);
	ask_whoami(bench);
	assert_feeds("tianhe ");
	come_as(bench, "local", NULL);
	send_revoke(bench, "li");
	await_reply();
	draft.name = "city110";
	draft.area = "gc1.";
	draft.role = "supervisor";
	draft.public_key = PUBLIC_C;
	add(bench, &draft);
	assert_done();
	come_as(bench, "city110", draft.public_key);
	ask_whoami(bench);
	assert_feeds("tianhe tianhe-live haizhu city ");
}

static void whoami_tells_the_key_it_came_with(void **state)
{
	struct bench *bench = *state;
	struct draft draft = li;

	draft.expires_us = clock_utc_us() + HOUR_US;
	add(bench, &draft);
	come_as(bench, "li", PUBLIC_A);
	ask_whoami(bench);
	assert_string_equal(gate.reply->whoami->principal, "li");
	assert_string_equal(gate.reply->whoami->gateway, "GC1");
	assert_string_equal(gate.reply->whoami->public_key, PUBLIC_A);
	assert_true(gate.reply->whoami->expires_at_us == draft.expires_us);
	assert_string_equal(gate.reply->whoami->jurisdiction[0], "gc1.440106.");
	assert_string_equal(gate.reply->whoami->roles[0], "officer");
	/* Under a name that is not its own a key is nobody. */
	come_as(bench, "local", NULL);
	add(bench, &wu);
	come_as(bench, "wu", PUBLIC_A);
	ask_whoami(bench);
	assert_refused(ERROR(NOT_ALLOWED), "no key in force");
	come_as(bench, "local", PUBLIC_A);
	ask_whoami(bench);
	assert_refused(ERROR(NOT_ALLOWED), "no key in force");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(whoami_lists_the_feeds_open_to_its_asker),
		TEST(whoami_tells_the_key_it_came_with),
	};

	osmo_init_logging2(talloc_named_const(NULL, 0, "log"), &log_setup);
	return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
