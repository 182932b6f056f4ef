/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/ledger_bench.h"

#include <fcntl.h>
#include <sched.h>

/* ---- trouble ---- */

static void wait_for_trouble(struct bench *bench)
{
	while (!bench->troubles) {
		commit_one(bench, GRID_07, "");
		UNTIL(bench->told + 20 > bench->done || bench->troubles);
		osmo_select_main(1);
	}
}

static void read_seq(struct ledger_reader *reader, void *data)
{
	struct seen *seen = data;

	seen->seq = ledger_reader_seq(reader);
}

/* Runs in a child, whose files may not grow past a limit for a while. */
static void bear_a_limit(struct bench *bench)
{
	struct rlimit limit = {200000, RLIM_INFINITY};
	struct ledger_stats stats;
	struct seen seen = {0};
	unsigned int i, before;

	signal(SIGXFSZ, SIG_IGN);
	open_it(bench);
	setrlimit(RLIMIT_FSIZE, &limit);
	wait_for_trouble(bench);
	for (i = 0; i < 500; i++)
		commit_one(bench, GRID_08, "");
	/* Reading goes on; it waits for the queue only while that moves. */
	read_all(bench, &seen, read_seq);
	assert_int_equal(seen.seq, bench->last_seq);
	before = bench->done;
	ledger_stats(bench->ledger, &stats);
	assert_true(stats.queued > 0 && stats.trouble[0]);
	assert_int_equal(bench->relieved, 0);
	limit.rlim_cur = RLIM_INFINITY;
	setrlimit(RLIMIT_FSIZE, &limit);
	UNTIL(bench->relieved == 1 && bench->topic_seq[1] == 500);
	assert_true(bench->done >= before + 500);
	assert_false(bench->out_of_order);
	ledger_stats(bench->ledger, &stats);
	assert_string_equal(stats.trouble, "");
	close_it(bench);
	assert_int_equal(ask_file(bench->path, "SELECT count(*) FROM event"),
			 bench->told);
}

static void a_disk_that_refuses_loses_nothing(void **state)
{
	struct bench *bench = *state;
	pid_t child = fork();
	int status = -1;

	if (!child) {
		bear_a_limit(bench);
		_exit(0);
	}
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
}

static bool write_map(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool well = fd >= 0 && write(fd, text, strlen(text)) > 0;

	if (fd >= 0)
		close(fd);
	return well;
}

/* Who is not root is root in a namespace of its own. */
static bool become_root(void)
{
	char users[32], groups[32];

	snprintf(users, sizeof(users), "0 %u 1", getuid());
	snprintf(groups, sizeof(groups), "0 %u 1", getgid());
	return !unshare(CLONE_NEWUSER | CLONE_NEWNS) &&
	       write_map("/proc/self/setgroups", "deny") &&
	       write_map("/proc/self/uid_map", users) &&
	       write_map("/proc/self/gid_map", groups);
}

static bool mount_small_disk(const char *folder)
{
	if (geteuid() && !become_root())
		return false;
	return !mount("tmpfs", folder, "tmpfs", 0, "size=4m");
}

/* Write until it is in trouble; what the disk then holds is the reserve. */
static void a_full_disk_gives_back_its_reserve(void **state)
{
	struct bench *bench = *state;
	struct ledger_stats stats;
	char junk[160];
	unsigned int i;

	if (!mount_small_disk(bench->folder))
		fail_msg("no small disk for this test: run it as root, or "
			 "allow user namespaces");
	bench->config.reserve = 1 << 20;
	open_it(bench);
	snprintf(junk, sizeof(junk), "%s/junk", bench->folder);
	run_shell("dd if=/dev/zero of='%s' bs=64k 2>/dev/null || :", junk, "");
	wait_for_trouble(bench);
	/* Which file meets the end of the disk first is SQLite's matter. */
	if (!strstr(bench->trouble, bench->path))
		fail_msg("told: %s", bench->trouble);
	for (i = 0; i < 100; i++)
		commit_one(bench, GRID_08, "");
	/* Written into the room of the reserve, while trouble goes on. */
	UNTIL(bench->topic_seq[1] == 100);
	assert_int_equal(bench->relieved, 0);
	unlink(junk);
	UNTIL(bench->relieved == 1);
	ledger_stats(bench->ledger, &stats);
	assert_int_equal(stats.queued, 0);
	assert_false(bench->out_of_order);
	close_it(bench);
	assert_int_equal(ask_file(bench->path, "SELECT count(*) FROM event"),
			 bench->told);
	assert_int_equal(umount(bench->folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_disk_that_refuses_loses_nothing),
		TEST(a_full_disk_gives_back_its_reserve),
	};

	log_init(&log_setup, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
