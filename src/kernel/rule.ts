/** Policy routing rules: listing, adding and deleting them. */
import type { IpFamily } from '../bytes/address.ts'
import { NLM_F_CREATE, NLM_F_EXCL } from '../netlink/message.ts'
import { AF_UNSPEC, addressFamily, RTM_DELRULE, RTM_GETRULE, RTM_NEWRULE } from '../netlink/rtnetlink.ts'
import { decodeRule, encodeRule, encodeRuleQuery, type Rule } from '../netlink/rule.ts'
import type { RouteSocket } from './route-socket.ts'

export type { Rule } from '../netlink/rule.ts'

/** All rules that lead to a table, or those of one family. */
export function rules(route: RouteSocket, only: { readonly family?: IpFamily } = {}): readonly Rule[] {
  const family = only.family === undefined ? AF_UNSPEC : addressFamily(only.family)
  return route
    .dump('list routing rules', RTM_GETRULE, encodeRuleQuery(family))
    .flatMap(({ body }) => decodeRule(body) ?? [])
}

/** EEXIST if there is the very same. */
export function addRule(route: RouteSocket, rule: Rule): void {
  route.request(`add the routing rule ${rule.priority}`, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, encodeRule(rule))
}

/** ENOENT if there is none. */
export function deleteRule(route: RouteSocket, rule: Rule): void {
  route.request(`delete the routing rule ${rule.priority}`, RTM_DELRULE, 0, encodeRule(rule))
}
