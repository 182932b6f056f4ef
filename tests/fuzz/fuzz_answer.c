/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Three bytes a tone: key and lost audio, length, pause.  What is certain must
 * be found in the keys as it would be dialled, and must not change because the
 * over has ended.
 */
#include "gateway/call/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(const struct answer_format *format, const struct answer *a)
{
	char dialled[40] = "#";
	char raw[OVER_TONES_MAX + 2] = "#";
	char *at = dialled + 1;

	if (a->kind < ANSWER_COUNT || a->kind == ANSWER_PANIC || a->doubts)
		return;
	at += sprintf(at, a->named ? "*%s" : "%s", a->unit);
	if (a->kind == ANSWER_CODE)
		at += sprintf(at, "**%s", a->code);
	else
		at += sprintf(at, a->named ? "*%0*u" : "%0*u",
			      format->count_width, a->count);
	if (*a->situation)
		at += sprintf(at, "*%s", a->situation);
	strcpy(at, "#");
	/* From one # to the next, and the whole where there is but one. */
	strcat(raw, a->raw);
	if (!strstr(raw, dialled) ||
	    (strchr(a->raw, '#') == strchr(a->raw, '\0') - 1 &&
	     strcmp(raw, dialled) != 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const columns[] = {"", "id=4;panic=119",
					      "id=3;panic=119", "unit=1;id=5"};
	struct tone tones[80];
	struct answer_format format;
	struct answer so_far, whole, joined;
	size_t count = 0;
	uint32_t at_ms;

	if (len < 2 || answer_format_parse(&format, columns[data[0] & 3], NULL,
					   NULL, NULL))
		return 0;
	at_ms = data[1] * 4u;
	for (data += 2, len -= 2; len >= 3 && count < 80; data += 3, len -= 3) {
		tones[count] = (struct tone){
			.digit = "0123456789*#ABCD"[data[0] & 15],
			.lost_ms = data[0] >> 4,
			.begin_ms = at_ms,
			.end_ms = at_ms + data[1],
		};
		at_ms += data[1] + data[2] * 4u;
		count++;
	}
	answer_parse(&format, tones, count, OVER_FRESH, false, &so_far);
	answer_parse(&format, tones, count, OVER_FRESH, true, &whole);
	check(&format, &so_far);
	check(&format, &whole);
	if (so_far.kind != ANSWER_NONE &&
	    memcmp(&so_far, &whole, sizeof(whole)) != 0)
		abort();
	if (answer_join(&format, tones, count / 2, tones + count / 2,
			count - count / 2, 900, &joined) != ANSWER_NONE &&
	    !(joined.doubts & DOUBT_JOINED))
		abort();
	return 0;
}
