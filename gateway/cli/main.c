/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * main.c - gridcall: the command line of a gateway
 *
 * Here are the table of commands and its help; each family of commands has a
 * file of its own, and all of them say the same things the same way (cli.h).
 */
#include <stdio.h>
#include <string.h>

#include "gateway/cli/cli.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/texts.h"
#include "gateway/cli/width.h"

#define OPTION_COLUMNS 24

#define SELECTOR_HELP                                                          \
	"SELECTOR terms are anded, their values (with commas) or-ed:\n"        \
	"  district=440106 category=GZ:A,GZ:B grid=07 tag=school limit=50\n"   \
	"None selects every unit.\n"

#define CALL_OPTIONS                                                           \
	{"exercise", NULL, "an exercise: said so on the air and in records"},  \
		{"real", NULL, "no exercise"},                                 \
		{"kind", "KIND",                                               \
		 "roll-call (default), pull-test, drill, incident"},           \
		{"announcement", "FILE", "WAV or Ogg Opus, played first"},     \
		{"rounds", "N", "how often the silent are asked"},             \
		{"silence", "SECONDS", "a unit's time to answer"},             \
		{"title", "TEXT", "what the records call it"},                 \
		{"always-cue", NULL, "say every unit's name, repeaters too"},  \
	{                                                                      \
		"ignore-duty", NULL, "units outside their duty hours too"      \
	}

static const struct command commands[] = {
	{.name = "units",
	 .arguments = "[SELECTOR...]",
	 .summary = "list units of the directory",
	 .help = SELECTOR_HELP,
	 .example = "  gridcall units grid=07 tag=school\n",
	 .words_max = SIZE_MAX,
	 .run = units_run,
	 .options = {{"limit", "N", "at most so many"}}},
	{.name = "channels",
	 .arguments = "",
	 .summary = "list channels and how they are",
	 .example = "  gridcall channels\n",
	 .run = channels_run},
	{.name = "excuse",
	 .arguments = "UNIT... --reason TEXT --until WHEN | UNIT... --end",
	 .summary = "leave units out of calls for a while",
	 .help = "Plans and reports tell them as excused, with the reason.\n",
	 .example = "  gridcall excuse TH07-03 --reason 'radio in repair' "
		    "--until 7d\n",
	 .words_min = 1,
	 .words_max = SIZE_MAX,
	 .run = excuse_run,
	 .options = {{"reason", "TEXT", "why; shown beside each unit"},
		     {"until", "WHEN", "2026-12-01, 2026-12-01T08:30, 12h, 7d"},
		     {"end", NULL, "call them again from now on"},
		     {"once", "TEXT", "repeats of this are one"}}},
	{.name = "import",
	 .arguments = "--units FILE | --channels FILE",
	 .summary = "take in directory files",
	 .help = "Shows what is added (+), changed (~) and removed (-), or "
		 "every fault.\nA file with a fault changes nothing.\n",
	 .example = "  gridcall import --units units.csv --dry-run\n",
	 .run = import_files_run,
	 .options = {{"units", "FILE", "units.csv; - is standard input"},
		     {"channels", "FILE", "channels.csv"},
		     {"dry-run", NULL, "only show the difference"},
		     {"summary", NULL, "only the counts"}}},
	{.name = "plan",
	 .arguments = "[SELECTOR...]",
	 .summary = "what a call would reach and how long it takes",
	 .help = SELECTOR_HELP,
	 .example = "  gridcall plan grid=07 --rounds 2\n",
	 .words_max = SIZE_MAX,
	 .run = plan_run,
	 .options = {CALL_OPTIONS}},
	{.name = "call",
	 .arguments = "[SELECTOR...] --exercise | --real",
	 .summary = "call units and hear who answers",
	 .help = SELECTOR_HELP
	 "The plan is shown first; at a terminal it asks before it starts.\n"
	 "With --wait: status 0 when every unit answered and agrees, else 1.\n"
	 "Ctrl-C leaves the board; the call goes on.\n",
	 .example = "  gridcall call grid=07 --exercise --wait\n",
	 .words_max = SIZE_MAX,
	 .run = call_run,
	 .options = {CALL_OPTIONS,
		     {"once", "TEXT", "repeats of this start are one call"},
		     {"wait", NULL, "show it until it ends"},
		     {"yes", NULL, "start without asking"}}},
	{.name = "watch",
	 .arguments = "CALL",
	 .summary = "show a call that goes on, until it ends",
	 .example = "  gridcall watch 20260501-193000-76c3\n",
	 .words_min = 1,
	 .words_max = 1,
	 .run = watch_call_run},
	{.name = "calls",
	 .arguments = "",
	 .summary = "list calls, newest first",
	 .example = "  gridcall calls --open\n",
	 .run = calls_run,
	 .options = {{"open", NULL, "only those that go on"},
		     {"limit", "N", "at most so many (50)"}}},
	{.name = "report",
	 .arguments = "CALL",
	 .summary = "who answered what, exceptions first",
	 .help = "Status 0 when every unit answered and agrees, else 1.\n",
	 .example = "  gridcall report 20260501-193000-76c3 --csv > "
		    "20260501-193000-76c3.csv\n",
	 .words_min = 1,
	 .words_max = 1,
	 .run = report_run,
	 .options = {{"csv", NULL, "RFC 4180, UTF-8; columns in gridcall(1)"}}},
	{.name = "pause",
	 .arguments = "CALL [REASON]",
	 .summary = "hold a call",
	 .example = "  gridcall pause 20260501-193000-76c3 traffic on the "
		    "channel\n",
	 .words_min = 1,
	 .words_max = SIZE_MAX,
	 .run = pause_run,
	 .options = {{"once", "TEXT", "repeats of this are one"}}},
	{.name = "resume",
	 .arguments = "CALL",
	 .summary = "let a held call go on",
	 .example = "  gridcall resume 20260501-193000-76c3\n",
	 .words_min = 1,
	 .words_max = 1,
	 .run = resume_run,
	 .options = {{"once", "TEXT", "repeats of this are one"}}},
	{.name = "cancel",
	 .arguments = "CALL [REASON]",
	 .summary = "end a call now",
	 .example = "  gridcall cancel 20260501-193000-76c3 wrong district\n",
	 .words_min = 1,
	 .words_max = SIZE_MAX,
	 .run = cancel_run,
	 .options = {{"once", "TEXT", "repeats of this are one"}}},
	{.name = "release",
	 .arguments = "CHANNEL",
	 .summary = "release a channel that an alarm holds",
	 .example = "  gridcall release TH07\n",
	 .words_min = 1,
	 .words_max = 1,
	 .run = release_run,
	 .options = {{"once", "TEXT", "repeats of this are one"}}},
	{.name = "confirm",
	 .arguments = "CALL UNIT --count N | --absent",
	 .summary = "settle a doubtful or heard answer",
	 .help = "Listen to the recording first: gridcall recording NAME.\n",
	 .example =
		 "  gridcall confirm 20260501-193000-76c3 TH07-03 --count 18 "
		 "--situation 0\n",
	 .words_min = 2,
	 .words_max = 2,
	 .run = confirm_run,
	 .options = {{"count", "N", "the head count that you heard"},
		     {"situation", "DIGIT",
		      "0 normal, 1 abnormal, 2 support, "
		      "9 emergency"},
		     {"absent", NULL, "nobody answered"},
		     {"replaces", "SEQ", "the reply settled (newest)"},
		     {"once", "TEXT", "repeats of this are one"}}},
	{.name = "key",
	 .arguments = "new|list|revoke|expire [NAME]",
	 .summary = "who may come in over the network, and as whom",
	 .help = "new makes a key file, for one person or system, and "
		 "registers its public half;\nthe secret stays in the file.  A "
		 "TIME is 90d, 12h, 2027-01-01 or never.\n",
	 .example = "  gridcall key new dispatch110 --role officer "
		    "--jurisdiction gc1.440106. --expires 90d\n"
		    "  gridcall key revoke dispatch110\n",
	 .words_min = 1,
	 .words_max = 2,
	 .run = key_run,
	 .options = {{"role", "ROLE", "viewer, officer, supervisor, engineer"},
		     {"jurisdiction", "PREFIX",
		      "area it may see, as gc1.440106.; again for more"},
		     {"expires", "TIME", "until when it is good (never)"},
		     {"overlap", "TIME",
		      "the older key stays good for so long"},
		     {"address", "HOST", "where they reach the gateway"},
		     {"out", "FILE", "the key file (NAME.key)"},
		     {"public-key", "KEY", "this one of NAME's"},
		     {"all", NULL, "those no longer good too"}}},
	{.name = "recording",
	 .arguments = "NAME | CALL UNIT",
	 .summary = "fetch a recording",
	 .help = "By its name, or the newest of a unit in a call.\n",
	 .example = "  gridcall recording 20260501-193000-76c3 TH07-03 "
		    "--output - | play -\n",
	 .words_min = 1,
	 .words_max = 2,
	 .run = recording_run,
	 .options = {{"output", "FILE", "- is standard output"}}},
	{.name = "listen",
	 .arguments = "CHANNEL...",
	 .summary = "hear channels live: each over, how loud it was",
	 .help = "Until Ctrl-C.  With --json each message of live voice is a "
		 "line.\n",
	 .example = "  gridcall listen TH07 --out th07.opus\n",
	 .words_min = 1,
	 .words_max = 64,
	 .run = listen_run,
	 .options = {{"out", "FILE", "the sound of one channel, Ogg Opus"},
		     {"count", "N", "end after so many overs"}}},
	{.name = "talk",
	 .arguments = "--channel C[,C...] | --select SELECTOR FILE",
	 .summary = "speak on channels: a recording as live voice",
	 .help = SELECTOR_HELP
	 "A channel on which somebody speaks waits, and goes on from what is\n"
	 "said then.  Ctrl-C lets go of the key.  Status 0 when every channel "
	 "sent all.\n",
	 .example = "  gridcall talk --channel TH07,TH08 notice.wav\n",
	 .words_min = 1,
	 .words_max = 1,
	 .run = talk_run,
	 .options = {{"channel", "CODES", "to these, with commas"},
		     {"select", "SELECTOR", "to the channels of these units"}}},
	{.name = "subscribe",
	 .arguments = "[PREFIX...]",
	 .summary = "print events as lines of JSON, losing none",
	 .help = "A PREFIX ends in '.' and selects an area, as in "
		 "gc1.440106.; none selects all\nthat you may see.\n",
	 .example = "  gridcall subscribe gc1.440106. --after 1200\n",
	 .words_max = SIZE_MAX,
	 .run = subscribe_run,
	 .options = {{"after", "SEQ", "first what came after this event"},
		     {"epoch", "EPOCH", "of that event"},
		     {"count", "N", "end after so many events"},
		     {"position", "FILE", "go on where it ended, kept here"},
		     {"volatile", NULL, "channel states and heartbeats too"}}},
	{.name = "replay",
	 .arguments = "[PREFIX...] [--after SEQ]",
	 .summary = "print past events as lines of JSON, then end",
	 .example = "  gridcall replay --after 1200 gc1.440106.\n",
	 .words_max = SIZE_MAX,
	 .run = replay_run,
	 .options = {{"after", "SEQ", "from the one after this (0)"},
		     {"epoch", "EPOCH", "of that event"},
		     {"count", "N", "end after so many events"}}},
	{.name = "status",
	 .arguments = "",
	 .summary = "how the gateway is",
	 .example = "  gridcall status\n",
	 .run = status_run},
	{.name = "whoami",
	 .arguments = "",
	 .summary = "who you are to the gateway and what you may see",
	 .example = "  gridcall whoami\n",
	 .run = whoami_run},
	{.name = NULL},
};

static void put_options(const struct cli_option *options)
{
	for (; options->name; options++) {
		int used = printf("  --%s%s%s", options->name,
				  options->argument ? " " : "",
				  options->argument ? options->argument : "");

		printf("%*s%s\n",
		       used < OPTION_COLUMNS ? OPTION_COLUMNS - used : 1, "",
		       options->help);
	}
}

static void put_help(void)
{
	const struct command *command;

	puts("gridcall - calls units over walkie-talkies and shows who "
	     "answered\n\n"
	     "usage: gridcall COMMAND [arguments] [options]\n");
	for (command = commands; command->name; command++)
		printf("  %-10s %s\n", command->name, command->summary);
	puts("\nOptions of every command:");
	put_options(cli_common);
	puts("\nStatus: 0 done, 1 done but a person must look, 2 wrong usage, "
	     "3 refused,\n4 no gateway there, 130 interrupted.\n"
	     "gridcall COMMAND --help tells more, gridcall(1) everything.\n\n"
	     "Example:\n"
	     "  gridcall call grid=07 --exercise --wait");
}

static void put_command_help(const struct command *command)
{
	printf("gridcall %s - %s\n\nusage: gridcall %s%s%s [options]\n\n",
	       command->name, command->summary, command->name,
	       command->arguments[0] ? " " : "", command->arguments);
	if (command->help)
		printf("%s\n", command->help);
	if (command->options[0].name) {
		puts("Options:");
		put_options(command->options);
		puts("");
	}
	puts("Options of every command:");
	put_options(cli_common);
	printf("\nExample:\n%s", command->example);
}

static enum status check_words(const struct cli *cli)
{
	const struct command *command = cli->command;

	if (cli->word_count >= command->words_min &&
	    cli->word_count <= command->words_max)
		return STATUS_DONE;
	return cli_fail(STATUS_USAGE,
			"wrong number of arguments; usage: gridcall %s %s",
			command->name, command->arguments);
}

static enum status run(struct cli *cli)
{
	enum status status;

	if (cli_has(cli, "version")) {
		puts("gridcall " GRIDCALL_VERSION);
		return STATUS_DONE;
	}
	if (cli_has(cli, "help")) {
		if (cli->command)
			put_command_help(cli->command);
		else
			put_help();
		return STATUS_DONE;
	}
	if (!cli->command)
		return cli_fail(STATUS_USAGE,
				"name a command; gridcall --help lists them");
	status = check_words(cli);
	return status ? status : cli->command->run(cli);
}

int main(int argc, char **argv)
{
	struct cli cli = {0};
	enum status status;

	width_init();
	texts_init();
	status = cli_parse(&cli, commands, argc, argv);
	if (!status)
		status = run(&cli);
	cli_clear(&cli);
	if (fflush(stdout) && status == STATUS_DONE)
		status = cli_fail(STATUS_INCOMPLETE,
				  "the standard output can't be written");
	return (int)status;
}
