/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The whole room with its threads, over invented radios.
 */
#include "gateway/voice/voice.h"

#include "codecs/audiofile.h"
#include "codecs/dtmf.h"
#include "codecs/encoder.h"

#include <errno.h>
#include <ftw.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <cmocka.h>

#include <osmocom/core/select.h>
#include <osmocom/core/talloc.h>

#define RADIOS 64

/* ------------------------------------------------------------ the radio -- */

struct fake {
	const struct gridcall_driver_host *host;
	struct gridcall_radio *radio;
	int fd;
	_Atomic bool keyed;
	_Atomic uint32_t sent;
	_Atomic bool closed;
	_Atomic bool hang; /* the next tick waits for go */
	sem_t hanging, go;
};

static struct fake fakes[RADIOS];
static size_t fake_count;
static bool fails_in_open;
static int16_t spoken[8000 * 4];
static size_t spoken_samples;

/* An event of value v: v times the whole of what is spoken. */
static void on_ready(void *state, int fd, uint64_t now_us)
{
	struct fake *fake = state;
	struct encoder *encoder = encoder_alloc(GRIDCALL_PCMA, 8000, 8000);
	uint8_t data[ENCODER_BYTES_MAX];
	struct gridcall_frame frame = {{GRIDCALL_PCMA, 8000}, data, 160};
	eventfd_t value;
	size_t at;

	for (eventfd_read(fd, &value); value; value--) {
		fake->host->keyed(fake->radio, now_us);
		for (at = 0; at + 160 <= spoken_samples; at += 160) {
			encoder_put(encoder, spoken + at, data);
			fake->host->heard(fake->radio, &frame, now_us);
		}
		fake->host->unkeyed(fake->radio, now_us);
	}
	encoder_free(encoder);
}

static int fake_open(void **state, struct gridcall_format *transmit,
		     const struct gridcall_driver_host *host,
		     struct gridcall_radio *radio,
		     const struct gridcall_option *options,
		     struct gridcall_why *why)
{
	struct fake *fake = &fakes[fake_count];

	if (options && options[0].key) {
		strcpy(why->text, "no such option");
		return -EINVAL;
	}
	memset(fake, 0, sizeof(*fake));
	sem_init(&fake->hanging, 0, 0);
	sem_init(&fake->go, 0, 0);
	fake->host = host;
	fake->radio = radio;
	fake->fd = eventfd(0, EFD_NONBLOCK);
	assert_int_equal(host->watch(radio, fake->fd, on_ready), 0);
	transmit->codec = GRIDCALL_PCMA;
	transmit->rate_hz = 8000;
	*state = fake;
	fake_count++;
	if (fails_in_open)
		host->failed(radio, "no answer from the radio");
	return 0;
}

static void fake_tick(void *state, uint64_t now_us)
{
	struct fake *fake = state;

	if (atomic_exchange(&fake->hang, false)) {
		sem_post(&fake->hanging);
		sem_wait(&fake->go);
	}
}

static int fake_key(void *state, int on, uint64_t now_us)
{
	struct fake *fake = state;

	atomic_store(&fake->keyed, on);
	return 0;
}

static int fake_send(void *state, const struct gridcall_frame *frame,
		     uint64_t now_us)
{
	struct fake *fake = state;

	atomic_fetch_add(&fake->sent, 1);
	return 0;
}

static size_t fake_counters(void *state, struct gridcall_counter *counters,
			    size_t max)
{
	if (max) {
		counters->name = "packets_late";
		counters->value = 3;
	}
	return 1;
}

static void fake_close(void *state)
{
	struct fake *fake = state;

	assert_false(atomic_load(&fake->keyed));
	close(fake->fd);
	atomic_store(&fake->closed, true);
}

static const struct gridcall_driver driver = {
	.head = {GRIDCALL_ABI_MAJOR, GRIDCALL_ABI_MINOR, sizeof(driver),
		 GRIDCALL_DRIVER, "fake", "an invented radio"},
	.open = fake_open,
	.tick = fake_tick,
	.key = fake_key,
	.send = fake_send,
	.counters = fake_counters,
	.close = fake_close,
};

/* ----------------------------------------------------------------- main -- */

static struct signal signals[8192];
static size_t signal_count;
static char folder[64];
static struct voice *voice;

static int again_on; /* asked of when an end is heard; -1: nothing is */
static int played_again;

static int play(uint32_t slot, uint32_t ms);

static void on_signal(void *data, const struct signal *signal)
{
	if (again_on >= 0 && signal->type == SIGNAL_PLAY_ENDED)
		played_again = play((uint32_t)again_on, 40);
	assert_true(signal_count < 8192);
	signals[signal_count++] = *signal;
}

/* The number-th signal of a type on a channel; NULL when not yet told. */
static const struct signal *told(uint32_t channel, enum signal_type type,
				 size_t number)
{
	size_t i;

	for (i = 0; i < signal_count; i++)
		if (signals[i].type == type && signals[i].channel == channel &&
		    !number--)
			return &signals[i];
	return NULL;
}

/* Until it is told; the alarm ends a test that waits in vain. */
static const struct signal *wait_for(uint32_t channel, enum signal_type type,
				     size_t number)
{
	while (!told(channel, type, number))
		osmo_select_main(0);
	return told(channel, type, number);
}

static int start(void **state)
{
	struct voice_config config = {
		.workers = 2,
		.recordings = folder,
		.on_signal = on_signal,
	};
	struct gridcall_why why;

	alarm(30);
	signal_count = 0;
	fake_count = 0;
	again_on = -1;
	fails_in_open = false;
	strcpy(folder, "/tmp/test_voice_XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	spoken_samples =
		(size_t)dtmf_make("18#", 100, 100, -1200, 0, spoken, 32000) /
		160 * 160;
	voice = voice_alloc(NULL, &config, &why);
	return voice ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int flag,
		      struct FTW *ftw)
{
	return remove(path);
}

static int stop(void **state)
{
	voice = voice_free(voice);
	return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static uint32_t open_channel(void)
{
	struct channel_config config = {
		.code = "CH-1",
		.lead_ms = 40,
		.tail_ms = 20,
		.tx_limit_s = 5,
		.over_limit_s = 30,
	};
	struct gridcall_why why = {""};
	int slot = voice_open(voice, &config, &driver, NULL, &why);

	assert_string_equal(why.text, "");
	assert_true(slot >= 0);
	return (uint32_t)slot;
}

static struct clip *clip_of(uint32_t ms)
{
	static int16_t pcm[8 * 10000];
	struct gridcall_format format = {GRIDCALL_PCMA, 8000};
	struct gridcall_why why;

	return clip_encode(pcm, ms * 8u, 8000, &format, 1, &why);
}

static int play(uint32_t slot, uint32_t ms)
{
	struct playlist list = {.count = 1, .wait_ms = 1000};
	int ticket;

	list.clips[0] = clip_of(ms);
	ticket = voice_play(voice, slot, &list);
	clip_drop(list.clips[0]);
	return ticket;
}

static void an_over_is_told_and_recorded(void **state)
{
	uint32_t slot = open_channel();
	struct voice_recorder_stats stats;
	const struct over *over;
	char path[256], why[160];
	uint32_t rate_hz;
	size_t samples;
	int16_t *pcm;

	eventfd_write(fakes[0].fd, 1);
	over = &wait_for(slot, SIGNAL_OVER_ENDED, 0)->over;
	assert_int_equal(over->tones, 3);
	assert_int_equal(told(slot, SIGNAL_TONE, 2)->tone.tone.digit, '#');
	assert_int_equal(over->length_ms, spoken_samples / 8);
	snprintf(path, sizeof(path), "%s/%s", folder, over->recording);
	assert_int_equal(over->began_us,
			 told(slot, SIGNAL_OVER_BEGAN, 0)->over.began_us);
	assert_null(voice = voice_free(voice));
	assert_int_equal(audiofile_read(path, &pcm, &samples, &rate_hz, why,
					sizeof(why)),
			 0);
	assert_int_equal(samples, spoken_samples);
	free(pcm);
	start(state);
	voice_recorder_stats(voice, &stats);
	assert_int_equal(stats.files, 0);
}

static void a_playlist_is_sent_and_its_end_told(void **state)
{
	uint32_t slot = open_channel();
	const struct signal *signal;
	int ticket = play(slot, 100);

	assert_true(ticket > 0);
	assert_int_equal(play(slot, 100), -EBUSY);
	signal = wait_for(slot, SIGNAL_PLAY_ENDED, 0);
	assert_int_equal(signal->play.ticket, ticket);
	assert_int_equal(signal->play.end, PLAY_DONE);
	assert_int_equal(atomic_load(&fakes[0].sent), 7);
	assert_false(atomic_load(&fakes[0].keyed));
	wait_for(slot, SIGNAL_STATE, 2);
	assert_int_equal(voice_state(voice, slot), CHANNEL_IDLE);
	assert_true(play(slot, 100) > ticket);
}

static void what_can_not_be_sent_is_refused(void **state)
{
	struct playlist list = {.count = 0};
	uint32_t slot = open_channel();

	assert_int_equal(play(slot + 1, 100), -ENOENT);
	assert_int_equal(play(VOICE_CHANNELS_MAX, 100), -ENOENT);
	assert_int_equal(play(slot, 4980), -EMSGSIZE); /* 40 of lead */
	assert_int_equal(voice_play(voice, slot, &list), -EINVAL);
	assert_true(play(slot, 4960) > 0);
}

static void halting_ends_it_once(void **state)
{
	uint32_t slot = open_channel();
	int ticket = play(slot, 4000);

	wait_for(slot, SIGNAL_PLAY_BEGAN, 0);
	voice_halt(voice, slot, (uint32_t)ticket + 1);
	voice_halt(voice, slot, (uint32_t)ticket);
	voice_halt(voice, slot, (uint32_t)ticket);
	assert_int_equal(wait_for(slot, SIGNAL_PLAY_ENDED, 0)->play.end,
			 PLAY_HALTED);
	assert_false(atomic_load(&fakes[0].keyed));
	voice_halt(voice, slot, (uint32_t)ticket);
	voice_close(voice, slot);
	assert_null(told(slot, SIGNAL_PLAY_ENDED, 1));
}

static void closing_tells_the_ends_first_and_nothing_after(void **state)
{
	uint32_t slot = open_channel();
	size_t count;

	play(slot, 4000);
	wait_for(slot, SIGNAL_PLAY_BEGAN, 0);
	voice_close(voice, slot);
	assert_true(atomic_load(&fakes[0].closed));
	assert_int_equal(told(slot, SIGNAL_PLAY_ENDED, 0)->play.end,
			 PLAY_FAILED);
	count = signal_count;
	voice_close(voice, slot);
	open_channel();
	play(slot, 40);
	wait_for(slot, SIGNAL_PLAY_ENDED, 1);
	assert_int_equal(signals[count].type, SIGNAL_STATE);
	assert_int_equal(signals[count].state.state, CHANNEL_IDLE);
}

static void nothing_is_sent_on_a_channel_that_is_closing(void **state)
{
	uint32_t slots[2] = {open_channel(), open_channel()};
	int i;

	for (i = 0; i < 2; i++) {
		play(slots[i], 4000);
		wait_for(slots[i], SIGNAL_PLAY_BEGAN, 0);
	}
	again_on = (int)slots[0];
	voice_close(voice, slots[0]);
	assert_int_equal(played_again, -ENOENT);
	again_on = -1;
	assert_int_equal(open_channel(), slots[0]);
	play(slots[0], 4000);
	wait_for(slots[0], SIGNAL_PLAY_BEGAN, 1);
	again_on = (int)slots[1];
	played_again = 0;
	voice = voice_free(voice);
	assert_int_equal(played_again, -ENOENT);
}

static void a_radio_that_fails_while_it_is_opened_is_down(void **state)
{
	const struct signal *signal;
	uint32_t slot;

	fails_in_open = true;
	slot = open_channel();
	signal = wait_for(slot, SIGNAL_STATE, 0);
	assert_int_equal(signal->state.state, CHANNEL_DOWN);
	assert_string_equal(signal->state.reason, "no answer from the radio");
	fakes[0].host->recovered(fakes[0].radio);
	signal = wait_for(slot, SIGNAL_STATE, 1);
	assert_int_equal(signal->state.state, CHANNEL_IDLE);
}

static void freeing_unkeys_every_transmitter(void **state)
{
	uint32_t slots[RADIOS];
	int i;

	for (i = 0; i < RADIOS; i++) {
		slots[i] = open_channel();
		play(slots[i], 4000);
	}
	for (i = 0; i < RADIOS; i++)
		wait_for(slots[i], SIGNAL_PLAY_BEGAN, 0);
	voice = voice_free(voice);
	for (i = 0; i < RADIOS; i++) {
		assert_false(atomic_load(&fakes[i].keyed));
		assert_true(atomic_load(&fakes[i].closed));
		assert_non_null(told(slots[i], SIGNAL_PLAY_ENDED, 0));
	}
}

static void a_driver_that_does_not_open_says_why(void **state)
{
	struct gridcall_option options[] = {{"sppeed", "9"}, {NULL, NULL}};
	struct channel_config config = {.code = "CH-1", .tx_limit_s = 5};
	struct gridcall_why why = {""};

	assert_int_equal(voice_open(voice, &config, &driver, options, &why),
			 -EINVAL);
	assert_string_equal(why.text, "no such option");
	config.tx_limit_s = 0;
	assert_int_equal(voice_open(voice, &config, &driver, NULL, &why),
			 -EINVAL);
	assert_non_null(strstr(why.text, "tx_limit_s"));
	assert_int_equal(open_channel(), 0);
}

static void a_radio_that_fails_on_any_thread_is_unkeyed(void **state)
{
	uint32_t slot = open_channel();

	play(slot, 4000);
	wait_for(slot, SIGNAL_PLAY_BEGAN, 0);
	fakes[0].host->failed(fakes[0].radio, "it smells of burning");
	assert_string_equal(wait_for(slot, SIGNAL_STATE, 2)->state.reason,
			    "it smells of burning");
	assert_int_equal(voice_state(voice, slot), CHANNEL_DOWN);
	assert_int_equal(told(slot, SIGNAL_PLAY_ENDED, 0)->play.end,
			 PLAY_FAILED);
	assert_false(atomic_load(&fakes[0].keyed));
	fakes[0].host->log(fakes[0].radio, GRIDCALL_ERROR, "smoke");
	assert_string_equal(wait_for(slot, SIGNAL_LOG, 0)->log.text, "smoke");
	fakes[0].host->recovered(fakes[0].radio);
	wait_for(slot, SIGNAL_STATE, 3);
	assert_int_equal(voice_state(voice, slot), CHANNEL_IDLE);
	assert_int_equal(fakes[0].host->watch(fakes[0].radio, 0, on_ready),
			 -EPERM);
}

static void counters_are_the_channels_and_the_drivers(void **state)
{
	struct gridcall_counter counters[64];
	uint32_t slot = open_channel();
	size_t count = voice_counters(voice, slot, counters, 64);

	assert_in_range(count, 10, 64);
	assert_string_equal(counters[count - 1].name, "packets_late");
	assert_int_equal(counters[count - 1].value, 3);
	assert_int_equal(voice_counters(voice, slot, counters, 2), count);
	assert_int_equal(voice_counters(voice, slot + 1, counters, 2), 0);
	assert_int_equal(voice_format(voice, slot)->codec, GRIDCALL_PCMA);
}

static void a_worker_that_hangs_is_named(void **state)
{
	const char *name = NULL;

	open_channel();
	atomic_store(&fakes[0].hang, true);
	sem_wait(&fakes[0].hanging);
	assert_true(voice_is_alive(voice, &name));
	assert_false(voice_is_alive(voice, &name));
	assert_string_equal(name, "voice-0");
	sem_post(&fakes[0].go);
	do {
		name = "";
		(void)voice_is_alive(voice, &name);
	} while (!strcmp(name, "voice-0"));
}

static void many_channels_at_once_lose_nothing(void **state)
{
	uint32_t slots[RADIOS];
	const struct signal *signal;
	uint64_t overs = 0;
	int i, o;

	for (i = 0; i < RADIOS; i++)
		slots[i] = open_channel();
	for (i = 0; i < RADIOS; i++)
		eventfd_write(fakes[i].fd, 10);
	for (i = 0; i < RADIOS; i++)
		play(slots[i], 40);
	for (i = 0; i < RADIOS; i++)
		wait_for(slots[i], SIGNAL_PLAY_ENDED, 0);
	for (i = 0; i < RADIOS; i++)
		for (o = 0;
		     (signal = told(slots[i], SIGNAL_OVER_ENDED, (size_t)o));
		     o++) {
			assert_int_equal(signal->over.tones, 3);
			overs++;
		}
	assert_int_equal(overs, 10 * RADIOS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(an_over_is_told_and_recorded),
		TEST(a_playlist_is_sent_and_its_end_told),
		TEST(what_can_not_be_sent_is_refused),
		TEST(halting_ends_it_once),
		TEST(closing_tells_the_ends_first_and_nothing_after),
		TEST(nothing_is_sent_on_a_channel_that_is_closing),
		TEST(a_radio_that_fails_while_it_is_opened_is_down),
		TEST(freeing_unkeys_every_transmitter),
		TEST(a_driver_that_does_not_open_says_why),
		TEST(a_radio_that_fails_on_any_thread_is_unkeyed),
		TEST(counters_are_the_channels_and_the_drivers),
		TEST(a_worker_that_hangs_is_named),
		TEST(many_channels_at_once_lose_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
