/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/control/turnstile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <osmocom/core/talloc.h>
#include <osmocom/core/timer.h>
#include <osmocom/core/utils.h>

#include "gateway/clock.h"
#include "gateway/log.h"

#define PREFIXES_MAX 8192
/* How often it is looked at whether the ledger's log is short again. */
#define LOG_LOOK_US 20000
/* An idle writer never shortens its log: then one may come in all the same. */
#define LOG_BRAKE_US 500000

/* One principal and what it may still read; less than nothing is a debt. */
struct guest {
	struct llist_head entry;
	char name[64];
	int64_t rows;
	int64_t bytes;
	uint64_t refilled_us;
	struct llist_head waiting;
	unsigned int waiting_count;
};

struct turnstile {
	struct gateway *gateway;
	struct turnstile_rate rate;
	struct llist_head guests; /* whose turn it is, first */
	struct turnstile_question *inside;
	struct guest *inside_guest;
	struct osmo_fd timer;
	uint64_t braked_us; /* since when the log is too long; 0: it is not */
};

/* ---- rates ---- */

static void refill(const struct turnstile *turnstile, struct guest *guest)
{
	const struct turnstile_rate *rate = &turnstile->rate;
	uint64_t now_us = clock_now_us();
	uint64_t since_us = now_us - guest->refilled_us;

	guest->rows += (int64_t)(rate->rows_per_s * since_us / 1000000);
	guest->bytes += (int64_t)(rate->bytes_per_s * since_us / 1000000);
	guest->rows = OSMO_MIN(guest->rows, (int64_t)rate->rows_burst);
	guest->bytes = OSMO_MIN(guest->bytes, (int64_t)rate->bytes_burst);
	guest->refilled_us = now_us;
}

static uint64_t paid_in_us(int64_t left, uint64_t per_s)
{
	return left >= 0 ? 0 : (uint64_t)-left * 1000000 / per_s + 1000;
}

/* 0: it may come in. */
static uint64_t waits_us(const struct turnstile *turnstile,
			 const struct guest *guest)
{
	uint64_t rows_us = paid_in_us(guest->rows, turnstile->rate.rows_per_s);
	uint64_t bytes_us =
		paid_in_us(guest->bytes, turnstile->rate.bytes_per_s);

	return OSMO_MAX(rows_us, bytes_us);
}

static struct guest *guest_get(struct turnstile *turnstile, const char *name)
{
	struct guest *guest;

	llist_for_each_entry (guest, &turnstile->guests, entry)
		if (!strcmp(guest->name, name))
			return guest;
	guest = talloc_zero(turnstile, struct guest);
	OSMO_ASSERT(guest);
	OSMO_STRLCPY_ARRAY(guest->name, name);
	guest->rows = (int64_t)turnstile->rate.rows_burst;
	guest->bytes = (int64_t)turnstile->rate.bytes_burst;
	guest->refilled_us = clock_now_us();
	INIT_LLIST_HEAD(&guest->waiting);
	llist_add_tail(&guest->entry, &turnstile->guests);
	return guest;
}

/* Who has its whole room again is no different from a stranger. */
static void forget_the_idle(struct turnstile *turnstile)
{
	struct guest *guest, *next;

	llist_for_each_entry_safe (guest, next, &turnstile->guests, entry) {
		refill(turnstile, guest);
		if (guest == turnstile->inside_guest || guest->waiting_count ||
		    guest->rows < (int64_t)turnstile->rate.rows_burst ||
		    guest->bytes < (int64_t)turnstile->rate.bytes_burst)
			continue;
		llist_del(&guest->entry);
		talloc_free(guest);
	}
}

/* ---- letting in ---- */

static void let_in(struct turnstile *turnstile);

static void question_end(struct turnstile_question *question)
{
	talloc_free(question->packed);
	question->free(question);
}

static void refuse(struct turnstile_question *question)
{
	command_refuse(question->command);
	question_end(question);
}

static void on_read(void *data)
{
	struct turnstile_question *question = data;
	struct turnstile *turnstile = question->turnstile;
	struct guest *guest = turnstile->inside_guest;

	turnstile->inside = NULL;
	turnstile->inside_guest = NULL;
	refill(turnstile, guest);
	guest->rows -= (int64_t)question->work;
	guest->bytes -= (int64_t)question->packed_len;
	question->command->fault = question->fault;
	if (question->fault.code || command_check_wanted(question->command)) {
		refuse(question);
	} else {
		command_reply_packed(question->command, question->packed,
				     question->packed_len);
		question_end(question);
	}
	let_in(turnstile);
}

static void on_reader(struct ledger_reader *reader, void *data)
{
	struct turnstile_question *question = data;

	question->ctx = talloc_new(NULL);
	OSMO_ASSERT(question->ctx);
	question->read(question, reader);
	/* Freed here, not on main: a page is made of thousands of pieces. */
	talloc_free(question->ctx);
	prefixes_clear(&question->prefixes);
}

/* The first question of a guest, who goes to the end of the row. */
static struct turnstile_question *take(struct turnstile *turnstile,
				       struct guest *guest)
{
	struct turnstile_question *question = llist_first_entry(
		&guest->waiting, struct turnstile_question, entry);

	llist_del(&question->entry);
	guest->waiting_count--;
	llist_move_tail(&guest->entry, &turnstile->guests);
	return question;
}

/* NULL and the time after which somebody may come in; 0: nobody waits. */
static struct guest *next_guest(struct turnstile *turnstile, uint64_t *in_us)
{
	struct guest *guest;
	uint64_t wait_us;

	*in_us = 0;
	llist_for_each_entry (guest, &turnstile->guests, entry) {
		if (!guest->waiting_count)
			continue;
		refill(turnstile, guest);
		wait_us = waits_us(turnstile, guest);
		if (!wait_us)
			return guest;
		if (!*in_us || wait_us < *in_us)
			*in_us = wait_us;
	}
	return NULL;
}

static void come_back(struct turnstile *turnstile, uint64_t in_us)
{
	struct timespec in = {.tv_sec = (time_t)(in_us / 1000000),
			      .tv_nsec = (long)(in_us % 1000000) * 1000};
	struct timespec once = {0};

	osmo_timerfd_schedule(&turnstile->timer, &in, &once);
}

static void begin(struct turnstile *turnstile, struct guest *guest)
{
	struct turnstile_question *question = take(turnstile, guest);

	if (command_check_time(question->command)) {
		refuse(question);
		return;
	}
	turnstile->inside = question;
	turnstile->inside_guest = guest;
	ledger_read(turnstile->gateway->ledger, on_reader, on_read, question);
}

/*
 * The ledger's log begins anew only in a moment in which nobody reads what is
 * in it: questions one after the other must not make it grow for ever.
 */
static bool is_braked(struct turnstile *turnstile)
{
	uint64_t now_us = clock_now_us();
	struct ledger_stats stats;

	ledger_stats(turnstile->gateway->ledger, &stats);
	if (!stats.log_is_long) {
		turnstile->braked_us = 0;
		return false;
	}
	if (!turnstile->braked_us)
		turnstile->braked_us = now_us;
	if (now_us - turnstile->braked_us < LOG_BRAKE_US)
		return true;
	turnstile->braked_us = 0;
	return false;
}

static void let_in(struct turnstile *turnstile)
{
	struct guest *guest;
	uint64_t in_us;

	while (!turnstile->inside) {
		guest = next_guest(turnstile, &in_us);
		if (guest && is_braked(turnstile)) {
			in_us = LOG_LOOK_US;
			guest = NULL;
		}
		if (!guest) {
			if (in_us)
				come_back(turnstile, in_us);
			return;
		}
		begin(turnstile, guest);
	}
}

static int on_timer(struct osmo_fd *ofd, unsigned int what)
{
	uint64_t expired;

	if (read(ofd->fd, &expired, sizeof(expired)) == sizeof(expired))
		let_in(ofd->data);
	return 0;
}

static bool is_crowded(struct turnstile *turnstile, struct guest *guest)
{
	const struct turnstile_rate *rate = &turnstile->rate;

	refill(turnstile, guest);
	return guest->waiting_count >= (waits_us(turnstile, guest)
						? rate->waiting_max_over
						: rate->waiting_max);
}

void turnstile_ask(struct turnstile *turnstile,
		   struct turnstile_question *question)
{
	struct command *command = question->command;
	struct guest *guest;

	forget_the_idle(turnstile);
	guest = guest_get(turnstile, command->principal.name);
	if (is_crowded(turnstile, guest)) {
		fault_set(&command->fault, GRIDCALL__V1__ERROR_CODE__ERROR_BUSY,
			  "%u requests of '%s' for history wait already; ask "
			  "again when one of them is answered",
			  guest->waiting_count, guest->name);
		refuse(question);
		return;
	}
	question->turnstile = turnstile;
	llist_add_tail(&question->entry, &guest->waiting);
	guest->waiting_count++;
	let_in(turnstile);
}

/* ---- for the questions, on the reader ---- */

static int check_prefix(struct turnstile_question *question, const char *prefix)
{
	const struct principal *principal = &question->command->principal;

	if (!topic_prefix_is_valid(prefix, strlen(prefix)))
		return fault_set(&question->fault,
				 GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT,
				 "'%.64s' is no topic prefix; end an area with "
				 "a dot, for example gc1.440106.",
				 prefix);
	if (!authority_covers(principal, prefix))
		return fault_set(&question->fault,
				 GRIDCALL__V1__ERROR_CODE__ERROR_NOT_ALLOWED,
				 "'%.64s' is not within the jurisdiction of "
				 "'%s'; ask for what whoami lists",
				 prefix, principal->name);
	return 0;
}

int turnstile_take_prefixes(struct turnstile_question *question,
			    char *const *list, size_t count)
{
	const struct principal *principal = &question->command->principal;
	const char *areas[AUTHORITY_AREAS_MAX];
	size_t i;

	if (count > PREFIXES_MAX)
		return fault_set(&question->fault,
				 GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT,
				 "at most %d prefixes at once; ask for a "
				 "shorter prefix",
				 PREFIXES_MAX);
	for (i = 0; i < count; i++)
		if (check_prefix(question, list[i]))
			return -EINVAL;
	for (i = 0; i < principal->areas; i++)
		areas[i] = principal->jurisdiction[i];
	OSMO_ASSERT(!prefixes_make(&question->prefixes,
				   count ? (const char *const *)list : areas,
				   count ? count : principal->areas));
	return 0;
}

void turnstile_pack(struct turnstile_question *question,
		    Gridcall__V1__Reply *reply)
{
	reply->id = question->command->request->id;
	question->packed_len = gridcall__v1__reply__get_packed_size(reply);
	question->packed = talloc_size(NULL, question->packed_len + 1);
	OSMO_ASSERT(question->packed);
	gridcall__v1__reply__pack(reply, question->packed);
}

void turnstile_set_unreadable(struct turnstile_question *question)
{
	fault_set(&question->fault, GRIDCALL__V1__ERROR_CODE__ERROR_UNAVAILABLE,
		  "the ledger can't be read; try again, and look at "
		  "\"show ledger\"");
}

/* ---- life ---- */

struct turnstile *turnstile_alloc(struct gateway *gateway,
				  const struct turnstile_rate *rate)
{
	struct turnstile *turnstile = talloc_zero(gateway, struct turnstile);

	OSMO_ASSERT(turnstile);
	turnstile->gateway = gateway;
	turnstile->rate = *rate;
	turnstile->timer.fd = -1;
	INIT_LLIST_HEAD(&turnstile->guests);
	if (osmo_timerfd_setup(&turnstile->timer, on_timer, turnstile) >= 0)
		return turnstile;
	talloc_free(turnstile);
	return NULL;
}

struct turnstile *turnstile_free(struct turnstile *turnstile)
{
	struct guest *guest;

	if (!turnstile)
		return NULL;
	OSMO_ASSERT(!turnstile->inside);
	llist_for_each_entry (guest, &turnstile->guests, entry) {
		while (guest->waiting_count) {
			struct turnstile_question *question = llist_first_entry(
				&guest->waiting, struct turnstile_question,
				entry);

			llist_del(&question->entry);
			guest->waiting_count--;
			(void)command_check_time(question->command);
			refuse(question);
		}
	}
	osmo_fd_unregister(&turnstile->timer);
	close(turnstile->timer.fd);
	talloc_free(turnstile);
	return NULL;
}
