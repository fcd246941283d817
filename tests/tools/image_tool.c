/* SPDX-License-Identifier: MIT */
/*
 * image_tool FILE...               merges the files; a line per segment:
 *                                  "08000000 - 080000ff"
 * image_tool -b ADDRESS LEN FILE...  writes LEN bytes from ADDRESS on, gaps
 *                                  as FF, for comparison with other tools
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/image.h"

static int load_all(char **names, int count, struct image *img)
{
	char why[IMAGE_ERROR_CAP];

	for (int i = 0; i < count; i++) {
		struct image one;

		if (image_load(names[i], &one, why) ||
		    image_merge(img, &one, why)) {
			fprintf(stderr, "image_tool: %s\n", why);
			return 1;
		}
		image_free(&one);
	}
	return 0;
}

static int write_bytes(const struct image *img, uint32_t address, size_t len)
{
	uint8_t *buf = malloc(len + 1);

	if (!buf)
		return 1;
	image_read(img, address, 0xff, buf, len);
	len -= fwrite(buf, 1, len, stdout);
	free(buf);
	return len != 0;
}

int main(int argc, char **argv)
{
	struct image img = { NULL, 0 };
	int bytes = argc > 4 && !strcmp(argv[1], "-b");
	int first = bytes ? 4 : 1;
	int failed = 0;

	if (argc < 2 || load_all(argv + first, argc - first, &img))
		return 1;
	if (bytes)
		failed = write_bytes(&img, (uint32_t)strtoul(argv[2], NULL, 0),
				     strtoul(argv[3], NULL, 0));
	for (size_t i = 0; !bytes && i < img.count; i++)
		printf("%08" PRIx32 " - %08" PRIx32 "\n",
		       img.segments[i].address,
		       img.segments[i].address + img.segments[i].len - 1);
	image_free(&img);
	return failed;
}
