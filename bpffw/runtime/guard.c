/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The question is put in the language of `explain`, to the same evaluator. */
#include "bpffw/runtime/guard.h"

#include <errno.h>

#include "compiler/ir/eval.h"
#include "compiler/lang/parse.h"
#include "compiler/lang/sema.h"

static char *address_text(struct arena *arena, unsigned int family, unsigned __int128 addr)
{
	struct buf text = { .arena = arena };

	net_print_ip(&text, family, addr);
	return arena_strndup(arena, text.data, text.len);
}

/* Where the session's packets come in: where answers to its peer leave, or else where the local
 * address is. Elsewhere: on an interface that the ruleset does not filter. */
static const struct target *session_target(const struct ssh_session *session, const targets *all,
					   bool *ret_elsewhere)
{
	uint32_t ifindex = netdev_route(session->family, session->addr);

	vec_for_each(target, all) {
		if (target->device && target->device->ifindex == ifindex)
			return target;
	}
	vec_for_each(target, all) {
		if (netdev_has_address(target->name, session->family, session->local))
			return target;
	}
	*ret_elsewhere = ifindex != 0;
	return NULL;
}

static bool describe(struct arena *arena, const struct ruleset *rs, const struct env *env,
		     const struct ssh_session *session, const struct target *target,
		     struct expect *ret_packet)
{
	char *text[] = {
		(char *)"src",
		address_text(arena, session->family, session->addr),
		(char *)"dst",
		address_text(arena, session->family, session->local),
		(char *)"tcp",
		(char *)"dport",
		arena_printf(arena, "%u", session->local_port),
		(char *)"syn",
		(char *)"on",
		target ? arena_strndup(arena, target->name.s, target->name.len) : NULL,
	};
	int n = target ? 10 : 8;
	struct diags *ds = diags_new(arena);
	struct arguments args = lex_arguments(ds, n, text);
	struct ast_command command = { 0 };

	return parse_command(ds, "explain", &args, &command) &&
	       sema_packet(ds, rs, env, command.packet.data, command.packet.len, ret_packet);
}

static const char *decider(struct arena *arena, const struct ruleset *rs,
			   const struct eval_trace *trace)
{
	const struct rule *rule;

	if (trace->stage == ANSWER_ALLOWLIST || trace->stage == ANSWER_BLACKLIST)
		return trace->stage == ANSWER_ALLOWLIST ? "allowlist" : "blacklist";
	if (trace->rule >= rs->rules.len)
		return rs->default_allow ? "default allow" : "default drop";
	rule = &rs->rules.data[trace->rule];
	if (rule->name.len)
		return arena_strndup(arena, rule->name.s, rule->name.len);
	return rule->id ? arena_printf(arena, "r%u", rule->id) : rule->text;
}

/* "this ssh session (192.0.2.7:50122 -> 203.0.113.10:22)" */
static const char *session_text(struct arena *arena, const struct ssh_session *session)
{
	bool is6 = session->family == FAMILY_IPV6;
	const char *open = is6 ? "[" : "", *close = is6 ? "]" : "";

	return arena_printf(
		arena, "this ssh session (%s%s%s:%u -> %s%s%s:%u)", open,
		address_text(arena, session->family, session->addr), close, session->port, open,
		address_text(arena, session->family, session->local), close, session->local_port);
}

static int refuse(struct arena *arena, const struct ruleset *rs, const struct ssh_session *session,
		  const struct eval_trace *trace, const char **ret_text, struct failure *f)
{
	*ret_text = arena_printf(arena, "%s %s be dropped by '%s'", session_text(arena, session),
				 trace->allow == TRUTH_NO ? "would" : "might",
				 decider(arena, rs, trace));
	fail_plain(f, EPERM, EXIT_REFUSED, "refused: %s [W204]", *ret_text);
	return fail_help(f, -EPERM,
			 "add 'allow tcp dport %u src %s', or use --confirm=60s, or --force",
			 session->local_port, address_text(arena, session->family, session->addr));
}

static int check_one(struct arena *arena, const struct ruleset *rs, const struct env *env,
		     const struct ssh_session *session, const targets *all, const char **ret_text,
		     struct failure *f)
{
	const struct target *target;
	struct expect packet = { 0 };
	struct eval_trace trace;
	bool elsewhere = false;

	target = session_target(session, all, &elsewhere);
	if (elsewhere)
		return 0;
	if (!describe(arena, rs, env, session, target, &packet))
		return fail_plain(f, EINVAL, EXIT_SYSTEM,
				  "the lock-out check cannot describe this ssh session");
	trace = eval_description(arena, rs, &packet);
	if (trace.allow != TRUTH_YES)
		return refuse(arena, rs, session, &trace, ret_text, f);
	if (!*ret_text)
		*ret_text = arena_printf(arena, "%s is still allowed by '%s'",
					 session_text(arena, session), decider(arena, rs, &trace));
	return 0;
}

int guard_session(struct arena *arena, const struct ruleset *rs, const struct env *env,
		  const targets *all, const char **ret_text, struct failure *f)
{
	int ret;

	*ret_text = NULL;
	if (!env->session.family)
		return 0;
	ret = check_one(arena, rs, env, &env->session, all, ret_text, f);
	for (uint32_t i = 0; i < env->more_sessions.len && ret == 0; i++)
		ret = check_one(arena, rs, env, &env->more_sessions.data[i], all, ret_text, f);
	return ret;
}
