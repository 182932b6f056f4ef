/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Who comes in when, with questions that the test answers itself.
 */
#include "gateway/control/turnstile.h"

#include "gateway/clock.h"
#include "gateway/gateway.h"

/* After it: both tell of themselves by the same names. */
#include "tests/unit/ledger_bench.h"

#include <osmocom/core/rate_ctr.h>
#include <semaphore.h>
#include <stdatomic.h>

#define ERROR(name) GRIDCALL__V1__ERROR_CODE__ERROR_##name
#define MAX         64

/* A question of the test's: how much it reads, and what it waits for. */
struct asked {
	struct turnstile_question question;
	uint64_t work;
	sem_t *go_on; /* NULL: it waits for nothing */
	bool fails;
};

struct world {
	struct bench bench;
	struct gateway *gateway;
	struct turnstile_rate rate;
	struct gridcall_bridge *bridge;
	size_t count; /* replies */
	uint64_t tokens[MAX];
	int codes[MAX];
	atomic_int inside;
	atomic_int most_inside;
};

static struct world *the_world;
static Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;

/* ---- a service in the place of one that carries replies to a peer ---- */

static int mailbox_open(void **state, const struct gridcall_service_host *host,
			struct gridcall_bridge *bridge,
			const struct gridcall_option *options,
			struct gridcall_why *why)
{
	the_world->bridge = bridge;
	*state = the_world;
	return 0;
}

static void mailbox_reply(void *state, uint64_t token, const uint8_t *data,
			  size_t len)
{
	struct world *world = state;
	Gridcall__V1__Reply *reply =
		gridcall__v1__reply__unpack(NULL, len, data);

	assert_non_null(reply);
	assert_true(world->count < MAX);
	world->tokens[world->count] = token;
	world->codes[world->count++] =
		reply->error ? (int)reply->error->code : 0;
	gridcall__v1__reply__free_unpacked(reply, NULL);
}

static void mailbox_close(void *state)
{
}

static const struct gridcall_service mailbox_service = {
	.head = {.name = "mailbox", .kind = GRIDCALL_SERVICE},
	.open = mailbox_open,
	.reply = mailbox_reply,
	.close = mailbox_close,
};

/* ---- questions ---- */

static void read_it(struct turnstile_question *question,
		    struct ledger_reader *reader)
{
	struct asked *asked = (struct asked *)question;
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	int inside = atomic_fetch_add(&the_world->inside, 1) + 1;

	if (inside > atomic_load(&the_world->most_inside))
		atomic_store(&the_world->most_inside, inside);
	if (asked->go_on)
		sem_wait(asked->go_on);
	question->work = asked->work;
	if (asked->fails)
		turnstile_set_unreadable(question);
	else
		turnstile_pack(question, &reply);
	atomic_fetch_sub(&the_world->inside, 1);
}

static void free_it(struct turnstile_question *question)
{
	free(question);
}

/* Its reply is told under the token. */
static struct asked *make(struct world *world, const char *name, uint64_t token)
{
	struct asked *asked = calloc(1, sizeof(*asked));
	struct command *command = talloc_zero(world->gateway, struct command);

	command->gateway = world->gateway;
	command->bridge = (struct bridge *)world->bridge;
	command->token = token;
	command->request = &request;
	command->received_us = clock_now_us();
	snprintf(command->principal.name, sizeof(command->principal.name), "%s",
		 name);
	asked->question.command = command;
	asked->question.read = read_it;
	asked->question.free = free_it;
	return asked;
}

static void ask(struct world *world, struct asked *asked)
{
	turnstile_ask(world->gateway->turnstile, &asked->question);
}

static void open_turnstile(struct world *world)
{
	world->gateway->turnstile =
		turnstile_alloc(world->gateway, &world->rate);
	assert_non_null(world->gateway->turnstile);
}

/* Where the reply of a token came, from 0. */
static size_t place_of(const struct world *world, uint64_t token)
{
	size_t i = 0;

	while (world->tokens[i] != token)
		assert_true(++i < world->count);
	return i;
}

/* ---- the place ---- */

static int set_up_gateway(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	void *ctx = talloc_named_const(NULL, 0, "test");

	rate_ctr_init(ctx);
	the_world = world;
	world->gateway = gateway_alloc(ctx);
	*state = world;
	return 0;
}

static int set_up_world(void **state)
{
	struct world *world = *state;
	struct services_config services = {0};
	struct gridcall_why why = {{0}};
	struct ledger_config config = {.path = world->bench.path,
				       .gateway = "GW1"};

	snprintf(world->bench.folder, sizeof(world->bench.folder),
		 "/tmp/test_turnstile.XXXXXX");
	assert_non_null(mkdtemp(world->bench.folder));
	snprintf(world->bench.path, sizeof(world->bench.path), "%s/ledger",
		 world->bench.folder);
	world->gateway->ledger = ledger_open(world->gateway, &config, &why);
	assert_string_equal(why.text, "");
	world->gateway->services = services_alloc(world->gateway, &services);
	assert_int_equal(services_open(world->gateway->services,
				       &mailbox_service, NULL, &why),
			 0);
	world->gateway->stopping = false;
	world->count = 0;
	atomic_store(&world->most_inside, 0);
	world->rate = (struct turnstile_rate){.rows_burst = 1000000,
					      .rows_per_s = 1000,
					      .bytes_burst = 1000000,
					      .bytes_per_s = 1000,
					      .waiting_max = 16,
					      .waiting_max_over = 16};
	return 0;
}

static int tear_down_world(void **state)
{
	struct world *world = *state;

	world->gateway->stopping = true;
	world->gateway->ledger = ledger_close(world->gateway->ledger);
	world->gateway->turnstile = turnstile_free(world->gateway->turnstile);
	world->gateway->services = services_free(world->gateway->services);
	run_shell("rm -rf '%s'%s", world->bench.folder, "");
	return 0;
}

static int tear_down_gateway(void **state)
{
	struct world *world = *state;
	void *ctx = talloc_parent(world->gateway);

	rate_ctr_group_free(world->gateway->counters);
	talloc_free(ctx);
	free(world);
	return 0;
}

/* ---- tests ---- */

static void one_question_is_inside_at_a_time(void **state)
{
	static const char *const names[] = {"li", "wu", "zhao"};
	struct world *world = *state;
	uint64_t token;

	open_turnstile(world);
	for (token = 0; token < 30; token++)
		ask(world, make(world, names[token % 3], token));
	UNTIL(world->count == 30);
	assert_int_equal(atomic_load(&world->most_inside), 1);
}

static void principals_take_turns(void **state)
{
	struct world *world = *state;
	uint64_t token;

	open_turnstile(world);
	for (token = 0; token < 10; token++)
		ask(world, make(world, "li", token));
	ask(world, make(world, "wu", 100));
	UNTIL(world->count == 11);
	assert_true(place_of(world, 100) <= 2);
	assert_true(place_of(world, 9) == 10);
}

static void who_has_read_too_much_waits_and_others_do_not(void **state)
{
	struct world *world = *state;
	struct asked *greedy;

	world->rate.rows_burst = 100;
	world->rate.rows_per_s = 10000;
	open_turnstile(world);
	greedy = make(world, "li", 1);
	greedy->work = 5000;
	ask(world, greedy);
	UNTIL(world->count == 1);
	ask(world, make(world, "li", 2));
	ask(world, make(world, "wu", 3));
	ask(world, make(world, "wu", 4));
	UNTIL(world->count == 4);
	assert_int_equal(world->tokens[1], 3);
	assert_int_equal(world->tokens[2], 4);
	assert_int_equal(world->tokens[3], 2);
	assert_int_equal(world->codes[3], 0);
}

static void whoever_has_too_many_waiting_is_told_busy(void **state)
{
	struct world *world = *state;
	struct asked *first;
	sem_t go_on;

	sem_init(&go_on, 0, 0);
	world->rate.waiting_max = 2;
	open_turnstile(world);
	first = make(world, "li", 1);
	first->go_on = &go_on;
	ask(world, first);
	ask(world, make(world, "li", 2));
	ask(world, make(world, "li", 3));
	assert_int_equal(world->count, 0);
	ask(world, make(world, "li", 4));
	assert_int_equal(world->count, 1);
	assert_int_equal(world->codes[0], ERROR(BUSY));
	ask(world, make(world, "wu", 5));
	sem_post(&go_on);
	UNTIL(world->count == 5);
	assert_int_equal(world->codes[place_of(world, 5)], 0);
	sem_destroy(&go_on);
}

static void fewer_may_wait_of_who_has_read_too_much(void **state)
{
	struct world *world = *state;
	struct asked *greedy = make(world, "li", 1);

	world->rate.rows_burst = 100;
	world->rate.waiting_max_over = 1;
	open_turnstile(world);
	greedy->work = 1100;
	ask(world, greedy);
	UNTIL(world->count == 1);
	ask(world, make(world, "li", 2));
	ask(world, make(world, "li", 3));
	assert_int_equal(world->count, 2);
	assert_int_equal(world->tokens[1], 3);
	assert_int_equal(world->codes[1], ERROR(BUSY));
	UNTIL(world->count == 3);
	assert_int_equal(world->codes[2], 0);
}

static void a_request_too_late_when_its_turn_comes_is_refused(void **state)
{
	struct world *world = *state;
	struct asked *first, *late;
	sem_t go_on;

	sem_init(&go_on, 0, 0);
	open_turnstile(world);
	first = make(world, "li", 1);
	first->go_on = &go_on;
	ask(world, first);
	late = make(world, "wu", 2);
	late->question.command->deadline_us = clock_now_us() - 1;
	ask(world, late);
	sem_post(&go_on);
	UNTIL(world->count == 2);
	assert_int_equal(world->codes[place_of(world, 2)], ERROR(TOO_LATE));
	sem_destroy(&go_on);
}

static void a_ledger_that_fails_is_told_so(void **state)
{
	struct world *world = *state;
	struct asked *asked = make(world, "li", 1);

	open_turnstile(world);
	asked->fails = true;
	ask(world, asked);
	UNTIL(world->count == 1);
	assert_int_equal(world->codes[0], ERROR(UNAVAILABLE));
}

static void what_waits_when_the_gateway_stops_is_refused(void **state)
{
	struct world *world = *state;
	struct asked *greedy = make(world, "li", 1);

	world->rate.rows_burst = 1;
	world->rate.rows_per_s = 1;
	open_turnstile(world);
	greedy->work = 100000;
	ask(world, greedy);
	UNTIL(world->count == 1);
	ask(world, make(world, "li", 2));
	ask(world, make(world, "li", 3));
	assert_int_equal(world->count, 1);
	world->gateway->stopping = true;
	world->gateway->turnstile = turnstile_free(world->gateway->turnstile);
	assert_int_equal(world->count, 3);
	assert_int_equal(world->codes[1], ERROR(UNAVAILABLE));
	assert_int_equal(world->codes[2], ERROR(UNAVAILABLE));
}

#define IN_WORLD(name)                                                         \
	cmocka_unit_test_setup_teardown(name, set_up_world, tear_down_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(one_question_is_inside_at_a_time),
		IN_WORLD(principals_take_turns),
		IN_WORLD(who_has_read_too_much_waits_and_others_do_not),
		IN_WORLD(whoever_has_too_many_waiting_is_told_busy),
		IN_WORLD(fewer_may_wait_of_who_has_read_too_much),
		IN_WORLD(a_request_too_late_when_its_turn_comes_is_refused),
		IN_WORLD(a_ledger_that_fails_is_told_so),
		IN_WORLD(what_waits_when_the_gateway_stops_is_refused),
	};

	log_init(&log_setup, NULL);
	return cmocka_run_group_tests(tests, set_up_gateway, tear_down_gateway);
}
