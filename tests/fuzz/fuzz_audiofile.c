/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_audiofile.c - any bytes as a file: samples within the limit, or a
 * sentence
 */
#include "codecs/audiofile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char why[256] = "";
	uint32_t rate_hz = 0;
	size_t samples = 0;
	int16_t *pcm = NULL;
	int rc;

	rc = audiofile_decode(data, len, &pcm, &samples, &rate_hz, why,
			      sizeof(why));
	if (rc) {
		if ((rc == -EINVAL && strlen(why) < 20) || pcm)
			abort();
		return 0;
	}
	if (!samples || rate_hz < 8000 || rate_hz > 48000 ||
	    samples > (size_t)AUDIOFILE_SECONDS_MAX * rate_hz)
		abort();
	/* The last sample is there to be read. */
	if (pcm[samples - 1] == pcm[0])
		pcm[0] = 0;
	free(pcm);
	return 0;
}
