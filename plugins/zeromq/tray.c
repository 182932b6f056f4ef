/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/zeromq/tray.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PEER_BYTES  (1u << 20)  /* the first one may be larger */
#define ALL_BYTES   (64u << 20) /* likewise */
#define PATIENCE_MS 10000
#define SOON_MS     1  /* while somebody has not waited for long */
#define LATER_MS    20 /* else */
#define LONG_MS     100

struct answer {
	struct answer *next;
	bool delimited;
	size_t size; /* a message that was sent has none any more */
	zmq_msg_t message;
};

/* What waits for one peer. */
struct pile {
	struct pile *next;
	struct desk_peer peer;
	size_t bytes;
	int64_t since_ms; /* of the last that it took, or of the first */
	struct answer *first;
	struct answer **last;
};

struct tray {
	struct pile *piles;
	size_t bytes;
};

struct tray *tray_alloc(void)
{
	return calloc(1, sizeof(struct tray));
}

static void drop_first(struct tray *tray, struct pile *pile)
{
	struct answer *answer = pile->first;

	pile->bytes -= answer->size;
	tray->bytes -= answer->size;
	pile->first = answer->next;
	if (!pile->first)
		pile->last = &pile->first;
	zmq_msg_close(&answer->message);
	free(answer);
}

static unsigned int drop_all(struct tray *tray, struct pile *pile)
{
	unsigned int count = 0;

	for (; pile->first; count++)
		drop_first(tray, pile);
	return count;
}

struct tray *tray_free(struct tray *tray)
{
	struct pile *pile;

	while (tray && (pile = tray->piles)) {
		tray->piles = pile->next;
		(void)drop_all(tray, pile);
		free(pile);
	}
	free(tray);
	return NULL;
}

static struct pile *find(const struct tray *tray, const struct desk_peer *peer)
{
	struct pile *pile;

	for (pile = tray->piles; pile; pile = pile->next)
		if (pile->peer.inlet == peer->inlet &&
		    pile->peer.len == peer->len &&
		    !memcmp(pile->peer.id, peer->id, peer->len))
			return pile;
	return NULL;
}

bool tray_has(const struct tray *tray, const struct desk_peer *peer)
{
	return find(tray, peer);
}

static struct pile *add_pile(struct tray *tray, const struct desk_peer *peer,
			     int64_t now_ms)
{
	struct pile *pile = calloc(1, sizeof(*pile));

	if (!pile)
		return NULL;
	pile->peer = *peer;
	pile->since_ms = now_ms;
	pile->last = &pile->first;
	pile->next = tray->piles;
	tray->piles = pile;
	return pile;
}

bool tray_put(struct tray *tray, const struct desk_peer *peer,
	      zmq_msg_t *message, int64_t now_ms)
{
	struct pile *pile = find(tray, peer);
	size_t size = zmq_msg_size(message);
	struct answer *answer;

	if ((pile && pile->bytes + size > PEER_BYTES) ||
	    (tray->bytes && tray->bytes + size > ALL_BYTES))
		return false;
	answer = malloc(sizeof(*answer));
	if (answer && !pile)
		pile = add_pile(tray, peer, now_ms);
	if (!answer || !pile) {
		free(answer);
		return false;
	}
	answer->next = NULL;
	answer->delimited = peer->delimited;
	answer->size = size;
	zmq_msg_init(&answer->message);
	(void)zmq_msg_move(&answer->message, message);
	*pile->last = answer;
	pile->last = &answer->next;
	pile->bytes += size;
	tray->bytes += size;
	return true;
}

/* As many as it takes. */
static int offer_pile(struct tray *tray, struct pile *pile,
		      int (*send)(void *data, const struct desk_peer *peer,
				  zmq_msg_t *answer),
		      void *data, int64_t now_ms)
{
	while (pile->first) {
		int rc;

		pile->peer.delimited = pile->first->delimited;
		rc = send(data, &pile->peer, &pile->first->message);
		if (rc)
			return rc;
		drop_first(tray, pile);
		pile->since_ms = now_ms;
	}
	return 0;
}

unsigned int tray_offer(struct tray *tray,
			int (*send)(void *data, const struct desk_peer *peer,
				    zmq_msg_t *answer),
			void *data, int64_t now_ms)
{
	struct pile **link = &tray->piles;
	unsigned int lost = 0;
	struct pile *pile;

	while ((pile = *link)) {
		int rc = offer_pile(tray, pile, send, data, now_ms);

		if (rc == -EAGAIN && now_ms - pile->since_ms < PATIENCE_MS) {
			link = &pile->next;
			continue;
		}
		lost += drop_all(tray, pile);
		*link = pile->next;
		free(pile);
	}
	return lost;
}

int tray_wait_ms(const struct tray *tray, int64_t now_ms)
{
	const struct pile *pile;

	for (pile = tray->piles; pile; pile = pile->next)
		if (now_ms - pile->since_ms < LONG_MS)
			return SOON_MS;
	return tray->piles ? LATER_MS : -1;
}
