/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/tally.h"

static void add_answered(struct tally *tally, Gridcall__V1__Grade grade)
{
	if (grade == GRIDCALL__V1__GRADE__GRADE_AGREES)
		tally->agrees++;
	else if (grade == GRIDCALL__V1__GRADE__GRADE_ATTENTION)
		tally->attention++;
	else
		tally->doubtful++;
}

void tally_add(struct tally *tally, Gridcall__V1__UnitState state,
	       Gridcall__V1__Grade grade)
{
	tally->units++;
	switch (state) {
	case GRIDCALL__V1__UNIT_STATE__UNIT_ANSWERED:
		add_answered(tally, grade);
		break;
	case GRIDCALL__V1__UNIT_STATE__UNIT_HEARD:
		tally->heard++;
		break;
	case GRIDCALL__V1__UNIT_STATE__UNIT_SILENT:
		tally->silent++;
		break;
	case GRIDCALL__V1__UNIT_STATE__UNIT_PENDING:
	case GRIDCALL__V1__UNIT_STATE__UNIT_CALLED:
		tally->pending++;
		break;
	default:
		tally->not_asked++;
		break;
	}
}

void tally_to_summary(const struct tally *tally,
		      Gridcall__V1__CallSummary *summary)
{
	summary->units = tally->units;
	summary->agrees = tally->agrees;
	summary->attention = tally->attention;
	summary->doubtful = tally->doubtful;
	summary->heard = tally->heard;
	summary->silent = tally->silent;
	summary->not_asked = tally->not_asked;
	summary->pending = tally->pending;
}

void tally_to_ended(const struct tally *tally, Gridcall__V1__CallEnded *ended)
{
	ended->units = tally->units;
	ended->agrees = tally->agrees;
	ended->attention = tally->attention;
	ended->doubtful = tally->doubtful;
	ended->heard = tally->heard;
	ended->silent = tally->silent;
	ended->not_asked = tally->not_asked + tally->pending;
}
