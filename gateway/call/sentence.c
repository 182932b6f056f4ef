/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/sentence.h"

#include <stdbool.h>
#include <string.h>
#include <talloc.h>

struct word {
	const char *key;
	const char *zh;
	const char *en;
};

static const struct word situations[] = {
	{"0", "情况正常", "situation normal"},
	{"1", "情况异常", "situation abnormal"},
	{"2", "需要支援", "needs support"},
	{"9", "情况紧急", "emergency"},
	{NULL, NULL, NULL},
};

static const struct word codes[] = {
	{"0", "报告误报", "takes back its alarm"},
	{"1", "已收到", "has received the call"},
	{"2", "已出发", "has set out"},
	{"3", "已到达", "has arrived"},
	{"4", "无法出动", "can't come"},
	{NULL, NULL, NULL},
};

static const char *find(const struct word *words, const char *key, bool zh)
{
	for (; words->key; words++)
		if (!strcmp(words->key, key))
			return zh ? words->zh : words->en;
	return NULL;
}

static char *add_situation(char *text, const char *situation, bool zh)
{
	const char *word = find(situations, situation, zh);

	if (!situation[0])
		return text;
	if (word)
		return talloc_asprintf_append(text, zh ? ",%s" : ", %s", word);
	return talloc_asprintf_append(text, zh ? ",情况%s" : ", situation %s",
				      situation);
}

static char *begin(void *ctx, bool zh, const char *name,
		   const Gridcall__V1__ReplyEvent *reply)
{
	const char *word = find(codes, reply->code, zh);

	if (reply->code[0] && word)
		return talloc_asprintf(ctx, zh ? "%s%s" : "%s %s", name, word);
	if (reply->code[0])
		return talloc_asprintf(ctx, zh ? "%s代码%s" : "%s: code %s",
				       name, reply->code);
	if (reply->headcount_stated_case !=
	    GRIDCALL__V1__REPLY_EVENT__HEADCOUNT_STATED_HEADCOUNT)
		return talloc_asprintf(
			ctx, zh ? "%s应答,人数未报" : "%s answered, no count",
			name);
	return talloc_asprintf(ctx, zh ? "%s%u人在岗" : "%s: %u on duty", name,
			       reply->headcount);
}

const char *sentence_of_reply(void *ctx, const char *language, const char *name,
			      const Gridcall__V1__ReplyEvent *reply)
{
	bool zh = strncmp(language, "en", 2) != 0;
	char *text = begin(ctx, zh, name, reply);

	text = add_situation(text, reply->situation, zh);
	if (reply->late)
		text = talloc_strdup_append(text, zh ? ",迟到应答" : ", late");
	if (reply->grade == GRIDCALL__V1__GRADE__GRADE_DOUBTFUL)
		text = talloc_strdup_append(text,
					    zh ? "(存疑)" : " (doubtful)");
	return text;
}
