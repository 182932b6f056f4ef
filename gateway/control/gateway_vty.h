/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * gateway_vty.h - what an administrator types: configuration and show
 *
 * Threads: main.
 */
#pragma once

struct gateway;

/* Install the configuration's nodes and the show commands.  Once. */
void gateway_vty_init(struct gateway *gateway);
void show_vty_init(struct gateway *gateway);
void live_vty_init(struct gateway *gateway);
void keyring_vty_init(struct gateway *gateway);

/*
 * Without an enable password nobody may change anything by telnet: to be
 * called after the configuration was read.
 */
void gateway_vty_lock(struct gateway *gateway);
