/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "proto/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

struct world {
	char folder[32];
	char path[48];
	struct gridcall_keyfile key;
	struct gridcall_fault fault;
};

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	strcpy(world->folder, "/tmp/gridcall-XXXXXX");
	assert_non_null(mkdtemp(world->folder));
	snprintf(world->path, sizeof(world->path), "%s/key", world->folder);
	assert_int_equal(gridcall_keyfile_make(&world->key, NULL), 0);
	strcpy(world->key.name, "dispatch110");
	strcpy(world->key.gateway, "GZ01");
	strcpy(world->key.commands, "tcp://10.1.2.3:7440");
	strcpy(world->key.server_key, world->key.public_key);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	unsetenv("CREDENTIALS_DIRECTORY");
	(void)unlink(world->path);
	(void)rmdir(world->folder);
	free(world);
	return 0;
}

static int write_key(struct world *world)
{
	return gridcall_keyfile_write(&world->key, world->path, &world->fault);
}

static int read_key(struct world *world)
{
	return gridcall_keyfile_read(&world->key, world->path, &world->fault);
}

static int read_text(struct world *world, const char *text)
{
	FILE *file = fopen(world->path, "w");

	assert_non_null(file);
	assert_int_equal(fchmod(fileno(file), 0600), 0);
	fputs(text, file);
	fclose(file);
	return read_key(world);
}

static void reads_back_what_it_wrote(void **state)
{
	struct world *world = *state;
	struct gridcall_keyfile written = world->key;

	assert_int_equal(write_key(world), 0);
	memset(&world->key, 1, sizeof(world->key));
	assert_int_equal(read_key(world), 0);
	assert_memory_equal(&world->key, &written, sizeof(written));
}

static void writes_for_its_owner_alone_whatever_the_umask(void **state)
{
	struct world *world = *state;
	struct stat about;
	mode_t before = umask(0);

	assert_int_equal(write_key(world), 0);
	umask(before);
	assert_int_equal(stat(world->path, &about), 0);
	assert_int_equal(about.st_mode & 07777, 0600);
}

static void writes_over_nothing(void **state)
{
	struct world *world = *state;

	assert_int_equal(write_key(world), 0);
	assert_int_equal(write_key(world), -EEXIST);
	assert_non_null(strstr(world->fault.sentence, world->path));
	unlink(world->path);
	assert_int_equal(symlink("/dev/null", world->path), 0);
	assert_int_equal(write_key(world), -EEXIST);
}

static void leaves_nothing_where_it_may_not_write(void **state)
{
	struct world *world = *state;

	strcpy(world->path, "/dev/full/key");
	assert_true(write_key(world) < 0);
	assert_non_null(strstr(world->fault.sentence, "/dev/full/key"));
}

static void writes_no_name_that_would_be_more_than_one_value(void **state)
{
	struct world *world = *state;

	strcpy(world->key.name, "x\"\ncurve\n");
	assert_int_equal(write_key(world), -EINVAL);
	assert_int_equal(access(world->path, F_OK), -1);
}

static void refuses_a_file_that_others_may_read(void **state)
{
	static const mode_t modes[] = {0640, 0604, 0660, 0602};
	struct world *world = *state;
	size_t i;

	assert_int_equal(write_key(world), 0);
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(world->path, modes[i]), 0);
		assert_int_equal(read_key(world), -EPERM);
		assert_non_null(strstr(world->fault.sentence, "chmod 600"));
	}
}

static void takes_a_credential_of_systemd(void **state)
{
	struct world *world = *state;

	assert_int_equal(write_key(world), 0);
	assert_int_equal(chmod(world->path, 0440), 0);
	setenv("CREDENTIALS_DIRECTORY", world->folder, 1);
	assert_int_equal(read_key(world), 0);
	assert_int_equal(chmod(world->path, 0444), 0);
	assert_int_equal(read_key(world), -EPERM);
}

static void refuses_what_is_no_file(void **state)
{
	struct world *world = *state;

	assert_int_equal(
		gridcall_keyfile_read(&world->key, "/dev/null", &world->fault),
		-EINVAL);
	assert_true(gridcall_keyfile_read(&world->key, world->folder,
					  &world->fault) < 0);
	assert_int_equal(read_key(world), -ENOENT);
	assert_non_null(strstr(world->fault.sentence, world->path));
}

#define PUBLIC "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define SECRET "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"
#define CURVE                                                                  \
	"curve\n    public-key = \"" PUBLIC "\"\n    secret-key = \"" SECRET   \
	"\"\n"

static void reads_what_zeromq_writes(void **state)
{
	struct world *world = *state;

	assert_int_equal(read_text(world, "#  ****  Generated  ****\n"
					  "metadata\n    x = \"y\"\n" CURVE),
			 0);
	assert_string_equal(world->key.public_key, PUBLIC);
	assert_string_equal(world->key.secret_key, SECRET);
	assert_string_equal(world->key.name, "");
	/* Tabs, other quotes, none, line ends of another system. */
	assert_int_equal(read_text(world, "curve\r\n\tpublic-key='" PUBLIC
					  "'\r\n\tsecret-key=" SECRET "\r\n"),
			 0);
}

static void refuses_what_is_not_whole(void **state)
{
	static const char *const wrong[] = {
		"",
		"curve\n",
		"curve\n    public-key = \"" PUBLIC "\"\n",
		"curve\n    secret-key = \"" SECRET "\"\n",
		"metadata\n    public-key = \"" PUBLIC "\"\n",
		"curve\n    public-key = \"" PUBLIC "x\"\n"
		"    secret-key = \"" SECRET "\"\n",
		"curve\n    public-key = \"short\"\n"
		"    secret-key = \"" SECRET "\"\n",
		"curve\n    public-key = \"" PUBLIC "\n"
		"    secret-key = \"" SECRET "\"\n",
		/* Each is a key, but they are not a pair. */
		"curve\n    public-key = \"" PUBLIC "\"\n"
		"    secret-key = \"" PUBLIC "\"\n",
		"metadata\n    server-key = \"no\"\n" CURVE,
	};
	struct world *world = *state;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(read_text(world, wrong[i]), -EINVAL);
		assert_non_null(strstr(world->fault.sentence, world->path));
		assert_null(strstr(world->fault.sentence, SECRET));
		assert_string_equal(world->key.secret_key, "");
	}
}

static void refuses_what_is_too_large(void **state)
{
	static char text[KEYFILE_MAX + 2];
	struct world *world = *state;

	memset(text, '#', KEYFILE_MAX + 1);
	assert_int_equal(read_text(world, text), -EFBIG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_back_what_it_wrote),
		TEST(writes_for_its_owner_alone_whatever_the_umask),
		TEST(writes_over_nothing),
		TEST(leaves_nothing_where_it_may_not_write),
		TEST(writes_no_name_that_would_be_more_than_one_value),
		TEST(refuses_a_file_that_others_may_read),
		TEST(takes_a_credential_of_systemd),
		TEST(refuses_what_is_no_file),
		TEST(reads_what_zeromq_writes),
		TEST(refuses_what_is_not_whole),
		TEST(refuses_what_is_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
