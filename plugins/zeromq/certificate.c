/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/zeromq/certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>
#include <zmq.h>

#define CREDENTIAL "gridcall.key"
#define FILE_MAX   4096

static bool say(struct gridcall_why *why, const char *path,
		const char *sentence)
{
	snprintf(why->text, sizeof(why->text), "the server key '%.100s' %s",
		 path, sentence);
	return false;
}

static bool say_errno(struct gridcall_why *why, const char *path,
		      const char *what)
{
	snprintf(why->text, sizeof(why->text),
		 "the server key '%.100s' %s: %s; check the path and who may "
		 "use it",
		 path, what, strerror(errno));
	return false;
}

/* ----------------------------------------------------------------- text -- */

/* The value of name in a line like name = "value"; false when it is not one. */
static bool take_key(const char *line, const char *name,
		     char key[CERTIFICATE_Z85])
{
	size_t len = strlen(name);

	line += strspn(line, " \t");
	if (strncmp(line, name, len))
		return false;
	line += len;
	line += strspn(line, " \t");
	if (*line++ != '=')
		return false;
	line += strspn(line, " \t\"");
	len = strcspn(line, "\"\r");
	if (len != CERTIFICATE_Z85 - 1)
		return false;
	memcpy(key, line, len);
	key[len] = '\0';
	return true;
}

/* Both keys of the section curve; text is taken to pieces. */
static bool find_keys(char *text, struct certificate *certificate)
{
	bool is_curve = false;
	int found = 0;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		if (*line && !strchr(" \t#\r", *line))
			is_curve = !strncmp(line, "curve", 5);
		else if (is_curve)
			found |= (take_key(line, "public-key",
					   certificate->public_key)
					  ? 1
					  : 0) |
				 (take_key(line, "secret-key",
					   certificate->secret_key)
					  ? 2
					  : 0);
	}
	return found == 3;
}

/* A pair is one when its secret half makes its public half. */
static bool is_pair(const struct certificate *certificate)
{
	uint8_t raw[32];
	char public_key[CERTIFICATE_Z85] = "";
	bool is_key = zmq_z85_decode(raw, certificate->secret_key) &&
		      zmq_z85_decode(raw, certificate->public_key) &&
		      !zmq_curve_public(public_key, certificate->secret_key);

	sodium_memzero(raw, sizeof(raw));
	return is_key && !strcmp(public_key, certificate->public_key);
}

/* ----------------------------------------------------------------- file -- */

/*
 * systemd gives a credential to its service by an access list, which shows in
 * the group's bits; its folder keeps everybody else out.
 */
static bool check_file(int fd, const char *path, bool is_credential,
		       struct gridcall_why *why)
{
	mode_t others = is_credential ? 0027 : 0077;
	struct stat file;

	if (fstat(fd, &file))
		return say_errno(why, path, "can't be looked at");
	if (!S_ISREG(file.st_mode))
		return say(why, path, "is no regular file; name another");
	if (file.st_uid != geteuid() && file.st_uid != 0)
		return say(why, path,
			   "belongs to somebody else; chown it to the "
			   "gateway's user");
	if (file.st_mode & others)
		return say(why, path,
			   "may be read by others; make a new one, or chmod "
			   "0600 if nobody has read it");
	return true;
}

static bool read_file(int fd, const char *path, bool is_credential,
		      struct certificate *certificate, struct gridcall_why *why)
{
	char text[FILE_MAX];
	ssize_t len;
	bool is_whole;

	if (!check_file(fd, path, is_credential, why))
		return false;
	len = read(fd, text, sizeof(text) - 1);
	if (len < 0)
		return say_errno(why, path, "can't be read");
	text[len] = '\0';
	is_whole = find_keys(text, certificate) && is_pair(certificate);
	sodium_memzero(text, sizeof(text));
	return is_whole ||
	       say(why, path,
		   "does not hold a pair of keys, 40 characters of Z85 each "
		   "that belong together; restore or remove it");
}

/* Under a name of its own first: a file is there whole or not at all. */
static bool write_file(const char *path, const struct certificate *certificate)
{
	char draft[PATH_MAX + 8];
	char text[512];
	int len = snprintf(text, sizeof(text),
			   "#   The key of a gridcall gateway.  Keep it: who "
			   "holds it is the gateway.\ncurve\n"
			   "    public-key = \"%s\"\n    secret-key = \"%s\"\n",
			   certificate->public_key, certificate->secret_key);
	bool written;
	int fd;

	snprintf(draft, sizeof(draft), "%s.new", path);
	(void)unlink(draft);
	fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		sodium_memzero(text, sizeof(text));
		return false;
	}
	written = !fchmod(fd, 0600) && write(fd, text, (size_t)len) == len &&
		  !fsync(fd) && !link(draft, path);
	sodium_memzero(text, sizeof(text));
	len = errno;
	close(fd);
	(void)unlink(draft);
	errno = len;
	return written;
}

static bool make_file(const char *path, struct certificate *certificate,
		      struct gridcall_why *why)
{
	if (zmq_curve_keypair(certificate->public_key, certificate->secret_key))
		return say(why, path,
			   "can't be made: this libzmq has no CURVE");
	return write_file(path, certificate) ||
	       say_errno(why, path, "can't be made");
}

static bool have_file(const char *path, bool is_credential,
		      struct certificate *certificate, struct gridcall_why *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool is_good;

	if (fd < 0 && errno == ENOENT)
		return make_file(path, certificate, why);
	if (fd < 0)
		return say_errno(why, path, "can't be opened");
	is_good = read_file(fd, path, is_credential, certificate, why);
	close(fd);
	return is_good;
}

/* ---------------------------------------------------------------- whole -- */

/* Path of the credential; false when systemd gave none. */
static bool find_credential(char path[PATH_MAX])
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");

	return folder &&
	       snprintf(path, PATH_MAX, "%s/" CREDENTIAL, folder) < PATH_MAX &&
	       !access(path, F_OK);
}

struct certificate *certificate_open(const char *path, struct gridcall_why *why)
{
	struct certificate *certificate;
	char credential[PATH_MAX];
	bool is_credential = find_credential(credential);

	if (!is_credential && !*path) {
		snprintf(why->text, sizeof(why->text),
			 "an address of TCP needs a server key; give "
			 "server_key FILE, which is made when it is missing");
		return NULL;
	}
	/* Locked, and left out of core dumps. */
	certificate =
		sodium_init() < 0 ? NULL : sodium_malloc(sizeof(*certificate));
	if (!certificate) {
		snprintf(why->text, sizeof(why->text),
			 "memory is out; raise the limits of the gateway");
		return NULL;
	}
	memset(certificate, 0, sizeof(*certificate));
	if (have_file(is_credential ? credential : path, is_credential,
		      certificate, why))
		return certificate;
	return certificate_close(certificate);
}

struct certificate *certificate_close(struct certificate *certificate)
{
	/* It wipes what it frees. */
	sodium_free(certificate);
	return NULL;
}
