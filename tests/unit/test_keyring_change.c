/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Keys beside each other, taken away, put off, and those of others.
 */
#include "tests/unit/key_bench.h"

/* ---- overlap ---- */

static void a_name_has_one_key_unless_they_overlap(void **state)
{
	struct bench *bench = *state;
	struct draft second = {.name = "li", .public_number = 2};
	const struct key *key;

	put_key(bench, &(struct draft){.name = "li"});
	assert_int_equal(add_key(bench, &second), -EINVAL);
	assert_fault(bench, ERROR(CONFLICT), "has a key in force");
	second.overlap_s = 3600;
	put_key(bench, &second);
	/* Both are told as changed: the older ends now. */
	assert_int_equal(bench->change.count, 2);
	assert_int_equal(bench->change.keys[0]->expires_us,
			 NOW + 3600 * SECOND);
	assert_int_equal(in_force(bench), 2);
	key = find(bench, "li");
	assert_string_equal(key->public_key, public_key(2));
	bench->now_us += 3600 * SECOND;
	assert_int_equal(in_force(bench), 1);
	assert_ptr_equal(find(bench, "li"), key);
}

static void an_overlap_never_prolongs_the_older_key(void **state)
{
	struct bench *bench = *state;

	put_key(bench, &(struct draft){.name = "li", .expires_us = NOW + DAY});
	put_key(bench, &(struct draft){.name = "li",
				       .public_number = 2,
				       .overlap_s = 30 * 86400});
	assert_int_equal(bench->change.keys[0]->expires_us, NOW + DAY);
}

static void a_third_key_waits_for_the_end_of_an_overlap(void **state)
{
	struct bench *bench = *state;
	struct draft third = {.name = "li", .public_number = 3, .overlap_s = 9};

	put_key(bench, &(struct draft){.name = "li", .public_number = 1});
	put_key(bench, &(struct draft){.name = "li",
				       .public_number = 2,
				       .overlap_s = 3600});
	assert_int_equal(add_key(bench, &third), -EINVAL);
	assert_fault(bench, ERROR(CONFLICT), "two keys in force");
	bench->now_us += 3600 * SECOND;
	put_key(bench, &third);
}

static void an_overlap_lasts_at_most_ninety_days(void **state)
{
	struct bench *bench = *state;
	struct draft draft = {.name = "li",
			      .overlap_s = KEYRING_OVERLAP_MAX_S + 1};

	assert_int_equal(add_key(bench, &draft), -EINVAL);
	assert_fault(bench, ERROR(BAD_ARGUMENT), "at most 90 days");
	draft.overlap_s--;
	put_key(bench, &draft);
}

static void a_key_not_yet_written_counts_too(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(add_key(bench, &(struct draft){.name = "li"}), 0);
	assert_int_equal(add_key(bench, &(struct draft){.name = "li",
							.public_number = 2}),
			 -EINVAL);
	assert_fault(bench, ERROR(CONFLICT), "has a key in force");
}

/* ---- revoke, expire, list ---- */

static void a_revoked_key_is_out_at_once_and_for_ever(void **state)
{
	struct bench *bench = *state;
	const struct key *key;

	put_key(bench, &(struct draft){.name = "li"});
	key = find(bench, "li");
	assert_int_equal(revoke(bench, "li", ""), 0);
	assert_null(find(bench, "li"));
	assert_int_equal(key->revoked_us, NOW);
	assert_string_equal(key->revoked_by, "engineer");
	/* A clock that is put back changes nothing of it. */
	bench->now_us -= DAY;
	assert_null(find(bench, "li"));
	assert_int_equal(expire(bench, "li", "", NOW + DAY), -EINVAL);
	assert_fault(bench, ERROR(CONFLICT), "does not come back");
	assert_int_equal(revoke(bench, "li", ""), -EINVAL);
	assert_fault(bench, ERROR(CONFLICT), "revoked before");
	/* The name may have another. */
	put_key(bench, &(struct draft){.name = "li", .public_number = 2});
}

static void a_name_revokes_all_its_keys_a_public_key_only_itself(void **state)
{
	struct bench *bench = *state;

	put_key(bench, &(struct draft){.name = "li", .public_number = 1});
	put_key(bench, &(struct draft){.name = "li",
				       .public_number = 2,
				       .overlap_s = 60});
	put_key(bench, &(struct draft){.name = "wu", .public_number = 3});
	assert_int_equal(revoke(bench, "", public_key(2)), 0);
	assert_int_equal(bench->change.count, 1);
	assert_string_equal(find(bench, "li")->public_key, public_key(1));
	put_key(bench, &(struct draft){.name = "li",
				       .public_number = 4,
				       .overlap_s = 60});
	assert_int_equal(revoke(bench, "li", ""), 0);
	assert_int_equal(bench->change.count, 2);
	assert_null(find(bench, "li"));
	assert_non_null(find(bench, "wu"));
	assert_int_equal(revoke(bench, "wu", public_key(4)), -EINVAL);
	assert_fault(bench, ERROR(NOT_FOUND), "of wu");
}

static void what_is_not_there_is_not_found(void **state)
{
	struct bench *bench = *state;

	put_key(bench, &(struct draft){.name = "li"});
	assert_int_equal(revoke(bench, "l", ""), -EINVAL);
	assert_fault(bench, ERROR(NOT_FOUND), "no key of 'l'");
	assert_int_equal(expire(bench, "", public_key(7), 0), -EINVAL);
	assert_fault(bench, ERROR(NOT_FOUND), "no key '");
	assert_int_equal(revoke(bench, "", ""), -EINVAL);
	assert_fault(bench, ERROR(BAD_ARGUMENT), "no key is named");
	assert_int_equal(expire(bench, "", "", 0), -EINVAL);
	assert_fault(bench, ERROR(BAD_ARGUMENT), "no key is named");
}

static void an_expiry_can_be_brought_nearer_and_put_off(void **state)
{
	struct bench *bench = *state;

	put_key(bench, &(struct draft){.name = "li"});
	assert_int_equal(expire(bench, "li", "", NOW + DAY), 0);
	bench->now_us += DAY;
	assert_null(find(bench, "li"));
	/* Nobody took its place: it may come back. */
	assert_int_equal(expire(bench, "li", "", NOW + 9 * DAY), 0);
	assert_non_null(find(bench, "li"));
	assert_int_equal(expire(bench, "li", "", 0), 0);
	bench->now_us += 100 * DAY;
	assert_non_null(find(bench, "li"));
	assert_int_equal(expire(bench, "li", "", bench->now_us), -EINVAL);
	assert_fault(bench, ERROR(BAD_ARGUMENT), "expired already");
}

static void two_keys_of_a_name_never_stay_both(void **state)
{
	struct bench *bench = *state;
	char older[Z85_KEY_CHARS + 1], newer[Z85_KEY_CHARS + 1];

	strcpy(older, public_key(1));
	strcpy(newer, public_key(2));
	put_key(bench, &(struct draft){.name = "li", .public_number = 1});
	bench->now_us += DAY;
	put_key(bench, &(struct draft){.name = "li",
				       .public_number = 2,
				       .overlap_s = 86400});
	assert_int_equal(expire(bench, "li", "", 0), -EINVAL);
	assert_fault(bench, ERROR(CONFLICT), "say which");
	assert_int_equal(expire(bench, "", older, 0), -EINVAL);
	assert_fault(bench, ERROR(CONFLICT), "beside each other");
	assert_int_equal(expire(bench, "li", older, NOW + 91 * DAY), 0);
	assert_int_equal(expire(bench, "li", older, NOW + 91 * DAY + 1),
			 -EINVAL);
	assert_int_equal(expire(bench, "", newer, NOW + 3 * DAY), 0);
	/* The newer ends first; then the older is alone and may stay. */
	bench->now_us = NOW + 3 * DAY;
	assert_int_equal(expire(bench, "li", "", 0), 0);
	assert_string_equal(bench->change.keys[0]->public_key, older);
	/* And now the newer can't come back beside it. */
	assert_int_equal(expire(bench, "", newer, 0), -EINVAL);
	assert_fault(bench, ERROR(CONFLICT), "beside each other");
}

static void a_third_key_does_not_come_back_beside_two(void **state)
{
	struct bench *bench = *state;
	struct draft draft = {.name = "li", .expires_us = NOW + DAY};

	put_key(bench, &draft);
	bench->now_us += DAY;
	put_key(bench, &(struct draft){.name = "li", .public_number = 2});
	put_key(bench, &(struct draft){.name = "li",
				       .public_number = 3,
				       .overlap_s = 9 * 86400});
	assert_int_equal(expire(bench, "", public_key(0), NOW + 2 * DAY),
			 -EINVAL);
	assert_fault(bench, ERROR(CONFLICT), "beside each other");
	bench->now_us += 10 * DAY;
	assert_int_equal(expire(bench, "", public_key(0), bench->now_us + DAY),
			 0);
}

static void a_list_tells_those_in_force_or_all(void **state)
{
	struct bench *bench = *state;

	put_key(bench, &(struct draft){.name = "wu", .public_number = 1});
	put_key(bench, &(struct draft){.name = "an", .public_number = 2});
	put_key(bench, &(struct draft){.name = "li", .public_number = 3});
	assert_int_equal(revoke(bench, "li", ""), 0);
	keyring_list(bench->keyring, begin(bench), false);
	assert_int_equal(bench->change.count, 2);
	assert_string_equal(bench->change.keys[0]->name, "an");
	assert_string_equal(bench->change.keys[1]->name, "wu");
	keyring_list(bench->keyring, begin(bench), true);
	assert_int_equal(bench->change.count, 3);
}

/* ---- within one's own ---- */

static void nobody_grants_more_than_his_own(void **state)
{
	struct bench *bench = *state;
	struct draft draft = {.name = "li",
			      .areas = "gc1.440106.1.,gc1.440103."};

	bench->by = engineer_of("gc1.440106.");
	assert_int_equal(add_key(bench, &draft), -EINVAL);
	assert_fault(bench, ERROR(NOT_ALLOWED), "'gc1.440103.' is not within");
	draft.areas = "gc1.";
	assert_int_equal(add_key(bench, &draft), -EINVAL);
	assert_fault(bench, ERROR(NOT_ALLOWED), "'gc1.' is not within");
	draft.areas = "gc1.440106.1.,gc1.440106.";
	put_key(bench, &draft);
}

static void what_is_not_ones_own_is_as_if_not_there(void **state)
{
	struct bench *bench = *state;

	put_key(bench, &(struct draft){.name = "li", .public_number = 1});
	put_key(bench, &(struct draft){.name = "wu",
				       .public_number = 2,
				       .areas = "gc1.440106.,gc1.440103."});
	bench->by = engineer_of("gc1.440106.");
	keyring_list(bench->keyring, begin(bench), true);
	assert_int_equal(bench->change.count, 1);
	assert_string_equal(bench->change.keys[0]->name, "li");
	assert_int_equal(revoke(bench, "wu", ""), -EINVAL);
	assert_fault(bench, ERROR(NOT_FOUND), "no key of 'wu'");
	assert_int_equal(expire(bench, "", public_key(2), 0), -EINVAL);
	assert_fault(bench, ERROR(NOT_FOUND), "no key '");
	/* A taken name and a taken key must be refused, and no more said. */
	assert_int_equal(add_key(bench, &(struct draft){.name = "wu",
							.public_number = 3,
							.overlap_s = 60}),
			 -EINVAL);
	assert_fault(bench, ERROR(CONFLICT), "the name 'wu' is taken");
	assert_int_equal(add_key(bench, &(struct draft){.name = "new",
							.public_number = 2}),
			 -EINVAL);
	assert_fault(bench, ERROR(CONFLICT), "registered already; make");
	assert_non_null(find(bench, "wu"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_name_has_one_key_unless_they_overlap),
		TEST(an_overlap_never_prolongs_the_older_key),
		TEST(a_third_key_waits_for_the_end_of_an_overlap),
		TEST(an_overlap_lasts_at_most_ninety_days),
		TEST(a_key_not_yet_written_counts_too),
		TEST(a_revoked_key_is_out_at_once_and_for_ever),
		TEST(a_name_revokes_all_its_keys_a_public_key_only_itself),
		TEST(what_is_not_there_is_not_found),
		TEST(an_expiry_can_be_brought_nearer_and_put_off),
		TEST(two_keys_of_a_name_never_stay_both),
		TEST(a_third_key_does_not_come_back_beside_two),
		TEST(a_list_tells_those_in_force_or_all),
		TEST(nobody_grants_more_than_his_own),
		TEST(what_is_not_ones_own_is_as_if_not_there),
	};

	osmo_init_logging2(talloc_named_const(NULL, 0, "log"), &log_setup);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
