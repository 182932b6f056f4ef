/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/rtp/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define PORT_MAX 65535

/* 1 to 5 digits and nothing else; 0 when it is no port. */
static unsigned int port_of(const char *text)
{
	unsigned int port = 0;
	size_t i;

	for (i = 0; text[i]; i++) {
		if (text[i] < '0' || text[i] > '9' || i == 5)
			return 0;
		port = port * 10 + (unsigned int)(text[i] - '0');
	}
	return port <= PORT_MAX ? port : 0;
}

/* Copy the host's part; returns where the port begins, or NULL. */
static const char *split(const char *text, char *host, size_t size, bool *is_v6)
{
	const char *end;

	*is_v6 = text[0] == '[';
	text += *is_v6;
	end = strchr(text, *is_v6 ? ']' : ':');
	if (!end || (size_t)(end - text) >= size)
		return NULL;
	memcpy(host, text, (size_t)(end - text));
	host[end - text] = '\0';
	end += *is_v6;
	return *end == ':' ? end + 1 : NULL;
}

int address_parse(struct address *address, const char *text)
{
	struct address parsed = {.len = 0};
	char host[ADDRESS_TEXT_MAX];
	const char *port_text;
	unsigned int port;
	bool is_v6;

	port_text = split(text, host, sizeof(host), &is_v6);
	port = port_text ? port_of(port_text) : 0;
	if (!port)
		return -EINVAL;
	if (is_v6) {
		parsed.len = sizeof(parsed.at.v6);
		parsed.at.v6.sin6_family = AF_INET6;
		parsed.at.v6.sin6_port = htons((uint16_t)port);
		if (inet_pton(AF_INET6, host, &parsed.at.v6.sin6_addr) != 1)
			return -EINVAL;
	} else {
		parsed.len = sizeof(parsed.at.v4);
		parsed.at.v4.sin_family = AF_INET;
		parsed.at.v4.sin_port = htons((uint16_t)port);
		if (inet_pton(AF_INET, host, &parsed.at.v4.sin_addr) != 1)
			return -EINVAL;
	}
	*address = parsed;
	return 0;
}

bool address_same_host(const struct address *a, const struct address *b)
{
	if (a->at.any.sa_family != b->at.any.sa_family)
		return false;
	if (a->at.any.sa_family == AF_INET)
		return a->at.v4.sin_addr.s_addr == b->at.v4.sin_addr.s_addr;
	return !memcmp(&a->at.v6.sin6_addr, &b->at.v6.sin6_addr,
		       sizeof(a->at.v6.sin6_addr));
}

unsigned int address_port(const struct address *address)
{
	/* Both families keep the port in the same place. */
	return ntohs(address->at.v4.sin_port);
}

bool address_is_one_host(const struct address *address)
{
	const struct in6_addr *v6 = &address->at.v6.sin6_addr;
	uint32_t v4 = ntohl(address->at.v4.sin_addr.s_addr);

	if (address->at.any.sa_family == AF_INET)
		return v4 != INADDR_ANY && v4 != INADDR_BROADCAST &&
		       !IN_MULTICAST(v4);
	return !IN6_IS_ADDR_UNSPECIFIED(v6) && !IN6_IS_ADDR_MULTICAST(v6);
}
