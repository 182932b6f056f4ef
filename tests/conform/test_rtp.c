/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test_rtp.c - the rtp driver with real sockets and a clock that we move
 */
#include "gateway/plugin.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "plugins/rtp/rtp_packet.h"
#include "tests/conform/build_folder.h"
#include "tests/conform/drive.h"
#include "tests/conform/own_address.h"

#define PORT    47030 /* the driver's */
#define RADIO   47031
#define ANY     0
#define SSRC    0x1234
#define WAIT_MS 2000
#define MANY    500

static struct plugin_list *list;

/* The driver, a radio, and what the radio sends next. */
struct scene {
	struct gridcall_radio host;
	int radio; /* socket */
	struct rtp_packet packet;
	uint32_t codec; /* of the frame last heard */
};

static int udp_socket(const char *ip, uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(inet_pton(AF_INET, ip, &at.sin_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void on_frame(struct gridcall_radio *host,
		     const struct gridcall_frame *frame)
{
	struct scene *s = host->data;

	s->codec = frame->format.codec;
}

/* Open with one option more than what is needed. */
static struct scene *scene(const char *key, const char *value)
{
	static const uint8_t voice[640];
	char local[32], remote[32];
	const struct gridcall_option options[] = {
		{"local", local},
		{"remote", remote},
		{key, value},
		{NULL, NULL},
	};
	static struct scene s;

	memset(&s, 0, sizeof(s));
	snprintf(local, sizeof(local), "%s:%d", own_address(), PORT);
	snprintf(remote, sizeof(remote), "%s:%d", own_address(), RADIO);
	if (host_open(&s.host, plugin_driver(plugin_find(list, "rtp")),
		      options))
		fail_msg("%s", s.host.why.text);
	s.host.on_frame = on_frame;
	s.host.data = &s;
	s.radio = udp_socket(own_address(), RADIO);
	s.packet = (struct rtp_packet){.payload_type = 8,
				       .seq = 100,
				       .ssrc = SSRC,
				       .payload = voice,
				       .len = 160};
	return &s;
}

static void strike(struct scene *s)
{
	close(s->radio);
	host_close(&s->host);
	assert_int_equal(s->host.broken_rules, 0);
}

static void send_bytes(int fd, const uint8_t *data, size_t len)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(PORT)};

	assert_int_equal(inet_pton(AF_INET, own_address(), &to.sin_addr), 1);
	assert_int_equal(
		sendto(fd, data, len, 0, (struct sockaddr *)&to, sizeof(to)),
		(ssize_t)len);
}

/* One packet, received before it returns. */
static void send_from(struct scene *s, int fd)
{
	uint8_t data[1500];
	int len = rtp_packet_build(&s->packet, data, sizeof(data));

	send_bytes(fd, data, (size_t)len);
	assert_true(host_poll(&s->host, WAIT_MS));
	s->packet.seq++;
	s->packet.timestamp += 160;
}

static void ticks(struct scene *s, int count)
{
	while (count-- > 0)
		host_tick(&s->host);
}

static int counted(struct scene *s, const char *name)
{
	struct gridcall_counter counters[32];
	size_t count, i;

	count = s->host.driver->counters(s->host.state, counters, 32);
	for (i = 0; i < count; i++)
		if (!strcmp(counters[i].name, name))
			return (int)counters[i].value;
	fail_msg("no counter '%s'", name);
	return -1;
}

/* ---- receiving ---- */

static void makes_one_over_of_packets(void **state)
{
	struct scene *s = scene(NULL, NULL);
	int i;

	for (i = 0; i < 5; i++) {
		send_from(s, s->radio);
		assert_int_equal(s->host.keyed, 1); /* with the first */
		ticks(s, 1);
	}
	ticks(s, 20);
	assert_int_equal(s->host.keyed, 1);
	assert_int_equal(s->host.unkeyed, 1);
	assert_int_equal(s->host.frames, 5);
	assert_int_equal(s->host.lost, 0);
	assert_int_equal(s->codec, GRIDCALL_PCMA);
	assert_int_equal(counted(s, "overs"), 1);
	assert_int_equal(counted(s, "packets_received"), 5);
	strike(s);
}

static void hears_the_types_that_it_was_told(void **state)
{
	struct scene *s = scene("accept", "97:l16/16000,98:pcmu/8000");

	s->packet.payload_type = 97;
	s->packet.len = 640;
	send_from(s, s->radio);
	ticks(s, 3);
	assert_int_equal(s->codec, GRIDCALL_L16);
	s->packet.payload_type = 98;
	s->packet.len = 160;
	send_from(s, s->radio);
	ticks(s, 1);
	assert_int_equal(s->codec, GRIDCALL_PCMU);
	assert_int_equal(s->host.keyed, 1);
	strike(s);
}

static void drops_strangers_without_a_trace(void **state)
{
	struct scene *s = scene(NULL, NULL);
	int stranger = udp_socket("127.0.0.3", ANY);

	send_from(s, stranger);
	assert_int_equal(s->host.keyed, 0);
	send_from(s, s->radio);
	send_from(s, stranger);
	ticks(s, 20);
	assert_int_equal(s->host.frames, 1);
	assert_int_equal(s->host.lost, 0);
	assert_int_equal(counted(s, "strangers"), 2);
	assert_int_equal(counted(s, "packets_received"), 1);
	close(stranger);
	strike(s);
}

static void takes_any_port_of_the_radio_unless_strict(void **state)
{
	struct scene *s = scene("strict", "no");
	int other = udp_socket(own_address(), ANY);

	send_from(s, other);
	assert_int_equal(s->host.keyed, 1);
	strike(s);
	s = scene("strict", "yes");
	send_from(s, other);
	assert_int_equal(s->host.keyed, 0);
	assert_int_equal(counted(s, "strangers"), 1);
	send_from(s, s->radio);
	assert_int_equal(s->host.keyed, 1);
	close(other);
	strike(s);
}

static void bounds_what_a_flood_may_cost_at_once(void **state)
{
	struct scene *s = scene(NULL, NULL);
	int stranger = udp_socket("127.0.0.3", ANY);
	uint8_t junk[100] = {0};
	int wakes = 0;
	int i;

	for (i = 0; i < MANY; i++)
		send_bytes(stranger, junk, sizeof(junk));
	while (host_poll(&s->host, 0))
		wakes++;
	/* The kernel may have dropped some; the rest came in portions. */
	assert_true(counted(s, "strangers") <= wakes * 64);
	assert_true(wakes > 1);
	send_from(s, s->radio);
	assert_int_equal(s->host.keyed, 1);
	close(stranger);
	strike(s);
}

static void drops_what_is_no_audio_and_begins_no_over(void **state)
{
	static const uint8_t types[] = {13, 101, 72, 127, 19};
	static const uint8_t short_packet[] = {0x80, 8, 0};
	static uint8_t long_packet[9000] = {0x80, 8};
	struct scene *s = scene(NULL, NULL);
	size_t i;

	for (i = 0; i < sizeof(types); i++) {
		s->packet.payload_type = types[i];
		send_from(s, s->radio);
	}
	assert_int_equal(counted(s, "unknown_payload"), sizeof(types));
	send_bytes(s->radio, short_packet, sizeof(short_packet));
	assert_true(host_poll(&s->host, WAIT_MS));
	send_bytes(s->radio, long_packet, sizeof(long_packet));
	assert_true(host_poll(&s->host, WAIT_MS));
	assert_int_equal(counted(s, "malformed"), 2);
	s->packet.payload_type = 111; /* 0: SILK, 10 ms */
	send_from(s, s->radio);
	s->packet.payload_type = 8;
	s->packet.len = 0;
	send_from(s, s->radio);
	assert_int_equal(counted(s, "misfits"), 2);
	ticks(s, 10);
	assert_int_equal(s->host.keyed, 0);
	strike(s);
}

static void takes_events_inside_an_over_for_no_loss(void **state)
{
	struct scene *s = scene(NULL, NULL);

	send_from(s, s->radio);
	s->packet.payload_type = 101;
	send_from(s, s->radio);
	s->packet.payload_type = 13;
	send_from(s, s->radio);
	s->packet.payload_type = 8;
	s->packet.timestamp -= 2 * 160;
	send_from(s, s->radio);
	ticks(s, 20);
	assert_int_equal(s->host.frames, 2);
	assert_int_equal(s->host.lost, 0);
	strike(s);
}

static void catches_up_after_a_stall(void **state)
{
	struct scene *s = scene(NULL, NULL);
	int i;

	for (i = 0; i < 50; i++)
		send_from(s, s->radio);
	/* one a tick would take 52 */
	ticks(s, 40);
	assert_int_equal(s->host.frames, 50);
	assert_int_equal(s->host.unkeyed, 1);
	strike(s);
}

/* ---- sending ---- */

static void sends(struct scene *s, uint32_t len, struct rtp_packet *packet)
{
	static uint8_t data[2000];
	const uint8_t voice[GRIDCALL_FRAME_BYTES_MAX] = {0x08, 1, 2, 3};
	const struct gridcall_frame frame = {s->host.transmit, voice, len};
	ssize_t got;

	assert_int_equal(
		s->host.driver->send(s->host.state, &frame, s->host.now_us), 0);
	got = recv(s->radio, data, sizeof(data), 0);
	assert_int_equal(got, RTP_HEADER_BYTES + len);
	assert_int_equal(rtp_packet_parse(packet, data, (size_t)got), 0);
	assert_memory_equal(packet->payload, voice, len);
	s->host.now_us += 20000;
}

static void key(struct scene *s, int on)
{
	assert_int_equal(s->host.driver->key(s->host.state, on, s->host.now_us),
			 0);
}

static void numbers_packets_on_over_keyings(void **state)
{
	struct scene *s = scene("codec", "pcmu");
	struct rtp_packet first, next, later;

	key(s, 1);
	sends(s, 160, &first);
	sends(s, 160, &next);
	assert_int_equal(first.payload_type, 0);
	assert_true(first.marker);
	assert_false(next.marker);
	assert_int_equal((uint16_t)(next.seq - first.seq), 1);
	assert_int_equal(next.timestamp - first.timestamp, 160);
	key(s, 0);
	s->host.now_us += 1000000;
	key(s, 1);
	sends(s, 160, &later);
	assert_true(later.marker);
	assert_int_equal(later.ssrc, first.ssrc);
	assert_int_equal((uint16_t)(later.seq - next.seq), 1);
	/* the second of silence is on the sample clock */
	assert_int_equal(later.timestamp - next.timestamp, 160 + 8000);
	assert_int_equal(counted(s, "packets_sent"), 3);
	strike(s);
}

static void sends_opus_by_a_clock_of_48_khz(void **state)
{
	struct scene *s = scene("codec", "opus");
	struct rtp_packet first, next;

	assert_int_equal(s->host.transmit.codec, GRIDCALL_OPUS);
	assert_int_equal(s->host.transmit.rate_hz, 48000);
	key(s, 1);
	sends(s, 60, &first);
	sends(s, 90, &next);
	assert_int_equal(first.payload_type, 111);
	assert_int_equal(next.timestamp - first.timestamp, 960);
	strike(s);
}

static void begins_with_random_numbers(void **state)
{
	struct rtp_packet first, second;
	struct scene *s = scene(NULL, NULL);

	key(s, 1);
	sends(s, 160, &first);
	strike(s);
	s = scene(NULL, NULL);
	key(s, 1);
	sends(s, 160, &second);
	strike(s);
	assert_true(first.ssrc != second.ssrc ||
		    first.timestamp != second.timestamp);
}

static void drops_its_own_packets(void **state)
{
	struct scene *s = scene(NULL, NULL);

	key(s, 1);
	sends(s, 160, &s->packet);
	send_from(s, s->radio);
	assert_int_equal(counted(s, "own_packets"), 1);
	assert_int_equal(s->host.keyed, 0);
	strike(s);
}

static void goes_on_when_nobody_listens(void **state)
{
	const uint8_t voice[160] = {0};
	struct scene *s = scene(NULL, NULL);
	const struct gridcall_frame frame = {s->host.transmit, voice, 160};
	int i;

	close(s->radio);
	key(s, 1);
	for (i = 0; i < 10; i++) {
		assert_int_equal(s->host.driver->send(s->host.state, &frame,
						      s->host.now_us),
				 0);
		(void)host_poll(&s->host, 0);
		ticks(s, 1);
	}
	assert_int_equal(s->host.failed, 0);
	s->radio = udp_socket(own_address(), RADIO);
	sends(s, 160, &s->packet);
	strike(s);
}

/* ---- the network goes and comes ---- */

/* Give the loopback interface its address, or take it away. */
static void set_loopback(bool is_there)
{
	struct ifreq request = {.ifr_name = "lo"};
	struct sockaddr_in address = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(is_there ? INADDR_LOOPBACK : 0);
	memcpy(&request.ifr_addr, &address, sizeof(address));
	assert_int_equal(ioctl(fd, SIOCSIFADDR, &request), 0);
	request.ifr_flags = IFF_UP;
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	close(fd);
}

/* In a network of our own; the last test, since it stays there. */
static void fails_and_recovers_with_the_network(void **state)
{
	const uint8_t voice[160] = {0};
	struct gridcall_frame frame = {.data = voice, .len = 160};
	struct scene *s;

	if (unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET))
		fail_msg("no network of its own for this test: run it as root, "
			 "or allow user namespaces");
	set_loopback(true);
	s = scene(NULL, NULL);
	ticks(s, 10);
	set_loopback(false);
	key(s, 1);
	frame.format = s->host.transmit;
	assert_int_equal(
		s->host.driver->send(s->host.state, &frame, s->host.now_us), 0);
	assert_int_equal(counted(s, "send_errors"), 1);
	assert_int_equal(s->host.failed, 0); /* it may be a moment's */
	ticks(s, 200);
	assert_int_equal(s->host.failed, 1);
	assert_int_equal(s->host.recovered, 0);
	set_loopback(true);
	ticks(s, 100);
	assert_int_equal(s->host.failed, 1);
	assert_int_equal(s->host.recovered, 1);
	sends(s, 160, &s->packet);
	strike(s);
}

static int load(void **state)
{
	struct gridcall_why why = {{0}};
	char path[512];

	list = plugin_list_alloc(NULL);
	snprintf(path, sizeof(path), "%s/plugins/rtp.so", build_folder());
	if (plugin_load(list, path, &why))
		return 0;
	fprintf(stderr, "%s\n", why.text);
	return -1;
}

static int unload(void **state)
{
	list = plugin_list_free(list);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_one_over_of_packets),
		cmocka_unit_test(hears_the_types_that_it_was_told),
		cmocka_unit_test(drops_strangers_without_a_trace),
		cmocka_unit_test(takes_any_port_of_the_radio_unless_strict),
		cmocka_unit_test(bounds_what_a_flood_may_cost_at_once),
		cmocka_unit_test(drops_what_is_no_audio_and_begins_no_over),
		cmocka_unit_test(takes_events_inside_an_over_for_no_loss),
		cmocka_unit_test(catches_up_after_a_stall),
		cmocka_unit_test(numbers_packets_on_over_keyings),
		cmocka_unit_test(sends_opus_by_a_clock_of_48_khz),
		cmocka_unit_test(begins_with_random_numbers),
		cmocka_unit_test(drops_its_own_packets),
		cmocka_unit_test(goes_on_when_nobody_listens),
		cmocka_unit_test(fails_and_recovers_with_the_network),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
