/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * main.c - gridcalld: starts the gateway, runs the loop, stops it cleanly
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <osmocom/core/application.h>
#include <osmocom/core/fsm.h>
#include <osmocom/core/select.h>
#include <osmocom/core/stats.h>
#include <osmocom/core/talloc.h>
#include <osmocom/vty/command.h>
#include <osmocom/vty/logging.h>
#include <osmocom/vty/misc.h>
#include <osmocom/vty/stats.h>
#include <osmocom/vty/telnet_interface.h>
#include <osmocom/vty/vty.h>

#include "gateway/call/calls.h"
#include "gateway/control/gateway_vty.h"
#include "gateway/gateway.h"
#include "gateway/log.h"
#include "gateway/notify.h"

#define VTY_PORT       4250
#define CONFIG_DEFAULT "/etc/gridcall/gridcalld.cfg"

static const char help[] =
	"gridcalld - gateway between walkie-talkie channels and messaging\n"
	"\n"
	"usage: gridcalld [options]\n"
	"\n"
	"  -c, --config FILE  configuration (default " CONFIG_DEFAULT ")\n"
	"  -t, --test         read the configuration, say what is wrong, end\n"
	"  -r, --restored     the ledger is a restored copy: begin a new "
	"epoch\n"
	"      --core-dumps   let a crash leave a core dump, which may hold "
	"keys\n"
	"  -V, --version      print the version\n"
	"  -h, --help         print this\n"
	"\n"
	"It stays in the foreground, tells systemd when it is ready, and "
	"stops\n"
	"at SIGTERM or SIGINT after unkeying every transmitter.  SIGUSR1 "
	"prints\n"
	"the memory tree.  The VTY is at 127.0.0.1, port 4250.\n";

struct arguments {
	const char *config;
	bool test;
	bool restored;
	bool core_dumps;
};

static bool stopping;

static const struct log_info_cat categories[] = {
	[DMAIN] = {.name = "DMAIN",
		   .description = "start, stop and threads",
		   .enabled = 1,
		   .loglevel = LOGL_INFO},
	[DVOICE] = {.name = "DVOICE",
		    .description = "channels and radios",
		    .enabled = 1,
		    .loglevel = LOGL_INFO},
	[DCALL] = {.name = "DCALL",
		   .description = "calls and answers",
		   .enabled = 1,
		   .loglevel = LOGL_INFO},
	[DRECORD] = {.name = "DRECORD",
		     .description = "ledger and directory",
		     .enabled = 1,
		     .loglevel = LOGL_INFO},
	[DCONTROL] = {.name = "DCONTROL",
		      .description = "commands and VTY",
		      .enabled = 1,
		      .loglevel = LOGL_INFO},
	[DPLUGIN] = {.name = "DPLUGIN",
		     .description = "plugins",
		     .enabled = 1,
		     .loglevel = LOGL_INFO},
};

const struct log_info log_categories = {
	.cat = categories,
	.num_cat = ARRAY_SIZE(categories),
};

static struct vty_app_info vty_info = {
	.name = "gridcalld",
	.version = GRIDCALL_VERSION,
	.copyright = "GPL-3.0-or-later\r\n",
};

/* Options without a letter. */
enum { CORE_DUMPS = 256 };

static int refuse_argument(void)
{
	fputs("gridcalld: try --help\n", stderr);
	return 2;
}

/* 0: go on; 1: done; 2: wrong. */
static int read_arguments(struct arguments *arguments, int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"test", no_argument, NULL, 't'},
		{"restored", no_argument, NULL, 'r'},
		{"core-dumps", no_argument, NULL, CORE_DUMPS},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "c:trVh", options, NULL)) !=
	       -1) {
		switch (option) {
		case 'c':
			arguments->config = optarg;
			break;
		case 't':
			arguments->test = true;
			break;
		case 'r':
			arguments->restored = true;
			break;
		case CORE_DUMPS:
			arguments->core_dumps = true;
			break;
		case 'V':
			puts("gridcalld " GRIDCALL_VERSION);
			return 1;
		case 'h':
			fputs(help, stdout);
			return 1;
		default:
			return refuse_argument();
		}
	}
	return optind < argc ? refuse_argument() : 0;
}

static void on_process_signal(struct osmo_signalfd *osfd,
			      const struct signalfd_siginfo *info)
{
	switch (info->ssi_signo) {
	case SIGINT:
	case SIGTERM:
		stopping = true;
		break;
	case SIGUSR1:
		talloc_report_full(osfd->data, stderr);
		break;
	default:
		break;
	}
}

/* Before any thread: they inherit the mask and leave signals to main. */
static int take_process_signals(void *ctx)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGHUP);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL))
		return -EINVAL;
	/* A peer that left and a full disk are errors of one write each. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	return osmo_signalfd_setup(ctx, set, on_process_signal, ctx) ? 0
								     : -EINVAL;
}

/*
 * Memory holds the keys of the gateway: no core dump, and nobody of the same
 * user may look at it.  Where limits may not be set the service manager sets
 * them.
 */
static void keep_secrets(void)
{
	const struct rlimit none = {0};

	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
}

static void prepare(void *ctx)
{
	osmo_init_logging2(ctx, &log_categories);
	log_enable_multithread();
	log_set_print_filename2(osmo_stderr_target, LOG_FILENAME_NONE);
	log_set_print_timestamp(osmo_stderr_target, 0);
	log_set_print_category_hex(osmo_stderr_target, 0);
	log_set_print_category(osmo_stderr_target, 1);
	log_set_print_level(osmo_stderr_target, 1);
	log_set_use_color(osmo_stderr_target, isatty(2));
	osmo_fsm_term_safely(true);
	osmo_fsm_log_timeouts(true);
	osmo_fsm_log_addr(false);
	osmo_stats_init(ctx);
	rate_ctr_init(ctx);
	vty_info.tall_ctx = ctx;
	vty_init(&vty_info);
	logging_vty_add_cmds();
	osmo_stats_vty_add_cmds();
	osmo_talloc_vty_add_cmds();
}

static int read_config(const char *path)
{
	int rc;

	if (access(path, R_OK)) {
		fprintf(stderr,
			"gridcalld: the configuration '%s' can't be read: %s; "
			"name another with --config\n",
			path, strerror(errno));
		return -errno;
	}
	rc = vty_read_config_file(path, NULL);
	if (rc < 0)
		fprintf(stderr,
			"gridcalld: the configuration '%s' is wrong in the "
			"line named above\n",
			path);
	return rc;
}

/* The VTY asks nobody for a name, so nobody may come from elsewhere. */
static bool is_loopback(const char *address)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET, address, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
	return inet_pton(AF_INET6, address, &v6) == 1 &&
	       IN6_IS_ADDR_LOOPBACK(&v6);
}

static int check(const struct gateway *gateway, struct gridcall_why *why)
{
	if (is_loopback(vty_get_bind_addr()))
		return gateway_check(gateway, why);
	snprintf(why->text, sizeof(why->text),
		 "the VTY has no login of its own and stays on this machine: "
		 "write \"bind 127.0.0.1\" below \"line vty\", not %s",
		 vty_get_bind_addr());
	return -EINVAL;
}

static int test(const struct gateway *gateway)
{
	struct gridcall_why why = {{0}};
	int rc = check(gateway, &why);

	fprintf(stderr, "gridcalld: %s\n",
		rc ? why.text : "the configuration is in order");
	return rc ? 1 : 0;
}

static int listen_vty(void *ctx, struct gateway *gateway,
		      struct gridcall_why *why)
{
	int rc = telnet_init_dynif(ctx, gateway, vty_get_bind_addr(),
				   vty_get_bind_port(VTY_PORT));

	if (rc < 0)
		snprintf(why->text, sizeof(why->text),
			 "the VTY can't listen at %s port %d: another program "
			 "has it; choose another port with \"bind\" below "
			 "\"line vty\"",
			 vty_get_bind_addr(), vty_get_bind_port(VTY_PORT));
	return rc;
}

/* The ledger first: of two gateways the second learns who has it. */
static int start(void *ctx, struct gateway *gateway)
{
	struct gridcall_why why = {{0}};
	int rc = check(gateway, &why);

	if (rc >= 0)
		rc = gateway_open(gateway, &why);
	if (rc >= 0)
		rc = listen_vty(ctx, gateway, &why);
	if (rc >= 0)
		rc = gateway_start(gateway, &why);
	if (rc < 0)
		fprintf(stderr, "gridcalld: %s\n",
			why.text[0] ? why.text : strerror(-rc));
	return rc;
}

static int run(void *ctx, const struct arguments *arguments)
{
	struct gateway *gateway = gateway_alloc(ctx);
	int rc;

	gateway->restored = arguments->restored;
	gateway_vty_init(gateway);
	show_vty_init(gateway);
	live_vty_init(gateway);
	keyring_vty_init(gateway);
	if (read_config(arguments->config) < 0)
		return 1;
	gateway_vty_lock(gateway);
	if (arguments->test)
		return test(gateway);
	rc = start(ctx, gateway);
	if (rc >= 0) {
		notify_ready("Ready");
		LOGP(DMAIN, LOGL_NOTICE, "ready\n");
		while (!stopping)
			osmo_select_main_ctx(0);
		notify_stopping();
		LOGP(DMAIN, LOGL_NOTICE, "unkeying and stopping\n");
	}
	/* What comes in from here on is answered so, not begun. */
	gateway->stopping = true;
	gateway_stop(gateway);
	talloc_free(gateway);
	return rc >= 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct arguments arguments = {.config = CONFIG_DEFAULT};
	void *ctx;
	int rc = read_arguments(&arguments, argc, argv);

	if (rc)
		return rc == 1 ? 0 : rc;
	if (!arguments.core_dumps)
		keep_secrets();
	/* Answers and telephone numbers are not for everybody: at least that.
	 */
	umask(umask(077) | 027);
	ctx = talloc_named_const(NULL, 0, "gridcalld");
	prepare(ctx);
	if (take_process_signals(ctx)) {
		fputs("gridcalld: no descriptors are left\n", stderr);
		return 1;
	}
	return run(ctx, &arguments);
}
