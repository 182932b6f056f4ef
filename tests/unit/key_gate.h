/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * key_gate.h - a gateway with a ledger, and a service that lets keys in, for
 * the tests of what principals with keys may ask
 */
#pragma once

#include "gateway/control/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <osmocom/core/application.h>
#include <osmocom/core/rate_ctr.h>
#include <osmocom/core/select.h>
#include <osmocom/core/talloc.h>

#include "gateway/admission.h"
#include "gateway/clock.h"
#include "gateway/control/keyring.h"
#include "gateway/gateway.h"
#include "gateway/log.h"
#include "gateway/record/database.h"

#define ERROR(name) GRIDCALL__V1__ERROR_CODE__ERROR_##name

#define PUBLIC_A  "AxhAZ)Mr>WRBAVMS$U3G))r0Ku1lm9WK1be.oJ=8"
#define PUBLIC_B  "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define PUBLIC_C  "yD}!u6L88ToU7Kl:NK[^9iYlE4[l/cUSYUtANk4b"
#define PUBLIC_GW "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
#define HOUR_US   INT64_C(3600000000)

/* A service in the place of one that carries replies and lets keys in. */
static struct {
	Gridcall__V1__Reply *reply;
	struct gridcall_bridge *bridge;
	size_t key_count;
	char names[256]; /* of the keys, each with a comma */
	unsigned int told;
} gate;

static inline int gate_open(void **state,
			    const struct gridcall_service_host *host,
			    struct gridcall_bridge *bridge,
			    const struct gridcall_option *options,
			    struct gridcall_why *why)
{
	static const struct gridcall_feed feeds[] = {
		{.name = "all", .address = "ipc://a", .jurisdiction = "gc1."},
		{.name = "tianhe",
		 .address = "tcp://*:1",
		 .jurisdiction = "gc1.440106.",
		 .public_key = PUBLIC_GW},
		{.name = "tianhe-live",
		 .address = "tcp://*:2",
		 .jurisdiction = "gc1.440106.",
		 .public_key = PUBLIC_GW,
		 .voice = 1},
		{.name = "haizhu",
		 .address = "tcp://*:3",
		 .jurisdiction = "gc1.440105.",
		 .public_key = PUBLIC_GW},
		{.name = "city",
		 .address = "tcp://*:4",
		 .jurisdiction = "gc1.",
		 .public_key = PUBLIC_GW},
	};
	size_t i;

	gate.bridge = bridge;
	for (i = 0; i < sizeof(feeds) / sizeof(feeds[0]); i++)
		host->feed(bridge, &feeds[i]);
	host->commands(bridge, "tcp://*:7440", PUBLIC_GW);
	*state = &gate;
	return 0;
}

static inline void gate_reply(void *state, uint64_t token, const uint8_t *data,
			      size_t len)
{
	gridcall__v1__reply__free_unpacked(gate.reply, NULL);
	gate.reply = gridcall__v1__reply__unpack(NULL, len, data);
	assert_non_null(gate.reply);
}

static inline void gate_keys(void *state, const struct gridcall_key *keys,
			     size_t count)
{
	size_t i;

	gate.told++;
	gate.key_count = count;
	gate.names[0] = '\0';
	for (i = 0; i < count; i++) {
		strcat(gate.names, keys[i].principal);
		strcat(gate.names, ",");
	}
}

static inline void gate_close(void *state)
{
}

static const struct gridcall_service gate_service = {
	.head = {.abi_major = GRIDCALL_ABI_MAJOR,
		 .abi_minor = GRIDCALL_ABI_MINOR,
		 .size = sizeof(gate_service),
		 .name = "gate",
		 .kind = GRIDCALL_SERVICE},
	.open = gate_open,
	.reply = gate_reply,
	.close = gate_close,
	.keys = gate_keys,
};

struct bench {
	void *ctx;
	char path[64];
	struct gateway *gateway;
	const char *principal;
	const char *public_key; /* it comes with; NULL: none */
	const char *idempotency_key;
};

/* One for all: libosmocore keeps counters in a list that none may leave. */
static inline int set_up_all(void **state)
{
	static struct bench bench;
	struct services_config config = {0};
	struct gridcall_why why;

	bench.ctx = talloc_named_const(NULL, 0, "test");
	rate_ctr_init(bench.ctx);
	bench.gateway = gateway_alloc(bench.ctx);
	bench.gateway->running.id = (char *)"GC1";
	bench.gateway->services = services_alloc(bench.gateway, &config);
	assert_int_equal(services_open(bench.gateway->services, &gate_service,
				       NULL, &why),
			 0);
	*state = &bench;
	return 0;
}

static inline void open_ledger(struct bench *bench)
{
	struct ledger_config config = {.path = bench->path, .gateway = "GC1"};
	struct gridcall_why why;

	bench->gateway->ledger = ledger_open(NULL, &config, &why);
	assert_non_null(bench->gateway->ledger);
	admission_load(bench->gateway);
	admission_tell(bench->gateway);
}

static inline void close_ledger(struct bench *bench)
{
	bench->gateway->ledger = ledger_close(bench->gateway->ledger);
	talloc_free(bench->gateway->keyring);
	bench->gateway->keyring = NULL;
}

static inline int set_up(void **state)
{
	struct bench *bench = *state;

	strcpy(bench->path, "/tmp/test_keys.XXXXXX");
	assert_non_null(mkdtemp(bench->path));
	strcat(bench->path, "/ledger");
	bench->principal = "local";
	bench->public_key = NULL;
	bench->idempotency_key = "";
	bench->gateway->trouble[0] = '\0';
	open_ledger(bench);
	gate.told = 0;
	return 0;
}

static inline int tear_down(void **state)
{
	struct bench *bench = *state;
	char command[128];

	close_ledger(bench);
	*strrchr(bench->path, '/') = '\0';
	snprintf(command, sizeof(command), "rm -rf '%s'", bench->path);
	assert_int_equal(system(command), 0);
	assert_true(llist_empty(&bench->gateway->commands));
	return 0;
}

static inline int tear_down_all(void **state)
{
	struct bench *bench = *state;

	gridcall__v1__reply__free_unpacked(gate.reply, NULL);
	services_free(bench->gateway->services);
	rate_ctr_group_free(bench->gateway->counters);
	talloc_free(bench->ctx);
	return 0;
}

static inline void send_request(struct bench *bench,
				Gridcall__V1__Request *request)
{
	uint8_t packed[4096], bytes[Z85_KEY_BYTES];

	gridcall__v1__reply__free_unpacked(gate.reply, NULL);
	gate.reply = NULL;
	request->idempotency_key = (char *)bench->idempotency_key;
	if (bench->public_key)
		assert_int_equal(
			z85_decode(bytes, bench->public_key, Z85_KEY_CHARS), 0);
	command_request(
		bench->gateway,
		&(struct service_request){
			.bridge = (struct bridge *)gate.bridge,
			.principal = bench->principal,
			.address = "10.1.2.3",
			.public_key = bench->public_key ? bytes : NULL,
			.data = packed,
			.len = gridcall__v1__request__pack(request, packed),
			.received_us = clock_now_us(),
		});
}

/* Turn the main loop until the reply is there; alarm() ends a hang. */
static inline void await_reply(void)
{
	alarm(60);
	while (!gate.reply)
		osmo_select_main(0);
	alarm(0);
}

static inline void assert_refused(int code, const char *words)
{
	assert_non_null(gate.reply->error);
	if (!strstr(gate.reply->error->sentence, words))
		assert_string_equal(gate.reply->error->sentence, words);
	assert_int_equal(gate.reply->error->code, code);
}

static inline void assert_done(void)
{
	if (gate.reply->error)
		assert_string_equal(gate.reply->error->sentence, "");
}

struct draft {
	const char *name;
	const char *public_key;
	const char *role;
	const char *area;
	int64_t expires_us;
};

static inline void send_add(struct bench *bench, const struct draft *draft)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__KeyRequest action = GRIDCALL__V1__KEY_REQUEST__INIT;
	Gridcall__V1__KeyAdd add = GRIDCALL__V1__KEY_ADD__INIT;
	Gridcall__V1__Key key = GRIDCALL__V1__KEY__INIT;
	char *role = (char *)draft->role;
	char *area = (char *)draft->area;

	key.name = (char *)draft->name;
	key.public_key = (char *)draft->public_key;
	key.roles = &role;
	key.jurisdiction = &area;
	key.n_roles = key.n_jurisdiction = 1;
	key.expires_at_us = draft->expires_us;
	add.key = &key;
	action.action_case = GRIDCALL__V1__KEY_REQUEST__ACTION_ADD;
	action.add = &add;
	request.body_case = GRIDCALL__V1__REQUEST__BODY_KEY;
	request.key = &action;
	send_request(bench, &request);
}

static inline void add(struct bench *bench, const struct draft *draft)
{
	send_add(bench, draft);
	await_reply();
}

static inline void send_revoke(struct bench *bench, const char *name)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__KeyRequest action = GRIDCALL__V1__KEY_REQUEST__INIT;
	Gridcall__V1__KeyRevoke revoke = GRIDCALL__V1__KEY_REVOKE__INIT;

	revoke.name = (char *)name;
	action.action_case = GRIDCALL__V1__KEY_REQUEST__ACTION_REVOKE;
	action.revoke = &revoke;
	request.body_case = GRIDCALL__V1__REQUEST__BODY_KEY;
	request.key = &action;
	send_request(bench, &request);
}

static inline void ask_whoami(struct bench *bench)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__WhoamiRequest whoami = GRIDCALL__V1__WHOAMI_REQUEST__INIT;

	request.body_case = GRIDCALL__V1__REQUEST__BODY_WHOAMI;
	request.whoami = &whoami;
	send_request(bench, &request);
	await_reply();
}

static inline void come_as(struct bench *bench, const char *name,
			   const char *public_key)
{
	bench->principal = name;
	bench->public_key = public_key;
}

static const struct draft li = {"li", PUBLIC_A, "officer", "gc1.440106.", 0};
static const struct draft wu = {"wu", PUBLIC_B, "viewer", "gc1.440106.", 0};
static const struct draft engineer = {"tianhe-it", PUBLIC_A, "engineer",
				      "gc1.440106.", 0};

static const struct log_info_cat categories[] = {
	[DRECORD] = {.name = "DRECORD", .enabled = 0, .loglevel = LOGL_FATAL},
	[DCONTROL] = {.name = "DCONTROL", .enabled = 0, .loglevel = LOGL_FATAL},
};
static const struct log_info log_setup = {
	.cat = categories,
	.num_cat = sizeof(categories) / sizeof(*categories),
};

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
