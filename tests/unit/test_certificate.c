/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/zeromq/certificate.h"

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

/* A pair of ZeroMQ's own documents, and another public key. */
#define PUBLIC "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define SECRET "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"
#define OTHER  "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
#define WHOLE                                                                  \
	"#   A comment\nmetadata\n    name = \"x\"\ncurve\n"                   \
	"    public-key = \"" PUBLIC "\"\n    secret-key = \"" SECRET "\"\n"

static char folder[] = "/tmp/gridcall-key-XXXXXX";
static char path[64];
static struct gridcall_why why;

static void write_key(const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void refused(const char *sentence)
{
	memset(&why, 0, sizeof(why));
	assert_null(certificate_open(path, &why));
	if (!strstr(why.text, sentence))
		fail_msg("expected '%s', was told '%s'", sentence, why.text);
	assert_null(strstr(why.text, SECRET));
}

static void makes_a_key_that_it_reads_again(void **state)
{
	struct certificate *first = certificate_open(path, &why);
	struct certificate *second = certificate_open(path, &why);
	struct stat file;

	assert_non_null(first);
	assert_non_null(second);
	assert_string_equal(first->public_key, second->public_key);
	assert_string_equal(first->secret_key, second->secret_key);
	assert_int_equal(strlen(first->secret_key), 40);
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_mode & 07777, 0600);
	assert_int_equal(file.st_nlink, 1);
	certificate_close(first);
	certificate_close(second);
}

static void reads_the_format_of_others(void **state)
{
	struct certificate *certificate;

	write_key(WHOLE, 0600);
	certificate = certificate_open(path, &why);
	assert_non_null(certificate);
	assert_string_equal(certificate->public_key, PUBLIC);
	assert_string_equal(certificate->secret_key, SECRET);
	certificate_close(certificate);
	write_key("curve\r\n\tsecret-key=\"" SECRET
		  "\"\r\n\tpublic-key=\"" PUBLIC "\"",
		  0400);
	certificate = certificate_open(path, &why);
	assert_non_null(certificate);
	certificate_close(certificate);
}

static void refuses_a_file_that_others_may_read(void **state)
{
	static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0666};
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		write_key(WHOLE, modes[i]);
		refused("may be read by others");
	}
}

static void refuses_what_is_no_pair_of_keys(void **state)
{
	static const char *const wrong[] = {
		"",
		"curve\n",
		"nonsense",
		PUBLIC "\n" SECRET "\n",
		/* keys of another section */
		"metadata\n public-key = \"" PUBLIC
		"\"\n secret-key = \"" SECRET "\"\n",
		"curve\n public-key = \"" PUBLIC "\"\n",
		"curve\n secret-key = \"" SECRET "\"\n",
		"curve\n public-key = \"" PUBLIC "x\"\n secret-key = \"" SECRET
		"\"\n",
		"curve\n public-key = \"" PUBLIC
		"\"\n secret-key = \"short\"\n",
		/* another's public half */
		"curve\n public-key = \"" OTHER "\"\n secret-key = \"" SECRET
		"\"\n",
		/* not Z85 */
		"curve\n public-key = \"" PUBLIC
		"\"\n secret-key = \"~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~"
		"\"\n",
		"curve\n public-key = \"" PUBLIC
		"\"\n secret-key = \"%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%"
		"\"\n",
	};
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		write_key(wrong[i], 0600);
		refused("does not hold a pair of keys");
	}
}

static void refuses_what_is_no_file(void **state)
{
	assert_int_equal(mkfifo(path, 0600), 0);
	refused("is no regular file");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	refused("is no regular file");
	assert_int_equal(rmdir(path), 0);
	strcat(path, "/no/folder");
	refused("can't be made: No such file or directory");
	memset(&why, 0, sizeof(why));
	assert_null(certificate_open("", &why));
	assert_non_null(strstr(why.text, "needs a server key"));
}

/* systemd's access list for a service shows as permission of the group. */
static void takes_the_credential_before_the_file(void **state)
{
	struct certificate *certificate;

	snprintf(path, sizeof(path), "%s/gridcall.key", folder);
	write_key(WHOLE, 0440);
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	certificate = certificate_open("/nowhere", &why);
	assert_non_null(certificate);
	assert_string_equal(certificate->public_key, PUBLIC);
	certificate_close(certificate);
	write_key(WHOLE, 0444);
	refused("may be read by others");
	assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/server.key", folder);
	certificate = certificate_open(path, &why);
	assert_non_null(certificate);
	assert_string_not_equal(certificate->public_key, PUBLIC);
	certificate_close(certificate);
	unsetenv("CREDENTIALS_DIRECTORY");
}

static int set_up(void **state)
{
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/server.key", folder);
	return 0;
}

/* Fails if anything else was left in the folder. */
static int tear_down(void **state)
{
	snprintf(path, sizeof(path), "%s/server.key", folder);
	(void)unlink(path);
	return rmdir(folder);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(makes_a_key_that_it_reads_again),
		TEST(reads_the_format_of_others),
		TEST(refuses_a_file_that_others_may_read),
		TEST(refuses_what_is_no_pair_of_keys),
		TEST(refuses_what_is_no_file),
		TEST(takes_the_credential_before_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
