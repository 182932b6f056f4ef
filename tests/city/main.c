/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * main.c - gridcall-city: guards with handhelds, for a gateway to call
 *
 * One thread: an epoll over the channels' sockets and a timer of absolute
 * 5 ms.  Each channel has its 20 ms at one of four phases of it, so that not
 * all packets of a city leave in the same instant.
 */
#include "tests/city/cuebook.h"
#include "tests/city/diary.h"
#include "tests/city/people.h"
#include "tests/city/radio.h"
#include "tests/city/scenario.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define PHASES   4
#define PHASE_US 5000
#define WHY_SIZE 512

struct options {
	const char *units;
	const char *channels;
	const char *prompts;
	const char *language;
	const char *scenario;
	const char *reaction;
	const char *log;
	uint64_t seed;
	uint32_t seconds;
	bool json;
	bool until_done;
};

struct city {
	struct people people;
	struct scenario scenario;
	struct cuebook *book;
	struct diary diary;
	struct radio **radios;
	size_t count;
	int epoll;
	int timer;
	int signals;
	uint64_t began_us;
	uint64_t ticks; /* of PHASE_US */
};

static const char usage[] =
	"Usage: gridcall-city --units FILE --channels FILE --prompts DIR "
	"[options]\n"
	"\n"
	"Simulated guards with handhelds.  Each channel is one UDP socket "
	"that\n"
	"speaks RTP to gridcalld: it binds the channel's remote= address and\n"
	"sends to local=.  Guards answer what they hear: their unit's "
	"recorded\n"
	"name, the word to repeat, the end.\n"
	"\n"
	"  --units FILE       units.csv, as the gateway has it\n"
	"  --channels FILE    channels.csv, as the gateway has it\n"
	"  --prompts DIR      folder of recordings: "
	"DIR/LANGUAGE/units/CODE.wav,\n"
	"                     digits/N.wav, repeat.wav, done.wav\n"
	"  --language WORD    zh (default) or en\n"
	"  --scenario FILE    who behaves how; see below\n"
	"  --reaction A-B     seconds from a cue to the key (default 1.0-4.0)\n"
	"  --seed N           the same seed, the same decisions (default 1)\n"
	"  --json             an object a line instead of sentences\n"
	"  --log FILE         write there instead of to standard output\n"
	"  --until-done       end, with status 0, when every channel with "
	"units\n"
	"                     has heard the end of its roll-call\n"
	"  --seconds N        end after so long; with --until-done status 1\n"
	"  --help             this text\n"
	"\n"
	"The first line tells that every socket is bound, the last is a "
	"summary;\n"
	"between them, as JSON: time (UTC), channel, event (heard, over, "
	"silent,\n"
	"waits), unit, cue with its score, answer, over_ms, reaction_ms.\n"
	"\n"
	"Ends at SIGINT or SIGTERM with status 0; status 2: it could not "
	"start.\n"
	"\n";

static uint64_t now_us(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

static const struct option long_options[] = {
	{"units", required_argument, NULL, 'u'},
	{"channels", required_argument, NULL, 'c'},
	{"prompts", required_argument, NULL, 'p'},
	{"language", required_argument, NULL, 'l'},
	{"scenario", required_argument, NULL, 's'},
	{"reaction", required_argument, NULL, 'r'},
	{"seed", required_argument, NULL, 'S'},
	{"json", no_argument, NULL, 'j'},
	{"log", required_argument, NULL, 'o'},
	{"until-done", no_argument, NULL, 'd'},
	{"seconds", required_argument, NULL, 't'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static void one_option(struct options *options, int word)
{
	switch (word) {
	case 'u':
		options->units = optarg;
		break;
	case 'c':
		options->channels = optarg;
		break;
	case 'p':
		options->prompts = optarg;
		break;
	case 'l':
		options->language = optarg;
		break;
	case 's':
		options->scenario = optarg;
		break;
	case 'r':
		options->reaction = optarg;
		break;
	case 'S':
		options->seed = strtoull(optarg, NULL, 10);
		break;
	case 'j':
		options->json = true;
		break;
	case 'o':
		options->log = optarg;
		break;
	case 'd':
		options->until_done = true;
		break;
	case 't':
		options->seconds = (uint32_t)strtoul(optarg, NULL, 10);
		break;
	case 'h':
		fputs(usage, stdout);
		fputs(scenario_help(), stdout);
		exit(0);
	default:
		fputs("gridcall-city --help tells what there is\n", stderr);
		exit(2);
	}
}

static void read_options(struct options *options, int argc, char **argv)
{
	int word;

	memset(options, 0, sizeof(*options));
	options->language = "zh";
	options->seed = 1;
	while ((word = getopt_long(argc, argv, "h", long_options, NULL)) != -1)
		one_option(options, word);
	if (options->units && options->channels && options->prompts &&
	    optind == argc)
		return;
	fputs("gridcall-city needs --units, --channels and --prompts; see "
	      "--help\n",
	      stderr);
	exit(2);
}

/* -------------------------------------------------------------- opening -- */

static int read_scenario(struct city *city, const struct options *options,
			 char *why, size_t why_size)
{
	char *text = options->scenario
			     ? people_file(options->scenario, why, why_size)
			     : strdup("");
	int rc = text ? scenario_parse(&city->scenario, text, why, why_size)
		      : -EINVAL;

	free(text);
	if (!rc)
		rc = scenario_check(&city->scenario, &city->people, why,
				    why_size);
	if (!rc && options->reaction &&
	    scenario_reaction(&city->scenario.city, options->reaction)) {
		snprintf(why, why_size,
			 "--reaction '%s' is not seconds like 1.0-4.0",
			 options->reaction);
		rc = -EINVAL;
	}
	return rc;
}

static int watch(struct city *city, int fd, void *data, char *why,
		 size_t why_size)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = data};

	if (fd >= 0 && !epoll_ctl(city->epoll, EPOLL_CTL_ADD, fd, &event))
		return 0;
	snprintf(why, why_size, "can't watch a descriptor: %s",
		 strerror(errno));
	return -EINVAL;
}

static bool has_people(const struct city *city, const struct place *place)
{
	size_t i;

	for (i = 0; i < city->people.person_count; i++)
		if (!strcmp(city->people.persons[i].channel, place->code))
			return true;
	return false;
}

static int open_radios(struct city *city, uint64_t seed, char *why,
		       size_t why_size)
{
	size_t i;

	city->radios =
		calloc(city->people.place_count + 1, sizeof(*city->radios));
	for (i = 0; city->radios && i < city->people.place_count; i++) {
		struct radio_config config = {
			.crew = {.people = &city->people,
				 .place = &city->people.places[i],
				 .scenario = &city->scenario,
				 .seed = seed,
				 .diary = &city->diary},
			.book = city->book,
		};
		struct radio *radio;

		if (!has_people(city, config.crew.place))
			continue;
		radio = radio_open(&config, why, why_size);
		if (!radio)
			return -EINVAL;
		city->radios[city->count++] = radio;
		if (watch(city, radio_fd(radio), radio, why, why_size))
			return -EINVAL;
	}
	if (city->count)
		return 0;
	snprintf(why, why_size,
		 "no unit of the tables is on one of the "
		 "channels: nobody could answer");
	return -EINVAL;
}

static int open_clock(struct city *city, char *why, size_t why_size)
{
	struct itimerspec every = {.it_interval.tv_nsec = PHASE_US * 1000};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	city->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	city->timer =
		timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	city->began_us = now_us(CLOCK_MONOTONIC);
	every.it_value.tv_sec = (time_t)(city->began_us / 1000000);
	every.it_value.tv_nsec = (long)(city->began_us % 1000000) * 1000;
	if (city->timer >= 0)
		timerfd_settime(city->timer, TFD_TIMER_ABSTIME, &every, NULL);
	if (watch(city, city->signals, &city->signals, why, why_size))
		return -EINVAL;
	return watch(city, city->timer, &city->timer, why, why_size);
}

static int open_diary(struct city *city, const struct options *options,
		      char *why, size_t why_size)
{
	city->diary.file = stdout;
	city->diary.json = options->json;
	city->diary.offset_us = (int64_t)now_us(CLOCK_REALTIME) -
				(int64_t)now_us(CLOCK_MONOTONIC);
	if (options->log)
		city->diary.file = fopen(options->log, "w");
	if (city->diary.file)
		return 0;
	snprintf(why, why_size, "can't write '%s': %s", options->log,
		 strerror(errno));
	return -EINVAL;
}

static int city_open(struct city *city, const struct options *options,
		     char *why, size_t why_size)
{
	memset(city, 0, sizeof(*city));
	city->timer = -1;
	city->signals = -1;
	city->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (open_diary(city, options, why, why_size) ||
	    people_read(&city->people, options->units, options->channels, why,
			why_size) ||
	    read_scenario(city, options, why, why_size))
		return -EINVAL;
	city->book = cuebook_load(options->prompts, options->language,
				  &city->people, why, why_size);
	if (!city->book || open_radios(city, options->seed, why, why_size))
		return -EINVAL;
	return open_clock(city, why, why_size);
}

static void city_close(struct city *city)
{
	size_t i;

	for (i = 0; i < city->count; i++)
		radio_close(city->radios[i]);
	free(city->radios);
	cuebook_free(city->book);
	scenario_fini(&city->scenario);
	people_fini(&city->people);
	if (city->diary.file && city->diary.file != stdout)
		fclose(city->diary.file);
	if (city->timer >= 0)
		close(city->timer);
	if (city->signals >= 0)
		close(city->signals);
	close(city->epoll);
}

/* -------------------------------------------------------------- running -- */

/* Every tick that is due, by its own time: late ones are made up for. */
static void run_ticks(struct city *city)
{
	uint64_t expired = 0;
	size_t i;

	if (read(city->timer, &expired, sizeof(expired)) != sizeof(expired))
		return;
	for (; expired; expired--) {
		uint64_t at_us = city->began_us + city->ticks * PHASE_US;

		for (i = city->ticks % PHASES; i < city->count; i += PHASES)
			radio_tick(city->radios[i], at_us);
		city->ticks++;
	}
}

static uint32_t done_count(const struct city *city, bool idle)
{
	uint32_t done = 0;
	size_t i;

	for (i = 0; i < city->count; i++) {
		const struct crew *crew = radio_crew(city->radios[i]);

		if (crew_is_done(crew) && !(idle && crew_busy(crew)))
			done++;
	}
	return done;
}

/* Whether to go on; *status is set when not. */
static bool goes_on(const struct city *city, const struct options *options,
		    int *status)
{
	uint64_t passed_us = city->ticks * PHASE_US;

	*status = 0;
	if (options->until_done && done_count(city, true) == city->count)
		return false;
	if (!options->seconds || passed_us < options->seconds * 1000000ull)
		return true;
	*status = options->until_done ? 1 : 0;
	return false;
}

static void tell_ready(struct city *city)
{
	uint32_t guards = 0;
	size_t i;

	for (i = 0; i < city->count; i++)
		guards += (uint32_t)crew_guards(radio_crew(city->radios[i]));
	diary_ready(&city->diary, (uint32_t)city->count, guards);
}

static int run(struct city *city, const struct options *options)
{
	struct epoll_event events[64];
	int status = 0;

	tell_ready(city);
	while (goes_on(city, options, &status)) {
		int count = epoll_wait(city->epoll, events, 64, -1), i;

		for (i = 0; i < count; i++) {
			void *data = events[i].data.ptr;

			if (data == &city->signals)
				return 0;
			if (data != &city->timer)
				radio_read(data, now_us(CLOCK_MONOTONIC));
		}
		run_ticks(city);
	}
	return status;
}

int main(int argc, char **argv)
{
	struct options options;
	struct city city;
	char why[WHY_SIZE] = "";
	int status = 2;

	read_options(&options, argc, argv);
	if (city_open(&city, &options, why, sizeof(why)))
		fprintf(stderr, "gridcall-city: %s\n", why);
	else
		status = run(&city, &options);
	if (status != 2)
		diary_summary(&city.diary, (uint32_t)city.count,
			      done_count(&city, false));
	city_close(&city);
	return status;
}
