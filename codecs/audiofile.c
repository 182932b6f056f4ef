/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * audiofile.c - which kind of file it is, and the files of one recording
 */
#include "codecs/audiofile.h"

#include "codecs/g711.h"
#include "codecs/oggopus.h"
#include "codecs/wavfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BYTES_MAX (256u << 20) /* 600 s at 48 kHz, 2 x 32 bit, and some */
#define L16_MAX   960          /* samples of one packet */
#define SENTENCE  200

int audiofile_decode(const uint8_t *data, size_t len, int16_t **pcm,
		     size_t *samples, uint32_t *rate_hz, char *why,
		     size_t why_size)
{
	struct wavfile_pcm wav;
	int rc;

	if (oggopus_is(data, len)) {
		rc = oggopus_decode(data, len, pcm, samples, why, why_size);
		if (!rc)
			*rate_hz = OGGOPUS_RATE_HZ;
		return rc;
	}
	if (!wavfile_is(data, len)) {
		snprintf(why, why_size,
			 "the file is neither WAV nor Ogg Opus; convert it, "
			 "for example with ffmpeg -i FILE NEW.wav");
		return -EINVAL;
	}
	rc = wavfile_decode(data, len, &wav, why, why_size);
	if (rc)
		return rc;
	*pcm = wav.pcm;
	*samples = wav.samples;
	*rate_hz = wav.rate_hz;
	return 0;
}

/* Read all of an open file; *data is for free(). */
static int read_file(FILE *file, uint8_t **data, size_t *len, char *why,
		     size_t why_size)
{
	struct stat info;
	uint8_t *bytes;

	if (fstat(fileno(file), &info))
		return -errno;
	if (S_ISDIR(info.st_mode))
		return -EISDIR;
	if (!S_ISREG(info.st_mode) || (uint64_t)info.st_size > BYTES_MAX) {
		snprintf(why, why_size,
			 "the file is larger than %u MB or no plain file; "
			 "split it",
			 BYTES_MAX >> 20);
		return -EINVAL;
	}
	bytes = malloc((size_t)info.st_size + 1);
	if (!bytes)
		return -ENOMEM;
	*len = fread(bytes, 1, (size_t)info.st_size, file);
	if (ferror(file)) {
		free(bytes);
		return errno ? -errno : -EIO;
	}
	*data = bytes;
	return 0;
}

/* A named pipe that nobody writes to must not hold us up. */
static FILE *open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	FILE *file;

	if (fd < 0)
		return NULL;
	file = fdopen(fd, "rb");
	if (!file)
		close(fd);
	return file;
}

int audiofile_read(const char *path, int16_t **pcm, size_t *samples,
		   uint32_t *rate_hz, char *why, size_t why_size)
{
	char sentence[SENTENCE] = "";
	uint8_t *data = NULL;
	size_t len = 0;
	FILE *file;
	int rc;

	file = open_file(path);
	if (file) {
		rc = read_file(file, &data, &len, sentence, sizeof(sentence));
		fclose(file);
	} else {
		rc = -errno;
	}
	if (!rc)
		rc = audiofile_decode(data, len, pcm, samples, rate_hz,
				      sentence, sizeof(sentence));
	free(data);
	if (!rc)
		return 0;
	if (!sentence[0])
		snprintf(sentence, sizeof(sentence),
			 "the file can't be read: %s", strerror(-rc));
	snprintf(why, why_size, "'%s': %s", path, sentence);
	return rc;
}

/* --------------------------------------------------------------- written -- */

struct audiofile_writer {
	FILE *file;
	enum audiofile_type type;
	uint32_t rate_hz;
	struct oggopus_writer *ogg; /* Opus; NULL: WAV */
	long start;                 /* of the header; negative: no seeking */
	uint64_t bytes;             /* of samples */
	int rc;                     /* the first error of writing, kept */
};

static enum wavfile_tag tag_of(enum audiofile_type type)
{
	switch (type) {
	case AUDIOFILE_PCMA:
		return WAVFILE_ALAW;
	case AUDIOFILE_PCMU:
		return WAVFILE_ULAW;
	default:
		return WAVFILE_PCM;
	}
}

static void put_bytes(struct audiofile_writer *writer, const void *data,
		      size_t len)
{
	errno = 0;
	if (fwrite(data, 1, len, writer->file) != len && !writer->rc)
		writer->rc = errno ? -errno : -EIO;
}

static void put_header(struct audiofile_writer *writer, uint32_t data_len)
{
	uint8_t header[WAVFILE_HEADER_MAX];
	size_t len = wavfile_header(tag_of(writer->type), writer->rate_hz,
				    data_len, header);

	put_bytes(writer, header, len);
}

struct audiofile_writer *
audiofile_writer_open(FILE *file, enum audiofile_type type, uint32_t rate_hz)
{
	struct audiofile_writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return NULL;
	writer->file = file;
	writer->type = type;
	writer->rate_hz = rate_hz;
	writer->start = ftell(file);
	if (type == AUDIOFILE_OPUS)
		writer->ogg = oggopus_writer_open(file, rate_hz);
	else
		put_header(writer, WAVFILE_OPEN_END);
	if (writer->rc || (type == AUDIOFILE_OPUS && !writer->ogg)) {
		free(writer);
		return NULL;
	}
	if (fflush(file)) {
		(void)audiofile_writer_close(writer);
		return NULL;
	}
	return writer;
}

static void put_silence(struct audiofile_writer *writer)
{
	uint8_t bytes[2 * L16_MAX];
	size_t samples = writer->rate_hz / 50;

	if (samples > L16_MAX)
		samples = L16_MAX;
	if (writer->type == AUDIOFILE_L16)
		samples *= 2;
	memset(bytes,
	       writer->type == AUDIOFILE_PCMA   ? G711_ALAW_SILENCE
	       : writer->type == AUDIOFILE_PCMU ? G711_ULAW_SILENCE
						: 0,
	       samples);
	put_bytes(writer, bytes, samples);
	writer->bytes += samples;
}

/* From network order to the order of a WAV file. */
static void put_swapped(struct audiofile_writer *writer, const uint8_t *data,
			size_t len)
{
	uint8_t swapped[2 * L16_MAX];
	size_t i;

	len -= len % 2;
	if (len > sizeof(swapped))
		len = sizeof(swapped);
	for (i = 0; i < len; i += 2) {
		swapped[i] = data[i + 1];
		swapped[i + 1] = data[i];
	}
	put_bytes(writer, swapped, len);
	writer->bytes += len;
}

int audiofile_writer_put(struct audiofile_writer *writer, const uint8_t *data,
			 size_t len)
{
	if (writer->ogg)
		return oggopus_writer_put(writer->ogg, data, len);
	if (!data) {
		put_silence(writer);
	} else if (writer->type == AUDIOFILE_L16) {
		put_swapped(writer, data, len);
	} else {
		put_bytes(writer, data, len);
		writer->bytes += len;
	}
	return writer->rc;
}

static void flush(struct audiofile_writer *writer)
{
	if (fflush(writer->file) && !writer->rc)
		writer->rc = -errno;
}

/* Now the length is known; a pipe keeps its open end. */
static void correct_header(struct audiofile_writer *writer)
{
	bool fits = writer->bytes < WAVFILE_OPEN_END - WAVFILE_HEADER_MAX;

	if (writer->bytes % 2)
		put_bytes(writer, "", 1);
	flush(writer);
	if (!fits || writer->rc || writer->start < 0 ||
	    fseek(writer->file, writer->start, SEEK_SET))
		return;
	put_header(writer, (uint32_t)writer->bytes);
	if (fseek(writer->file, 0, SEEK_END) && !writer->rc)
		writer->rc = -errno;
}

int audiofile_writer_close(struct audiofile_writer *writer)
{
	int rc;

	if (writer->ogg)
		writer->rc = oggopus_writer_close(writer->ogg);
	else
		correct_header(writer);
	flush(writer);
	rc = writer->rc;
	free(writer);
	return rc;
}

const char *audiofile_suffix(enum audiofile_type type)
{
	return type == AUDIOFILE_OPUS ? ".opus" : ".wav";
}
