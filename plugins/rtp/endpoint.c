/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/rtp/endpoint.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKET_FLAGS (SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC)

/* Ask routers to prefer voice (expedited forwarding); they need not. */
static void mark_as_voice(int fd, int family)
{
	int class = 0xb8;

	if (family == AF_INET)
		(void)setsockopt(fd, IPPROTO_IP, IP_TOS, &class, sizeof(class));
	else
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &class,
				 sizeof(class));
}

static int set_ttl(int fd, int family, uint32_t ttl)
{
	int hops = (int)ttl;
	int rc;

	if (!ttl)
		return 0;
	if (family == AF_INET)
		rc = setsockopt(fd, IPPROTO_IP, IP_TTL, &hops, sizeof(hops));
	else
		rc = setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops,
				sizeof(hops));
	return rc ? -errno : 0;
}

int endpoint_open(const struct settings *settings, struct gridcall_why *why)
{
	int family = settings->local.at.any.sa_family;
	int fd = socket(family, SOCKET_FLAGS, 0);
	int rc = fd < 0 ? -errno : 0;

	if (!rc && bind(fd, &settings->local.at.any, settings->local.len))
		rc = -errno;
	if (!rc)
		rc = set_ttl(fd, family, settings->ttl);
	if (!rc) {
		mark_as_voice(fd, family);
		return fd;
	}
	snprintf(why->text, sizeof(why->text),
		 "can't listen on port %u: %s; is the address one of this "
		 "machine and the port free?",
		 address_port(&settings->local), strerror(-rc));
	if (fd >= 0)
		close(fd);
	return rc;
}

int endpoint_probe(const struct settings *settings)
{
	struct address from = settings->local;
	int fd = socket(from.at.any.sa_family, SOCKET_FLAGS, 0);
	int rc = 0;

	if (fd < 0)
		return -EAGAIN;  /* out of descriptors, say */
	from.at.v4.sin_port = 0; /* both families keep it there */
	if (bind(fd, &from.at.any, from.len) ||
	    connect(fd, &settings->remote.at.any, settings->remote.len))
		rc = -errno;
	close(fd);
	return rc;
}
