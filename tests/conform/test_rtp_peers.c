/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test_rtp_peers.c - whether we hear what GStreamer and ffmpeg send
 *
 * Each sends a recording of keypad digits in real time; the rtp driver must
 * make one over of it, and the digits must be heard.  They differ in all that a
 * standard leaves open: marker bits, packet lengths, first timestamps.
 */
#include "gateway/plugin.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "codecs/audiofile.h"
#include "codecs/decoder.h"
#include "codecs/dtmf.h"
#include "gateway/clock.h"
#include "tests/conform/build_folder.h"
#include "tests/conform/drive.h"
#include "tests/conform/own_address.h"

#define DIGITS      "*07*18#"
#define PORT        "47020"
#define DEADLINE_US 20000000u
#define QUIET       1600 /* samples before and after the digits */
#define SAMPLES_MAX 32000

extern char **environ;

static char wav[] = "/tmp/gridcall-peers-XXXXXX.wav";

/* As each program wants to be told. */
static struct {
	char location[64];
	char local[32];
	char host[32];
	char url[48];
} peers;

static struct plugin_list *list;

struct ear {
	struct decoder *decoder;
	struct dtmf_listener *listener;
	char digits[32];
	size_t count;
};

static void on_digit(void *data, const struct dtmf_digit *digit)
{
	struct ear *ear = data;

	if (ear->count < sizeof(ear->digits) - 1)
		ear->digits[ear->count++] = digit->digit;
}

static void on_frame(struct gridcall_radio *radio,
		     const struct gridcall_frame *frame)
{
	struct ear *ear = radio->data;
	int16_t pcm[DECODER_SAMPLES];

	(void)decoder_put(ear->decoder, frame->format.codec,
			  frame->format.rate_hz, frame->data, frame->len, pcm);
	dtmf_listener_put(ear->listener, pcm, DECODER_SAMPLES);
}

static pid_t run(const char *const *words)
{
	pid_t pid;
	int rc = posix_spawnp(&pid, words[0], NULL, NULL,
			      (char *const *)(uintptr_t)words, environ);

	if (rc)
		fail_msg("%s does not start: %s; deploy/setup installs it",
			 words[0], strerror(rc));
	return pid;
}

/* Let real time pass until one over has ended. */
static void live(struct gridcall_radio *radio)
{
	uint64_t began_us = clock_now_us();
	uint64_t tick_us = began_us;

	while (!radio->unkeyed && clock_now_us() - began_us < DEADLINE_US) {
		uint64_t now_us = clock_now_us();

		radio->now_us = now_us;
		if (now_us >= tick_us) {
			radio->driver->tick(radio->state, now_us);
			tick_us += GRIDCALL_FRAME_MS * 1000u;
			continue;
		}
		(void)host_poll(radio, (int)((tick_us - now_us) / 1000) + 1);
	}
}

/* A sender may pause for long on a busy machine: gap_ms is generous. */
static void hears(const char *const *words)
{
	const struct gridcall_option options[] = {
		{"local", peers.local},
		{"remote", "127.0.0.1:47021"}, /* where the peers send from */
		{"gap_ms", "1000"},
		{NULL, NULL},
	};
	const struct gridcall_driver *driver =
		plugin_driver(plugin_find(list, "rtp"));
	struct ear ear = {.decoder = decoder_alloc()};
	struct gridcall_radio radio;
	int status;
	pid_t pid;

	ear.listener = dtmf_listener_alloc(on_digit, &ear);
	assert_int_equal(host_open(&radio, driver, options), 0);
	radio.on_frame = on_frame;
	radio.data = &ear;
	pid = run(words);
	live(&radio);
	(void)kill(pid, SIGTERM);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	dtmf_listener_end(ear.listener);
	host_close(&radio);
	assert_int_equal(radio.broken_rules, 0);
	assert_int_equal(radio.keyed, 1);
	assert_int_equal(radio.unkeyed, 1);
	assert_int_equal(radio.lost, 0);
	assert_string_equal(ear.digits, DIGITS);
	dtmf_listener_free(ear.listener);
	decoder_free(ear.decoder);
}

#define GSTREAMER                                                              \
	"gst-launch-1.0", "-q", "filesrc", peers.location, "!", "wavparse",    \
		"!", "audioconvert", "!", "audioresample", "!"
#define UDPSINK "!", "udpsink", peers.host, "port=" PORT

static void hears_opus_from_gstreamer(void **state)
{
	char wav_location[64];

	snprintf(peers.location, sizeof(wav_location), "location=%s", wav);
	hears((const char *const[]){GSTREAMER, "audio/x-raw,rate=48000", "!",
				    "opusenc", "!", "rtpopuspay", "pt=111",
				    UDPSINK, NULL});
}

static void hears_a_law_from_gstreamer(void **state)
{
	char wav_location[64];

	snprintf(peers.location, sizeof(wav_location), "location=%s", wav);
	hears((const char *const[]){GSTREAMER, "alawenc", "!", "rtppcmapay",
				    "max-ptime=20000000", UDPSINK, NULL});
}

#define FFMPEG "ffmpeg", "-v", "error", "-nostdin", "-re", "-i", wav
#define TO_RTP "-f", "rtp", "-sdp_file", "/dev/null", peers.url

static void hears_opus_from_ffmpeg(void **state)
{
	hears((const char *const[]){FFMPEG, "-c:a", "libopus",
				    "-frame_duration", "20", "-payload_type",
				    "111", TO_RTP, NULL});
}

static void hears_mu_law_from_ffmpeg(void **state)
{
	hears((const char *const[]){FFMPEG, "-c:a", "pcm_mulaw", TO_RTP, NULL});
}

/* The recording, as L16 in a WAV file. */
static int write_digits(void)
{
	static int16_t pcm[SAMPLES_MAX];
	struct audiofile_writer *writer;
	uint8_t packet[320];
	size_t at, i, samples;
	FILE *file = fdopen(mkstemps(wav, 4), "wb");

	if (!file)
		return -1;
	samples = QUIET + (size_t)dtmf_make(DIGITS, 100, 100, -1000, 0,
					    pcm + QUIET, SAMPLES_MAX - QUIET);
	writer = audiofile_writer_open(file, AUDIOFILE_L16, 8000);
	for (at = 0; at + 160 <= samples + QUIET; at += 160) {
		for (i = 0; i < 160; i++) {
			packet[2 * i] = (uint8_t)((uint16_t)pcm[at + i] >> 8);
			packet[2 * i + 1] = (uint8_t)pcm[at + i];
		}
		if (audiofile_writer_put(writer, packet, sizeof(packet)))
			return -1;
	}
	if (audiofile_writer_close(writer))
		return -1;
	return fclose(file);
}

static int prepare(void **state)
{
	struct gridcall_why why = {{0}};
	char path[512];

	list = plugin_list_alloc(NULL);
	snprintf(path, sizeof(path), "%s/plugins/rtp.so", build_folder());
	if (!plugin_load(list, path, &why)) {
		fprintf(stderr, "%s\n", why.text);
		return -1;
	}
	if (write_digits())
		return -1;
	snprintf(peers.location, sizeof(peers.location), "location=%s", wav);
	snprintf(peers.local, sizeof(peers.local), "%s:%s", own_address(),
		 PORT);
	snprintf(peers.host, sizeof(peers.host), "host=%s", own_address());
	snprintf(peers.url, sizeof(peers.url), "rtp://%s", peers.local);
	return 0;
}

static int clean_up(void **state)
{
	list = plugin_list_free(list);
	return unlink(wav);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hears_opus_from_gstreamer),
		cmocka_unit_test(hears_a_law_from_gstreamer),
		cmocka_unit_test(hears_opus_from_ffmpeg),
		cmocka_unit_test(hears_mu_law_from_ffmpeg),
	};

	return cmocka_run_group_tests(tests, prepare, clean_up);
}
