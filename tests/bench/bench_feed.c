/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench_feed.c - events a second, delay and memory of a feed beside others
 *
 * The same payload goes through our feed (by the plugin's own interface), bare
 * libzmq, nats-server and mosquitto to 1, 10 and 100 subscribers: as fast as it
 * goes until all have all, then a steady few hundred a second whose way is
 * timed.  The peers take turns inside each round, so that what else the machine
 * does falls on all alike.
 */
#include "tests/bench/peer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS         3
#define PAYLOAD        256
#define DELIVERIES     300000 /* of one throughput run, by all subscribers */
#define EVENTS_MAX     100000
#define QOS_EVENTS_MAX 5000 /* each is acknowledged twice */
#define PACED          400  /* events of one delay run */
#define PACE_US        2500
#define PATIENCE_US    60000000
#define GOAL_OF_BARE   0.9

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Ours, the bare one it is measured against, others; plain, then sealed. */
static const struct peer *const peers[] = {
	&peer_feed_plain, &peer_zmq_plain,  &peer_nats,      &peer_mqtt_0,
	&peer_mqtt_1,     &peer_feed_curve, &peer_zmq_curve, &peer_nats_tls,
	&peer_mqtt_0_tls, &peer_mqtt_1_tls,
};
#define PEERS ARRAY_SIZE(peers)
#define GROUP 5

static const unsigned int crowds[] = {1, 10, 100};

struct figures {
	double rate[ROUNDS];
	double p50_us[ROUNDS];
	double p99_us[ROUNDS];
	double kb[ROUNDS];
};

/* Of one run. */
struct measured {
	double rate;
	double p50_us;
	double p99_us;
	double kb; /* of memory, a subscriber */
};

static struct figures figures[PEERS][ARRAY_SIZE(crowds)];
static char folder[512];

static int by_value(const void *a, const void *b)
{
	const float *left = a;
	const float *right = b;

	return (*left > *right) - (*left < *right);
}

static int by_double(const void *a, const void *b)
{
	const double *left = a;
	const double *right = b;

	return (*left > *right) - (*left < *right);
}

static void publish(const struct peer *peer, void *state, int64_t sent_us)
{
	static unsigned int grid;
	uint8_t payload[PAYLOAD] = {0};
	struct stamp stamp = {.sent_us = sent_us};
	char topic[48];

	snprintf(topic, sizeof(topic), "gc1.440106.440106530000.%u.reply",
		 ++grid % 50);
	memcpy(payload, &stamp, sizeof(stamp));
	if (peer->publish(state, topic, payload, sizeof(payload))) {
		fprintf(stderr, "%s does not take an event\n", peer->name);
		exit(1);
	}
}

/* Until each has had one, its subscription may not be there yet. */
static void greet(const struct peer *peer, void *state,
		  const struct course *course)
{
	int64_t end_us = peer_now_us() + PATIENCE_US;

	while (atomic_load(&course->tally->greeted) < course->subscribers) {
		publish(peer, state, 0);
		peer->flush(state);
		usleep(5000);
		if (peer_now_us() < end_us)
			continue;
		fprintf(stderr, "%s: %u of %u subscribers came\n", peer->name,
			atomic_load(&course->tally->greeted),
			course->subscribers);
		exit(1);
	}
}

static void await(const struct peer *peer, const struct course *course,
		  uint64_t deliveries)
{
	int64_t end_us = peer_now_us() + PATIENCE_US;

	while (atomic_load(&course->tally->got) < deliveries) {
		usleep(200);
		if (peer_now_us() < end_us)
			continue;
		fprintf(stderr, "%s: %llu of %llu events arrived\n", peer->name,
			(unsigned long long)atomic_load(&course->tally->got),
			(unsigned long long)deliveries);
		exit(1);
	}
}

static double run_fast(const struct peer *peer, void *state,
		       const struct course *course)
{
	uint64_t events = DELIVERIES / course->subscribers;
	uint64_t i;
	int64_t began_us;

	events = events > EVENTS_MAX ? EVENTS_MAX : events;
	if (peer->qos && events > QOS_EVENTS_MAX)
		events = QOS_EVENTS_MAX;
	atomic_store(&course->tally->got, 0);
	began_us = peer_now_us();
	for (i = 0; i < events; i++)
		publish(peer, state, began_us);
	peer->flush(state);
	await(peer, course, events * course->subscribers);
	return (double)events * 1e6 / (double)(peer_now_us() - began_us);
}

static void run_paced(const struct peer *peer, void *state,
		      const struct course *course, struct measured *measured)
{
	struct tally *tally = course->tally;
	int64_t next_us;
	unsigned int i;
	size_t samples;

	atomic_store(&tally->got, 0);
	atomic_store(&tally->samples, 0);
	next_us = peer_now_us();
	for (i = 0; i < PACED; i++, next_us += PACE_US) {
		int64_t left_us = next_us - peer_now_us();

		if (left_us > 0)
			usleep((useconds_t)left_us);
		publish(peer, state, peer_now_us());
	}
	peer->flush(state);
	await(peer, course, (uint64_t)PACED * course->subscribers);
	samples = atomic_load(&tally->samples);
	qsort(tally->delay_us, samples, sizeof(tally->delay_us[0]), by_value);
	measured->p50_us = (double)tally->delay_us[samples / 2];
	measured->p99_us = (double)tally->delay_us[samples * 99 / 100];
}

static pid_t start_subscribers(const struct peer *peer,
			       const struct course *course)
{
	pid_t child = fork();

	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!atomic_load(&course->open))
		usleep(1000);
	peer->subscribe(course);
	_exit(1);
}

static void *share(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		exit(1);
	return memory;
}

/* Resident memory; of 0: ours. */
static double memory_kb(pid_t process)
{
	char path[64];
	long pages = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/statm",
		 process ? process : getpid());
	file = fopen(path, "r");
	if (!file || fscanf(file, "%*d %ld", &pages) != 1)
		exit(1);
	fclose(file);
	return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1024;
}

/* In a process of its own: libraries and their threads begin afresh. */
static void measure(const struct peer *peer, struct course *course,
		    struct measured *measured)
{
	/* Before there are threads, which a fork would lose. */
	pid_t subscribers = start_subscribers(peer, course);
	void *state = peer->open(course);
	pid_t process = peer->process ? peer->process(state) : 0;
	double before_kb = memory_kb(process);

	atomic_store(&course->open, true);
	greet(peer, state, course);
	measured->kb = (memory_kb(process) - before_kb) / course->subscribers;
	measured->rate = run_fast(peer, state, course);
	run_paced(peer, state, course, measured);
	kill(subscribers, SIGKILL);
	waitpid(subscribers, NULL, 0);
	peer->close(state);
}

static void run_one(size_t which, size_t crowd, int round)
{
	const struct peer *peer = peers[which];
	struct figures *into = &figures[which][crowd];
	struct course *course = share(sizeof(*course));
	struct measured *measured = share(sizeof(*measured));
	struct tally *tally = share(sizeof(*tally));
	pid_t child;
	int status;

	course->folder = folder;
	course->port = 20000 + (unsigned int)getpid() % 10000;
	course->subscribers = crowds[crowd];
	course->sealed = peer->sealed;
	course->qos = peer->qos;
	course->tally = tally;
	child = fork();
	if (child == 0) {
		measure(peer, course, measured);
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || status)
		exit(1);
	into->rate[round] = measured->rate;
	into->p50_us[round] = measured->p50_us;
	into->p99_us[round] = measured->p99_us;
	into->kb[round] = measured->kb;
	munmap(course, sizeof(*course));
	munmap(measured, sizeof(*measured));
	munmap(tally, sizeof(*tally));
	fprintf(stderr, "\r  %-18s %3u subscribers  %9.0f events/s  ",
		peer->name, crowds[crowd], into->rate[round]);
}

/* ------------------------------------------------------------- rows ----- */

static double median(const double values[ROUNDS])
{
	double sorted[ROUNDS];

	memcpy(sorted, values, sizeof(sorted));
	qsort(sorted, ROUNDS, sizeof(*sorted), by_double);
	return sorted[ROUNDS / 2];
}

/* Of each round's own pair, so that a busy minute falls on both. */
static double median_ratio(const double values[ROUNDS],
			   const double others[ROUNDS])
{
	double ratios[ROUNDS];
	int i;

	for (i = 0; i < ROUNDS; i++)
		ratios[i] = values[i] / others[i];
	return median(ratios);
}

struct row {
	const char *what;
	const char *unit;
	const double *values;
	const double *others; /* of the peer it stands against; NULL: none */
	double goal;          /* a ratio; 0: none */
	bool less;            /* is better */
};

static void print_row(size_t which, size_t against, size_t crowd,
		      const struct row *row)
{
	double sorted[ROUNDS];

	memcpy(sorted, row->values, sizeof(sorted));
	qsort(sorted, ROUNDS, sizeof(*sorted), by_double);
	printf("{\"name\":\"%s: %s, %u subscribers\",\"value\":%.1f,"
	       "\"unit\":\"%s\",\"min\":%.1f,\"max\":%.1f",
	       peers[which]->name, row->what, crowds[crowd], median(sorted),
	       row->unit, sorted[0], sorted[ROUNDS - 1]);
	if (row->others) {
		double ratio = median_ratio(row->values, row->others);

		printf(",\"against\":\"%s\",\"ratio\":%.3f",
		       peers[against]->name, ratio);
		if (row->goal > 0)
			printf(",\"goal\":\"%s %.2f\",\"met\":%s",
			       row->less ? "at most" : "at least", row->goal,
			       (row->less ? ratio <= row->goal
					  : ratio >= row->goal)
				       ? "true"
				       : "false");
	}
	printf("}\n");
}

static void print_against(size_t which, size_t against, size_t crowd,
			  double goal)
{
	const struct figures *ours = &figures[which][crowd];
	const struct figures *theirs = &figures[against][crowd];

	print_row(which, against, crowd,
		  &(struct row){"events", "events/s", ours->rate, theirs->rate,
				goal, false});
	print_row(which, against, crowd,
		  &(struct row){"p50", "us", ours->p50_us, theirs->p50_us,
				1 / goal, true});
	print_row(which, against, crowd,
		  &(struct row){"p99", "us", ours->p99_us, theirs->p99_us,
				goal < 1 ? 0 : 1 / goal, true});
}

static void print_alone(size_t which, size_t crowd)
{
	const struct figures *those = &figures[which][crowd];

	print_row(which, which, crowd,
		  &(struct row){"events", "events/s", those->rate, NULL, 0,
				false});
	print_row(which, which, crowd,
		  &(struct row){"p50", "us", those->p50_us, NULL, 0, true});
	print_row(which, which, crowd,
		  &(struct row){"p99", "us", those->p99_us, NULL, 0, true});
}

/* Where there are enough of them that one can be told. */
static void print_memory(size_t crowd)
{
	size_t which;

	for (which = 0; which < PEERS; which++)
		print_row(which, which, crowd,
			  &(struct row){"memory of one", "kB",
					figures[which][crowd].kb, NULL, 0,
					true});
}

static void print_rows(size_t crowd)
{
	size_t other, ours;

	for (ours = 0; ours < PEERS; ours += GROUP) {
		print_against(ours, ours + 1, crowd, GOAL_OF_BARE);
		for (other = ours + 2; other < ours + GROUP; other++)
			print_against(ours, other, crowd, 1);
		for (other = ours + 1; other < ours + GROUP; other++)
			print_alone(other, crowd);
	}
}

int main(void)
{
	char command[600];
	size_t which, crowd;
	int round;

	/* Brokers and the server key want whole paths. */
	if (!getcwd(folder, sizeof(folder) - 32) ||
	    !mkdtemp(strcat(folder, "/build/feed.XXXXXX")))
		return 1;
	for (crowd = 0; crowd < ARRAY_SIZE(crowds); crowd++) {
		for (round = 0; round < ROUNDS; round++)
			for (which = 0; which < PEERS; which++)
				run_one(which, crowd, round);
		print_rows(crowd);
		fflush(stdout);
	}
	print_memory(ARRAY_SIZE(crowds) - 1);
	fprintf(stderr, "\n");
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command) ? 1 : 0;
}
