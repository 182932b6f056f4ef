/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/peer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BROKER_WAIT_US 10000000

int64_t peer_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void tally_take(struct tally *tally, unsigned int subscriber, const void *data,
		size_t len)
{
	struct stamp stamp;
	uint32_t sample;

	if (len < sizeof(stamp))
		return;
	memcpy(&stamp, data, sizeof(stamp));
	if (!stamp.sent_us) {
		if (!tally->known[subscriber])
			atomic_fetch_add(&tally->greeted, 1);
		tally->known[subscriber] = true;
		return;
	}
	atomic_fetch_add_explicit(&tally->got, 1, memory_order_relaxed);
	sample = atomic_load_explicit(&tally->samples, memory_order_relaxed);
	if (sample >= PEER_SAMPLES_MAX)
		return;
	sample = atomic_fetch_add(&tally->samples, 1);
	if (sample < PEER_SAMPLES_MAX)
		tally->delay_us[sample] =
			(float)(peer_now_us() - stamp.sent_us);
}

static bool is_listening(unsigned int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	rc = connect(fd, (struct sockaddr *)&address, sizeof(address));
	close(fd);
	return !rc;
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (!file || fputs(text, file) < 0 || fclose(file)) {
		perror(path);
		exit(1);
	}
}

pid_t peer_start_broker(const struct course *course, const char *program,
			const char *configuration)
{
	int64_t end_us = peer_now_us() + BROKER_WAIT_US;
	char path[600];
	pid_t broker;

	snprintf(path, sizeof(path), "%s/broker.conf", course->folder);
	write_file(path, configuration);
	broker = fork();
	if (broker == 0) {
		int null = open("/dev/null", O_RDWR);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(null, 1);
		dup2(null, 2);
		execlp(program, program, "-c", path, (char *)NULL);
		_exit(127);
	}
	while (!is_listening(course->port)) {
		if (peer_now_us() > end_us ||
		    waitpid(broker, NULL, WNOHANG) == broker) {
			fprintf(stderr,
				"%s does not start; deploy/setup bench "
				"installs it\n",
				program);
			exit(1);
		}
		usleep(10000);
	}
	return broker;
}

void peer_make_certificate(const struct course *course)
{
	char command[900];

	snprintf(command, sizeof(command),
		 "cd '%s' && { test -f cert.pem || openssl req -x509 -nodes "
		 "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -days 2 "
		 "-subj /CN=localhost -keyout key.pem -out cert.pem "
		 "2>/dev/null; }",
		 course->folder);
	if (!system(command))
		return;
	fprintf(stderr, "openssl makes no certificate; deploy/setup bench "
			"installs it\n");
	exit(1);
}

void peer_stop_broker(pid_t broker)
{
	kill(broker, SIGKILL);
	waitpid(broker, NULL, 0);
}
