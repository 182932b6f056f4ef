/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * oggopus.c - the only file that includes ogg.h
 *
 * A page is written every second of audio, so a file that is cut short plays
 * up to the last second.  One packet is held back, since the last one carries
 * the mark of the end.
 */
#include "codecs/oggopus.h"

#include "codecs/audiofile.h"
#include "codecs/opus.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <ogg/ogg.h>

#define HEAD_BYTES     19
#define FRAME          960   /* 20 ms */
#define PAGE_SAMPLES   48000 /* a page is written at least every second */
#define PAGE_BYTES     12000 /* less than libogg holds without growing */
#define PACKET_MAX     1920
#define PACKET_SAMPLES (OPUS_MS_MAX * 48)
#define SAMPLES_MAX    ((size_t)AUDIOFILE_SECONDS_MAX * OGGOPUS_RATE_HZ)
#define PCM_START      65536

bool oggopus_is(const uint8_t *data, size_t len)
{
	return len >= 4 && !memcmp(data, "OggS", 4);
}

/* ------------------------------------------------------------------ read -- */

enum read_state { WANT_HEAD, WANT_TAGS, WANT_AUDIO };

struct reader {
	ogg_sync_state sync;
	ogg_stream_state stream;
	bool has_stream;
	enum read_state state;
	struct opus_ear *ear;
	int16_t *pcm;
	size_t room;
	size_t start;   /* of this link of a chain, in pcm */
	size_t samples; /* decoded, those to be skipped too */
	size_t skip;    /* at the start of this link */
	char *why;
	size_t why_size;
};

static int refuse(struct reader *reader, const char *sentence)
{
	snprintf(reader->why, reader->why_size, "%s", sentence);
	return -EINVAL;
}

static int read_head(struct reader *reader, const ogg_packet *packet)
{
	const uint8_t *head = packet->packet;

	if (packet->bytes < HEAD_BYTES || memcmp(head, "OpusHead", 8))
		return refuse(reader, "the Ogg file holds no Opus audio; save "
				      "it as Opus or WAV");
	if (head[8] > 15)
		return refuse(reader, "the Ogg Opus file is of an unknown "
				      "version; save it as WAV");
	if (head[9] < 1 || head[9] > 2 || head[18] > 0)
		return refuse(reader, "an Ogg Opus file with more than two "
				      "channels can't be read; save it as "
				      "mono");
	reader->skip = (size_t)(head[10] | head[11] << 8);
	reader->start = reader->samples;
	opus_ear_reset(reader->ear);
	opus_ear_gain(reader->ear, (int16_t)(head[16] | head[17] << 8));
	reader->state = WANT_TAGS;
	return 0;
}

static int make_room(struct reader *reader)
{
	size_t room = reader->room ? 2 * reader->room : PCM_START;
	int16_t *pcm;

	if (reader->samples + PACKET_SAMPLES <= reader->room)
		return 0;
	pcm = realloc(reader->pcm, room * sizeof(*pcm));
	if (!pcm)
		return -ENOMEM;
	reader->pcm = pcm;
	reader->room = room;
	return 0;
}

static int read_audio(struct reader *reader, const ogg_packet *packet)
{
	int rc = make_room(reader);
	int got;

	if (rc)
		return rc;
	got = opus_ear_put(reader->ear, packet->packet, (size_t)packet->bytes,
			   reader->pcm + reader->samples, PACKET_SAMPLES);
	/* A damaged packet is concealed, as any player does. */
	if (got < 0)
		got = opus_ear_put(reader->ear, NULL, 0,
				   reader->pcm + reader->samples, FRAME);
	if (got > 0)
		reader->samples += (size_t)got;
	if (reader->samples > SAMPLES_MAX) {
		snprintf(reader->why, reader->why_size,
			 "the Ogg Opus file is longer than %d s; split it",
			 AUDIOFILE_SECONDS_MAX);
		return -EINVAL;
	}
	return 0;
}

/* Cut what the encoder added behind the end, and what it needs to start. */
static void end_link(struct reader *reader, ogg_int64_t granule)
{
	size_t length = reader->samples - reader->start;
	size_t skip;

	if (granule >= 0 && (uint64_t)granule < length)
		length = (size_t)granule;
	skip = reader->skip < length ? reader->skip : length;
	if (skip < length)
		memmove(reader->pcm + reader->start,
			reader->pcm + reader->start + skip,
			(length - skip) * sizeof(*reader->pcm));
	reader->samples = reader->start + length - skip;
	reader->skip = 0;
	reader->start = reader->samples;
}

static int read_packet(struct reader *reader, const ogg_packet *packet)
{
	switch (reader->state) {
	case WANT_HEAD:
		return read_head(reader, packet);
	case WANT_TAGS:
		reader->state = WANT_AUDIO;
		return 0;
	case WANT_AUDIO:
		return read_audio(reader, packet);
	}
	return 0;
}

/* The first stream, then each that follows the end of the one before. */
static bool take_page(struct reader *reader, ogg_page *page)
{
	int serial = ogg_page_serialno(page);

	if (reader->has_stream)
		return reader->stream.serialno == serial;
	if (!ogg_page_bos(page))
		return false;
	ogg_stream_clear(&reader->stream);
	reader->has_stream = ogg_stream_init(&reader->stream, serial) == 0;
	reader->state = WANT_HEAD;
	return reader->has_stream;
}

static int read_page(struct reader *reader, ogg_page *page)
{
	ogg_packet packet;
	int rc = 0;
	int got;

	if (!take_page(reader, page))
		return 0;
	if (ogg_stream_pagein(&reader->stream, page))
		return 0;
	while (!rc && (got = ogg_stream_packetout(&reader->stream, &packet)))
		if (got > 0)
			rc = read_packet(reader, &packet);
	if (!rc && ogg_page_eos(page)) {
		end_link(reader, ogg_page_granulepos(page));
		reader->has_stream = false;
	}
	return rc;
}

static int read_pages(struct reader *reader, const uint8_t *data, size_t len)
{
	char *buffer;
	ogg_page page;
	int rc = 0;
	int got;

	if (len > LONG_MAX / 2)
		return refuse(reader, "the Ogg file is too large; split it");
	buffer = ogg_sync_buffer(&reader->sync, (long)len);
	if (!buffer)
		return -ENOMEM;
	memcpy(buffer, data, len);
	(void)ogg_sync_wrote(&reader->sync, (long)len);
	while (!rc && (got = ogg_sync_pageout(&reader->sync, &page)))
		if (got > 0)
			rc = read_page(reader, &page);
	if (rc)
		return rc;
	if (reader->has_stream) /* cut short */
		end_link(reader, -1);
	if (!reader->samples)
		return refuse(reader, "the Ogg file ends before its audio "
				      "begins; copy it again");
	return 0;
}

int oggopus_decode(const uint8_t *data, size_t len, int16_t **pcm,
		   size_t *samples, char *why, size_t why_size)
{
	struct reader reader = {.why = why, .why_size = why_size};
	int rc = -ENOMEM;

	reader.ear = opus_ear_alloc(OGGOPUS_RATE_HZ);
	(void)ogg_sync_init(&reader.sync);
	if (reader.ear)
		rc = read_pages(&reader, data, len);
	ogg_stream_clear(&reader.stream);
	ogg_sync_clear(&reader.sync);
	opus_ear_free(reader.ear);
	if (rc) {
		free(reader.pcm);
		return rc;
	}
	*pcm = reader.pcm;
	*samples = reader.samples;
	return 0;
}

/* --------------------------------------------------------------- written -- */

struct oggopus_writer {
	FILE *file;
	ogg_stream_state stream;
	int64_t number;  /* of the next packet */
	int64_t granule; /* end of the last packet given to the stream */
	int64_t paged;   /* granule of the last page written */
	size_t waiting;  /* bytes since then */
	int64_t ahead;   /* samples that a long packet holds beyond 20 ms */
	uint8_t gap;     /* a packet without a frame, for what was lost */
	uint8_t held[PACKET_MAX];
	size_t held_len; /* 0: none */
	int rc;          /* the first error of writing, kept */
};

static void write_page(struct oggopus_writer *writer, ogg_page *page)
{
	size_t head = (size_t)page->header_len;
	size_t body = (size_t)page->body_len;

	errno = 0;
	if (fwrite(page->header, 1, head, writer->file) == head &&
	    fwrite(page->body, 1, body, writer->file) == body)
		return;
	if (!writer->rc)
		writer->rc = errno ? -errno : -EIO;
}

static void flush_pages(struct oggopus_writer *writer)
{
	ogg_page page;

	while (ogg_stream_flush(&writer->stream, &page))
		write_page(writer, &page);
	writer->paged = writer->granule;
	writer->waiting = 0;
}

static void give_packet(struct oggopus_writer *writer, uint8_t *data,
			size_t len, bool last)
{
	ogg_packet packet = {
		.packet = data,
		.bytes = (long)len,
		.b_o_s = writer->number == 0,
		.e_o_s = last,
		.granulepos = writer->granule,
		.packetno = writer->number,
	};

	writer->number++;
	if (ogg_stream_packetin(&writer->stream, &packet) && !writer->rc)
		writer->rc = -ENOMEM;
	writer->waiting += len;
}

static void give_headers(struct oggopus_writer *writer, uint32_t rate_hz)
{
	static const char vendor[] = "gridcall";
	uint8_t head[HEAD_BYTES] = "OpusHead";
	uint8_t tags[8 + 4 + sizeof(vendor) - 1 + 4] = "OpusTags";

	head[8] = 1; /* version */
	head[9] = 1; /* channels */
	head[10] = OPUS_LEAD & 0xff;
	head[11] = OPUS_LEAD >> 8;
	head[12] = (uint8_t)rate_hz;
	head[13] = (uint8_t)(rate_hz >> 8);
	head[14] = (uint8_t)(rate_hz >> 16);
	give_packet(writer, head, sizeof(head), false);
	flush_pages(writer);
	tags[8] = sizeof(vendor) - 1;
	memcpy(tags + 12, vendor, sizeof(vendor) - 1);
	give_packet(writer, tags, sizeof(tags), false);
	flush_pages(writer);
}

struct oggopus_writer *oggopus_writer_open(FILE *file, uint32_t rate_hz)
{
	struct oggopus_writer *writer = calloc(1, sizeof(*writer));
	int serial = 1;

	if (!writer)
		return NULL;
	writer->file = file;
	writer->gap = 9 << 3; /* wideband voice, 20 ms, mono, one frame */
	/* Files may be strung together: their numbers should differ. */
	(void)!getrandom(&serial, sizeof(serial), GRND_NONBLOCK);
	if (ogg_stream_init(&writer->stream, serial)) {
		free(writer);
		return NULL;
	}
	give_headers(writer, rate_hz);
	if (!writer->rc)
		return writer;
	ogg_stream_clear(&writer->stream);
	free(writer);
	return NULL;
}

/* Pass the packet that was held back on to the stream. */
static void give_held(struct oggopus_writer *writer, bool last)
{
	int samples;

	if (!writer->held_len)
		return;
	samples = opus_samples(writer->held, writer->held_len, 48000);
	/* Before its granule changes: the page ends with what is in it. */
	if (writer->waiting + writer->held_len > PAGE_BYTES ||
	    writer->granule + samples - writer->paged > PAGE_SAMPLES)
		flush_pages(writer);
	writer->granule += samples;
	give_packet(writer, writer->held, writer->held_len, last);
	writer->held_len = 0;
}

int oggopus_writer_put(struct oggopus_writer *writer, const uint8_t *data,
		       size_t len)
{
	int samples = -EINVAL;

	if (data && len <= PACKET_MAX)
		samples = opus_samples(data, len, 48000);
	if (samples < 0) {
		if (writer->ahead >= FRAME) {
			writer->ahead -= FRAME;
			return writer->rc;
		}
		data = &writer->gap;
		len = 1;
		samples = FRAME;
	}
	give_held(writer, false);
	memcpy(writer->held, data, len);
	writer->held_len = len;
	writer->ahead = samples > FRAME ? samples - FRAME : 0;
	return writer->rc;
}

int oggopus_writer_close(struct oggopus_writer *writer)
{
	int rc;

	if (!writer->held_len && writer->granule == 0)
		(void)oggopus_writer_put(writer, NULL, 0);
	give_held(writer, true);
	flush_pages(writer);
	rc = writer->rc;
	ogg_stream_clear(&writer->stream);
	free(writer);
	return rc;
}
