/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * call_radio.h - an invented radio whose overs are keyed by tests
 *
 * Overs are heard at once, or 20 ms of sound each 20 ms where they are paced.
 */
#pragma once

#include "codecs/dtmf.h"
#include "codecs/encoder.h"
#include "plugins/plugin.h"

#include <osmocom/core/utils.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <cmocka.h>

#define ASKINGS        8
#define REACTION_TICKS 20 /* where overs take their time */

static struct {
	const struct gridcall_driver_host *host;
	struct gridcall_radio *radio;
	int fd;
	_Atomic bool keyed;
	_Atomic unsigned int sent; /* frames */
	pthread_mutex_t lock;
	char say[ASKINGS][32];
	unsigned int count;
	bool is_paced;     /* sends in real time, else at once */
	_Atomic int fault; /* 1: fail now, -1: recover now */
	int16_t pcm[8000 * 12];
	size_t samples, at; /* of the over that is on */
	unsigned int reaction;
} radio = {.lock = PTHREAD_MUTEX_INITIALIZER};

#define STUCK  (8000 * 3)
#define CUT    320  /* samples of the first tone that were not heard */
#define BREATH 3200 /* samples between the key and the first tone */

static void make_noise(int16_t *pcm, size_t samples, int peak)
{
	size_t i;

	for (i = 0; i < samples; i++)
		pcm[i] = (int16_t)((int)((i * 2654435761u >> 16) %
					 (unsigned int)(2 * peak)) -
				   peak);
}

/* "=" is a stuck key, "=**110#" one with keys at its end, "~" is speech, "-" a
 * key touched, "<18#" lost its front, else keys. */
static size_t make_sound(const char *text, int16_t *pcm, size_t max)
{
	int rc;

	if (text[0] == '<') {
		rc = dtmf_make(text + 1, 120, 80, -1000, 0, pcm, max);
		assert_true(rc > CUT);
		memmove(pcm, pcm + CUT, ((size_t)rc - CUT) * sizeof(*pcm));
		return (size_t)rc - CUT;
	}

	if (text[0] == '=') {
		make_noise(pcm, STUCK, 8000);
		if (!text[1])
			return STUCK;
		return STUCK + make_sound(text + 1, pcm + STUCK, max - STUCK);
	}
	if (text[0] == '-') {
		make_noise(pcm, 1600, 4);
		return 1600;
	}
	if (text[0] == '~') {
		make_noise(pcm, 4000, 8000);
		return 4000;
	}
	make_noise(pcm, BREATH, 500);
	rc = dtmf_make(text, 60, 60, -1000, 0, pcm + BREATH, max - BREATH);
	assert_true(rc > 0);
	return BREATH + (size_t)rc;
}

static void send_frame(uint64_t now_us)
{
	static struct encoder *encoder;
	uint8_t data[ENCODER_BYTES_MAX];
	struct gridcall_frame frame = {{GRIDCALL_PCMA, 8000}, data, 160};

	if (!encoder)
		encoder = encoder_alloc(GRIDCALL_PCMA, 8000, 8000);
	if (!radio.at)
		radio.host->keyed(radio.radio, now_us);
	encoder_put(encoder, radio.pcm + radio.at, data);
	radio.host->heard(radio.radio, &frame, now_us);
	radio.at += 160;
	if (radio.at + 160 <= radio.samples)
		return;
	radio.host->unkeyed(radio.radio, now_us);
	radio.samples = 0;
}

static bool take_over(void)
{
	bool any;

	pthread_mutex_lock(&radio.lock);
	any = radio.count > 0;
	if (any) {
		radio.samples = make_sound(radio.say[0], radio.pcm,
					   ARRAY_SIZE(radio.pcm));
		memmove(radio.say[0], radio.say[1],
			sizeof(radio.say) - sizeof(radio.say[0]));
		radio.count--;
		radio.at = 0;
	}
	pthread_mutex_unlock(&radio.lock);
	return any;
}

static void on_ready(void *state, int fd, uint64_t now_us)
{
	eventfd_t value;
	int fault = atomic_exchange(&radio.fault, 0);

	eventfd_read(fd, &value);
	if (fault > 0)
		radio.host->failed(radio.radio, "no power");
	if (fault < 0)
		radio.host->recovered(radio.radio);
	while (!radio.is_paced && take_over())
		while (radio.samples)
			send_frame(now_us);
}

static int radio_open(void **state, struct gridcall_format *transmit,
		      const struct gridcall_driver_host *host,
		      struct gridcall_radio *side,
		      const struct gridcall_option *options,
		      struct gridcall_why *why)
{
	radio.host = host;
	radio.radio = side;
	radio.count = 0;
	radio.samples = 0;
	radio.fd = eventfd(0, EFD_NONBLOCK);
	assert_int_equal(host->watch(side, radio.fd, on_ready), 0);
	*transmit = (struct gridcall_format){GRIDCALL_PCMA, 8000};
	*state = &radio;
	return 0;
}

static void radio_tick(void *state, uint64_t now_us)
{
	if (!radio.is_paced)
		return;
	if (!radio.samples) {
		radio.reaction = 0;
		(void)take_over();
	} else if (radio.at || ++radio.reaction > REACTION_TICKS) {
		send_frame(now_us);
	}
}

static int radio_key(void *state, int on, uint64_t now_us)
{
	atomic_store(&radio.keyed, on);
	return 0;
}

static int radio_send(void *state, const struct gridcall_frame *frame,
		      uint64_t now_us)
{
	atomic_fetch_add(&radio.sent, 1);
	return 0;
}

static void radio_close(void *state)
{
	close(radio.fd);
}

static const struct gridcall_driver radio_driver = {
	.head = {GRIDCALL_ABI_MAJOR, GRIDCALL_ABI_MINOR,
		 sizeof(struct gridcall_driver), GRIDCALL_DRIVER, "invented",
		 "a radio of the tests"},
	.open = radio_open,
	.tick = radio_tick,
	.key = radio_key,
	.send = radio_send,
	.close = radio_close,
};

/* The radio fails (1) or works again (-1). */
static inline void set_fault(int fault)
{
	atomic_store(&radio.fault, fault);
	eventfd_write(radio.fd, 1);
}

/* Somebody keys up and sends this. */
static inline void say(const char *text)
{
	pthread_mutex_lock(&radio.lock);
	assert(radio.count < ASKINGS);
	snprintf(radio.say[radio.count++], sizeof(radio.say[0]), "%s", text);
	pthread_mutex_unlock(&radio.lock);
	eventfd_write(radio.fd, 1);
}
