/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/plugin.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include <talloc.h>

#include "tests/conform/build_folder.h"

#define NOBODY 65534

static struct gridcall_why why;

static const char *fake(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/tests/conform/fake_%s.so",
		 build_folder(), name);
	return path;
}

/* The loader refuses path, says sentence and keeps nothing. */
static void refused(const char *path, const char *sentence)
{
	struct plugin_list *list = plugin_list_alloc(NULL);

	memset(&why, 0, sizeof(why));
	assert_null(plugin_load(list, path, &why));
	if (!strstr(why.text, sentence))
		fail_msg("expected '%s', was told '%s'", sentence, why.text);
	assert_null(plugin_next(list, NULL));
	assert_int_equal(talloc_total_blocks(list), 1);
	plugin_list_free(list);
}

static void says_what_is_wrong_with_a_plugin(void **state)
{
	static const struct {
		const char *name;
		const char *sentence;
	} rows[] = {
		{"empty", "is no gridcall plugin: it has no gridcall_plugin"},
		{"unresolved", "undefined symbol: fake_nobody_has_this"},
		{"major", "was built for version 2 of plugin.h, this is 1; "
			  "build it again"},
		{"short", "holds 2 bytes, too few for a head"},
		{"liar", "says that its table has 4176 bytes, but it has 80"},
		{"headless", "its table of 8 bytes is too small for a head"},
		{"kind", "is of kind 4, which this gateway does not know"},
		{"small", "its table of 72 bytes is too small for a driver, "
			  "which has 80"},
		{"nameless", "has no name; set head.name"},
		{"misnamed", "its name 'My Radio' is not 1 to 31 of a-z"},
		{"longname", "012345' is not 1 to 31 of a-z"},
		{"silent", "has no summary; set head.summary"},
		{"callless", "lacks send(), which every driver must have"},
		{"service", "lacks open(), which every service must have"},
		{"speech", "lacks both say() and recognise()"},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		refused(fake(rows[i].name), rows[i].sentence);
		assert_non_null(strstr(why.text, rows[i].name));
	}
}

/* ---- files that are no plugins at all ---- */

static char folder[] = "/tmp/gridcall-plugin-XXXXXX";
static char path[128];

static const char *in_folder(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void write_file(const char *name, const char *data, size_t len,
		       mode_t mode)
{
	int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void says_what_is_wrong_with_a_file(void **state)
{
	refused(in_folder("absent.so"), "absent.so: can't be found: No such");
	refused(folder, "is a folder");
	assert_int_equal(symlink("/dev/null", in_folder("link.so")), 0);
	refused(path, "is a symbolic link; name the file itself");
	assert_int_equal(mkfifo(in_folder("pipe.so"), 0600), 0);
	refused(path, "is no regular file");
	write_file("text.so", "#!/bin/sh\n", 10, 0700);
	refused(path, "is not a shared object");
	write_file("nothing.so", "", 0, 0600);
	refused(path, "is not a shared object");
	/* Begins like one, and that is all of it. */
	write_file("cut.so",
		   "\x7f"
		   "ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0>",
		   19, 0600);
	refused(path, "cut.so: can't be loaded: ");
}

static void says_that_a_file_can_not_be_read(void **state)
{
	bool is_root = !geteuid();

	write_file("secret.so", "x", 1, 0000);
	/* root may read everything */
	if (is_root) {
		assert_int_equal(chmod(folder, 0711), 0);
		assert_int_equal(seteuid(NOBODY), 0);
	}
	refused(path, "can't be read: Permission denied");
	if (is_root)
		assert_int_equal(seteuid(0), 0);
}

static void keeps_the_end_of_a_long_path(void **state)
{
	char name[300];

	memset(name, 'x', sizeof(name));
	strcpy(name + sizeof(name) - 10, "/radio.so");
	refused(name, "/radio.so: can't be found: File name too long");
}

/* ---- what loads ---- */

static void loads_a_plugin_of_a_newer_minor(void **state)
{
	struct plugin_list *list = plugin_list_alloc(NULL);
	struct plugin *plugin = plugin_load(list, fake("newer"), &why);

	assert_non_null(plugin);
	assert_string_equal(plugin_name(plugin), "newer");
	assert_string_equal(plugin_summary(plugin), "Made for a test");
	assert_string_equal(plugin_path(plugin), fake("newer"));
	assert_string_equal(plugin_kind(plugin), "driver");
	assert_non_null(plugin_driver(plugin)->close);
	assert_null(plugin_service(plugin));
	assert_null(plugin_speech(plugin));
	assert_ptr_equal(plugin_find(list, "newer"), plugin);
	assert_null(plugin_find(list, "other"));
	assert_ptr_equal(plugin_next(list, NULL), plugin);
	assert_null(plugin_next(list, plugin));
	plugin_list_free(list);
}

static void loads_a_name_only_once(void **state)
{
	struct plugin_list *list = plugin_list_alloc(NULL);
	struct plugin *plugin = plugin_load(list, fake("newer"), &why);

	assert_null(plugin_load(list, fake("newer"), &why));
	assert_non_null(strstr(why.text, "'newer' is already loaded, from "));
	plugin = plugin_free(plugin);
	assert_null(plugin_find(list, "newer"));
	assert_non_null(plugin_load(list, fake("newer"), &why));
	plugin_list_free(list);
}

static void needs_no_slash_in_a_path(void **state)
{
	struct plugin_list *list = plugin_list_alloc(NULL);
	char here[1024], there[512];

	assert_non_null(getcwd(here, sizeof(here)));
	snprintf(there, sizeof(there), "%s/tests/conform", build_folder());
	assert_int_equal(chdir(there), 0);
	assert_non_null(plugin_load(list, "fake_newer.so", &why));
	assert_int_equal(chdir(here), 0);
	plugin_list_free(list);
}

static int make_folder(void **state)
{
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = {"link.so", "pipe.so",
					    "text.so", "nothing.so",
					    "cut.so",  "secret.so"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(in_folder(names[i]));
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_is_wrong_with_a_plugin),
		cmocka_unit_test(says_what_is_wrong_with_a_file),
		cmocka_unit_test(says_that_a_file_can_not_be_read),
		cmocka_unit_test(keeps_the_end_of_a_long_path),
		cmocka_unit_test(loads_a_plugin_of_a_newer_minor),
		cmocka_unit_test(loads_a_name_only_once),
		cmocka_unit_test(needs_no_slash_in_a_path),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
