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

/* The English ones stand in the code that gives them. */
static const struct word reasons[] = {
	{"possible alarm", "可能是报警", NULL},
	{"a code that is no answer to this call", "代码不属于本次呼叫", NULL},
	{"a count that is no answer to this call", "人数不属于本次呼叫", NULL},
	{"keys that are no whole answer", "按键不完整", NULL},
	{"no unit of this channel has that number", "本信道没有此编号的单元",
	 NULL},
	{"the number dialled and the radio's ID belong to different units",
	 "所拨编号与电台身份码不是同一单元", NULL},
	{"the announcement can't be read", "通告录音无法读取", NULL},
	{"the channel stayed busy", "信道一直被占用", NULL},
	{"the radio is down", "电台故障", NULL},
	{"the channel is jammed", "信道被长时间占住", NULL},
	{"no longer in the directory", "已不在名录中", NULL},
	{NULL, NULL, NULL},
};

static bool is_chinese(const char *language)
{
	return strncmp(language, "en", 2) != 0;
}

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
	bool zh = is_chinese(language);
	char *text = begin(ctx, zh, name, reply);

	text = add_situation(text, reply->situation, zh);
	if (reply->late)
		text = talloc_strdup_append(text, zh ? ",迟到应答" : ", late");
	if (reply->grade == GRIDCALL__V1__GRADE__GRADE_DOUBTFUL)
		text = talloc_strdup_append(text,
					    zh ? "(存疑)" : " (doubtful)");
	return text;
}

const char *sentence_of_reason(const char *language, const char *reason)
{
	const char *word = NULL;

	if (is_chinese(language))
		word = find(reasons, reason, true);
	return word ? word : reason;
}
