/* Lines of commands: what they are split into lies within bounds, and quoted again splits into the same. */
#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char line[WORDS_LINE_MAX + 16], again[8 * WORDS_LINE_MAX];
	struct words words, second;
	struct error err;
	size_t len = 0;
	if (size >= sizeof line)
		return 0;
	memcpy(line, data, size);
	line[size] = '\0';
	if (words_split(&words, line, "line", &err) != STATUS_OK)
		return 0;
	MUST(words.count > 0 && words.count <= WORDS_MAX && words.argv[words.count] == NULL);
	MUST(words.argv[0] == words.text);
	for (size_t i = 0; i < words.count; i++) {
		const char *word = words.argv[i];
		MUST(word >= words.text && word + strlen(word) < words.text + sizeof words.text);
		again[len++] = '"';
		for (; *word != '\0'; word++) {
			again[len++] = '\\';
			again[len++] = *word;
		}
		again[len++] = '"';
		again[len++] = ' ';
	}
	again[len] = '\0';
	if (len >= WORDS_LINE_MAX)
		return 0;
	MUST(words_split(&second, again, "line", &err) == STATUS_OK && second.count == words.count);
	for (size_t i = 0; i < words.count; i++)
		MUST(strcmp(words.argv[i], second.argv[i]) == 0);
	return 0;
}
