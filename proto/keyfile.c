/* SPDX-License-Identifier: MIT */
#include "proto/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/fault.h"
#include "proto/link.h"
#include "proto/z85.h"

/* ---------------------------------------------------------------- text -- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_key(const char *text)
{
	uint8_t bytes[Z85_KEY_BYTES];
	bool valid = strlen(text) == Z85_KEY_CHARS &&
		     !z85_decode(bytes, text, Z85_KEY_CHARS);

	explicit_bzero(bytes, sizeof(bytes));
	return valid;
}

/* What may stand between quotes. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f || *text == '"')
			return false;
	return true;
}

struct place {
	const char *section;
	const char *name;
	char *value;
	size_t size;
};

#define PLACES 6

static void list_places(struct gridcall_keyfile *keyfile,
			struct place places[PLACES])
{
#define PLACE(at, section, name, member)                                       \
	places[at] = (struct place){section, name, keyfile->member,            \
				    sizeof(keyfile->member)}
	PLACE(0, "metadata", "name", name);
	PLACE(1, "metadata", "gateway", gateway);
	PLACE(2, "metadata", "commands", commands);
	PLACE(3, "metadata", "server-key", server_key);
	PLACE(4, "curve", "public-key", public_key);
	PLACE(5, "curve", "secret-key", secret_key);
#undef PLACE
}

struct line {
	const char *text;
	size_t len;
};

static void trim(struct line *line)
{
	while (line->len && is_blank(line->text[0])) {
		line->text++;
		line->len--;
	}
	while (line->len && is_blank(line->text[line->len - 1]))
		line->len--;
}

static bool is_word(const struct line *line, const char *word)
{
	return strlen(word) == line->len &&
	       !memcmp(line->text, word, line->len);
}

/* A value as it stands after its '=': "...", '...', or bare up to a '#'. */
static int take_value(struct line value, const struct place *place)
{
	const char *end;

	trim(&value);
	if (value.len && (*value.text == '"' || *value.text == '\'')) {
		char quote = *value.text++;

		end = memchr(value.text, quote, --value.len);
		if (!end)
			return -EINVAL;
		value.len = (size_t)(end - value.text);
	} else {
		end = memchr(value.text, ' ', value.len);
		if (end)
			value.len = (size_t)(end - value.text);
	}
	if (value.len >= place->size || memchr(value.text, '\0', value.len))
		return -EINVAL;
	memset(place->value, 0, place->size);
	memcpy(place->value, value.text, value.len);
	return is_plain(place->value) ? 0 : -EINVAL;
}

static int take_line(const struct place *places, const char **section,
		     struct line line)
{
	bool at_margin = line.len && !is_blank(line.text[0]);
	const char *equals;
	struct line name;
	size_t i;

	trim(&line);
	if (!line.len || line.text[0] == '#')
		return 0;
	if (at_margin) {
		*section = NULL;
		for (i = 0; i < PLACES; i++)
			if (is_word(&line, places[i].section))
				*section = places[i].section;
		return 0;
	}
	equals = memchr(line.text, '=', line.len);
	if (!equals || !*section)
		return 0;
	name = (struct line){line.text, (size_t)(equals - line.text)};
	trim(&name);
	line.len -= (size_t)(equals + 1 - line.text);
	line.text = equals + 1;
	for (i = 0; i < PLACES; i++)
		if (!strcmp(places[i].section, *section) &&
		    is_word(&name, places[i].name))
			return take_value(line, &places[i]);
	return 0;
}

static int judge(const struct gridcall_keyfile *keyfile, const char **what)
{
	*what = "it has no public-key of 40 characters";
	if (!is_key(keyfile->public_key))
		return -EINVAL;
	*what = "it has no secret-key of 40 characters";
	if (!is_key(keyfile->secret_key))
		return -EINVAL;
	*what = "its server-key is not one of 40 characters";
	if (keyfile->server_key[0] && !is_key(keyfile->server_key))
		return -EINVAL;
	*what = NULL;
	return 0;
}

int keyfile_parse(struct gridcall_keyfile *keyfile, const char *text,
		  size_t len, const char **what)
{
	struct place places[PLACES];
	const char *section = NULL;
	const char *end = text + len;

	*keyfile = (struct gridcall_keyfile){0};
	list_places(keyfile, places);
	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		struct line line = {text, (size_t)((stop ? stop : end) - text)};

		*what = "one of its values is too long or not in quotes";
		if (take_line(places, &section, line))
			return -EINVAL;
		text = stop ? stop + 1 : end;
	}
	return judge(keyfile, what);
}

int keyfile_format(const struct gridcall_keyfile *keyfile, char *text,
		   size_t size)
{
	struct gridcall_keyfile copy = *keyfile;
	struct place places[PLACES];
	const char *what;
	const char *section = "";
	int len, rc;
	size_t i;

	list_places(&copy, places);
	rc = judge(keyfile, &what);
	for (i = 0; i < PLACES; i++)
		if (!is_plain(places[i].value))
			rc = -EINVAL;
	len = snprintf(text, size,
		       "#   The key of %s for gateway %s.  Who holds this "
		       "file is %s.\n",
		       copy.name, copy.gateway, copy.name);
	for (i = 0; i < PLACES; i++) {
		size_t at = (size_t)len < size ? (size_t)len : size;

		if (strcmp(section, places[i].section)) {
			section = places[i].section;
			len += snprintf(text + at, size - at, "%s\n", section);
			at = (size_t)len < size ? (size_t)len : size;
		}
		len += snprintf(text + at, size - at, "    %s = \"%s\"\n",
				places[i].name, places[i].value);
	}
	gridcall_keyfile_forget(&copy);
	return rc ? rc : len;
}

/* --------------------------------------------------------------- files -- */

/* systemd lends a credential to one user by a mask that looks like a group. */
static mode_t others_of(const char *path)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	size_t len = folder ? strlen(folder) : 0;

	return len && !strncmp(path, folder, len) ? S_IRWXO : S_IRWXG | S_IRWXO;
}

static int read_text(int fd, const char *path, char text[KEYFILE_MAX],
		     struct gridcall_fault *fault)
{
	struct stat about;
	ssize_t len;

	if (fstat(fd, &about) || !S_ISREG(about.st_mode))
		return fault_say(fault, -EINVAL, FAULT_ARGUMENT,
				 "'%s' is not a file; give a key file", path);
	if (about.st_mode & others_of(path))
		return fault_say(fault, -EPERM, FAULT_ARGUMENT,
				 "The key file '%s' may be read by others; "
				 "chmod 600 it, and get a new key if somebody "
				 "did",
				 path);
	len = read(fd, text, KEYFILE_MAX);
	if (len < 0)
		return fault_say(fault, -errno, FAULT_ARGUMENT,
				 "The key file '%s' can't be read: %s", path,
				 strerror(errno));
	if (len == KEYFILE_MAX)
		return fault_say(fault, -EFBIG, FAULT_ARGUMENT,
				 "'%s' is too large for a key file", path);
	return (int)len;
}

static int understand(struct gridcall_keyfile *keyfile, const char *path,
		      const char *text, size_t len,
		      struct gridcall_fault *fault)
{
	const char *what;
	int rc = keyfile_parse(keyfile, text, len, &what);

	if (!rc && link_check_pair(keyfile->public_key, keyfile->secret_key)) {
		what = "its public-key and its secret-key are not of one pair";
		rc = -EINVAL;
	}
	if (!rc)
		return 0;
	gridcall_keyfile_forget(keyfile);
	return fault_say(fault, rc, FAULT_ARGUMENT,
			 "'%s' is not a whole key file: %s; get it again from "
			 "who made it",
			 path, what);
}

int gridcall_keyfile_read(struct gridcall_keyfile *keyfile, const char *path,
			  struct gridcall_fault *fault)
{
	char text[KEYFILE_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int rc;

	if (fd < 0)
		return fault_say(fault, -errno, FAULT_ARGUMENT,
				 "The key file '%s' can't be opened: %s", path,
				 strerror(errno));
	rc = read_text(fd, path, text, fault);
	close(fd);
	if (rc >= 0)
		rc = understand(keyfile, path, text, (size_t)rc, fault);
	explicit_bzero(text, sizeof(text));
	return rc;
}

static int write_text(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t done = write(fd, text, len);

		if (done < 0 && errno != EINTR)
			return -errno;
		text += done > 0 ? done : 0;
		len -= done > 0 ? (size_t)done : 0;
	}
	return fsync(fd) ? -errno : 0;
}

int gridcall_keyfile_write(const struct gridcall_keyfile *keyfile,
			   const char *path, struct gridcall_fault *fault)
{
	char text[KEYFILE_MAX];
	int len = keyfile_format(keyfile, text, sizeof(text));
	int fd, rc;

	if (len < 0)
		return fault_say(fault, len, FAULT_ARGUMENT,
				 "A name, an address or a key has what a key "
				 "file can't hold");
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	rc = fd < 0 ? -errno : write_text(fd, text, (size_t)len);
	explicit_bzero(text, sizeof(text));
	if (fd >= 0 && close(fd) && !rc)
		rc = -errno;
	if (fd >= 0 && rc)
		(void)unlink(path);
	if (rc == -EEXIST)
		return fault_say(fault, rc, FAULT_ARGUMENT,
				 "There is a file '%s' already, and a key is "
				 "never written over; give another name",
				 path);
	if (rc)
		return fault_say(fault, rc, FAULT_ARGUMENT,
				 "The key file '%s' can't be written: %s", path,
				 strerror(-rc));
	return 0;
}

int gridcall_keyfile_make(struct gridcall_keyfile *keyfile,
			  struct gridcall_fault *fault)
{
	int rc = link_make_pair(keyfile->public_key, keyfile->secret_key);

	if (!rc)
		return 0;
	return fault_say(fault, rc, FAULT_UNAVAILABLE,
			 "No key can be made: %s; is libzmq built with CURVE?",
			 strerror(-rc));
}

void gridcall_keyfile_forget(struct gridcall_keyfile *keyfile)
{
	explicit_bzero(keyfile, sizeof(*keyfile));
}
