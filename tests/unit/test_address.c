/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/rtp/address.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct address of(const char *text)
{
	struct address address;

	assert_int_equal(address_parse(&address, text), 0);
	return address;
}

static void reads_both_families(void **state)
{
	struct address v4 = of("192.0.2.1:5004");
	struct address v6 = of("[2001:db8::1]:65535");

	assert_int_equal(v4.at.any.sa_family, AF_INET);
	assert_int_equal(v4.len, sizeof(struct sockaddr_in));
	assert_int_equal(address_port(&v4), 5004);
	assert_int_equal(v6.at.any.sa_family, AF_INET6);
	assert_int_equal(v6.len, sizeof(struct sockaddr_in6));
	assert_int_equal(address_port(&v6), 65535);
}

static void refuses_what_is_no_address(void **state)
{
	static const char *const wrong[] = {
		"",
		":",
		"192.0.2.1",
		"192.0.2.1:",
		"192.0.2.1:0",
		"192.0.2.1:65536",
		"192.0.2.1:5x",
		"192.0.2.1:+5",
		"192.0.2.1:000005",
		"192.0.2.256:5",
		"radio.test:5",
		"::1:5004",
		"[::1]",
		"[::1]5004",
		"[::1:5004",
		"[192.0.2.1]:5",
		"[fe80::1%lo]:5",
		" 192.0.2.1:5",
		"[2001:db8:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:"
		"0000:0000]:5",
	};
	struct address address;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (address_parse(&address, wrong[i]) != -EINVAL)
			fail_msg("'%s' was taken", wrong[i]);
}

static void compares_hosts_and_not_ports(void **state)
{
	struct address a = of("192.0.2.1:5004");
	struct address b = of("192.0.2.1:9");
	struct address c = of("192.0.2.2:5004");
	struct address d = of("[2001:db8::1]:5004");
	struct address e = of("[2001:db8::2]:5004");

	assert_true(address_same_host(&a, &b));
	assert_false(address_same_host(&a, &c));
	assert_false(address_same_host(&a, &d));
	assert_true(address_same_host(&d, &d));
	assert_false(address_same_host(&d, &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_both_families),
		cmocka_unit_test(refuses_what_is_no_address),
		cmocka_unit_test(compares_hosts_and_not_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
