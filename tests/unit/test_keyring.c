/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/key_bench.h"

#include <osmocom/core/utils.h>

/* ---- add ---- */

static void a_key_is_good_once_it_is_written(void **state)
{
	struct bench *bench = *state;
	const struct key *key;

	assert_int_equal(add_key(bench, &(struct draft){.name = "li"}), 0);
	assert_null(find(bench, "li"));
	assert_int_equal(in_force(bench), 0);
	keyring_written(bench->keyring, &bench->change);
	key = find(bench, "li");
	assert_non_null(key);
	assert_string_equal(key->name, "li");
	assert_int_equal(key->roles, ROLE_OFFICER);
	assert_int_equal(key->created_us, NOW);
	assert_string_equal(key->created_by, "engineer");
	assert_int_equal(bench->change.count, 1);
	assert_ptr_equal(bench->change.keys[0], key);
}

static void names_of_the_rule_are_taken_and_no_others(void **state)
{
	static const char *const good[] = {
		"a",           "0",
		"dispatch110", "a.b-c_d",
		"locals",      "l.",
		"9-",          "abcdefghijklmnopqrstuvwxyz012345"};
	static const char *const bad[] = {"",
					  "local",
					  "A",
					  "li wu",
					  "-a",
					  ".a",
					  "_a",
					  "..",
					  "l/i",
					  "李",
					  "a\n",
					  "li'",
					  "abcdefghijklmnopqrstuvwxyz0123456"};
	struct bench *bench = *state;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		put_key(bench, &(struct draft){.name = good[i],
					       .public_number = (unsigned)i});
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(
			add_key(bench, &(struct draft){.name = bad[i],
						       .public_number = 99}),
			-EINVAL);
		assert_fault(bench, ERROR(BAD_ARGUMENT), "name");
	}
}

static void a_public_key_is_forty_characters_of_z85(void **state)
{
	static const char *const bad[] = {
		"",
		"HelloWorld",
		"JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh",
		"JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh66",
		"JTKVSB%% wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6",
		"########################################"};
	struct bench *bench = *state;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(
			add_key(bench, &(struct draft){.name = "li",
						       .public_key = bad[i]}),
			-EINVAL);
		assert_fault(bench, ERROR(BAD_ARGUMENT), "no public key");
	}
}

/* The points of small order, and second spellings of others. */
static void a_weak_public_key_is_refused(void **state)
{
	static const uint8_t weak[][Z85_KEY_BYTES] = {
		{0},
		{1},
		{0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae,
		 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
		 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd,
		 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
		{0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24,
		 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
		 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86,
		 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
		/* p - 1, p, p + 1 */
		{0xec, [1 ... 30] = 0xff, 0x7f},
		{0xed, [1 ... 30] = 0xff, 0x7f},
		{0xee, [1 ... 30] = 0xff, 0x7f},
		/* 9 with the bit that X25519 ignores; 9 + p */
		{9, [31] = 0x80},
		{0xf6, [1 ... 30] = 0xff, 0x7f},
	};
	static const uint8_t good[][Z85_KEY_BYTES] = {
		{9}, {0xeb, [1 ... 30] = 0xff, 0x7f}};
	struct bench *bench = *state;
	char text[Z85_KEY_CHARS + 1];
	struct draft draft = {.name = "li", .public_key = text};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(weak); i++) {
		z85_encode(text, weak[i], Z85_KEY_BYTES);
		assert_int_equal(add_key(bench, &draft), -EINVAL);
		assert_fault(bench, ERROR(BAD_ARGUMENT), "protects nothing");
	}
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		z85_encode(text, good[i], Z85_KEY_BYTES);
		draft.name = i ? "li" : "wu";
		put_key(bench, &draft);
	}
}

static void roles_are_those_of_the_table(void **state)
{
	struct bench *bench = *state;
	struct draft draft = {.name = "li", .roles = ""};

	assert_int_equal(add_key(bench, &draft), -EINVAL);
	assert_fault(bench, ERROR(BAD_ARGUMENT), "has no role");
	draft.roles = "officer,Engineer";
	assert_int_equal(add_key(bench, &draft), -EINVAL);
	assert_fault(bench, ERROR(BAD_ARGUMENT), "'Engineer' is no role");
	draft.roles = "viewer,engineer,viewer";
	put_key(bench, &draft);
	assert_int_equal(find(bench, "li")->roles, ROLE_VIEWER | ROLE_ENGINEER);
}

static void a_jurisdiction_is_prefixes_that_end_with_a_dot(void **state)
{
	static const char *const bad[] = {"gc1",
					  "gc1.440106",
					  "gc1.440106.440106530000.07.reply",
					  ".",
					  "gc2.",
					  "gc1.44010.",
					  "gc1.440106..",
					  "gc1.440106.440106530000.07.reply.",
					  "gc1.*.",
					  "gc1.440106. "};
	struct bench *bench = *state;
	struct draft draft = {.name = "li", .areas = ""};
	size_t i;

	assert_int_equal(add_key(bench, &draft), -EINVAL);
	assert_fault(bench, ERROR(BAD_ARGUMENT), "has no jurisdiction");
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		draft.areas = bad[i];
		assert_int_equal(add_key(bench, &draft), -EINVAL);
		assert_fault(bench, ERROR(BAD_ARGUMENT), "no jurisdiction");
	}
	draft.areas = "gc1.440106.,gc1.440103.440103000000.01.,gc1.440106.";
	put_key(bench, &draft);
	assert_int_equal(find(bench, "li")->areas, 2);
}

static void a_jurisdiction_has_at_most_sixteen_prefixes(void **state)
{
	struct bench *bench = *state;
	char areas[1024] = "";
	struct draft draft = {.name = "li", .areas = areas};
	int i;

	for (i = 0; i < AUTHORITY_AREAS_MAX; i++)
		sprintf(areas + strlen(areas), "gc1.4401%02d.,", i);
	put_key(bench, &draft);
	assert_int_equal(find(bench, "li")->areas, AUTHORITY_AREAS_MAX);
	strcat(areas, "gc1.440199.");
	draft.name = "wu";
	draft.public_number = 1;
	assert_int_equal(add_key(bench, &draft), -EINVAL);
	assert_fault(bench, ERROR(BAD_ARGUMENT), "more than 16");
}

static void an_expiry_lies_in_the_future(void **state)
{
	struct bench *bench = *state;
	struct draft draft = {.name = "li"};
	static const int64_t past[] = {-1, 1, NOW - 1, NOW};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(past); i++) {
		draft.expires_us = past[i];
		assert_int_equal(add_key(bench, &draft), -EINVAL);
		assert_fault(bench, ERROR(BAD_ARGUMENT), "expired already");
	}
	/* Nanoseconds, by mistake. */
	draft.expires_us = (NOW + DAY) * 1000;
	assert_int_equal(add_key(bench, &draft), -EINVAL);
	assert_fault(bench, ERROR(BAD_ARGUMENT), "50 years");
	draft.expires_us = NOW + 1;
	put_key(bench, &draft);
}

static void a_public_key_is_registered_once_for_ever(void **state)
{
	struct bench *bench = *state;

	put_key(bench, &(struct draft){.name = "li"});
	assert_int_equal(add_key(bench, &(struct draft){.name = "wu"}),
			 -EINVAL);
	assert_fault(bench, ERROR(CONFLICT), "registered already, for 'li'");
	assert_int_equal(revoke(bench, "li", ""), 0);
	assert_int_equal(add_key(bench, &(struct draft){.name = "li"}),
			 -EINVAL);
	assert_fault(bench, ERROR(CONFLICT), "make a new pair");
}

/* ---- in force ---- */

static void a_name_and_another_ones_key_are_nobody(void **state)
{
	struct bench *bench = *state;
	const struct key *li, *wu;

	put_key(bench, &(struct draft){.name = "li", .public_number = 1});
	put_key(bench, &(struct draft){.name = "wu", .public_number = 2});
	li = find(bench, "li");
	wu = find(bench, "wu");
	assert_ptr_equal(
		keyring_find(bench->keyring, "li", li->public_bytes, NOW), li);
	assert_null(keyring_find(bench->keyring, "li", wu->public_bytes, NOW));
	assert_null(find(bench, "l"));
	assert_null(find(bench, "lia"));
	assert_null(find(bench, ""));
	assert_null(find(bench, "local"));
}

static void during_an_overlap_each_key_has_its_own_rights(void **state)
{
	struct bench *bench = *state;
	uint8_t older[Z85_KEY_BYTES];

	put_key(bench, &(struct draft){.name = "li",
				       .public_number = 1,
				       .roles = "viewer"});
	memcpy(older, find(bench, "li")->public_bytes, sizeof(older));
	bench->now_us += SECOND;
	put_key(bench, &(struct draft){.name = "li",
				       .public_number = 2,
				       .roles = "officer",
				       .overlap_s = 60});
	assert_int_equal(
		keyring_find(bench->keyring, "li", older, bench->now_us)->roles,
		ROLE_VIEWER);
	assert_int_equal(find(bench, "li")->roles, ROLE_OFFICER);
}

static void what_changed_is_noticed_whatever_the_clock_did(void **state)
{
	struct bench *bench = *state;
	struct keyring *keyring = bench->keyring;

	assert_false(keyring_has_changed(keyring, NOW));
	put_key(bench, &(struct draft){.name = "li", .expires_us = NOW + DAY});
	assert_true(keyring_has_changed(keyring, NOW));
	assert_false(keyring_has_changed(keyring, NOW));
	assert_false(keyring_has_changed(keyring, NOW + DAY - 1));
	assert_true(keyring_has_changed(keyring, NOW + DAY));
	assert_false(keyring_has_changed(keyring, NOW + 2 * DAY));
	/* Put back: the key is good by that clock, and services hear of it. */
	assert_true(keyring_has_changed(keyring, NOW));
	assert_int_equal(revoke(bench, "li", ""), 0);
	assert_true(keyring_has_changed(keyring, NOW));
	assert_false(keyring_has_changed(keyring, NOW - 100 * DAY));
}

static void services_get_name_bytes_jurisdiction_and_hearing(void **state)
{
	struct bench *bench = *state;
	struct gridcall_key *keys;
	size_t count;

	put_key(bench, &(struct draft){.name = "li",
				       .public_number = 1,
				       .areas = "gc1.440106.,gc1.440103."});
	put_key(bench, &(struct draft){.name = "wu",
				       .public_number = 2,
				       .roles = "viewer"});
	keys = keyring_in_force(bench->keyring, bench->ctx, NOW, &count);
	assert_int_equal(count, 2);
	assert_string_equal(keys[0].principal, "li");
	assert_memory_equal(keys[0].public_key, find(bench, "li")->public_bytes,
			    Z85_KEY_BYTES);
	assert_string_equal(keys[0].jurisdiction[0], "gc1.440106.");
	assert_string_equal(keys[0].jurisdiction[1], "gc1.440103.");
	assert_null(keys[0].jurisdiction[2]);
	assert_true(keys[0].listens);
	assert_string_equal(keys[1].principal, "wu");
	assert_false(keys[1].listens);
}

/* ---- from the ledger ---- */

static int load(struct keyring *keyring, const Gridcall__V1__Key *message,
		struct fault *fault)
{
	uint8_t packed[2048];

	return keyring_load(keyring, packed,
			    gridcall__v1__key__pack(message, packed), NOW,
			    fault);
}

static void what_was_packed_loads_as_it_was(void **state)
{
	struct bench *bench = *state;
	struct keyring *other = keyring_alloc(bench->ctx);
	Gridcall__V1__Key message;
	struct key was;

	put_key(bench, &(struct draft){.name = "li",
				       .roles = "viewer,engineer",
				       .areas = "gc1.440106.,gc1.440103.",
				       .expires_us = NOW + DAY});
	was = *find(bench, "li");
	key_to_message(&was, bench->ctx, &message);
	assert_int_equal(load(other, &message, &bench->fault), 0);
	was.told = true;
	assert_memory_equal(keyring_find(other, "li", NULL, NOW), &was,
			    sizeof(was));
	assert_false(keyring_has_changed(other, NOW));
	assert_int_equal(revoke(bench, "li", ""), 0);
	other = keyring_alloc(bench->ctx);
	key_to_message(bench->change.keys[0], bench->ctx, &message);
	assert_int_equal(load(other, &message, &bench->fault), 0);
	assert_null(keyring_find(other, "li", NULL, NOW));
}

static void what_breaks_a_rule_is_not_loaded(void **state)
{
	struct bench *bench = *state;
	Gridcall__V1__Key message;
	struct key key;

	assert_int_equal(keyring_load(bench->keyring, (const uint8_t *)"\xff",
				      1, NOW, &bench->fault),
			 -EINVAL);
	assert_fault(bench, ERROR(INTERNAL), "not in force");
	put_key(bench, &(struct draft){.name = "li"});
	key = *find(bench, "li");
	key_to_message(&key, bench->ctx, &message);
	message.name = (char *)"local";
	assert_int_equal(load(bench->keyring, &message, &bench->fault),
			 -EINVAL);
	assert_null(find(bench, "local"));
}

static void a_full_keyring_forgets_what_ended_first(void **state)
{
	struct draft draft = {.name = "li", .public_number = 10000};
	struct bench *bench = *state;
	char name[16];
	int i;

	for (i = 0; i < KEYRING_KEYS_MAX; i++) {
		snprintf(name, sizeof(name), "k%d", i);
		put_key(bench, &(struct draft){.name = name,
					       .public_number = (unsigned)i});
	}
	assert_true(keyring_has_changed(bench->keyring, bench->now_us));
	assert_int_equal(add_key(bench, &draft), -EINVAL);
	assert_fault(bench, ERROR(CONFLICT),
		     "8192 keys of your jurisdiction "
		     "are in force");
	assert_int_equal(revoke(bench, "k7", ""), 0);
	bench->now_us += SECOND;
	assert_int_equal(add_key(bench, &draft), 0);
	assert_string_equal(bench->change.forgotten, public_key(7));
	/* The new one is not yet good, but services were told of the old. */
	assert_true(keyring_has_changed(bench->keyring, bench->now_us));
	assert_false(keyring_has_changed(bench->keyring, bench->now_us));
	assert_int_equal(in_force(bench), KEYRING_KEYS_MAX - 1);
	assert_int_equal(revoke(bench, "k7", ""), -EINVAL);
	assert_fault(bench, ERROR(NOT_FOUND), "k7");
	assert_int_equal(revoke(bench, "k5", ""), 0);
	bench->now_us += SECOND;
	assert_int_equal(revoke(bench, "k3", ""), 0);
	draft = (struct draft){.name = "wu", .public_number = 10001};
	put_key(bench, &draft);
	assert_string_equal(bench->change.forgotten, public_key(5));
}

static void a_part_of_the_city_makes_others_forget_no_key(void **state)
{
	struct draft draft = {.name = "li", .public_number = 10000};
	struct bench *bench = *state;
	char name[16];
	int i;

	put_key(bench, &(struct draft){.name = "theirs",
				       .public_number = 9999,
				       .areas = "gc1.440103."});
	assert_int_equal(revoke(bench, "theirs", ""), 0);
	bench->by = engineer_of("gc1.440106.");
	for (i = 0; i < KEYRING_PART_MAX; i++) {
		snprintf(name, sizeof(name), "k%d", i);
		put_key(bench, &(struct draft){.name = name,
					       .public_number = (unsigned)i});
	}
	assert_int_equal(add_key(bench, &draft), -EINVAL);
	assert_fault(bench, ERROR(CONFLICT), "1024 keys of your jurisdiction");
	/* Theirs ended first, and stays. */
	bench->now_us += SECOND;
	assert_int_equal(revoke(bench, "k7", ""), 0);
	bench->now_us += SECOND;
	put_key(bench, &draft);
	assert_string_equal(bench->change.forgotten, public_key(7));
	/* There is room for everybody else. */
	bench->by = engineer_of("gc1.440103.");
	put_key(bench, &(struct draft){.name = "wu",
				       .public_number = 10001,
				       .areas = "gc1.440103."});
	assert_string_equal(bench->change.forgotten, "");
}

static void a_description_says_what_was_granted(void **state)
{
	struct bench *bench = *state;
	char text[128], tiny[16];

	put_key(bench, &(struct draft){.name = "dispatch110"});
	key_describe(find(bench, "dispatch110"), text, sizeof(text));
	assert_string_equal(text, "dispatch110 officer gc1.440106.");
	put_key(bench, &(struct draft){.name = "li",
				       .public_number = 2,
				       .roles = "engineer,viewer",
				       .areas = "gc1.440106.,gc1.440103.",
				       .expires_us = NOW + DAY});
	key_describe(find(bench, "li"), text, sizeof(text));
	assert_string_equal(text, "li viewer,engineer gc1.440106.,gc1.440103. "
				  "until 2024-10-05");
	key_describe(find(bench, "li"), tiny, sizeof(tiny));
	assert_string_equal(tiny, "li viewer,engin");
	key_date(NOW + 3661 * SECOND, text, sizeof(text));
	assert_string_equal(text, "2024-10-04T01:01Z");
	key_date(0, text, sizeof(text));
	assert_string_equal(text, "never");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_key_is_good_once_it_is_written),
		TEST(names_of_the_rule_are_taken_and_no_others),
		TEST(a_public_key_is_forty_characters_of_z85),
		TEST(a_weak_public_key_is_refused),
		TEST(roles_are_those_of_the_table),
		TEST(a_jurisdiction_is_prefixes_that_end_with_a_dot),
		TEST(a_jurisdiction_has_at_most_sixteen_prefixes),
		TEST(an_expiry_lies_in_the_future),
		TEST(a_public_key_is_registered_once_for_ever),
		TEST(a_name_and_another_ones_key_are_nobody),
		TEST(during_an_overlap_each_key_has_its_own_rights),
		TEST(what_changed_is_noticed_whatever_the_clock_did),
		TEST(services_get_name_bytes_jurisdiction_and_hearing),
		TEST(what_was_packed_loads_as_it_was),
		TEST(what_breaks_a_rule_is_not_loaded),
		TEST(a_full_keyring_forgets_what_ended_first),
		TEST(a_part_of_the_city_makes_others_forget_no_key),
		TEST(a_description_says_what_was_granted),
	};

	osmo_init_logging2(talloc_named_const(NULL, 0, "log"), &log_setup);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
