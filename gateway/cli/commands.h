/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * commands.h - every command of gridcall, one family a file
 *
 * Threads: one.
 * Errors:  each returns the exit status and has said why on stderr.
 */
#pragma once

#include "gateway/cli/cli.h"

/* directory_cli.c */
enum status units_run(struct cli *cli);
enum status channels_run(struct cli *cli);

/* excuse_cli.c */
enum status excuse_run(struct cli *cli);

/* import_cli.c */
enum status import_files_run(struct cli *cli);

/* call_cli.c */
enum status plan_run(struct cli *cli);
enum status call_run(struct cli *cli);
enum status watch_call_run(struct cli *cli);

/* hold_cli.c */
enum status pause_run(struct cli *cli);
enum status resume_run(struct cli *cli);
enum status cancel_run(struct cli *cli);
enum status release_run(struct cli *cli);
enum status confirm_run(struct cli *cli);

/* report_cli.c */
enum status calls_run(struct cli *cli);
enum status report_run(struct cli *cli);

/* system_cli.c */
enum status whoami_run(struct cli *cli);
enum status status_run(struct cli *cli);
enum status recording_run(struct cli *cli);

/* key_cli.c */
enum status key_run(struct cli *cli);

/* listen_cli.c, talk_cli.c */
enum status listen_run(struct cli *cli);
enum status talk_run(struct cli *cli);

/* subscribe_cli.c */
enum status subscribe_run(struct cli *cli);
enum status replay_run(struct cli *cli);

/* Ask for a report; *reply is freed with gridcall_reply_free(). */
enum status report_ask(struct cli *cli, const char *call,
		       Gridcall__V1__Reply **reply);

/* As a person reads it: figures, then who needs an officer. */
void report_put(const Gridcall__V1__Report *report, bool everyone);

/* STATUS_DONE when every unit that was to be asked answered and agrees. */
enum status report_status(const Gridcall__V1__Report *report);
