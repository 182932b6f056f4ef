/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * corpus.c - runs a fuzz target over files, so that its corpus is a test
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	size_t len;

	if (!file) {
		perror(path);
		return 1;
	}
	fseek(file, 0, SEEK_END);
	len = (size_t)ftell(file);
	rewind(file);
	/* Exactly as long as the input: reading past it must be seen. */
	data = malloc(len ? len : 1);
	if (!data || fread(data, 1, len, file) != len) {
		fprintf(stderr, "%s: can't be read\n", path);
		exit(1);
	}
	LLVMFuzzerTestOneInput(data, len);
	free(data);
	fclose(file);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0;
	int i;

	for (i = 1; i < argc; i++)
		failed |= run_file(argv[i]);
	if (argc < 2) {
		fprintf(stderr, "%s: no input; its corpus is missing\n",
			argv[0]);
		return 1;
	}
	return failed;
}
