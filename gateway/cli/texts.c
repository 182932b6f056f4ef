/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/cli/texts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct words {
	const char *en;
	const char *zh;
};

struct keyed {
	const char *key;
	struct words words;
};

static bool chinese;

static const struct words texts[TEXT_COUNT] = {
	[TEXT_EXERCISE] = {"EXERCISE", "演练"},
	[TEXT_REAL] = {"REAL", "实战"},
	[TEXT_ROLL_CALL] = {"roll-call", "点名"},
	[TEXT_PULL_TEST] = {"pull test", "拉动测试"},
	[TEXT_DRILL] = {"drill", "应急演练"},
	[TEXT_INCIDENT] = {"incident", "突发案事件"},
	[TEXT_CALL] = {"call", "呼叫"},
	[TEXT_UNITS] = {"units", "单元"},
	[TEXT_AGREES] = {"agrees", "相符"},
	[TEXT_ATTENTION] = {"attention", "关注"},
	[TEXT_DOUBTFUL] = {"doubtful", "存疑"},
	[TEXT_HEARD] = {"heard", "有声待核"},
	[TEXT_SILENT] = {"silent", "未应答"},
	[TEXT_UNREACHABLE] = {"unreachable", "无法联络"},
	[TEXT_PENDING] = {"pending", "待呼叫"},
	[TEXT_CALLED] = {"called", "呼叫中"},
	[TEXT_EXCUSED] = {"excused", "请假"},
	[TEXT_OFF_DUTY] = {"off duty", "非勤务时段"},
	[TEXT_NOT_ASKED] = {"not asked", "不呼叫"},
	[TEXT_ALARM] = {"ALARM", "报警"},
	[TEXT_ALARM_BACK] = {"alarm taken back", "误报撤销"},
	[TEXT_ALARM_OVER] = {"alarm released", "报警解除"},
	[TEXT_ELAPSED] = {"elapsed", "已用"},
	[TEXT_FINISH] = {"finish", "预计结束"},
	[TEXT_LEFT] = {"left", "剩余"},
	[TEXT_ENDED] = {"ended", "已结束"},
	[TEXT_CANCELLED] = {"cancelled", "已取消"},
	[TEXT_HELD] = {"held", "暂停"},
	[TEXT_RESUMED] = {"goes on", "继续"},
	[TEXT_STARTED] = {"started", "开始"},
	[TEXT_NEEDS_OFFICER] = {"For an officer", "需要处理"},
	[TEXT_NEWEST] = {"Newest replies", "最新应答"},
	[TEXT_NOBODY_YET] = {"nobody yet", "尚无应答"},
	[TEXT_ALL_WELL] = {"nothing", "无"},
	[TEXT_MORE] = {"more", "其余"},
	[TEXT_ROUND] = {"round", "轮次"},
	[TEXT_LATE] = {"late", "迟到"},
	[TEXT_EXPECTED] = {"expected", "应到"},
	[TEXT_NO_COUNT] = {"count not stated", "人数未报"},
	[TEXT_PEOPLE] = {"%u people", "%u人"},
	[TEXT_CODE] = {"code", "代码"},
	[TEXT_SITUATION] = {"situation", "情况"},
	[TEXT_CLIP] = {"recording", "录音"},
	[TEXT_KEYS_HEARD] = {"keys", "按键"},
	[TEXT_QUIT_HINT] = {"Ctrl-C leaves; the call goes on",
			    "Ctrl-C 退出显示, 呼叫继续"},
	[TEXT_GOES_ON] = {"The call goes on.  Watch it: gridcall watch %s\n"
			  "End it: gridcall cancel %s",
			  "呼叫继续进行。再看: gridcall watch %s\n"
			  "取消: gridcall cancel %s"},
	[TEXT_CHANNEL] = {"channel", "信道"},
	[TEXT_AIRTIME] = {"airtime", "占用"},
	[TEXT_LONGEST] = {"at most", "最长"},
	[TEXT_WAIT] = {"waits", "等待"},
	[TEXT_REACH] = {"asked", "呼叫"},
	[TEXT_CHOSEN] = {"chosen", "选中"},
	[TEXT_WARNING] = {"warning", "注意"},
	[TEXT_EFFICIENCY] = {"airtime efficiency", "空口效率"},
	[TEXT_PLANNED_FINISH] = {"planned finish", "预计结束"},
	[TEXT_STATE] = {"state", "状态"},
	[TEXT_NUMBER] = {"no.", "号"},
	[TEXT_UNIT] = {"unit", "单元"},
	[TEXT_NAME] = {"name", "名称"},
	[TEXT_ANSWER] = {"answer", "应答"},
	[TEXT_START_QUESTION] = {"Start it? [y/N] ", "开始? [y/N] "},
	[TEXT_NEVER] = {"never", "永不"},
	[TEXT_IN_FORCE] = {"in force", "有效"},
	[TEXT_EXPIRED] = {"expired", "已过期"},
	[TEXT_REVOKED] = {"revoked", "已吊销"},
	[TEXT_KEY_MADE] = {"%s may come in as %s for %s (expires: %s).",
			   "已为 %s 登记密钥:角色 %s,管辖 %s,有效期至:%s。"},
	[TEXT_KEY_GIVE] =
		{"Give them this file, by hand or another safe way, and keep "
		 "no copy:\n  %s\nWho holds it is %s; keep it at mode 600.",
		 "请把此文件当面或以其他安全方式交给对方,自己不留副本:\n  %s\n"
		 "谁持有它,谁就是 %s;文件权限须保持 600。"},
	[TEXT_KEY_ADDRESS] = {"They reach the gateway at:\n  %s",
			      "对方访问网关的地址:\n  %s"},
	[TEXT_KEY_GUESSED] =
		{"  (this machine's name; if they know it by another, set "
		 "'commands' in the file, or use --address)",
		 "  (这是本机主机名;若对方要用别的地址,请改文件中的 "
		 "commands,或用 --address 指定)"},
	[TEXT_KEY_TRY] = {"What they can do with it:", "对方即可使用:"},
};

static const enum text kinds[] = {
	[GRIDCALL__V1__CALL_KIND__KIND_UNSPECIFIED] = TEXT_CALL,
	[GRIDCALL__V1__CALL_KIND__KIND_ROLL_CALL] = TEXT_ROLL_CALL,
	[GRIDCALL__V1__CALL_KIND__KIND_PULL_TEST] = TEXT_PULL_TEST,
	[GRIDCALL__V1__CALL_KIND__KIND_DRILL] = TEXT_DRILL,
	[GRIDCALL__V1__CALL_KIND__KIND_INCIDENT] = TEXT_INCIDENT,
};

static const enum text states[] = {
	[GRIDCALL__V1__UNIT_STATE__UNIT_PENDING] = TEXT_PENDING,
	[GRIDCALL__V1__UNIT_STATE__UNIT_CALLED] = TEXT_CALLED,
	[GRIDCALL__V1__UNIT_STATE__UNIT_HEARD] = TEXT_HEARD,
	[GRIDCALL__V1__UNIT_STATE__UNIT_ANSWERED] = TEXT_AGREES,
	[GRIDCALL__V1__UNIT_STATE__UNIT_SILENT] = TEXT_SILENT,
	[GRIDCALL__V1__UNIT_STATE__UNIT_EXCUSED] = TEXT_EXCUSED,
	[GRIDCALL__V1__UNIT_STATE__UNIT_OFF_DUTY] = TEXT_OFF_DUTY,
	[GRIDCALL__V1__UNIT_STATE__UNIT_UNREACHABLE] = TEXT_UNREACHABLE,
};

static const struct keyed situations[] = {
	{"0", {"situation normal", "情况正常"}},
	{"1", {"situation abnormal", "情况异常"}},
	{"2", {"needs support", "需要支援"}},
	{"9", {"emergency", "情况紧急"}},
	{NULL, {NULL, NULL}},
};

static const struct keyed codes[] = {
	{"0", {"false alarm", "误报"}},    {"1", {"received", "收到"}},
	{"2", {"set out", "出发"}},        {"3", {"arrived", "到达"}},
	{"4", {"can't come", "无法出动"}}, {NULL, {NULL, NULL}},
};

static const struct keyed alarms[] = {
	{"police", {"police", "报警求助"}},
	{"fire", {"fire", "火警"}},
	{"ambulance", {"ambulance", "急救"}},
	{"emergency", {"emergency", "紧急"}},
	{"panic", {"panic key", "一键报警"}},
	{NULL, {NULL, NULL}},
};

static const struct keyed doubts[] = {
	{"no_end", {"no final #", "缺结束键"}},
	{"lost", {"audio was lost", "语音丢失"}},
	{"pause", {"long pause", "停顿过长"}},
	{"front", {"front may be cut", "开头可能被切"}},
	{"joined", {"from two overs", "两次发话拼接"}},
	{"unnamed", {"unit not named", "未报编号"}},
	{"identity", {"number and radio differ", "编号与电台不符"}},
	{"damaged", {"possible alarm", "疑似报警"}},
	{NULL, {NULL, NULL}},
};

void texts_init(void)
{
	static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
	size_t i;

	chinese = false;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (!value || !value[0])
			continue;
		chinese = !strncmp(value, "zh", 2);
		return;
	}
}

static const char *of(const struct words *words)
{
	return chinese ? words->zh : words->en;
}

static const char *find(const struct keyed *keyed, const char *key)
{
	for (; keyed->key; keyed++)
		if (!strcmp(keyed->key, key))
			return of(&keyed->words);
	return NULL;
}

const char *text_of(enum text text)
{
	return of(&texts[text]);
}

const char *text_of_kind(Gridcall__V1__CallKind kind)
{
	if ((unsigned int)kind >= sizeof(kinds) / sizeof(kinds[0]))
		return text_of(TEXT_CALL);
	return text_of(kinds[kind]);
}

const char *text_of_state(Gridcall__V1__UnitState state,
			  Gridcall__V1__Grade grade)
{
	if ((unsigned int)state >= sizeof(states) / sizeof(states[0]))
		return "?";
	if (state != GRIDCALL__V1__UNIT_STATE__UNIT_ANSWERED)
		return text_of(states[state]);
	if (grade == GRIDCALL__V1__GRADE__GRADE_AGREES)
		return text_of(TEXT_AGREES);
	if (grade == GRIDCALL__V1__GRADE__GRADE_DOUBTFUL)
		return text_of(TEXT_DOUBTFUL);
	return text_of(TEXT_ATTENTION);
}

const char *text_of_situation(const char *digit)
{
	return find(situations, digit);
}

const char *text_of_code(const char *code)
{
	return find(codes, code);
}

const char *text_of_alarm(const char *kind)
{
	const char *words = find(alarms, kind);

	return words ? words : kind;
}

const char *text_of_doubt(const char *doubt)
{
	const char *words = find(doubts, doubt);

	return words ? words : doubt;
}
